"""The tables of wish lists."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Model, public_id_column, transaction_time
from shop.domain.catalog.models import Product
from shop.money import Money


class WishList(Model):
    """A customer's list, or a guest's, who holds its key; only the hash of that is kept.

    `share_id` is the unguessable name by which others may read it; None while it is not shared.
    """

    __tablename__ = "wish_lists"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("wish")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), unique=True)
    key_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    share_id: Mapped[str | None] = mapped_column(String(40), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time, index=True)

    __table_args__ = (CheckConstraint("(user_id IS NULL) <> (key_hash IS NULL)", name="has_one_owner"),)


class WishListItem(Model):
    """A product on a list and its price when it was saved. What was removed stays a day, to be put back as it was."""

    __tablename__ = "wish_list_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("item")
    wish_list_id: Mapped[int] = mapped_column(ForeignKey("wish_lists.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), index=True)
    saved_price_amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    removed_at: Mapped[datetime | None]

    product: Mapped[Product] = relationship(lazy="raise", viewonly=True)

    __table_args__ = (
        UniqueConstraint("wish_list_id", "product_id"),
        CheckConstraint("saved_price_amount >= 0", name="saved_price_not_negative"),
    )

    @property
    def saved_price(self) -> Money:
        return Money(self.saved_price_amount, self.currency)
