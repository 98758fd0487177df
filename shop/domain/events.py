"""What happened: an outbox row in the same transaction as the change; messages follow from it (reliability.md D24)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model, db, on_commit, public_id_column, transaction_time

# Every event there is: a dotted name in the past tense.
EVENT_TYPES = frozenset(
    {
        "order.placed",
        "order.confirmed",
        "order.cancelled",
        "order.processing",
        "order.shipped",
        "order.delivered",
        "account_link.refused",
        "password.changed",
        "password_reset.requested",
        "refresh_token.reused",
        "registration.repeated",
        "registration.requested",
        "order_link.requested",
        "order_link.refused",
        "payment.captured",
        "payment.collected",
        "payment.refunded",
        "refund.requested",
        "return.received",
        "shipment.sent",
        "category.saved",
        "picture.uploaded",
        "product.saved",
        "review.submitted",
        "review.approved",
        "review.hidden",
        "staff_task.queued",
    }
)
_nudges: list[Callable[[], None]] = []


class OutboxEvent(Model):
    """A fact, committed with its cause. `dispatched_at` is set once its effects have rows of their own."""

    __tablename__ = "outbox_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("evt")
    type: Mapped[str] = mapped_column(String(80))
    subject_id: Mapped[str] = mapped_column(String(40), index=True)  # the public id of what it happened to
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    request_id: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    dispatched_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_outbox_events_dispatched_at", "dispatched_at"),)


class Email(Model):
    """One e-mail to send because of one event: due -> leased -> done, back to due with delay, or dead."""

    __tablename__ = "emails"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("mail")  # the Message-ID, so that a repetition is one message
    event_id: Mapped[int] = mapped_column(ForeignKey("outbox_events.id"))
    kind: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(254))
    subject_id: Mapped[str] = mapped_column(String(40), index=True)
    status: Mapped[str] = mapped_column(String(16), default="due")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    enqueued_at: Mapped[datetime | None]  # when a worker was last asked to send it
    last_error: Mapped[str] = mapped_column(Text, default="")
    request_id: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("event_id", "kind"),
        CheckConstraint("status IN ('due', 'leased', 'done', 'dead')", name="status"),
        Index("ix_emails_status_due_at", "status", "due_at"),
    )


def record_event(event_type: str, subject_id: str, payload: dict[str, Any] | None = None) -> None:
    """Write an outbox row in the current operation, and nudge the relay after its commit (best effort).

    `subject_id` is the public id of what it happened to; the payload holds no personal values.
    """
    if event_type not in EVENT_TYPES:
        raise ValueError(f"{event_type} is not a known event: add it to EVENT_TYPES")
    request_id = structlog.contextvars.get_contextvars().get("request_id", "")
    db.session.add(OutboxEvent(type=event_type, subject_id=subject_id, payload=payload or {}, request_id=request_id))
    nudge_relay()


def nudge_relay() -> None:
    """Have the relay look for work after the commit of the current operation (best effort)."""
    for nudge in _nudges:
        on_commit(nudge)


def nudge_with(callback: Callable[[], None]) -> None:
    """Have `callback` called after each commit that recorded an event. The application sets one; tests may clear it."""
    _nudges[:] = [callback]
