"""The table of payment attempts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

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
