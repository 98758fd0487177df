"""Orders, to be looked up: what was bought, by whom, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import selectinload

from shop.admin.resource import Card, Column, Detail, Fact, Filter, Resource, Tab, words_in
from shop.db import db
from shop.domain.addresses import address_lines
from shop.domain.customers.models import User
from shop.domain.orders.models import ORDER_STATUSES, PAYMENT_STATUSES, Order
from shop.domain.orders.receipts import payment_words, sums_of
from shop.policies import may_open
from shop.words import words


def customer_of(order: Order) -> tuple[str, str]:
    """Who ordered, and the way to their page where they have an account."""
    public_id = db.session.scalar(select(User.public_id).where(User.id == order.user_id)) if order.user_id else None
    name = f"{order.shipping_address.get('firstName', '')} {order.shipping_address.get('lastName', '')}".strip()
    return name or order.email, url_for("admin.users_row", public_id=public_id) if public_id and may_open(
        "admin.users_row"
    ) else ""


def facts(order: Order) -> tuple[Fact, ...]:
    name, address = customer_of(order)
    return (
        Fact("Customer", name, address=address),
        Fact("E-mail", order.email),
        Fact("Phone", order.phone or "none"),
        Fact("Status", order.status, "badge"),
        Fact("Payment", order.payment_status, "badge"),
        Fact("Shipping", order.shipping_status, "badge"),
        Fact("Placed", order.created_at, "time"),
    )


def sums(order: Order) -> Mapping[str, Any]:
    return {"sums": sums_of(order), "payment": payment_words(order)}


def of_status(status: str) -> ColumnElement[bool]:
    return Order.status == status


def is_payment(status: str) -> ColumnElement[bool]:
    return Order.payment_status == status


ORDERS = Resource(
    name="orders",
    title="Orders",
    singular="order",
    section="Selling",
    read="orders:read",
    icon="receipt",
    model=Order,
    select=lambda: select(Order).options(selectinload(Order.line_items), selectinload(Order.history)),
    row_name=lambda row: str(row.number),
    columns=(
        Column("number", "Number", lambda row: row.number, "main", sort=Order.number, on_phone="lead"),
        Column("placed", "Placed", lambda row: row.created_at, "moment", sort=Order.created_at),
        Column("email", "E-mail", lambda row: row.email, sort=Order.email),
        Column("items", "Items", lambda row: sum(line.quantity for line in row.line_items), "number", on_phone="none"),
        Column("status", "Status", lambda row: row.status, "badge", sort=Order.status, on_phone="end"),
        Column("payment", "Payment", lambda row: row.payment_status, "badge", on_phone="none"),
        Column("total", "Total", lambda row: row.total, "money", sort=Order.total_amount),
    ),
    search=words_in(Order.number, Order.email),
    search_hint="by number or e-mail",
    sort="-placed",
    tabs=(
        Tab("all", "All"),
        Tab("to-send", "To send", lambda: Order.status.in_(("confirmed", "processing")), todo="Orders to send"),
        Tab(
            "unpaid",
            "Unpaid",
            lambda: and_(Order.status != "cancelled", or_(*map(is_payment, ("pending", "failed")))),
        ),
        Tab("cancelled", "Cancelled", lambda: of_status("cancelled")),
    ),
    filters=(
        Filter("status", "Status", of_status, lambda: [(each, words(each)) for each in ORDER_STATUSES]),
        Filter("payment", "Payment", is_payment, lambda: [(each, words(each)) for each in PAYMENT_STATUSES]),
    ),
    detail=Detail(
        (
            Card("Items", "admin/orders/_items.html", sums),
            Card("Send to", "admin/orders/_address.html", lambda row: {"lines": address_lines(row.shipping_address)}),
            Card("What happened", "admin/orders/_history.html"),
        )
    ),
    facts=facts,
    is_empty_text="Nobody has ordered yet.",
    is_in_search=True,
    note=lambda row: row.email,
)
