"""The table of reviews."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Model, public_id_column, transaction_time
from shop.domain.catalog.models import Product


class Review(Model):
    """What a buyer says of a product: pending -> approved or hidden, and between those two as staff decide.

    `order_id` is the delivered order that it was bought with; None for one brought along from elsewhere, which is
    shown without the mark of a verified purchase. `author_name` is the one personal column: erasure empties it.
    """

    __tablename__ = "reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("rev")
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    rating: Mapped[int]
    title: Mapped[str] = mapped_column(String(120), default="")
    body: Mapped[str] = mapped_column(Text)
    author_name: Mapped[str] = mapped_column(String(60), default="")
    status: Mapped[str] = mapped_column(String(16), default="pending")
    reply: Mapped[str] = mapped_column(Text, default="")  # the shop's answer, shown below it
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    moderated_at: Mapped[datetime | None]
    moderated_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    product: Mapped[Product] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("order_id", "product_id"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating_in_range"),
        CheckConstraint("status IN ('pending', 'approved', 'hidden')", name="status"),
        CheckConstraint("(status = 'pending') = (moderated_at IS NULL)", name="moderated_when_decided"),
        Index("ix_reviews_product", "product_id", "status", "created_at", "id"),
        Index("ix_reviews_status", "status", "created_at"),
    )

    @property
    def is_verified(self) -> bool:
        """Whether it was written by who bought the product here."""
        return self.order_id is not None
