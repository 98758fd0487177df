"""The orders that rows of other things are about, as the admin links to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import url_for
from sqlalchemy import select

from shop.admin.resource import Fact
from shop.db import db
from shop.domain.orders.models import Order


@dataclass(frozen=True)
class OrderLink:
    """An order's number and the address of its page."""

    number: str
    address: str

    @property
    def pair(self) -> tuple[str, str]:
        """As the cell `link` takes it."""
        return self.number, self.address

    @property
    def fact(self) -> Fact:
        return Fact("Order", self.number, address=self.address)


def order_links(order_ids: Iterable[int | None]) -> dict[int | None, OrderLink]:
    """The ways to these orders by key, in one statement; for who may read orders."""
    keys = {each for each in order_ids if each is not None}
    rows = db.session.execute(select(Order.id, Order.number, Order.public_id).where(Order.id.in_(keys)))
    return {row.id: OrderLink(row.number or "", url_for("admin_orders.show", public_id=row.public_id)) for row in rows}
