"""Reading discount codes: what a code takes off a cart as things stand now, or in which words it does not."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from shop.db import db
from shop.domain.catalog.scopes import Scope, products_in_scope
from shop.domain.promotions.models import DiscountCode, DiscountCustomer
from shop.errors import Detail, Gone, Invalid, ShopError, Unknown
from shop.money import Money

FIELD = "discountCode"


@dataclass(frozen=True)
class Goods:
    """What one line of a cart brings to the question whether a code is for it."""

    product_id: int
    subtotal: Money


@dataclass(frozen=True)
class Verdict:
    """Which lines a code is for, in their order; or why it takes nothing off now, as the refusal that says so."""

    code: DiscountCode
    in_scope: tuple[bool, ...]
    refusal: ShopError | None = None


class UnknownCode(Unknown):
    """Nothing is written so: what was typed may be a guess."""


def find_code(text: str) -> DiscountCode:
    """The code that is written so, in whatever case. Raises UnknownCode."""
    written = text.strip().upper()
    code = db.session.scalars(select(DiscountCode).filter_by(code=written)).one_or_none()
    if code is None or not code.is_active:
        message = f"There is no code {written}. Look at how it is written."
        raise UnknownCode(message, [Detail(FIELD, message)])
    return code


def judge(code: DiscountCode, goods: Sequence[Goods], customers: Sequence[str], now: datetime) -> Verdict:
    """What the code is for among these goods. `customers` are the names under which the buyer is known, so far.

    The verdict's refusal is Unknown before its start, Gone after its end or its last use, Invalid below its minimum.
    """
    ids = products_in_scope(
        Scope(code.product_ids, code.category_ids, code.collection_ids), {each.product_id for each in goods}
    )
    in_scope = tuple(each.product_id in ids for each in goods)
    return Verdict(code, in_scope, _refusal(code, goods, in_scope, customers, now))


def _refusal(
    code: DiscountCode, goods: Sequence[Goods], in_scope: Sequence[bool], customers: Sequence[str], now: datetime
) -> ShopError | None:
    if not code.is_active:
        return _unknown(f"There is no code {code.code} any more.")
    if code.starts_at is not None and now < code.starts_at:
        return _unknown(f"The code {code.code} starts on {code.starts_at:%-d %B %Y}.")
    if code.ends_at is not None and now >= code.ends_at:
        return _gone(f"The code {code.code} ended on {code.last_day:%-d %B %Y}.")
    if code.max_uses is not None and code.used >= code.max_uses:
        return used_up(code)
    if has_used_up(code, customers):
        return used_by_customer(code)
    total = sum((each.subtotal for each in goods), Money(0, code.currency))
    if total.amount < code.minimum_amount:
        least = Money(code.minimum_amount, code.currency).format()
        return _invalid(f"The code {code.code} is for orders of {least} or more. Yours is {total.format()}.")
    if goods and not any(in_scope):
        return _invalid(f"The code {code.code} is for other articles than those in your cart.")
    return None


def has_used_up(code: DiscountCode, customers: Sequence[str]) -> bool:
    """Whether one of these customers has used the code as often as one may."""
    if code.max_uses_per_customer is None or not customers:
        return False
    uses = select(DiscountCustomer.used).where(
        DiscountCustomer.code_id == code.id, DiscountCustomer.customer.in_(customers)
    )
    return max(db.session.scalars(uses), default=0) >= code.max_uses_per_customer


def customer_names(user_id: int | None, email: str = "") -> list[str]:
    """The names under which a customer is counted: the account, and the e-mail address in a form that is not told."""
    names = [f"user:{user_id}"] if user_id is not None else []
    if email:
        names.append("email:" + hashlib.sha256(email.strip().lower().encode()).hexdigest())
    return sorted(names)


def used_up(code: DiscountCode) -> Gone:
    return _gone(f"The code {code.code} was used up.")


def used_by_customer(code: DiscountCode) -> Gone:
    return _gone(f"You have used the code {code.code} as often as one can.")


def _unknown(message: str) -> Unknown:
    return Unknown(message, [Detail(FIELD, message)])


def _gone(message: str) -> Gone:
    return Gone(message, [Detail(FIELD, message)])


def _invalid(message: str) -> Invalid:
    return Invalid(message, [Detail(FIELD, message)])
