"""What a cart costs: one pure function from lines, shipping and tax to a receipt that adds up to the minor unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shop.domain.tax import TaxRule
from shop.money import Money


@dataclass(frozen=True)
class PricedLine:
    """One line's money: subtotal = unit price x quantity; total = subtotal - discount; tax is what comes on top."""

    unit_price: Money
    quantity: int
    subtotal: Money
    discount: Money
    tax: Money
    total: Money


@dataclass(frozen=True)
class Receipt:
    """total = subtotal - discount + shipping + tax; `tax_included` is inside the prices and never added."""

    lines: tuple[PricedLine, ...]
    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    tax_included: Money
    total: Money


def price_lines(
    lines: Sequence[tuple[Money, int]], shipping: Money, tax_rule: TaxRule, *, tax_is_known: bool = True
) -> Receipt:
    """Price lines of (unit price, quantity) with a shipping price. All of one currency.

    `tax_is_known` is False for a cart without an address: its tax is 0 until then (api.md, Cart).
    """
    zero = Money(0, shipping.currency)
    priced = []
    included = tax_rule.contained_in(shipping)
    for unit_price, quantity in lines:
        subtotal = unit_price * quantity
        tax = tax_rule.added_to(subtotal) if tax_is_known else zero
        included = included + tax_rule.contained_in(subtotal)
        priced.append(PricedLine(unit_price, quantity, subtotal, zero, tax, subtotal))
    subtotal = sum((line.subtotal for line in priced), zero)
    tax = sum((line.tax for line in priced), zero)
    if tax_is_known:
        tax = tax + tax_rule.added_to(shipping)
    return Receipt(
        lines=tuple(priced),
        subtotal=subtotal,
        discount=zero,
        shipping=shipping,
        tax=tax,
        tax_included=included,
        total=subtotal + shipping + tax,
    )
