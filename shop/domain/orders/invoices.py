"""What an invoice says: the parties, lines and figures of an order, the same on the page and on paper.

The order's number is the invoice's. Rates of tax are told as the order's receipt wrote them down.
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
    """How the tax of one rate and what it is on make a part of the total: net + tax = gross."""

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
    taxes: tuple[TaxShare, ...]
    payment: str


def has_invoice(order: Order) -> bool:
    """Whether there is an invoice: from its confirmation on; of a cancelled order only where money had moved."""
    if order.status == "cancelled":
        return order.total_amount > 0 and order.payment_status in MONEY_MOVED
    return order.status != "pending"


def invoice_of(order: Order, seller: Seller, card: str = "") -> Invoice:
    """The invoice of an order that was read with its lines and history; `card` names the one that paid it.

    Raises NotFound where there is none.
    """
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
        taxes=_taxes_of(order),
        payment=payment_words(order, card),
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


def _taxes_of(order: Order) -> tuple[TaxShare, ...]:
    """The total by rates of tax, what is not taxed last; one share for all where the order does not know its rates."""
    zero, tax = order.money(0), order.money(order.tax_amount + order.tax_included_amount)
    if not tax:
        return ()
    how = "added to the prices" if order.tax_amount else "included in the prices"
    taxes: dict[str, Money] = {}
    taxed: dict[str, Money] = {}
    for step in order.receipt_steps:
        if "rate" in step:
            label = f"{step['rate']} {step['called'] or 'tax'}, {how}"
            taxes[label] = taxes.get(label, zero) + order.money(step["amount"])
            taxed[label] = taxed.get(label, zero) + order.money(step["taxed"])
    if sum(taxes.values(), zero) != tax:
        return (TaxShare(f"Tax, {how}", net=order.total - tax, tax=tax, gross=order.total),)
    nets = taxed if order.tax_amount else {label: taxed[label] - taxes[label] for label in taxed}
    shares = [TaxShare(label, nets[label], taxes[label], nets[label] + taxes[label]) for label in taxed]
    rest = order.total - sum((share.gross for share in shares), zero)
    return (*shares, *([TaxShare("Not taxed", rest, zero, rest)] if rest else []))


def _moved_at(order: Order, track: str, to: str) -> datetime | None:
    return next((move.created_at for move in order.history if move.track == track and move.to_status == to), None)
