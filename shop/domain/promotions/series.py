"""Codes by the handful: paused and resumed, copied, and made by the hundred with one rule and unguessable ends."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import Field
from sqlalchemy import insert, select

from shop.db import db, lock_names, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.bulk_changes import BulkChange
from shop.domain.catalog.named import wrong
from shop.domain.inputs import Input, Line
from shop.domain.promotions.codes import LETTERS
from shop.domain.promotions.models import DiscountCode
from shop.errors import Conflict, Detail, NotFound

MAY_WRITE = "discounts:write"
LONGEST_CODE = 40
MOST_AT_ONCE = 5000
# No letter that is taken for a digit or makes words; twelve of them are 58 random bits.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUPS, GROUP = 3, 4
RULE = (
    *("kind", "percent_hundredths", "amount", "currency", "minimum_amount", "max_uses_per_customer"),
    *("starts_at", "ends_at", "product_ids", "category_ids", "collection_ids"),
)


@operation
def pause_code(public_id: str, _wish: Any, actor: Actor) -> str:
    """Let shoppers enter the code no more; orders that hold it keep it. Says what it did. Raises NotFound."""
    return _set_active(public_id, False, actor)


@operation
def resume_code(public_id: str, _wish: Any, actor: Actor) -> str:
    """Let shoppers enter the code again, within its days and limits. Says what it did. Raises NotFound."""
    return _set_active(public_id, True, actor)


def _set_active(public_id: str, is_active: bool, actor: Actor) -> str:
    code = _locked(public_id)
    if code.is_active == is_active:
        return ""
    code.is_active = is_active
    done = "resumed" if is_active else "paused"
    before, after = {"is_active": not is_active}, {"is_active": is_active}
    record_change(actor, f"discount_code.{done}", "discount code", public_id, before, after)
    return done.capitalize()


@operation
def copy_code(public_id: str, actor: Actor) -> DiscountCode:
    """Make a paused code with the same rule and limits under the next free name. Raises NotFound."""
    code = _locked(public_id)
    copy = DiscountCode(code=_free_name(code.code), note=code.note, max_uses=code.max_uses, is_active=False)
    for name, value in _rule_of(code).items():
        setattr(copy, name, value)
    db.session.add(copy)
    db.session.flush()
    told = {"code": copy.code, "copy_of": code.code}
    record_change(actor, "discount_code.created", "discount code", copy.public_id, {}, told)
    return copy


def _free_name(written: str) -> str:
    """SPRING-2, or the first number after it that is free."""
    number = 2
    while True:
        end = f"-{number}"
        name = written[: LONGEST_CODE - len(end)] + end
        if db.session.scalar(select(DiscountCode.id).filter_by(code=name)) is None:
            return name
        number += 1


class MakeSeries(Input):
    """How many codes to make, what they begin with, and how often each can be used in all (empty: no limit)."""

    prefix: Line = Field(min_length=2, max_length=20, title="what the codes begin with")
    count: int = Field(ge=1, le=MOST_AT_ONCE, title="how many codes")
    max_uses: int | None = Field(default=None, ge=1, le=10**9, title="a number of uses")


@dataclass(frozen=True)
class Series:
    """Codes that were made at once; each begins with the prefix and a dash."""

    prefix: str
    count: int


@operation
def make_series(public_id: str, wanted: MakeSeries, actor: Actor) -> Series:
    """Make many active codes with the rule of this one, such as SUMMER-7KQ4-M9XT-2WPA, all or none.

    Raises NotFound; Invalid for a prefix that no code may have; Conflict where codes begin with it already, and so
    also at the second press of the button.
    """
    prefix = wanted.prefix.upper().rstrip("-")
    if not prefix or not LETTERS.issuperset(prefix):
        raise wrong("prefix", "Use letters from A to Z, digits, - and _ for what the codes begin with.")
    lock_names(f"discount series {prefix}")
    code = _locked(public_id)
    taken = select(DiscountCode.id).where(DiscountCode.code.startswith(f"{prefix}-", autoescape=True)).limit(1)
    if db.session.scalar(taken) is not None:
        message = f"There are codes that begin with {prefix}- already. Choose another beginning."
        raise Conflict(message, [Detail("prefix", message)])
    note = f"Made from {code.code} on {transaction_time():%-d %b %Y}"
    shared = {**_rule_of(code), "note": note, "max_uses": wanted.max_uses, "is_active": True, "used": 0}
    names: set[str] = set()
    while len(names) < wanted.count:
        names.add("-".join([prefix, *(_random_group() for _ in range(GROUPS))]))
    db.session.execute(insert(DiscountCode), [{**shared, "code": name} for name in sorted(names)])
    told = {"prefix": prefix, "codes": wanted.count, "max_uses": wanted.max_uses}
    record_change(actor, "discount_code.series_made", "discount code", public_id, {}, told)
    return Series(prefix, wanted.count)


def _random_group() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(GROUP))


def _rule_of(code: DiscountCode) -> dict[str, Any]:
    return {name: getattr(code, name) for name in RULE}


def _locked(public_id: str) -> DiscountCode:
    locked = select(DiscountCode).filter_by(public_id=public_id).with_for_update()
    code = db.session.scalars(locked.execution_options(populate_existing=True)).one_or_none()
    if code is None:
        raise NotFound("There is no such discount code any more.")
    return code


def names_of(public_ids: Sequence[str]) -> Mapping[str, str]:
    """What each code is called in a report."""
    rows = db.session.execute(
        select(DiscountCode.public_id, DiscountCode.code).where(DiscountCode.public_id.in_(public_ids))
    )
    return {public_id: code for public_id, code in rows}


PAUSE = BulkChange("discounts.pausing", MAY_WRITE, pause_code, names_of)
RESUME = BulkChange("discounts.resuming", MAY_WRITE, resume_code, names_of)
CHANGES = (PAUSE, RESUME)
