"""Ways to send: which of the shipping table's methods serve a country, at what price and by when. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from shop.money import Money


@dataclass(frozen=True)
class ShippingMethod:
    """A way to send. `price` is per order; from `free_from` (goods after discount) it costs nothing."""

    id: str
    name: str
    description: str
    price: Money
    free_from: Money | None
    min_days: int
    max_days: int
    countries: frozenset[str]

    def serves(self, country: str) -> bool:
        return country in self.countries

    def price_for(self, goods: Money) -> Money:
        """What sending goods of this worth costs."""
        is_free = self.free_from is not None and goods >= self.free_from
        return Money(0, self.price.currency) if is_free else self.price

    def missing_for_free(self, goods: Money) -> Money | None:
        """What goods of this worth lack for sending them free: zero where nothing; None where it is never free."""
        if self.free_from is None:
            return None
        return Money(max(self.free_from.amount - goods.amount, 0), goods.currency)


def methods_serving(methods: tuple[ShippingMethod, ...], country: str) -> tuple[ShippingMethod, ...]:
    """The methods that deliver to a country, in the table's order; the first is the default."""
    return tuple(method for method in methods if method.serves(country))


def add_working_days(start: date, days: int) -> date:
    """The date that many Mondays to Fridays after `start`."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        if day.weekday() < 5:
            days -= 1
    return day
