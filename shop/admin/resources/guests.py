"""Who ordered without an account, by their e-mail address. Their first order names them, so no address is in a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import aliased

from shop.admin.person import Person, cards_of, find_account, in_words
from shop.admin.resource import Column, Detail, Fact, Resource, words_in
from shop.db import db
from shop.domain.orders.models import Order
from shop.domain.payments.queries import spent_by_guests


@dataclass(frozen=True)
class GuestRow:
    """A guest, by their first order, with how often they ordered, the last time, and what they spent by currency."""

    first: Order
    order_count: int
    last_order_at: datetime
    spent: list[str] = field(default_factory=list)

    @property
    def id(self) -> int:
        return self.first.id

    @property
    def name(self) -> str:
        address = self.first.shipping_address
        return f"{address.get('firstName', '')} {address.get('lastName', '')}".strip() or self.first.email


def first_orders() -> Select[Any]:
    """The first order of each e-mail address without an account."""
    first = select(func.min(Order.id)).where(Order.user_id.is_(None)).group_by(Order.email)
    return select(Order).where(Order.id.in_(first))


def prepare(orders: Sequence[Order]) -> list[GuestRow]:
    """The guests with their orders and payments counted, in two statements."""
    emails = [each.email for each in orders]
    counted = select(Order.email, func.count().label("orders"), func.max(Order.created_at).label("last"))
    mine = counted.where(Order.user_id.is_(None), Order.email.in_(emails)).group_by(Order.email)
    found = {row.email: (row.orders, row.last) for row in db.session.execute(mine)}
    spent = spent_by_guests(emails)
    return [GuestRow(each, *found[each.email], in_words(spent.get(each.email, []))) for each in orders]


def of_guest(function: Any) -> ColumnElement[int]:
    """What a function says of all orders of the row's guest."""
    every = aliased(Order)
    mine = select(function(every.id)).where(every.user_id.is_(None), every.email == Order.email)
    return mine.correlate(Order).scalar_subquery()


def facts_of(row: GuestRow) -> tuple[Fact, ...]:
    account = find_account(row.first.email)
    way = url_for("admin.users_row", public_id=account) if account else ""
    return (
        Fact("E-mail", row.first.email),
        Fact("Phone", row.first.phone or "none"),
        Fact("Account", "with this address" if account else "none", address=way),
        Fact("First order", row.first.created_at, "time"),
        Fact("Orders", row.order_count, "number"),
        Fact("Spent", row.spent or ["nothing"], "sums"),
    )


GUESTS = Resource(
    name="guests",
    title="Guests",
    singular="guest",
    section="Selling",
    read="customers:read",
    icon="users",
    model=Order,
    select=first_orders,
    prepare=prepare,
    row_id=lambda row: row.first.public_id,
    version=lambda row: None,
    columns=(
        Column("name", "Name", lambda row: row.name, "main", on_phone="lead"),
        Column("email", "E-mail", lambda row: row.first.email, sort=Order.email),
        Column("orders", "Orders", lambda row: row.order_count, "number", sort=of_guest(func.count)),
        Column("spent", "Spent", lambda row: row.spent, "sums"),
        Column("last", "Last order", lambda row: row.last_order_at, "moment", sort=of_guest(func.max)),
        Column("first", "First order", lambda row: row.first.created_at, "moment", sort=Order.id, on_phone="none"),
    ),
    search=words_in(Order.email),
    search_hint="by e-mail",
    sort="-first",
    detail=Detail(cards_of(lambda row: Person(None, row.first.email))),
    facts=facts_of,
    list_links=(("Customers", "admin.users_list"),),
    is_empty_text="Nobody has ordered without an account yet.",
    is_in_search=True,
    note=lambda row: row.first.email,
)
