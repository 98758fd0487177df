"""The price of a cart: adds up to the minor unit whatever is in it, and says how each figure came about."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shop.domain.explanations import explain, kept
from shop.domain.pricing import Discount, LineToPrice, Receipt, price_lines
from shop.domain.tax import NO_TAX, CategoryRate, PlaceTax, TaxRule
from shop.money import Money, increment_of


def usd(text: str) -> Money:
    return Money.parse(text, "USD")


ADDED = TaxRule(Decimal("10.75"), included=False)
INSIDE = TaxRule(Decimal(20), included=True)
A_QUARTER = Discount("QUARTER", "percentage", percent=Decimal(25))


def test_tax_on_top_of_goods_and_shipping():
    receipt = price_lines([LineToPrice(usd("24.99"), 1)], usd("6.44"), ADDED)

    assert (receipt.tax, receipt.total) == (usd("3.38"), usd("34.81"))
    assert receipt.lines[0].tax == usd("2.69")
    assert receipt.tax_included == usd("0")


def test_tax_inside_of_prices_that_are_reduced_by_a_quarter():
    receipt = price_lines([LineToPrice(usd("23.90"), 10)], usd("0"), INSIDE, discount=A_QUARTER)

    assert (receipt.subtotal, receipt.discount, receipt.total) == (usd("239.00"), usd("59.75"), usd("179.25"))
    assert (receipt.tax, receipt.tax_included) == (usd("0"), Money(2988, "USD"))  # 179.25 * 20 / 120 = 29.875


def test_tax_is_rounded_on_the_sum_where_the_place_does_so():
    lines = [LineToPrice(usd("0.10"), 1)] * 3
    by_line = price_lines(lines, usd("0"), TaxRule(Decimal(4), included=False))
    by_order = price_lines(lines, usd("0"), TaxRule(Decimal(4), included=False, rounding="order"))

    assert (by_line.tax, by_order.tax) == (usd("0"), usd("0.01"))
    assert [line.tax.amount for line in by_order.lines] == [1, 0, 0]


def test_a_line_has_the_rate_of_its_category():
    lines = [LineToPrice(usd("10"), 1), LineToPrice(usd("10"), 1, tax_percent=Decimal(5))]
    receipt = price_lines(lines, usd("0"), TaxRule(Decimal(20), included=False))

    assert [(line.tax_percent, line.tax) for line in receipt.lines] == [(20, usd("2")), (5, usd("0.50"))]


@pytest.mark.parametrize("included", [False, True])
def test_shipping_is_not_taxed_where_the_place_does_not(included):
    rule = TaxRule(Decimal(20), included=included, rounding="order", shipping_percent=Decimal(0))
    receipt = price_lines([LineToPrice(usd("12"), 1)], usd("6"), rule)

    assert (receipt.tax, receipt.tax_included) == ((usd("0"), usd("2")) if included else (usd("2.40"), usd("0")))
    assert "shippingTax" not in [step.figure for step in explain(receipt, rule, ["Soap"], "Standard")]


def test_an_amount_is_taken_off_what_it_is_for_and_never_more_than_that_costs():
    lines = [LineToPrice(usd("10"), 1), LineToPrice(usd("3"), 2, in_scope=False), LineToPrice(usd("5"), 1)]
    ten = price_lines(lines, usd("4"), ADDED, discount=Discount("TEN", "fixed_amount", amount=usd("10")))
    much = price_lines(lines, usd("4"), ADDED, discount=Discount("MUCH", "fixed_amount", amount=usd("99")))

    assert [line.discount for line in ten.lines] == [usd("6.67"), usd("0"), usd("3.33")]
    assert [line.discount for line in much.lines] == [usd("10"), usd("0"), usd("5")]
    assert (ten.spared, ten.applied.code) == (usd("10"), "TEN")


def test_free_shipping_takes_the_shipping_away_and_its_tax_and_is_no_discount():
    receipt = price_lines([LineToPrice(usd("10"), 1)], usd("4"), ADDED, discount=Discount("FREE", "free_shipping"))

    assert (receipt.shipping, receipt.discount, receipt.shipping_spared) == (usd("0"), usd("0"), usd("4"))
    assert (receipt.tax, receipt.total) == (usd("1.08"), usd("11.08"))
    assert receipt.spared == usd("4")
    assert Discount("FREE", "free_shipping").taken_off(usd("10")) == usd("0")


def test_nothing_in_scope_takes_nothing_off():
    receipt = price_lines([LineToPrice(usd("10"), 1, in_scope=False)], usd("0"), ADDED, discount=A_QUARTER)
    assert receipt.discount == usd("0")


def test_an_empty_cart_costs_nothing():
    receipt = price_lines([], usd("0"), INSIDE, discount=A_QUARTER)
    assert (receipt.lines, receipt.total, receipt.tax_included) == ((), usd("0"), usd("0"))


RATES = st.sampled_from([Decimal(0), Decimal("5.5"), Decimal(8), Decimal("10.75"), Decimal("19.975"), Decimal(25)])


@st.composite
def carts(draw: st.DrawFn) -> tuple[list[LineToPrice], Money, TaxRule, Discount | None]:
    currency = draw(st.sampled_from(["JPY", "USD", "JOD"]))
    step = increment_of(currency)

    def money(most: int) -> Money:
        return Money(draw(st.integers(0, most)) * step, currency)

    lines = [
        LineToPrice(money(500_000), draw(st.integers(1, 99)), draw(st.none() | RATES), draw(st.booleans()))
        for _ in range(draw(st.integers(0, 8)))
    ]
    rule = TaxRule(draw(RATES), draw(st.booleans()), draw(st.sampled_from(["line", "order"])), draw(st.none() | RATES))
    percents = st.decimals(0, 100, places=2)
    discount = draw(
        st.none()
        | st.builds(Discount, st.just("A"), st.just("percentage"), percent=percents)
        | st.builds(Discount, st.just("B"), st.just("fixed_amount"), amount=st.just(money(900_000)))
        | st.just(Discount("C", "free_shipping"))
    )
    return lines, money(20_000), rule, discount


def expect_whole(receipt: Receipt, lines: list[LineToPrice], rule: TaxRule) -> None:
    """What holds for every receipt (I01, I02, I05, CHK-7)."""
    step = increment_of(receipt.total.currency)
    figures = [receipt.subtotal, receipt.discount, receipt.shipping, receipt.tax, receipt.tax_included, receipt.total]
    assert all(figure.amount >= 0 and figure.amount % step == 0 for figure in figures)
    total = receipt.subtotal.amount - receipt.discount.amount + receipt.shipping.amount + receipt.tax.amount
    assert receipt.total.amount == total
    assert sum(line.subtotal.amount for line in receipt.lines) == receipt.subtotal.amount
    assert sum(line.discount.amount for line in receipt.lines) == receipt.discount.amount
    for line, asked in zip(receipt.lines, lines, strict=True):
        assert line.subtotal == line.unit_price * line.quantity
        assert line.total == line.subtotal - line.discount
        assert min(line.total.amount, line.discount.amount, line.tax.amount) >= 0
        assert asked.in_scope or not line.discount
    tax = sum(line.tax.amount for line in receipt.lines)
    assert tax <= receipt.tax.amount
    assert (receipt.tax.amount == 0) if rule.included else (receipt.tax_included.amount == 0)
    assert receipt.tax_included.amount <= receipt.total.amount


@settings(max_examples=400, deadline=None)
@given(carts())
def test_every_receipt_adds_up(cart):
    lines, shipping, rule, discount = cart
    receipt = price_lines(lines, shipping, rule, discount=discount)

    expect_whole(receipt, lines, rule)
    before = price_lines(lines, shipping, rule, discount=discount, tax_is_known=False)
    assert (before.tax.amount, before.discount) == (0, receipt.discount)


@settings(max_examples=100, deadline=None)
@given(carts())
def test_every_figure_is_explained_and_the_last_step_is_the_total(cart):
    lines, shipping, rule, discount = cart
    receipt = price_lines(lines, shipping, rule, discount=discount)

    steps = explain(receipt, rule, [f"Article {n}" for n, _ in enumerate(lines)], "Standard")

    assert steps[-1].figure == "total" and steps[-1].amount == receipt.total
    told = {step.figure: step.amount for step in steps}
    for number, line in enumerate(receipt.lines, start=1):
        assert told[f"items.{number}.subtotal"] == line.subtotal
        assert told.get(f"items.{number}.discount", Money(0, line.total.currency)) == line.discount
    assert told["shipping"] == receipt.shipping
    taxes = sum(amount.amount for figure, amount in told.items() if figure.endswith(("tax", "Tax")))
    assert taxes == (receipt.tax_included if rule.included else receipt.tax).amount


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (0, "Soap: 10 × $23.90 = $239.00"),
        (1, "Soap: −$59.75, all of it of $59.75 off by QUARTER (25%)"),
        (2, "Soap: 20% tax of $179.25 = $29.88, inside the price"),
        (3, "Standard: $6.00"),
        (4, "Standard: 20% tax of $6.00 = $1.00, inside the price"),
        (5, "$239.00 − $59.75 discount + $6.00 delivery = $185.25"),
    ],
)
def test_the_words_are_plain(steps, words):
    receipt = price_lines([LineToPrice(usd("23.90"), 10)], usd("6"), INSIDE, discount=A_QUARTER)
    assert explain(receipt, INSIDE, ["Soap"], "Standard")[steps].words == words


def words_of(lines, rule, discount=None, shipping="0"):
    receipt = price_lines(lines, usd(shipping), rule, discount=discount)
    return [step.words for step in explain(receipt, rule, ["Soap", "Oil", "Robe"][: len(lines)], "Standard")]


def test_a_line_is_told_its_share_of_an_amount_and_one_out_of_scope_nothing():
    lines = [LineToPrice(usd("10"), 1), LineToPrice(usd("5"), 1), LineToPrice(usd("40"), 1, in_scope=False)]

    assert words_of(lines, NO_TAX, Discount("TEN", "fixed_amount", amount=usd("10"))) == [
        "Soap: 1 × $10.00 = $10.00",
        "Soap: −$6.67, its share of $10.00 off by TEN",
        "Oil: 1 × $5.00 = $5.00",
        "Oil: −$3.33, its share of $10.00 off by TEN",
        "Robe: 1 × $40.00 = $40.00",
        "Standard: free",
        "$55.00 − $10.00 discount = $45.00",
    ]


def test_tax_that_is_worked_out_on_the_order_says_so():
    rule = TaxRule(Decimal("10.50"), included=False, rounding="order")
    assert words_of([LineToPrice(usd("20"), 1)], rule, shipping="10") == [
        "Soap: 1 × $20.00 = $20.00",
        "Soap: 10.5% tax of $20.00 = $2.10, rounded with all that has this rate",
        "Standard: $10.00",
        "Standard: 10.5% tax of $10.00 = $1.05, rounded with all that has this rate",
        "$20.00 + $10.00 delivery + $3.15 tax = $33.15",
    ]


def test_tax_on_top_of_a_line_is_told_as_it_is():
    assert words_of([LineToPrice(usd("20"), 1)], TaxRule(Decimal(100), included=False))[1] == (
        "Soap: 100% tax of $20.00 = $20.00"
    )


def test_free_delivery_by_a_code_says_what_it_spares():
    words = words_of([LineToPrice(usd("20"), 1)], NO_TAX, Discount("FREE", "free_shipping"), shipping="4.90")
    assert words[1:] == ["Standard: free by FREE, instead of $4.90", "$20.00 = $20.00"]


def test_an_order_keeps_each_step_in_minor_units():
    receipt = price_lines([LineToPrice(usd("20"), 2)], usd("0"), NO_TAX)
    steps = kept(explain(receipt, NO_TAX, ["Soap"], "Standard"), {})
    assert steps[0] == {"figure": "items.1.subtotal", "amount": 4000, "words": "Soap: 2 × $20.00 = $40.00"}


def test_goods_have_the_rate_of_their_category_else_the_standard_one():
    place = PlaceTax(TaxRule(Decimal(20), included=True), rates={7: CategoryRate(Decimal(5), "books")})
    assert [place.percent_for(category) for category in (7, 8, None)] == [5, 20, 20]
