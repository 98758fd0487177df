"""The tables of orders."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Model, public_id_column, transaction_time
from shop.money import Money

if TYPE_CHECKING:
    from shop.domain.payments.models import Refund  # by its name alone: payments lie above the orders they pay

ORDER_STATUSES = ("pending", "confirmed", "processing", "shipped", "delivered", "cancelled")
PAYMENT_STATUSES = ("pending", "processing", "paid", "failed", "partially_refunded", "refunded")
SHIPPING_STATUSES = ("pending", "partially_shipped", "shipped", "delivered", "returned")


def _one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Order(Model):
    """The immutable snapshot of a sale; only its states change. total = subtotal - discount + shipping + tax."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("order")
    number: Mapped[str | None] = mapped_column(String(32), unique=True)  # set with the id, in the same operation
    cart_id: Mapped[int | None] = mapped_column(ForeignKey("carts.id"), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    phone: Mapped[str] = mapped_column(String(32), default="")
    placement_key: Mapped[str | None] = mapped_column(
        String(64)
    )  # of the form that placed it: a repeat finds this order
    placed_from: Mapped[str] = mapped_column(String(64), default="")  # network address, for the caps on open holds
    status: Mapped[str] = mapped_column(String(16), default="pending")
    payment_status: Mapped[str] = mapped_column(String(24), default="pending")
    shipping_status: Mapped[str] = mapped_column(String(24), default="pending")
    currency: Mapped[str] = mapped_column(String(3))
    subtotal_amount: Mapped[int]
    discount_amount: Mapped[int] = mapped_column(default=0)
    discount_code: Mapped[str | None] = mapped_column(String(40))
    shipping_amount: Mapped[int]
    tax_amount: Mapped[int]
    tax_included_amount: Mapped[int] = mapped_column(default=0)
    total_amount: Mapped[int]
    shipping_address: Mapped[dict[str, Any]]
    billing_address: Mapped[dict[str, Any]]
    shipping_method: Mapped[dict[str, Any]]  # id, name, price_amount, min_days, max_days as sold
    payment_method: Mapped[str] = mapped_column(String(24))
    receipt_steps: Mapped[list[dict[str, Any]]] = mapped_column(default=list)  # how each figure came about
    estimated_delivery: Mapped[date | None]
    call_before_sending: Mapped[bool] = mapped_column(default=False)
    notes: Mapped[str] = mapped_column(Text, default="")
    access_version: Mapped[int] = mapped_column(default=1)  # raising it ends every order token given so far
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time)

    line_items: Mapped[list[OrderLineItem]] = relationship(lazy="raise", order_by="OrderLineItem.position")
    history: Mapped[list[OrderEvent]] = relationship(lazy="raise", order_by="OrderEvent.seq", viewonly=True)
    shipments: Mapped[list[Shipment]] = relationship(lazy="raise", order_by="Shipment.id", viewonly=True)
    returns: Mapped[list[Return]] = relationship(lazy="raise", order_by="Return.id", viewonly=True)
    refunds: Mapped[list[Refund]] = relationship(lazy="raise", order_by="Refund.id", viewonly=True)

    __table_args__ = (
        _one_of("status", ORDER_STATUSES),
        _one_of("payment_status", PAYMENT_STATUSES),
        _one_of("shipping_status", SHIPPING_STATUSES),
        CheckConstraint(
            "total_amount = subtotal_amount - discount_amount + shipping_amount + tax_amount", name="total_adds_up"
        ),
        CheckConstraint(
            "subtotal_amount >= 0 AND discount_amount >= 0 AND shipping_amount >= 0 AND tax_amount >= 0"
            " AND tax_included_amount >= 0 AND total_amount >= 0 AND discount_amount <= subtotal_amount",
            name="amounts_not_negative",
        ),
        Index("ix_orders_email_status", "email", "status"),
        Index("ix_orders_phone_status", "phone", "status"),
        Index("ix_orders_created_at", "created_at"),
    )

    def money(self, amount: int) -> Money:
        return Money(amount, self.currency)

    @property
    def total(self) -> Money:
        return self.money(self.total_amount)

    @property
    def refunded(self) -> Money:
        """What was given back of an order that was read with its refunds; what failed does not count."""
        return self.money(sum(refund.amount for refund in self.refunds if refund.status != "failed"))

    def line(self, line_item_id: int) -> OrderLineItem:
        """The line of this key, of an order that was read with its lines."""
        return next(line for line in self.line_items if line.id == line_item_id)


class OrderLineItem(Model):
    """A line as sold: names, SKU and prices are copies and never change after placing."""

    __tablename__ = "order_line_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("item")
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variants.id"), index=True)
    position: Mapped[int]
    product_public_id: Mapped[str] = mapped_column(String(40))
    variant_public_id: Mapped[str] = mapped_column(String(40))
    product_name: Mapped[str] = mapped_column(String(255))
    product_slug: Mapped[str] = mapped_column(String(160))
    variant_name: Mapped[str] = mapped_column(String(255))
    sku: Mapped[str] = mapped_column(String(80))
    image_file: Mapped[str | None] = mapped_column(String(255))
    quantity: Mapped[int]
    unit_price_amount: Mapped[int]
    subtotal_amount: Mapped[int]
    discount_amount: Mapped[int] = mapped_column(default=0)
    tax_amount: Mapped[int] = mapped_column(default=0)
    total_amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))

    __table_args__ = (
        UniqueConstraint("order_id", "position"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("subtotal_amount = unit_price_amount * quantity", name="subtotal_is_price_times_quantity"),
        CheckConstraint("total_amount = subtotal_amount - discount_amount", name="total_adds_up"),
        CheckConstraint("total_amount >= 0 AND unit_price_amount >= 0 AND discount_amount >= 0", name="not_negative"),
    )


class OrderEvent(Model):
    """One move of one of the order's states; append-only and gapless per order."""

    __tablename__ = "order_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    seq: Mapped[int]
    track: Mapped[str] = mapped_column(String(16))  # which state moved: status, payment or shipping
    from_status: Mapped[str | None] = mapped_column(String(24))
    to_status: Mapped[str] = mapped_column(String(24))
    by: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    note: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)

    __table_args__ = (
        UniqueConstraint("order_id", "seq"),
        CheckConstraint("track IN ('status', 'payment', 'shipping')", name="track"),
        CheckConstraint("\"by\" IN ('customer', 'staff', 'system')", name="actor"),
    )


class Shipment(Model):
    """A parcel that left the house with some or all of the order's units."""

    __tablename__ = "shipments"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("ship")
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    carrier: Mapped[str] = mapped_column(String(80), default="")
    tracking_number: Mapped[str] = mapped_column(String(80), default="")
    estimated_delivery: Mapped[date | None]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    shipped_at: Mapped[datetime] = mapped_column(default=transaction_time)
    delivered_at: Mapped[datetime | None]

    line_items: Mapped[list[ShipmentLineItem]] = relationship(lazy="raise", order_by="ShipmentLineItem.id")

    @property
    def units(self) -> int:
        return sum(line.quantity for line in self.line_items)


class ShipmentLineItem(Model):
    """How many units of one line of the order are in a parcel."""

    __tablename__ = "shipment_line_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipments.id"))
    line_item_id: Mapped[int] = mapped_column(ForeignKey("order_line_items.id"), index=True)
    quantity: Mapped[int]

    __table_args__ = (
        UniqueConstraint("shipment_id", "line_item_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )


class Return(Model):
    """Goods that came back; `is_restocked` says whether they are on sale again."""

    __tablename__ = "returns"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("ret")
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    is_restocked: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(500), default="")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    received_at: Mapped[datetime] = mapped_column(default=transaction_time)

    line_items: Mapped[list[ReturnLineItem]] = relationship(lazy="raise", order_by="ReturnLineItem.id")


class ReturnLineItem(Model):
    """How many units of one line of the order came back."""

    __tablename__ = "return_line_items"

    id: Mapped[int] = mapped_column(primary_key=True)
    return_id: Mapped[int] = mapped_column(ForeignKey("returns.id"))
    line_item_id: Mapped[int] = mapped_column(ForeignKey("order_line_items.id"), index=True)
    quantity: Mapped[int]

    __table_args__ = (
        UniqueConstraint("return_id", "line_item_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )


class OrderNote(Model):
    """What staff wrote down about an order, for staff alone."""

    __tablename__ = "order_notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
