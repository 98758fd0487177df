"""The tables of discount codes."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model, public_id_column, transaction_time
from shop.domain.pricing import Discount, DiscountKind
from shop.money import Money

KINDS: tuple[DiscountKind, ...] = ("percentage", "fixed_amount", "free_shipping")


class DiscountCode(Model):
    """A code that shoppers enter. `percent_hundredths` is 1075 for 10.75 percent; amounts are minor units.

    It is for the products, categories and collections whose ids are listed, for everything where none is. `used`
    counts the orders that hold it and were not cancelled (I28); it only moves by one conditional UPDATE (D18).
    """

    __tablename__ = "discount_codes"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("disc")
    code: Mapped[str] = mapped_column(String(40), unique=True)  # in capitals
    note: Mapped[str] = mapped_column(String(200), default="")  # for staff alone
    kind: Mapped[DiscountKind] = mapped_column(String(16))
    percent_hundredths: Mapped[int] = mapped_column(default=0)
    amount: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str] = mapped_column(String(3))
    minimum_amount: Mapped[int] = mapped_column(default=0)
    max_uses: Mapped[int | None]
    max_uses_per_customer: Mapped[int | None]
    used: Mapped[int] = mapped_column(default=0)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    product_ids: Mapped[list[int]] = mapped_column(default=list)
    category_ids: Mapped[list[int]] = mapped_column(default=list)
    collection_ids: Mapped[list[int]] = mapped_column(default=list)
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time, onupdate=transaction_time)

    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in KINDS)})", name="kind"),
        CheckConstraint("used >= 0 AND (max_uses IS NULL OR used <= max_uses)", name="used_within_limit"),
        CheckConstraint("percent_hundredths BETWEEN 0 AND 10000", name="percent_in_range"),
        CheckConstraint("amount >= 0 AND minimum_amount >= 0", name="amounts_not_negative"),
    )

    @property
    def last_day(self) -> date | None:
        """The last day on which it is good; `ends_at` is the moment after it."""
        return (self.ends_at - timedelta(seconds=1)).date() if self.ends_at else None

    @property
    def is_scoped(self) -> bool:
        return bool(self.product_ids or self.category_ids or self.collection_ids)

    @property
    def percent(self) -> Decimal:
        return Decimal(self.percent_hundredths) / 100

    def discount(self) -> Discount:
        """What it takes off, as pricing takes it."""
        amount = Money(self.amount, self.currency) if self.kind == "fixed_amount" else None
        return Discount(self.code, self.kind, self.percent, amount)


class DiscountRedemption(Model):
    """An order that holds a code. `released_at` is set once the order is cancelled; the use is given back then."""

    __tablename__ = "discount_redemptions"

    id: Mapped[int] = mapped_column(primary_key=True)
    code_id: Mapped[int] = mapped_column(ForeignKey("discount_codes.id"), index=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    customers: Mapped[list[str]]  # the names under which its customer is counted
    amount: Mapped[int]  # what it spared, minor units
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    released_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("order_id"),)


class DiscountCustomer(Model):
    """How often one customer used a code, under each name by which a customer is known."""

    __tablename__ = "discount_customers"

    code_id: Mapped[int] = mapped_column(ForeignKey("discount_codes.id"), primary_key=True)
    customer: Mapped[str] = mapped_column(String(80), primary_key=True)
    used: Mapped[int] = mapped_column(default=0)

    __table_args__ = (CheckConstraint("used >= 0", name="used_not_negative"),)
