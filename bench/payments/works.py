"""What bench.hands can do in a shop that takes cards: let time pass, do what the scheduler does, and read our books."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shop.db import db, operation, transaction_time
from shop.domain.orders.models import Order
from shop.domain.payments.card_refunds import UNFINISHED
from shop.domain.payments.differences import list_open_differences
from shop.domain.payments.models import Payment, ProviderEvent, Refund
from shop.domain.payments.operations import OPEN_CARD
from shop.domain.payments.reconcile import compare_books
from shop.extensions import payment_provider, terms
from shop.jobs.payments import keep_payments, poll_payments

MINUTES = timedelta(minutes=10)  # longer than anybody waits before asking the bank again


@operation
def age_payments() -> None:
    """Let minutes pass for what is open: the poller asks for it, refunds and events are tried again."""
    now = transaction_time()
    before = now - MINUTES
    is_open = db.update(Payment).where(Payment.status.in_(OPEN_CARD))
    for statement in (
        is_open.where(Payment.created_at > before).values(created_at=before),
        is_open.values(asked_at=before),
        db.update(Refund).where(Refund.status.in_(UNFINISHED)).values(asked_at=before),
        db.update(ProviderEvent).where(ProviderEvent.status == "received").values(due_at=now),
    ):
        db.session.execute(statement.execution_options(synchronize_session=False))


def keep_and_poll() -> None:
    """What the scheduler asks of a worker: events, refunds, cancelled attempts, and the forgotten ones."""
    keep_payments()
    poll_payments()


def waiting_payments() -> dict[str, int]:
    """How much of each kind is not at its end: attempts, refunds, events, and what was given up."""
    parts = {
        "open attempts": db.select(Payment.id).where(Payment.status.in_(OPEN_CARD)),
        "unknown attempts": db.select(Payment.id).where(Payment.status == "unknown"),
        "unfinished refunds": db.select(Refund.id).where(Refund.status.in_(UNFINISHED)),
        "events not applied": db.select(ProviderEvent.id).where(ProviderEvent.status.in_(("received", "parked"))),
        "pending orders": db.select(Order.id).where(Order.status == "pending"),
    }
    counts = {name: len(db.session.scalars(rows).all()) for name, rows in parts.items()}
    return {name: count for name, count in counts.items() if count}


def compare_payments() -> list[str]:
    """What `flask payments reconcile` finds after it has settled what was missed, and what staff still have to see."""
    provider = payment_provider()
    assert provider is not None
    found = [each.sentence for each in compare_books(provider, terms)]
    return found + [row.sentence for row in list_open_differences() if row.sentence not in found]


def card_orders() -> list[dict[str, Any]]:
    """Every order with its attempts to pay and its refunds, as plain values."""
    orders = {
        row.id: {**row._mapping, "attempts": [], "refunds": []}
        for row in db.session.execute(
            db.select(
                Order.id, Order.public_id, Order.number, Order.status, Order.payment_status, Order.total_amount
            ).order_by(Order.id)
        )
    }
    attempts = db.select(
        Payment.order_id, Payment.status, Payment.provider_reference, Payment.captured_amount, Payment.refunded_amount
    )
    for row in db.session.execute(attempts.order_by(Payment.id)):
        orders[row.order_id]["attempts"].append(dict(row._mapping))
    for row in db.session.execute(db.select(Refund.order_id, Refund.status, Refund.amount).order_by(Refund.id)):
        orders[row.order_id]["refunds"].append(dict(row._mapping))
    return list(orders.values())


WORKS = {work.__name__: work for work in (age_payments, keep_and_poll, waiting_payments, compare_payments, card_orders)}
