"""The tables of payments: attempts, refunds, and what the provider told of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Model, public_id_column, transaction_time


class Payment(Model):
    """One attempt to pay one order. Cash on delivery: due -> collected, or due -> refused.

    Card: created (its key is kept before anything is sent) -> sent -> requires_action or processing -> succeeded,
    failed or cancelled; any but those three -> unknown, from which only asking the provider leads on (D15, D16).
    """

    __tablename__ = "payments"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("pay")
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    provider: Mapped[str] = mapped_column(String(24))
    provider_reference: Mapped[str | None] = mapped_column(String(120))
    key: Mapped[str | None] = mapped_column(String(64), unique=True)  # what makes a repeated call have no second effect
    status: Mapped[str] = mapped_column(String(24))
    failure: Mapped[str] = mapped_column(String(300), default="")  # what the bank said last, fit for the customer
    failure_code: Mapped[str] = mapped_column(String(64), default="")
    card_brand: Mapped[str] = mapped_column(String(24), default="")
    card_last4: Mapped[str] = mapped_column(String(4), default="")
    card_fingerprint: Mapped[str] = mapped_column(String(64), default="")
    browser: Mapped[str] = mapped_column(String(64), default="")  # whose session began it, for the cap on them
    asked_at: Mapped[datetime | None]  # when the provider was last asked how it stands
    amount: Mapped[int]
    captured_amount: Mapped[int] = mapped_column(default=0)
    refunded_amount: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time)

    __table_args__ = (
        UniqueConstraint("provider", "provider_reference"),
        # One open or paid attempt of each kind an order.
        Index(
            "uq_payments_one_open",
            "order_id",
            "provider",
            unique=True,
            sqlite_where=text("status NOT IN ('failed', 'refused', 'cancelled')"),
            postgresql_where=text("status NOT IN ('failed', 'refused', 'cancelled')"),
        ),
        Index("ix_payments_status_updated_at", "status", "updated_at"),
        Index("ix_payments_created_at", "created_at"),
        CheckConstraint(
            "status IN ('due', 'collected', 'refused', 'cancelled', 'created', 'sent', 'requires_action', 'processing',"
            " 'succeeded', 'failed', 'unknown')",
            name="status",
        ),
        CheckConstraint(
            "amount >= 0 AND captured_amount >= 0 AND captured_amount <= amount", name="captured_within_amount"
        ),
        CheckConstraint("refunded_amount >= 0 AND refunded_amount <= captured_amount", name="refunded_within_captured"),
    )


class Refund(Model):
    """Money given back of one payment: requested -> sent -> succeeded or failed; sent -> unknown until looked up.

    Cash is given back at once. amount = its lines' + `shipping_amount` + `other_amount`, which is for no unit.
    """

    __tablename__ = "refunds"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("ref")
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    return_id: Mapped[int | None] = mapped_column(ForeignKey("returns.id"), index=True)
    provider_reference: Mapped[str | None] = mapped_column(String(120), unique=True)
    key: Mapped[str | None] = mapped_column(String(64), unique=True)
    status: Mapped[str] = mapped_column(String(16))
    failure: Mapped[str] = mapped_column(String(300), default="")
    asked_at: Mapped[datetime | None]
    amount: Mapped[int]
    shipping_amount: Mapped[int] = mapped_column(default=0)
    other_amount: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(String(500), default="")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time)

    line_items: Mapped[list[RefundLineItem]] = relationship(lazy="raise", order_by="RefundLineItem.id")

    __table_args__ = (
        CheckConstraint("status IN ('requested', 'sent', 'unknown', 'succeeded', 'failed')", name="status"),
        CheckConstraint("amount > 0 AND shipping_amount >= 0 AND other_amount >= 0", name="amounts_not_negative"),
        CheckConstraint("shipping_amount + other_amount <= amount", name="parts_within_amount"),
    )


class RefundLineItem(Model):
    """The units of one line that a refund is for, and their share of the line's total and tax."""

    __tablename__ = "refund_line_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    refund_id: Mapped[int] = mapped_column(ForeignKey("refunds.id"))
    line_item_id: Mapped[int] = mapped_column(ForeignKey("order_line_items.id"), index=True)
    quantity: Mapped[int]
    amount: Mapped[int]

    __table_args__ = (
        UniqueConstraint("refund_id", "line_item_id"),
        CheckConstraint("quantity > 0 AND amount >= 0", name="not_negative"),
    )


class ProviderEvent(Model):
    """A webhook as it came, stored once: received -> applied, ignored, or parked until somebody looks (D27)."""

    __tablename__ = "provider_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("whk")
    provider: Mapped[str] = mapped_column(String(24))
    event_id: Mapped[str] = mapped_column(String(120))
    type: Mapped[str] = mapped_column(String(80))
    object_id: Mapped[str] = mapped_column(String(120))
    payload: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16), default="received")
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(String(300), default="")
    due_at: Mapped[datetime] = mapped_column(default=transaction_time)
    happened_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(default=transaction_time)
    applied_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("provider", "event_id"),
        Index("ix_provider_events_status_due_at", "status", "due_at"),
        CheckConstraint("status IN ('received', 'applied', 'ignored', 'parked')", name="status"),
    )


class Dispute(Model):
    """A customer's bank wants the money of a payment back; staff answer it at the provider."""

    __tablename__ = "disputes"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("dis")
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    provider_reference: Mapped[str] = mapped_column(String(120), unique=True)
    status: Mapped[str] = mapped_column(String(40))
    reason: Mapped[str] = mapped_column(String(80), default="")
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    evidence_due_at: Mapped[datetime | None]
    is_closed: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time)


class PaymentDifference(Model):
    """Where the provider's books and ours differ: a row with a deadline that staff see, until it is settled (5.2.2)."""

    __tablename__ = "payment_differences"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("dif")
    kind: Mapped[str] = mapped_column(String(40))
    provider_reference: Mapped[str] = mapped_column(String(120))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    sentence: Mapped[str] = mapped_column(String(500))
    due_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str] = mapped_column(String(500), default="")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)

    __table_args__ = (
        Index(
            "uq_payment_differences_one_open",
            "kind",
            "provider_reference",
            unique=True,
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
    )


class CardRefusal(Model):
    """A try to pay by card that the bank refused, by what it can be told from others: against carding (TRU-1)."""

    __tablename__ = "card_refusals"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    address: Mapped[str] = mapped_column(String(64))  # of the network
    email: Mapped[str] = mapped_column(String(254))
    fingerprint: Mapped[str] = mapped_column(String(64), default="")
    code: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)

    __table_args__ = (
        Index("ix_card_refusals_address_created_at", "address", "created_at"),
        Index("ix_card_refusals_email_created_at", "email", "created_at"),
        Index("ix_card_refusals_fingerprint_created_at", "fingerprint", "created_at"),
        Index("ix_card_refusals_created_at", "created_at"),
    )


class Subscription(Model):
    """A standing order at the provider, kept in step with its events (PAY-6); the shop has no pages for it yet."""

    __tablename__ = "subscriptions"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("sub")
    provider_reference: Mapped[str] = mapped_column(String(120), unique=True)
    customer_reference: Mapped[str] = mapped_column(String(120), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    status: Mapped[str] = mapped_column(String(24))
    current_period_ends_at: Mapped[datetime | None]
    ends_with_period: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time)
