"""Money adds up in currencies of 0, 2 and 3 decimals."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shop.money import Money


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [("54.95", "USD", 5495), ("54.955", "USD", 5496), ("500", "JPY", 500), ("500.5", "JPY", 501),
     ("84.2", "JOD", 84200), ("84.2049", "JOD", 84200), ("0", "USD", 0), (" 7.00 ", "EUR", 700), (".5", "USD", 50)],
)  # fmt: skip
def test_a_price_is_read_half_up_to_the_step_of_its_currency(text, currency, amount):
    assert Money.parse(text, currency) == Money(amount, currency)


@pytest.mark.parametrize("text", ["", "abc", "-1", "1,50", "1e3", "٣", "1.2.3", "NaN", "Infinity", "9" * 40, "."])
def test_what_is_no_price_is_refused(text):
    with pytest.raises(ValueError):
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


def test_floats_and_mixed_currencies_are_refused():
    with pytest.raises(TypeError):
        Money(1.5, "USD")
    with pytest.raises(TypeError):
        Money(True, "USD")
    with pytest.raises(ValueError, match="cannot mix"):
        Money(1, "USD") + Money(1, "EUR")


@pytest.mark.parametrize(
    ("money", "text"),
    [(Money(5495, "USD"), "$54.95"), (Money(84200, "JOD"), "JOD\u00a084.200"), (Money(1200, "JPY"), "¥1,200"),
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
        assert abs(Decimal(part.amount) - Decimal(amount) * weight / sum(weights)) <= step


def test_an_allocation_needs_weight():
    with pytest.raises(ValueError):
        Money(1, "USD").allocate([0, 0])
