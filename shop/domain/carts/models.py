"""The tables of carts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Model, public_id_column, transaction_time
from shop.domain.catalog.models import Variant


class Cart(Model):
    """open -> ordered, or open -> expired. `destination` is kept once a shipping quote was asked for."""

    __tablename__ = "carts"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("cart")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    status: Mapped[str] = mapped_column(String(16), default="open")
    currency: Mapped[str] = mapped_column(String(3))
    order_public_id: Mapped[str | None] = mapped_column(String(40))  # the order that it became
    destination: Mapped[dict[str, Any] | None]
    discount_code_id: Mapped[int | None] = mapped_column(ForeignKey("discount_codes.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time)
    expires_at: Mapped[datetime]

    line_items: Mapped[list[CartLineItem]] = relationship(lazy="raise", order_by="CartLineItem.id", viewonly=True)

    __table_args__ = (
        CheckConstraint("status IN ('open', 'ordered', 'expired')", name="status"),
        Index("ix_carts_status_expires_at", "status", "expires_at"),
        Index(
            "uq_carts_open_of_user",
            "user_id",
            unique=True,
            sqlite_where=text("status = 'open' AND user_id IS NOT NULL"),
            postgresql_where=text("status = 'open' AND user_id IS NOT NULL"),
        ),
    )


class CartLineItem(Model):
    """A variant and how many of it; one row a variant. `seen_price_amount` is the price last shown, for notices."""

    __tablename__ = "cart_line_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("item")
    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id"))
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"), index=True)
    quantity: Mapped[int]
    seen_price_amount: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)

    variant: Mapped[Variant] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("cart_id", "variant_id"),
        CheckConstraint("quantity BETWEEN 1 AND 99", name="quantity_in_range"),
    )
