"""Importing a catalogue: each product is a transaction of its own, and what is wrong with one stops no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import func, select
from sqlalchemy.exc import DataError, IntegrityError

from shop.db import broken_constraint, db, end_read, operation
from shop.domain.actors import Actor
from shop.domain.catalog.addresses import find_moved
from shop.domain.catalog.drafts import ProductDraft, unless_said
from shop.domain.catalog.models import Category, Product, Variant
from shop.domain.catalog.operations import Saved, save_category, save_product
from shop.domain.imports.csv_file import Row, Source
from shop.domain.imports.report import ImportReport, RowProblem, in_row_order
from shop.domain.imports.shopify import COLUMN_OF_FIELD, Assembled, SkuRegister, assemble_product, read_shopify
from shop.errors import Conflict, ShopError

SKUS_AT_ONCE = 500


def import_catalogue(
    source: Source,
    *,
    actor: Actor,
    currency: str,
    dry_run: bool = False,
    set_stock: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> ImportReport:
    """Import a Shopify product CSV, or find out with `dry_run` what importing it would do.

    Products are known by their handle, and importing the same file again changes nothing. The stock of variants that
    exist is left alone, or with `set_stock` becomes what the file says, where it says something. `on_progress` is
    told products done and products in all.
    Raises Malformed or Invalid for a file that is none; whatever is wrong with rows is in the report.
    """
    file = read_shopify(source)
    skus = SkuRegister(skus_in_use(file.skus()))
    handles: dict[str, str] = {}
    tally = _Tally(file.rows_read, list(file.problems))
    for done, (handle, rows) in enumerate(file.products.items(), start=1):
        assembled = assemble_product(handle, rows, file.columns, currency, skus)
        tally.problems += assembled.problems
        try:
            saved = _save(assembled, handle, handles, actor, dry_run=dry_run, set_stock=set_stock)
        except (ShopError, IntegrityError, DataError) as error:
            tally.note_refusal(handle, rows, error)
        else:
            tally.note_saved(saved, assembled, rows)
        if on_progress is not None:
            on_progress(done, len(file.products))
    return tally.report(is_dry_run=dry_run)


def skus_in_use(skus: Sequence[str]) -> dict[str, str]:
    """Which product has which of these SKUs before the import; the answer is the same for a dry run of it."""
    slugs: dict[str, str] = {}
    for start in range(0, len(skus), SKUS_AT_ONCE):
        some = skus[start : start + SKUS_AT_ONCE]
        owned = select(Variant.sku, Product.slug).join(Variant.product).where(Variant.sku.in_(some))
        slugs |= {sku: slug for sku, slug in db.session.execute(owned)}
    end_read()
    return slugs


def _save(
    assembled: Assembled, handle: str, handles: dict[str, str], actor: Actor, *, dry_run: bool, set_stock: bool
) -> Saved | None:
    """Save what was assembled, or rehearse that; None when its rows made no product."""
    draft = assembled.draft
    if draft is None:
        return None
    other = handles.setdefault(draft.slug, handle)
    if other != handle:
        raise Conflict(f"Its address would be that of {other}: {draft.slug}. Give it another Handle.")
    if not dry_run:
        return import_product(draft, assembled.category_name, actor, set_stock=set_stock)
    try:
        rehearse_product(draft, assembled.category_name, actor, set_stock=set_stock)
    except _Rehearsed as rehearsed:
        return rehearsed.saved
    raise AssertionError("unreachable")


@operation
def import_product(draft: ProductDraft, category_name: str, actor: Actor, *, set_stock: bool) -> Saved:
    """Save one product of a file, and the category it names when there is none yet.

    A category that exists keeps its words; one that was renamed or merged is found by its former address.
    """
    slug = unless_said(draft.category_slug, None)
    if slug is not None and db.session.scalars(select(Category.id).filter_by(slug=slug)).first() is None:
        if moved := find_moved("category", slug):
            draft = replace(draft, category_slug=moved)
        else:
            save_category(slug, category_name, position=_last_position(), actor=actor)
    return save_product(draft, actor, set_stock=set_stock)


def _last_position() -> int:
    """The place behind the top categories that the shop has."""
    last = db.session.scalar(select(func.max(Category.position)).where(Category.parent_id.is_(None)))
    return 0 if last is None else last + 1


class _Rehearsed(Exception):
    """Takes a rehearsal's outcome out of the operation that it ends."""

    def __init__(self, saved: Saved) -> None:
        self.saved = saved


@operation
def rehearse_product(draft: ProductDraft, category_name: str, actor: Actor, *, set_stock: bool) -> None:
    """Do what import_product does and undo it: always raises, so that the transaction is rolled back."""
    raise _Rehearsed(import_product(draft, category_name, actor, set_stock=set_stock))


@dataclass
class _Tally:
    """The figures while an import runs."""

    rows_read: int
    problems: list[RowProblem]
    rows_imported: int = 0
    pictures: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    def note_saved(self, saved: Saved | None, assembled: Assembled, rows: Sequence[Row]) -> None:
        if saved is None or assembled.draft is None:
            self.outcomes["refused"] += 1
            return
        self.outcomes[saved.status] += 1
        self.rows_imported += len(rows) - len({problem.row for problem in assembled.problems})
        self.pictures += len(unless_said(assembled.draft.images, ()))

    def note_refusal(self, handle: str, rows: Sequence[Row], error: ShopError | IntegrityError | DataError) -> None:
        self.outcomes["refused"] += 1
        first = rows[0].number
        self.problems.append(RowProblem(first, handle, *_column_and_words(error)))
        reported = {problem.row for problem in self.problems}
        for row in rows:
            if row.number not in reported:
                self.problems.append(
                    RowProblem(row.number, handle, "", f"Not imported, like its product: see row {first}.")
                )

    def report(self, *, is_dry_run: bool) -> ImportReport:
        return ImportReport(
            is_dry_run=is_dry_run,
            rows_read=self.rows_read,
            rows_imported=self.rows_imported,
            products_created=self.outcomes["created"],
            products_changed=self.outcomes["changed"],
            products_unchanged=self.outcomes["unchanged"],
            products_refused=self.outcomes["refused"],
            pictures_recorded=self.pictures,
            problems=in_row_order(self.problems),
        )


def _column_and_words(error: ShopError | IntegrityError | DataError) -> tuple[str, str]:
    if not isinstance(error, ShopError):
        return "", f"Not imported: the database refuses this product ({broken_constraint(error)})."
    parts = (part for detail in error.details[:1] for part in reversed(detail.field.split(".")))
    column = next((COLUMN_OF_FIELD[part] for part in parts if part in COLUMN_OF_FIELD), "")
    return column, f"Not imported: {error.message}"
