"""Tax: one flat rate, on top of the prices or inside them. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from shop.money import Money


@dataclass(frozen=True)
class TaxRule:
    """A rate in percent; `included` says that prices contain it already."""

    rate_percent: Decimal
    included: bool

    def added_to(self, amount: Money) -> Money:
        """The tax that comes on top of an amount, half-up; 0 where prices include it."""
        return Money(0, amount.currency) if self.included else amount.share(self.rate_percent, Decimal(100))

    def contained_in(self, amount: Money) -> Money:
        """The tax that an amount contains already, half-up; 0 where it comes on top."""
        if not self.included:
            return Money(0, amount.currency)
        return amount.share(self.rate_percent, 100 + self.rate_percent)
