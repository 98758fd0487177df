"""Discount codes as staff write them: one form for all of a code, and the sentence that reads it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import select

from shop.db import db, operation
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.models import Category, Collection
from shop.domain.catalog.named import category_slugs, few_lines, product_ids, product_slugs, refuse_missing, wrong
from shop.domain.catalog.operations import Changes
from shop.domain.explanations import percent
from shop.domain.inputs import Input, Line, Lines, Text
from shop.domain.promotions.models import DiscountCode
from shop.domain.versions import refuse_if_changed
from shop.errors import Conflict, Detail, NotFound
from shop.money import Money

LETTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


class CodeWish(Input):
    """How a discount code should be. `value` is percent or an amount, by its kind; days count from midnight UTC, the
    last day is included. Empty limits are none."""

    code: Line = Field(min_length=3, max_length=40, title="a code")
    note: Line = Field(default="", max_length=200)
    kind: Literal["percentage", "fixed_amount", "free_shipping"] = Field(title="what it takes off")
    value: Line = Field(default="", max_length=20)
    minimum: Line = Field(default="", max_length=20)
    max_uses: int | None = Field(default=None, ge=1, le=10**9, title="a number of uses")
    max_uses_per_customer: int | None = Field(default=None, ge=1, le=10**6, title="a number of uses")
    starts_on: date | None = None
    ends_on: date | None = None
    is_active: bool = False
    products: Lines = Field(default="", max_length=100_000)
    categories: Text = ""
    collections: Text = ""


@operation
def create_code(wish: CodeWish, actor: Actor, currency: str) -> DiscountCode:
    """Make a discount code. Raises Invalid for what cannot be, each at its field; Conflict for a code that is there."""
    code = DiscountCode(currency=currency, used=0)
    changes = Changes()
    _assign(code, wish, changes)
    db.session.add(code)
    db.session.flush()
    record_change(actor, "discount_code.created", "discount code", code.public_id, {}, changes.after)
    return code


@operation
def change_code(public_id: str, wish: CodeWish, actor: Actor, *, seen: str | None = None) -> DiscountCode:
    """Make the code as the wish says. Orders that hold it keep what they have.

    Raises NotFound, ChangedMeanwhile for another version than the one `seen`, and as create_code.
    """
    locked = select(DiscountCode).filter_by(public_id=public_id).with_for_update()
    code = db.session.scalars(locked.execution_options(populate_existing=True)).one_or_none()
    if code is None:
        raise NotFound("There is no such discount code any more.")
    refuse_if_changed(code.updated_at, seen)
    changes = Changes()
    _assign(code, wish, changes)
    if changes:
        record_change(actor, "discount_code.changed", "discount code", public_id, changes.before, changes.after)
    return code


def wish_values(code: DiscountCode) -> dict[str, Any]:
    """The code as the form has it, by the names of its fields."""
    value = {"percentage": percent(code.percent).removesuffix("%"), "fixed_amount": _price(code, code.amount)}
    return {
        "code": code.code,
        "note": code.note,
        "kind": code.kind,
        "value": value.get(code.kind, ""),
        "minimum": _price(code, code.minimum_amount) if code.minimum_amount else "",
        "maxUses": "" if code.max_uses is None else str(code.max_uses),
        "maxUsesPerCustomer": "" if code.max_uses_per_customer is None else str(code.max_uses_per_customer),
        "startsOn": code.starts_at.date().isoformat() if code.starts_at else "",
        "endsOn": code.last_day.isoformat() if code.last_day else "",
        "isActive": code.is_active,
        "products": "\n".join(product_slugs(code.product_ids)),
        "categories": "\n".join(_slugs(Category, code.category_ids)),
        "collections": "\n".join(_slugs(Collection, code.collection_ids)),
    }


def sentence_of(code: DiscountCode) -> str:
    """The whole rule read back in plain words."""
    return sentences_of([code])[0]


def sentences_of(codes: Sequence[DiscountCode]) -> list[str]:
    """The rules of these codes, each read back in plain words; two statements for them all."""
    categories = _names(Category, {key for code in codes for key in code.category_ids})
    collections = _names(Collection, {key for code in codes for key in code.collection_ids})
    return [_sentence(code, categories, collections) for code in codes]


def _sentence(code: DiscountCode, categories: Mapping[int, str], collections: Mapping[int, str]) -> str:
    worth = {
        "percentage": f"{percent(code.percent)} off",
        "fixed_amount": f"{Money(code.amount, code.currency).format()} off",
        "free_shipping": "Free delivery",
    }
    words = [worth[code.kind], ""]
    if code.kind != "free_shipping" or code.is_scoped:
        words[1] = _scope_words(code, categories, collections)
    if code.minimum_amount:
        words.append(f"in orders of {Money(code.minimum_amount, code.currency).format()} or more")
    if code.starts_at and code.last_day:
        words.append(f"from {_day(code.starts_at.date())} to {_day(code.last_day)}")
    elif code.starts_at:
        words.append(f"from {_day(code.starts_at.date())} on")
    elif code.last_day:
        words.append(f"until {_day(code.last_day)}")
    limits = [f"{_times(code.max_uses)} in all"] if code.max_uses is not None else []
    if code.max_uses_per_customer is not None:
        limits.append(f"{_times(code.max_uses_per_customer)} per customer")
    state = "" if code.is_active else " It is paused."
    return " ".join(word for word in words if word) + (f", {' and '.join(limits)}" if limits else "") + f".{state}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _scope_words(code: DiscountCode, categories: Mapping[int, str], collections: Mapping[int, str]) -> str:
    if not code.is_scoped:
        return "everything"
    count = len(code.product_ids)
    parts = [f"{count} {'product' if count == 1 else 'products'}"] if count else []
    for keys, names in ((code.category_ids, categories), (code.collection_ids, collections)):
        parts += sorted(names[key] for key in keys if key in names)
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0] if parts else "nothing"


def _names(model: type[Category] | type[Collection], ids: Set[int]) -> dict[int, str]:
    if not ids:
        return {}
    return {key: name for key, name in db.session.execute(select(model.id, model.name).where(model.id.in_(ids)))}


def _slugs(model: type[Category] | type[Collection], ids: Sequence[int]) -> list[str]:
    return list(db.session.scalars(select(model.slug).where(model.id.in_(ids)).order_by(model.slug))) if ids else []


def _price(code: DiscountCode, amount: int) -> str:
    return str(Money(amount, code.currency).to_decimal())


def _day(day: date) -> str:
    return f"{day:%-d %b %Y}"


# -- reading the wish -------------------------------------------------------------------------------------------------


def _assign(code: DiscountCode, wish: CodeWish, changes: Changes) -> None:
    written = wish.code.upper()
    if not LETTERS.issuperset(written):
        raise wrong("code", "Use letters from A to Z, digits, - and _ in a code.")
    with db.session.no_autoflush:
        holder = db.session.scalars(select(DiscountCode).filter_by(code=written)).one_or_none()
    if holder is not None and holder is not code:
        message = f"The code {written} is there already. Choose another one."
        raise Conflict(message, [Detail("code", message)])
    if wish.max_uses is not None and wish.max_uses < code.used:
        raise wrong("maxUses", f"It was used {code.used} times already. Enter {code.used} or more.")
    starts_at = None if wish.starts_on is None else datetime.combine(wish.starts_on, time(), UTC)
    ends_at = None if wish.ends_on is None else datetime.combine(wish.ends_on, time(), UTC) + timedelta(days=1)
    if starts_at is not None and ends_at is not None and ends_at <= starts_at:
        raise wrong("endsOn", "Enter a last day that is not before the first.")
    values = {
        "code": written,
        "note": wish.note,
        "kind": wish.kind,
        "percent_hundredths": _percent(wish.value) if wish.kind == "percentage" else 0,
        "amount": _amount("value", wish.value, code.currency) if wish.kind == "fixed_amount" else 0,
        "minimum_amount": _amount("minimum", wish.minimum, code.currency) if wish.minimum else 0,
        "max_uses": wish.max_uses,
        "max_uses_per_customer": wish.max_uses_per_customer,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "is_active": wish.is_active,
        "product_ids": product_ids(wish.products),
        "category_ids": _ids(Category, category_slugs(wish.categories)),
        "collection_ids": _ids(Collection, _collection_slugs(wish.collections)),
    }
    changes.assign(code, values)
    for told in (changes.before, changes.after):
        told.update({name: told[name].isoformat() for name in ("starts_at", "ends_at") if told.get(name)})


def _percent(text: str) -> int:
    try:
        exact = Decimal(text.replace(",", ".").removesuffix("%").strip()) * 100
    except ArithmeticError:
        exact = Decimal(0)
    if not exact.is_finite() or not 0 < exact <= 10_000 or exact != int(exact):
        raise wrong("value", "Enter a percentage above 0 and up to 100, with two decimals at most, such as 12.5.")
    return int(exact)


def _amount(field: str, text: str, currency: str) -> int:
    try:
        amount = Money.typed(text, currency).amount
    except ValueError:
        amount = 0
    if amount == 0:
        raise wrong(field, "Enter an amount such as 10.00.")
    return amount


def _collection_slugs(text: str) -> list[str]:
    lines = few_lines("collections", text)
    rows = db.session.execute(select(Collection.slug, Collection.name))
    by_word = {word: slug for slug, name in rows for word in (name.casefold(), slug)}
    refuse_missing("collections", "collection", (line for line in lines if line.casefold() not in by_word))
    return [by_word[line.casefold()] for line in lines]


def _ids(model: type[Category] | type[Collection], slugs: Sequence[str]) -> list[int]:
    return sorted(db.session.scalars(select(model.id).where(model.slug.in_(slugs)))) if slugs else []
