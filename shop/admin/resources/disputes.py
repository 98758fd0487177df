"""Disputes: a customer's bank wants money back. They are read here and answered at the payment provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, or_, select

from shop.admin.order_links import OrderLink, order_links
from shop.admin.resource import Card, Column, Detail, Fact, Resource, Tab, words_in
from shop.domain.orders.models import Order
from shop.domain.payments.models import Dispute
from shop.money import Money
from shop.words import words


@dataclass(frozen=True)
class DisputeRow:
    """A dispute with its order."""

    row: Dispute
    order: OrderLink

    @property
    def amount(self) -> Money:
        return Money(self.row.amount, self.row.currency)

    @property
    def deadline(self) -> tuple[datetime | None, bool]:
        """When the evidence is due, and whether that has passed while the dispute is open."""
        due_at = self.row.evidence_due_at
        return due_at, due_at is not None and not self.row.is_closed and due_at < datetime.now(UTC)


def prepare(rows: Sequence[Dispute]) -> list[DisputeRow]:
    """The rows with their orders, in one statement."""
    orders = order_links(each.order_id for each in rows)
    return [DisputeRow(each, orders[each.order_id]) for each in rows]


def has_words(text: str) -> ColumnElement[bool]:
    """Each word is in the reason or the provider's reference, or the text is an order's number."""
    of_order = Dispute.order_id.in_(select(Order.id).where(Order.number == text.strip().upper()))
    return or_(words_in(Dispute.reason, Dispute.provider_reference)(text), of_order)


def facts(each: DisputeRow) -> tuple[Fact, ...]:
    row = each.row
    return (
        each.order.fact,
        Fact("Amount", each.amount, "money"),
        Fact("Reason", words(row.reason) or "none"),
        Fact("Status", row.status, "badge"),
        *([Fact("Evidence due", each.deadline, "deadline")] if row.evidence_due_at else []),
        Fact("At the provider", row.provider_reference, "code"),
        Fact("Opened", row.created_at, "time"),
        Fact("Last news", row.updated_at, "time"),
    )


DISPUTES = Resource(
    name="disputes",
    title="Disputes",
    singular="dispute",
    section="Payments",
    read="orders:read",
    icon="receipt",
    model=Dispute,
    prepare=prepare,
    row_name=lambda each: f"Dispute of {each.order.number}",
    row_id=lambda each: each.row.public_id,
    version=lambda each: None,
    columns=(
        Column("dispute", "Dispute", lambda each: f"Dispute of {each.order.number}", "main", on_phone="lead"),
        Column("order", "Order", lambda each: each.order.pair, "link", on_phone="none"),
        Column("amount", "Amount", lambda each: each.amount, "money", sort=Dispute.amount),
        Column("reason", "Reason", lambda each: words(each.row.reason), sort=Dispute.reason),
        Column("status", "Status", lambda each: each.row.status, "badge", sort=Dispute.status, on_phone="end"),
        Column("due", "Evidence due", lambda each: each.deadline, "deadline", sort=Dispute.evidence_due_at),
        Column("opened", "Opened", lambda each: each.row.created_at, "moment", sort=Dispute.created_at),
    ),
    search=has_words,
    search_hint="by order, reason or reference",
    sort="-opened",
    tabs=(
        Tab("open", "Open", lambda: Dispute.is_closed.is_(False)),
        Tab("closed", "Closed", lambda: Dispute.is_closed.is_(True)),
        Tab("all", "All"),
    ),
    detail=Detail((Card("What the bank says", "admin/payments/_dispute.html"),)),
    facts=facts,
    is_empty_text="No bank wants money back.",
)
