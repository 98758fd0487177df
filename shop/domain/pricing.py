"""What a cart costs: one pure function from lines, a discount, shipping and tax to a receipt that adds up exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from shop.domain.tax import TaxRule
from shop.money import Money

DiscountKind = Literal["percentage", "fixed_amount", "free_shipping"]


@dataclass(frozen=True)
class LineToPrice:
    """A line to price. `tax_percent` is its own rate, else the rule's; `in_scope`: a discount is for it."""

    unit_price: Money
    quantity: int
    tax_percent: Decimal | None = None
    in_scope: bool = True


@dataclass(frozen=True)
class Discount:
    """What is taken off: `percent` of the lines in scope, `amount` of them together, or the shipping.

    One that only spares the shipping has no amount.
    """

    code: str
    kind: DiscountKind
    percent: Decimal = Decimal(0)
    amount: Money | None = None

    def taken_off(self, goods: Money) -> Money:
        """What it takes off goods in scope of this worth: never more than they cost."""
        if self.kind == "percentage":
            return min(goods.share(self.percent, Decimal(100)), goods)
        return Money(0, goods.currency) if self.amount is None else min(self.amount, goods)


@dataclass(frozen=True)
class PricedLine:
    """One line's money: subtotal = unit price x quantity; total = subtotal - discount; tax is what comes on top."""

    unit_price: Money
    quantity: int
    subtotal: Money
    discount: Money
    tax: Money
    total: Money
    tax_percent: Decimal = Decimal(0)
    tax_included: Money | None = None


@dataclass(frozen=True)
class Receipt:
    """total = subtotal - discount + shipping + tax; `tax_included` is inside the prices and never added.

    `shipping_spared` is what free shipping by a code spares; it is in no other figure (CHK-7).
    """

    lines: tuple[PricedLine, ...]
    subtotal: Money
    discount: Money
    shipping: Money
    tax: Money
    tax_included: Money
    total: Money
    shipping_spared: Money
    applied: Discount | None = None

    @property
    def spared(self) -> Money:
        """What the discount is worth: off the goods, or the shipping that need not be paid."""
        return self.discount + self.shipping_spared


def price_lines(
    lines: Sequence[LineToPrice],
    shipping: Money,
    tax_rule: TaxRule,
    *,
    discount: Discount | None = None,
    tax_is_known: bool = True,
) -> Receipt:
    """Price lines with a shipping price. All of one currency.

    The discount is split over the lines in its scope by what they cost, so that the parts sum exactly to it (largest
    remainder, I05); tax is on what is left to pay. `tax_is_known` is False for a cart without an address: its tax is 0
    until then (api.md, Cart).
    """
    zero = Money(0, shipping.currency)
    subtotals = [line.unit_price * line.quantity for line in lines]
    reductions = _split_discount(discount, lines, subtotals, zero)
    totals = [subtotal - reduction for subtotal, reduction in zip(subtotals, reductions, strict=True)]
    spared = shipping if discount is not None and discount.kind == "free_shipping" else zero
    shipping = shipping - spared
    rates = [tax_rule.rate_percent if line.tax_percent is None else line.tax_percent for line in lines]
    of_shipping = (shipping, tax_rule.percent_of_shipping)
    *taxes, shipping_tax = tax_rule.taxes_of([*zip(totals, rates, strict=True), of_shipping])
    is_added = tax_is_known and not tax_rule.included
    priced = tuple(
        PricedLine(
            unit_price=line.unit_price,
            quantity=line.quantity,
            subtotal=subtotal,
            discount=reduction,
            tax=tax if is_added else zero,
            total=total,
            tax_percent=rate,
            tax_included=tax if tax_rule.included else None,
        )
        for line, subtotal, reduction, total, tax, rate in zip(
            lines, subtotals, reductions, totals, taxes, rates, strict=True
        )
    )
    whole_tax = sum(taxes, shipping_tax)
    subtotal, off = sum(subtotals, zero), sum(reductions, zero)
    tax = whole_tax if is_added else zero
    return Receipt(
        lines=priced,
        subtotal=subtotal,
        discount=off,
        shipping=shipping,
        tax=tax,
        tax_included=whole_tax if tax_rule.included else zero,
        total=subtotal - off + shipping + tax,
        shipping_spared=spared,
        applied=discount,
    )


def _split_discount(
    discount: Discount | None, lines: Sequence[LineToPrice], subtotals: Sequence[Money], zero: Money
) -> list[Money]:
    in_scope = [subtotal if line.in_scope else zero for line, subtotal in zip(lines, subtotals, strict=True)]
    goods = sum(in_scope, zero)
    off = discount.taken_off(goods) if discount is not None else zero
    return off.allocate([each.amount for each in in_scope]) if off else [zero for _ in lines]
