"""Reading payments: what people have spent."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, func, select, true

from shop.db import db
from shop.domain.orders.models import Order
from shop.domain.payments.models import Payment
from shop.money import Money

K = TypeVar("K", bound=Hashable)


def spent_by_users(user_ids: Collection[int]) -> dict[int, list[Money]]:
    """What was taken for the orders of these users and not given back, by currency; who paid nothing is left out."""
    return _spent(Order.user_id, user_ids, true())


def spent_by_guests(emails: Collection[str]) -> dict[str, list[Money]]:
    """The same of who ordered without an account, by their e-mail address."""
    return _spent(Order.email, emails, Order.user_id.is_(None))


def _spent(column: Any, keys: Collection[K], which: ColumnElement[bool]) -> dict[K, list[Money]]:
    spent = func.sum(Payment.captured_amount - Payment.refunded_amount)
    rows = db.session.execute(
        select(column, Payment.currency, spent)
        .join(Order, Order.id == Payment.order_id)
        .where(column.in_(keys), which)
        .group_by(column, Payment.currency)
        .having(spent > 0)
        .order_by(Payment.currency)
    )
    found: dict[K, list[Money]] = {}
    for key, currency, amount in rows:
        found.setdefault(key, []).append(Money(int(amount), currency))
    return found
