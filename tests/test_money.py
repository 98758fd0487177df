"""Money adds up in currencies of 0, 2 and 3 decimals."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shop.money import Money, exponent_of, increment_of


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("54.95", "USD", 5495), ("54.955", "USD", 5496), ("500", "JPY", 500), ("500.5", "JPY", 501),
     ("84.2", "JOD", 84200), ("84.2049", "JOD", 84200), ("0", "USD", 0), (" 7.00 ", "EUR", 700), (".5", "USD", 50)],
)  # fmt: skip
def test_a_price_is_read_half_up_to_the_step_of_its_currency(text, currency, amount):
    assert Money.parse(text, currency) == Money(amount, currency)


@pytest.mark.parametrize("text", ["", "abc", "-1", "1,50", "1e3", "٣", "1.2.3", "NaN", "Infinity", "."])
def test_what_is_no_price_is_refused(text):
    with pytest.raises(ValueError, match="is not a price: write it as 54.95"):
        Money.parse(text, "USD")


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("54.95", "USD", 5495), ("54,95", "USD", 5495), ("5,5", "USD", 550), ("1000", "USD", 100000), ("12", "JPY", 12),
     ("84.25", "JOD", 84250), ("84.205", "JOD", 84210), ("84,20", "JOD", 84200)],
)  # fmt: skip
def test_what_staff_type_may_have_a_decimal_comma(text, currency, amount):
    assert Money.typed(text, currency) == Money(amount, currency)


@pytest.mark.parametrize(
    ("text", "currency"),
    [("1,000", "USD"), ("1,000", "JOD"), ("1.000,50", "USD"), ("1,000.50", "USD"), ("5.005", "USD"), ("1.000", "USD"),
     ("500.5", "JPY"), ("1,5", "JPY"), ("84.2049", "JOD"), (",", "USD"), ("-1", "USD"), ("", "USD")],
)  # fmt: skip
def test_what_staff_type_is_never_taken_for_another_amount(text, currency):
    with pytest.raises(ValueError):
        Money.typed(text, currency)


def test_the_largest_amount_is_ten_trillion_dollars():
    most = 10**15
    assert Money.parse("10000000000000", "USD") == Money(most, "USD")
    for text in ("10000000000000.01", "9" * 40):
        with pytest.raises(ValueError, match="too large a price"):
            Money.parse(text, "USD")
    assert Money(-most, "USD").amount == -most
    for amount in (most + 1, -most - 1):
        with pytest.raises(ValueError, match="out of range"):
            Money(amount, "USD")


def test_amounts_are_compared_in_one_currency():
    assert Money(1, "USD") < Money(2, "USD")
    assert Money(2, "USD") >= Money(2, "USD")
    assert not Money(2, "USD") < Money(2, "USD") and not Money(1, "USD") >= Money(2, "USD")
    with pytest.raises(ValueError, match="cannot mix"):
        Money(1, "USD") < Money(2, "EUR")  # noqa: B015
    assert Money(-1, "USD") and not Money(0, "USD")


def test_floats_and_mixed_currencies_are_refused():
    with pytest.raises(TypeError, match="integer minor units, not float"):
        Money(1.5, "USD")
    with pytest.raises(TypeError):
        Money(True, "USD")
    with pytest.raises(ValueError, match="cannot mix"):
        Money(1, "USD") + Money(1, "EUR")


@pytest.mark.parametrize(
    ("money", "text"),
    [(Money(5495, "USD"), "$54.95"), (Money(1234560, "IQD"), "IQD\u00a01,234.560"),
     (Money(84200, "JOD"), "JOD\u00a084.200"), (Money(1200, "JPY"), "¥1,200"),
     (Money(-5, "USD"), "-$0.05"), (Money(123456789, "EUR"), "€1,234,567.89")],
)  # fmt: skip
def test_money_is_written_with_all_of_its_decimals(money, text):
    assert money.format() == text


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    amount=st.integers(0, 10**9),
    weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any),
    currency=st.sampled_from(["USD", "JPY", "JOD"]),
)
def test_an_allocation_sums_exactly_and_no_part_is_off_by_a_step(amount, weights, currency):
    parts = Money(amount, currency).allocate(weights)

    assert sum(part.amount for part in parts) == amount
    step = 10 if currency == "JOD" and amount % 10 == 0 else 1
    for part, weight in zip(parts, weights, strict=True):
        assert part.amount % step == 0
        assert abs(Decimal(part.amount) - Decimal(amount) * weight / sum(weights)) <= step


@pytest.mark.parametrize(
    ("weights", "parts"),
    [([4, 1], [3, 1]), ([1, 1, 1], [2, 1, 1]), ([0, 7], [0, 4]), ([2, 5, 1], [1, 3, 0]), ([3, 3, 2], [2, 1, 1])],
)
def test_what_is_left_goes_to_the_largest_fraction_and_of_equal_ones_to_the_first(weights, parts):
    assert [part.amount for part in Money(4, "USD").allocate(weights)] == parts


def test_the_decimals_of_a_currency_are_those_of_iso_4217():
    without = ["BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"]
    without += ["PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"]
    with_three = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
    for decimals, step, currencies in ((0, 1, without), (3, 10, with_three), (2, 1, ["USD", "EUR", "GBP", "CHF"])):
        for currency in currencies:
            assert (exponent_of(currency), increment_of(currency)) == (decimals, step), currency


def test_a_share_is_rounded_half_up_to_the_step():
    assert Money(5, "USD").share(Decimal(1), Decimal(2)) == Money(3, "USD")
    assert Money(-5, "USD").share(Decimal(1), Decimal(2)) == Money(-3, "USD")
    assert Money(5, "USD").share(Decimal("0.5")) == Money(3, "USD")
    assert Money(90, "JOD").share(Decimal(50), Decimal(100)) == Money(50, "JOD")


@pytest.mark.parametrize("weights", [[0, 0], [], [2, -1]])
def test_an_allocation_needs_weights_that_are_not_negative(weights):
    with pytest.raises(ValueError, match="weights that are not negative"):
        Money(1, "USD").allocate(weights)
