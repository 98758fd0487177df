"""Money: integer minor units with an ISO 4217 currency. The only arithmetic on prices in this shop."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from babel import Locale
from babel.numbers import NumberPattern

# ISO 4217 minor units other than 2 (list one, exponents 0 and 3).
ZERO_DECIMAL = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"] + ["PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
)
THREE_DECIMAL = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])

PRICE = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+")
MAX_AMOUNT = 10**15  # far below a signed 64-bit column and a JSON client's exact integers (2**53)


def exponent_of(currency: str) -> int:
    """The number of decimals of a currency (ISO 4217): JPY 0, USD 2, JOD 3."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def increment_of(currency: str) -> int:
    """The smallest step, in minor units, of every computed or entered amount.

    Card networks take three-decimal currencies only with a last digit of 0 (Stripe, "Currencies"), hence 10 there.
    """
    return 10 if currency in THREE_DECIMAL else 1


@dataclass(frozen=True, order=False)
class Money:
    """An amount of integer minor units of one currency."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError(f"Money takes integer minor units, not {type(self.amount).__name__}")
        if abs(self.amount) > MAX_AMOUNT:
            raise ValueError("amount is out of range")

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Read a decimal string such as "54.95" in the currency's units, half-up to its increment.

        Raises ValueError for anything but digits with at most one decimal point.
        """
        cleaned = text.strip()
        if not PRICE.fullmatch(cleaned):
            raise ValueError(f"{text!r} is not a price: write it as 54.95")
        minor = Decimal(cleaned).scaleb(exponent_of(currency))
        if minor > MAX_AMOUNT:
            raise ValueError(f"{text!r} is too large a price")
        return cls(round_to_increment(minor, currency), currency)

    @classmethod
    def typed(cls, text: str, currency: str) -> Money:
        """Read an amount as staff type it, with a decimal point or comma: what could mean another amount is refused.

        Raises ValueError for more decimals than the currency has, and for a comma before three digits: in 1,000 it may
        part thousands.
        """
        if "," in text and not re.fullmatch(r"\s*[0-9]*,[0-9]{1,2}\s*", text):
            raise ValueError(f"{text!r} may be read in two ways: write it as 1000.00")
        pointed = text.replace(",", ".")
        if len(pointed.strip().partition(".")[2]) > exponent_of(currency):
            raise ValueError(f"{text!r} has more decimals than {currency}")
        return cls.parse(pointed, currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other).amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other).amount, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.amount * times, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other).amount

    def __ge__(self, other: Money) -> bool:
        return not self < other

    def __bool__(self) -> bool:
        return self.amount != 0

    def share(self, numerator: Decimal, denominator: Decimal = Decimal(1)) -> Money:
        """This amount times numerator / denominator, rounded half-up to the currency's increment."""
        exact = Decimal(self.amount) * numerator / denominator
        return Money(round_to_increment(exact, self.currency), self.currency)

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split into parts in proportion to weights; the parts sum exactly to this amount (largest remainder).

        Steps of the currency's increment; equal remainders go to the earlier part. Raises ValueError without weight.
        """
        total = sum(weights)
        if total <= 0 or any(weight < 0 for weight in weights):
            raise ValueError("allocate() needs weights that are not negative and sum to more than 0")
        step = increment_of(self.currency) if self.amount % increment_of(self.currency) == 0 else 1
        steps = self.amount // step
        floors = [steps * weight // total for weight in weights]
        remainders = [steps * weight % total for weight in weights]
        left = steps - sum(floors)
        for index in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:left]:
            floors[index] += 1
        return [Money(part * step, self.currency) for part in floors]

    def to_decimal(self) -> Decimal:
        """The amount in the currency's units: Money(5495, "USD") is Decimal("54.95")."""
        return Decimal(self.amount).scaleb(-exponent_of(self.currency))

    def format(self, locale: str = "en") -> str:
        """The amount as people read it, with all of the currency's decimals, such as $54.95 or JOD 84.200."""
        return _format(self.to_decimal(), self.currency, locale)

    def _same(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
        return other


@functools.cache
def _pattern(currency: str, locale: str) -> tuple[NumberPattern, Locale]:
    parsed = Locale.parse(locale)
    pattern = copy.copy(parsed.currency_formats["standard"])
    pattern.frac_prec = (exponent_of(currency), exponent_of(currency))
    return pattern, parsed


def _format(value: Decimal, currency: str, locale: str) -> str:
    pattern, parsed = _pattern(currency, locale)
    text = pattern.apply(value, parsed, currency=currency, currency_digits=False)
    return re.sub(r"(?<=[A-Z])(?=\d)", "\u00a0", text)  # a currency shown by its code stands apart from the digits


def round_to_increment(exact: Decimal, currency: str) -> int:
    """Minor units rounded half-up (away from zero) to the currency's increment."""
    step = increment_of(currency)
    return int((exact / step).to_integral_value(rounding=ROUND_HALF_UP)) * step
