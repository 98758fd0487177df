"""The words of an order's money, made once: its page, its letters and its invoice say the same."""

from __future__ import annotations

from dataclasses import dataclass

from shop.domain.addresses import country_in_sentence
from shop.domain.orders.models import Order

MONEY_MOVED = ("paid", "partially_refunded", "refunded")


@dataclass(frozen=True)
class Figure:
    """A row of the sum: `text` is its amount as it is printed."""

    label: str
    text: str


def sums_of(order: Order) -> list[Figure]:
    """What the total of any order is made of, in the words of the order's page: the rows above it."""
    country = country_in_sentence(order.shipping_address["country"])
    delivery = f"Delivery to {country} ({order.shipping_method['name']})"
    rows = [Figure("Subtotal", order.money(order.subtotal_amount).format())]
    if order.discount_amount:
        label = f"Discount ({order.discount_code})" if order.discount_code else "Discount"
        rows.append(Figure(label, "\N{MINUS SIGN}" + order.money(order.discount_amount).format()))
    rows.append(Figure(delivery, order.money(order.shipping_amount).format() if order.shipping_amount else "Free"))
    if order.tax_amount:
        rows.append(Figure("Tax", order.money(order.tax_amount).format()))
    return rows


def steps_of(order: Order) -> list[Figure]:
    """How each figure came about, as it was written down with the order; none for orders from before that."""
    return [_step(step["figure"], order.money(step["amount"]).format(), step["words"]) for step in order.receipt_steps]


def _step(figure: str, amount: str, words: str) -> Figure:
    """The words without the amount that they end in, since it stands beside them."""
    label = words.removesuffix(amount).rstrip(" =:")
    if figure == "total":
        label = f"Total: {label}" if label not in {"", amount} else "Total"
    return Figure(label, f"\N{MINUS SIGN}{amount}" if figure.endswith(".discount") else amount)


def is_paid_in_cash(order: Order) -> bool:
    """Whether cash was handed over for it: then somebody has to hand it back, and its customer cannot cancel alone."""
    return order.payment_method == "cash_on_delivery" and order.payment_status in MONEY_MOVED and order.total_amount > 0


def payment_words(order: Order, card: str = "") -> str:
    """How the order is paid and what of it is due; `card` names the one that paid it, where that is known."""
    with_card = f"Paid with {card}" if card else "Paid"
    if order.payment_status == "refunded":
        return f"{with_card} and refunded"
    if order.payment_status == "partially_refunded":
        return f"{with_card} and refunded in part"
    if order.payment_status == "paid" and order.total_amount:
        in_cash = order.payment_method == "cash_on_delivery"
        return "Paid in cash on delivery" if in_cash else with_card if card else "Paid online"
    if order.status == "cancelled" or order.total_amount == 0:
        return "Nothing is due"
    if order.payment_method == "cash_on_delivery":
        last = " with the last parcel" if _comes_in_parcels(order) else ""
        return f"Cash on delivery, {order.total.format()} due at the door{last}"
    return f"{order.total.format()} due"


def _comes_in_parcels(order: Order) -> bool:
    """Whether it is in several parcels, as far as it is sent: then the last one's is paid for all."""
    return order.shipping_status == "partially_shipped" or len(order.shipments) > 1
