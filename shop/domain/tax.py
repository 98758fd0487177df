"""Tax: rates in percent, on top of the prices or inside them, rounded a line or an order at a time. Values only.

Which rule a place has is decided in shop/domain/tax_zones/queries.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from shop.money import Money


@dataclass(frozen=True)
class TaxRule:
    """How a place taxes. `included` says that prices contain the tax already.

    `rounding` is "line" where the tax of each line is rounded by itself, "order" where the tax of all that has one
    rate is worked out on their sum and split over the lines so that the parts sum exactly to it. Shipping is taxed at
    `shipping_percent`, where that is None as goods are.
    """

    rate_percent: Decimal
    included: bool
    rounding: Literal["line", "order"] = "line"
    shipping_percent: Decimal | None = None

    @property
    def percent_of_shipping(self) -> Decimal:
        """The rate of shipping, in percent."""
        return self.rate_percent if self.shipping_percent is None else self.shipping_percent

    def taxes_of(self, parts: Sequence[tuple[Money, Decimal]]) -> list[Money]:
        """The tax of each part of an order, an amount with its rate in percent: on top or inside, as the rule says."""
        if self.rounding == "line":
            return [self._tax_of(amount, rate) for amount, rate in parts]
        taxes: dict[int, Money] = {}
        for rate in dict.fromkeys(rate for _, rate in parts):
            places = [place for place, (_, own) in enumerate(parts) if own == rate]
            taxes |= zip(places, self._split([parts[place][0] for place in places], rate), strict=True)
        return [taxes[place] for place in range(len(parts))]

    def _split(self, amounts: list[Money], rate: Decimal) -> list[Money]:
        zero = Money(0, amounts[0].currency)
        whole = sum(amounts, zero)
        return self._tax_of(whole, rate).allocate([amount.amount for amount in amounts]) if whole else amounts

    def _tax_of(self, amount: Money, rate: Decimal) -> Money:
        return amount.share(rate, 100 + rate if self.included else Decimal(100))


@dataclass(frozen=True)
class CategoryRate:
    """The rate in percent of the goods of a category; `category` names the one, itself or above, that it was set for.

    `name` is what the place calls it, such as "Reduced VAT".
    """

    percent: Decimal
    category: str
    name: str = ""


@dataclass(frozen=True)
class PlaceTax:
    """How a place taxes: its rule, and the categories, by key, whose goods have another rate than the standard one.

    `zone` is the tax zone that the place lies in and `name` what its standard rate is called. Without `is_by_zone` the
    shop has one rate for all places; with `is_by_region` some regions of the country are taxed by themselves.
    """

    rule: TaxRule
    is_by_zone: bool = False
    is_by_region: bool = False
    zone: str = ""
    name: str = ""
    rates: Mapping[int, CategoryRate] = field(default_factory=dict)

    def percent_for(self, category_id: int | None) -> Decimal:
        """The rate of goods of this category (by key), in percent."""
        rate = self.rates.get(category_id) if category_id is not None else None
        return self.rule.rate_percent if rate is None else rate.percent

    @property
    def names(self) -> dict[Decimal, str]:
        """What the place calls each of its rates, such as VAT, by the rate in percent."""
        return {rate.percent: rate.name for rate in self.rates.values()} | {self.rule.rate_percent: self.name}


NO_TAX = TaxRule(Decimal(0), included=False)
