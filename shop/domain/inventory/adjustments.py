"""Stock as staff change it: one variant counted, received or lost; a whole delivery or count from a sheet."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from shop.db import db, new_public_id, operation
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.bulk_changes import BulkChange
from shop.domain.catalog.models import Product, Variant
from shop.domain.idempotency import use_form_key
from shop.domain.inputs import Input, Line, Lines, PublicId
from shop.domain.inventory.models import StockItem
from shop.domain.inventory.operations import add_units, set_units
from shop.domain.inventory.queries import movement_counts
from shop.errors import ChangedMeanwhile, Detail, Invalid, NotFound

MAY_CHANGE = "catalog:write"
MOST_UNITS = 10**6
MOST_LINES, LONGEST_LINE = 500, 200
LINE = re.compile(r"(.+?)[\s,;]+([0-9]{1,9})", re.ASCII)
NO_SUCH_VARIANT = "There is no such variant any more."


class ChangeStock(Input):
    """Why a variant's stock is another one, and the units: how many there are (counted), came, or are gone.

    Of `other` the sign says which. `seen` is how many movements the variant had when it was looked at: what was
    counted then says nothing once more have followed.
    """

    reason: Literal["counted", "received", "damaged", "returned", "other"] = Field(title="why")
    units: int = Field(ge=-MOST_UNITS, le=MOST_UNITS, title="how many units")
    note: Line = Field(default="", max_length=200)
    seen: int | None = Field(default=None, ge=0)
    form_key: PublicId | None = None


@dataclass(frozen=True)
class Level:
    """The units of a variant in the house, before a change and after it."""

    before: int
    on_hand: int


@operation
def change_stock(variant_id: str, wanted: ChangeStock, actor: Actor) -> Level:
    """Change the stock of the variant of this public id, once a form key, with its ledger and audit rows.

    Raises NotFound; Invalid for units that the reason does not take; ChangedMeanwhile for a count after whose page
    stock has moved; Conflict where orders have reserved more than would be left.
    """
    change = _units_of(wanted)
    variant = _find_variant(variant_id)
    item = _lock_items([variant.id])[variant.id]
    before = item.on_hand
    if wanted.form_key is not None and not _is_first(wanted.form_key, wanted, variant.public_id):
        return Level(before, before)
    if wanted.reason != "counted":
        return Level(before, add_units(variant, change, actor, reason=wanted.reason, note=wanted.note))
    if wanted.seen is not None and movement_counts([variant.id])[variant.id] != wanted.seen:
        raise ChangedMeanwhile("Stock has moved since you opened this page, so the count may be of before that.")
    if set_units(variant, change, actor, reason="counted", note=wanted.note, field="units") is None:
        told = {"sku": variant.sku, "on_hand": before}
        record_change(actor, "stock.confirmed", "variant", variant.public_id, told, told)
    return Level(before, change)


def _units_of(wanted: ChangeStock) -> int:
    """The units as they are set, or as they change what is there. Raises Invalid."""
    units = wanted.units
    if wanted.reason == "counted" and units < 0:
        raise _wrong("Enter how many there are, 0 or more.")
    if wanted.reason in {"received", "returned", "damaged"} and units < 1:
        raise _wrong("Enter how many units, 1 or more, without a minus.")
    if wanted.reason == "other" and units == 0:
        raise _wrong("Enter how many came, or with a minus how many are gone.")
    return -units if wanted.reason == "damaged" else units


def _wrong(message: str) -> Invalid:
    return Invalid(message, [Detail("units", message)])


def _find_variant(public_id: str) -> Variant:
    variant = db.session.scalars(select(Variant).filter_by(public_id=public_id)).one_or_none()
    if variant is None:
        raise NotFound(NO_SUCH_VARIANT)
    return variant


def _lock_items(variant_ids: Sequence[int]) -> Mapping[int, StockItem]:
    """The stock of these variants, locked to the end of the operation, in the order of their ids."""
    statement = select(StockItem).where(StockItem.variant_id.in_(variant_ids)).order_by(StockItem.variant_id)
    rows = db.session.scalars(statement.with_for_update().execution_options(populate_existing=True))
    return {item.variant_id: item for item in rows}


def _is_first(form_key: str, wanted: Input, subject_id: str) -> bool:
    """Whether this form, with these very values, comes for the first time."""
    fingerprint = hashlib.sha256(wanted.model_dump_json().encode()).hexdigest()
    return use_form_key(f"form:{subject_id}", f"{form_key}:{fingerprint}", subject_id)


# -- a whole delivery, or count ---------------------------------------------------------------------------------------


class StockSheet(Input):
    """Units by SKU, a line each: what came with a delivery, or what a count found.

    `seen` is the version of the sheet that was looked at: see StockLines.version.
    """

    kind: Literal["received", "counted"] = "received"
    lines: Lines = Field(min_length=1, max_length=50_000, title="the SKUs and their units")
    note: Line = Field(default="", max_length=120)
    seen: Line = Field(default="", max_length=64)
    form_key: PublicId | None = None


@dataclass(frozen=True)
class SheetLine:
    """A line of a sheet that can be done: its units, what is there now and what would be."""

    variant: Variant
    units: int
    now: int
    then: int


@dataclass(frozen=True)
class StockLines:
    """The lines of a sheet; `version` is another one once they are, or stock of any of them has moved under a count."""

    lines: tuple[SheetLine, ...]
    version: str

    @property
    def change(self) -> int:
        """How many units more there are in all, or fewer."""
        return sum(line.then - line.now for line in self.lines)


def read_stock_sheet(wanted: StockSheet) -> StockLines:
    """What the sheet would make of the stock. Raises Invalid whose details name each line that is wrong."""
    return _resolve(wanted, _parse(wanted.lines), is_locked=False)


@operation
def apply_stock_sheet(wanted: StockSheet, actor: Actor) -> StockLines:
    """Change the stock as the sheet says, all of it or nothing, once a form key; returns what was done.

    Raises as read_stock_sheet; ChangedMeanwhile for another version than the one `seen`.
    """
    found = _resolve(wanted, _parse(wanted.lines), is_locked=True)
    if wanted.form_key is not None and not _is_first(wanted.form_key, wanted, "stock-sheet"):
        return StockLines((), found.version)
    if wanted.seen and wanted.seen != found.version:
        raise ChangedMeanwhile("Stock has moved, or the lines were changed, since the preview. Look at the new one.")
    reference = new_public_id("sheet")
    for line in sorted(found.lines, key=lambda line: line.variant.id):
        if wanted.kind == "counted":
            set_units(line.variant, line.then, actor, reason="counted", note=wanted.note, field="lines")
        else:
            add_units(line.variant, line.units, actor, reason="received", note=wanted.note, reference=reference)
    return found


def _parse(text: str) -> Iterator[tuple[int, str, int | None]]:
    """(number of the line, SKU, units) of each line that is not empty; units are None where none can be read."""
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            match = LINE.fullmatch(line.strip().replace('"', "")) if len(line) <= LONGEST_LINE else None
            yield (number, match[1].strip(), int(match[2])) if match else (number, line.strip(), None)


def _resolve(wanted: StockSheet, parsed: Iterator[tuple[int, str, int | None]], *, is_locked: bool) -> StockLines:
    rows = list(parsed)
    if len(rows) > MOST_LINES:
        message = f"Enter at most {MOST_LINES} lines at once."
        raise Invalid(message, [Detail("lines", message)])
    variants = _variants_of({sku for _, sku, _ in rows})
    ids = [variant.id for variant in variants.values()]
    items = _lock_items(ids) if is_locked else _read_items(ids)
    wrong: list[Detail] = []
    lines: list[SheetLine] = []
    first_lines: dict[str, int] = {}
    for number, sku, units in rows:
        variant = variants.get(sku)
        item = items[variant.id] if variant else None
        problem = _problem_of(wanted.kind, sku, units, item, first_lines.get(sku))
        if problem:
            wrong.append(Detail(f"lines.{number}", f"Line {number}: {problem}"))
        elif variant is not None and item is not None and units is not None:
            then = units if wanted.kind == "counted" else item.on_hand + units
            lines.append(SheetLine(variant, units, item.on_hand, then))
        if units is not None:
            first_lines.setdefault(sku, number)
    if wrong:
        raise Invalid("Nothing was changed: some lines need another look.", wrong)
    return StockLines(tuple(lines), _version_of(wanted.kind, lines))


def _problem_of(kind: str, sku: str, units: int | None, item: StockItem | None, first_line: int | None) -> str:
    least = 1 if kind == "received" else 0
    if units is None:
        return f"“{sku[:60]}” is no SKU with a whole number after it."
    if item is None:
        return f"There is no SKU {sku[:60]}."
    if first_line is not None:
        return f"{sku[:60]} is in line {first_line} already. Put the two together."
    if not least <= units <= MOST_UNITS:
        return f"Enter from {least} to {MOST_UNITS:,} units of {sku[:60]}."
    if kind == "counted" and units < item.reserved:
        return f"{item.reserved} of {sku[:60]} are reserved for orders: the stock cannot be {units}."
    return ""


def _variants_of(skus: set[str]) -> dict[str, Variant]:
    rows = select(Variant).where(Variant.sku.in_(skus)).options(joinedload(Variant.product))
    return {each.sku: each for each in db.session.scalars(rows)}


def _read_items(variant_ids: Sequence[int]) -> Mapping[int, StockItem]:
    rows = select(StockItem).where(StockItem.variant_id.in_(variant_ids))
    return {item.variant_id: item for item in db.session.scalars(rows.execution_options(populate_existing=True))}


def _version_of(kind: str, lines: Sequence[SheetLine]) -> str:
    moved = movement_counts([line.variant.id for line in lines]) if kind == "counted" else {}
    seen = sorted((line.variant.id, line.units, moved.get(line.variant.id)) for line in lines)
    return hashlib.sha256(repr((kind, seen)).encode()).hexdigest()[:32]


# -- when few are left ------------------------------------------------------------------------------------------------


class LowStockWish(Input):
    """From how many units on a variant counts as low on stock."""

    threshold: int = Field(ge=0, le=MOST_UNITS, title="a number of units")


@operation
def set_low_stock_threshold(variant_id: str, wanted: LowStockWish, actor: Actor) -> str:
    """Say from how many units on the variant is low on stock; returns what it did. Raises NotFound."""
    variant = _find_variant(variant_id)
    item = _lock_items([variant.id])[variant.id]
    before = item.low_stock_threshold
    if before == wanted.threshold:
        return ""
    item.low_stock_threshold = wanted.threshold
    after = {"low_stock_threshold": wanted.threshold}
    record_change(actor, "stock.threshold", "variant", variant_id, {"low_stock_threshold": before}, after)
    return f"Low from {wanted.threshold} on"


def names_of(public_ids: Sequence[str]) -> dict[str, str]:
    """What each variant is called in a report: its product, its own name, its SKU."""
    rows = select(Variant).join(Product).where(Variant.public_id.in_(public_ids)).options(joinedload(Variant.product))
    return {each.public_id: f"{each.full_name} ({each.sku})" for each in db.session.scalars(rows)}


THRESHOLD = BulkChange("stock.threshold", MAY_CHANGE, set_low_stock_threshold, names_of, LowStockWish)
CHANGES = (THRESHOLD,)
