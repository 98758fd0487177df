"""What an invoice says: the parties, lines and figures of an order, the same on the page and on paper.

The order's number is the invoice's. The order keeps its tax as an amount and not the rate, so no rate is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from shop.domain.addresses import address_lines
from shop.domain.orders.models import Order, OrderLineItem
from shop.domain.orders.receipts import MONEY_MOVED, Figure, payment_words, sums_of
from shop.errors import NotFound
from shop.money import Money


@dataclass(frozen=True)
class Seller:
    """Who sells: a name, the lines of an address, and where to write to."""

    name: str
    lines: tuple[str, ...]
    contact: str


@dataclass(frozen=True)
class InvoiceLine:
    """An article as sold; `total` is unit price x quantity, so that the lines add up to the subtotal."""

    article: str
    sku: str
    quantity: int
    unit_price: Money
    total: Money


@dataclass(frozen=True)
class TaxShare:
    """How tax and what it is on make the total: net + tax = gross."""

    label: str
    net: Money
    tax: Money
    gross: Money


@dataclass(frozen=True)
class Invoice:
    """An invoice, whole. `country` is the one it is sent to, `issued_on` the day on which the order was confirmed."""

    number: str
    ordered_on: date
    issued_on: date
    seller: Seller
    bill_to: tuple[str, ...]
    ship_to: tuple[str, ...]
    country: str
    lines: tuple[InvoiceLine, ...]
    sums: tuple[Figure, ...]
    total: Money
    tax: TaxShare | None
    payment: str


def has_invoice(order: Order) -> bool:
    """Whether there is an invoice: from its confirmation on; of a cancelled order only where money had moved."""
    if order.status == "cancelled":
        return order.total_amount > 0 and order.payment_status in MONEY_MOVED
    return order.status != "pending"


def invoice_of(order: Order, seller: Seller) -> Invoice:
    """The invoice of an order that was read with its lines and history. Raises NotFound where there is none."""
    if order.status == "pending":
        raise NotFound("This order is not confirmed yet. It has an invoice as soon as it is.")
    if not has_invoice(order):
        raise NotFound("This order was cancelled before anything was paid, so it has no invoice.")
    return Invoice(
        number=order.number or "",
        ordered_on=order.created_at.date(),
        issued_on=(_moved_at(order, "status", "confirmed") or order.created_at).date(),
        seller=seller,
        bill_to=tuple(address_lines(order.billing_address)),
        ship_to=tuple(address_lines(order.shipping_address)),
        country=str(order.billing_address.get("country", "")),
        lines=tuple(_line(order, line) for line in order.line_items),
        sums=tuple(sums_of(order)),
        total=order.total,
        tax=_tax_of(order),
        payment=payment_words(order),
    )


def _line(order: Order, line: OrderLineItem) -> InvoiceLine:
    named = line.variant_name and line.variant_name != "Default"
    return InvoiceLine(
        article=f"{line.product_name}, {line.variant_name}" if named else line.product_name,
        sku=line.sku,
        quantity=line.quantity,
        unit_price=order.money(line.unit_price_amount),
        total=order.money(line.subtotal_amount),
    )


def _tax_of(order: Order) -> TaxShare | None:
    tax = order.money(order.tax_amount + order.tax_included_amount)
    if not tax:
        return None
    label = "Tax, added to the prices" if order.tax_amount else "Tax, included in the prices"
    return TaxShare(label, net=order.total - tax, tax=tax, gross=order.total)


def _moved_at(order: Order, track: str, to: str) -> datetime | None:
    return next((move.created_at for move in order.history if move.track == track and move.to_status == to), None)
