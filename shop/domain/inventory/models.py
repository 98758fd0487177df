"""The tables of the inventory (reliability.md D08, D09, D12)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model, public_id_column, transaction_time

DEFAULT_LOW_STOCK_THRESHOLD = 10


class StockItem(Model):
    """Units of one variant: `on_hand` in the house, `reserved` of them held or promised; available = the difference."""

    __tablename__ = "stock_items"

    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"), primary_key=True, autoincrement=False)
    on_hand: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)
    low_stock_threshold: Mapped[int] = mapped_column(default=DEFAULT_LOW_STOCK_THRESHOLD)

    __table_args__ = (
        CheckConstraint("on_hand >= 0", name="on_hand_not_negative"),
        CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved_within_on_hand"),
    )

    @property
    def available(self) -> int:
        return self.on_hand - self.reserved

    @property
    def is_low(self) -> bool:
        return 0 < self.available <= self.low_stock_threshold


class Reservation(Model):
    """Units kept for an order: held (until `expires_at`) -> promised -> shipped; or released, or expired. Ends once."""

    __tablename__ = "reservations"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("res")
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    cart_id: Mapped[int | None] = mapped_column(ForeignKey("carts.id"), index=True)
    quantity: Mapped[int]
    status: Mapped[str] = mapped_column(String(16), default="held")
    expires_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("status IN ('held', 'promised', 'shipped', 'released', 'expired')", name="status"),
        CheckConstraint("order_id IS NOT NULL OR cart_id IS NOT NULL", name="has_an_owner"),
        CheckConstraint("status <> 'held' OR expires_at IS NOT NULL", name="hold_has_an_end"),
        CheckConstraint("status <> 'promised' OR order_id IS NOT NULL", name="promise_has_an_order"),
        Index("ix_reservations_status_expires_at", "status", "expires_at"),
        Index("ix_reservations_variant_id_status", "variant_id", "status"),
    )


class StockMovement(Model):
    """One change of `on_hand`, append-only; each cause (kind, reference, line) moves stock once.

    `reason` is why staff changed it, with what they noted after a colon: "damaged: fell off the shelf".
    """

    __tablename__ = "stock_movements"

    id: Mapped[int] = mapped_column(primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    quantity: Mapped[int]
    reference: Mapped[str] = mapped_column(String(120))
    line: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(255), default="")
    actor: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)

    __table_args__ = (
        UniqueConstraint("kind", "reference", "line"),
        CheckConstraint("kind IN ('receipt', 'sale', 'return', 'correction')", name="kind"),
        CheckConstraint("quantity <> 0", name="moves_something"),
    )
