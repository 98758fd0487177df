"""Orders: what was bought, by whom, and how far it is. An order's own page is shop/admin/orders.py."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import selectinload

from shop.admin.resource import Column, Filter, Resource, Tab, words_in
from shop.domain.orders.models import ORDER_STATUSES, PAYMENT_STATUSES, Order
from shop.words import words


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
    own_views={"row": "admin_orders.show"},
    is_empty_text="Nobody has ordered yet.",
    is_in_search=True,
    note=lambda row: row.email,
)
