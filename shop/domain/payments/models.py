"""The tables of payment attempts and of refunds."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Model, public_id_column, transaction_time


class Payment(Model):
    """One attempt to pay one order. Cash on delivery: due -> collected, or due -> refused."""

    __tablename__ = "payments"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("pay")
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    provider: Mapped[str] = mapped_column(String(24))
    provider_reference: Mapped[str | None] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(24))
    amount: Mapped[int]
    captured_amount: Mapped[int] = mapped_column(default=0)
    refunded_amount: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time)

    __table_args__ = (
        UniqueConstraint("provider", "provider_reference"),
        UniqueConstraint("order_id", "provider"),
        CheckConstraint("status IN ('due', 'collected', 'refused', 'cancelled')", name="status"),
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
    status: Mapped[str] = mapped_column(String(16))
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
