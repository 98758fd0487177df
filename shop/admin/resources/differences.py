"""Payment differences: where the provider's books and ours differ, each with a deadline, until somebody settles it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, or_, select

from shop.admin.order_links import OrderLink, order_links
from shop.admin.people import names_of
from shop.admin.resource import Act, Card, Column, Detail, Fact, Field, Filter, Resource, Tab, words_in
from shop.domain.orders.models import Order
from shop.domain.payments.differences import KINDS, SettleDifference, resolve_difference
from shop.domain.payments.models import PaymentDifference
from shop.words import words


@dataclass(frozen=True)
class DifferenceRow:
    """A difference with its order and who settled it."""

    row: PaymentDifference
    order: OrderLink | None
    settled_by: str

    @property
    def is_open(self) -> bool:
        return self.row.resolved_at is None

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.row.due_at < datetime.now(UTC)

    @property
    def kind(self) -> str:
        return KINDS.get(self.row.kind, words(self.row.kind))


def prepare(rows: Sequence[PaymentDifference]) -> list[DifferenceRow]:
    """The rows with their orders and people, in two statements."""
    orders = order_links(each.order_id for each in rows)
    people = names_of(each.user_id for each in rows if each.user_id is not None)
    return [
        DifferenceRow(each, orders.get(each.order_id), people.get(each.user_id, "The shop") if each.user_id else "")
        for each in rows
    ]


def is_open() -> ColumnElement[bool]:
    return PaymentDifference.resolved_at.is_(None)


def has_words(text: str) -> ColumnElement[bool]:
    """Each word is in the sentence or the provider's reference, or the text is an order's number."""
    of_order = PaymentDifference.order_id.in_(select(Order.id).where(Order.number == text.strip().upper()))
    return or_(words_in(PaymentDifference.sentence, PaymentDifference.provider_reference)(text), of_order)


def facts(each: DifferenceRow) -> tuple[Fact, ...]:
    row = each.row
    return (
        Fact("Kind", each.kind),
        *([each.order.fact] if each.order else []),
        Fact("At the provider", row.provider_reference, "code"),
        Fact("Found", row.created_at, "time"),
        Fact("To settle by", (row.due_at, each.is_overdue), "deadline"),
        *(
            [Fact("Settled", row.resolved_at, "time"), Fact("By", each.settled_by or "The shop")]
            if not each.is_open
            else []
        ),
    )


DIFFERENCES = Resource(
    name="differences",
    title="Differences",
    singular="payment difference",
    section="Payments",
    read="orders:read",
    write="refunds:write",
    icon="equal",
    audit_kind="payment_difference",
    model=PaymentDifference,
    prepare=prepare,
    row_name=lambda each: each.kind,
    row_id=lambda each: each.row.public_id,
    version=lambda each: None,
    columns=(
        Column("kind", "What", lambda each: each.kind, "main", sort=PaymentDifference.kind, on_phone="lead"),
        Column("sentence", "What differs", lambda each: each.row.sentence, "clipped"),
        Column("order", "Order", lambda each: each.order.pair if each.order else None, "link"),
        Column(
            "deadline",
            "To settle by",
            lambda each: (each.row.due_at, each.is_overdue),
            "deadline",
            sort=PaymentDifference.due_at,
        ),
        Column("settled", "Settled", lambda each: each.row.resolved_at, "moment", sort=PaymentDifference.resolved_at),
        Column("note", "What was done", lambda each: each.row.resolution, in_list=False),
    ),
    search=has_words,
    search_hint="by order, reference or words",
    sort="deadline",
    tabs=(
        Tab("open", "Open", is_open, todo="Payments that differ"),
        Tab("settled", "Settled", lambda: PaymentDifference.resolved_at.is_not(None)),
        Tab("all", "All"),
    ),
    filters=(Filter("kind", "What", lambda text: PaymentDifference.kind == text, lambda: list(KINDS.items())),),
    detail=Detail((Card("What differs", "admin/payments/_difference.html"),)),
    facts=facts,
    acts=(
        Act(
            "settlement",
            "Settle",
            lambda public_id, wish, actor: resolve_difference(public_id, wish.note, actor),
            "The difference is settled.",
            wish=SettleDifference,
            fields=lambda each: (Field("note", "What you did about it", "textarea"),),
            is_possible=lambda each: each.is_open,
            hint="Once the books agree again, or need not.",
            is_main=True,
        ),
    ),
    is_empty_text="The provider's books and ours agree.",
)
