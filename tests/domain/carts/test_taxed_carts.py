"""Carts, quotes and orders are taxed as their destination does."""

from __future__ import annotations

import pytest

from shop.db import db
from shop.domain.addresses import Destination
from shop.domain.carts.operations import set_destination
from shop.domain.carts.queries import get_cart, price_cart
from shop.domain.catalog.operations import save_category
from shop.domain.checkout import QuoteShipping, TotalChanged, place_order, quote_methods, quote_shipping
from shop.domain.places import Place
from tests.conftest import SHOPPER, address, cart_with, make_product, order_wish, variants_of
from tests.domain.tax_zones.zones import make_zone


@pytest.fixture
def cart_id(app, terms):
    """A cart with $20 of food and $20 of something else."""
    food = save_category("food", "Food")
    wanted = [(variants_of(make_product(category_id=of))[0], 1) for of in (food.id, None)]
    return cart_with(terms, *wanted)


def sums(priced):
    receipt = priced.receipt
    return receipt.tax.amount, receipt.tax_included.amount, receipt.total.amount - receipt.shipping.amount


def priced(cart_id, terms, **more):
    db.session.rollback()
    return price_cart(get_cart(cart_id, SHOPPER), terms, terms.shipping_methods[0], **more)


def test_each_line_has_the_rate_of_its_category_and_shipping_the_standard_one(cart_id, terms):
    make_zone("US", "standard 10\nfood 5")

    shown = priced(cart_id, terms)

    assert [line.tax.amount for line in shown.receipt.lines] == [100, 200]
    assert shown.receipt.tax.amount == 300 + shown.receipt.shipping.amount // 10 > 300
    assert shown.tax.zone == "Zone"


def test_shipping_is_not_taxed_where_the_zone_says_so(cart_id, terms):
    make_zone("US", "standard 10\nfood 5", shippingIsTaxed=False)
    assert sums(priced(cart_id, terms)) == (300, 0, 4300)


def test_a_place_decides_else_the_destination_else_the_home_country(cart_id, terms):
    make_zone("US", "standard 10", shippingIsTaxed=False)
    make_zone("US: NY", "standard 20", shippingIsTaxed=False)
    make_zone("DE", "standard 25", pricesIncludeTax=True, shippingIsTaxed=False)

    assert sums(priced(cart_id, terms)) == (400, 0, 4400)
    assert sums(priced(cart_id, terms, place=Place("US", "ny"))) == (800, 0, 4800)
    assert sums(priced(cart_id, terms, place=Place("JO"))) == (0, 0, 4000)
    set_destination(cart_id, Destination.model_validate({"country": "DE"}), SHOPPER)
    assert sums(priced(cart_id, terms)) == (0, 800, 4000)


def test_quotes_know_the_region(cart_id, terms):
    make_zone("US: NY", "standard 20", shippingIsTaxed=False)
    wanted = {"cartId": cart_id, "shippingAddress": {"country": "US", "region": "NY"}}
    assert {quote.tax.amount for quote in quote_shipping(QuoteShipping.model_validate(wanted), SHOPPER, terms)} == {800}
    cart = get_cart(cart_id, SHOPPER)
    assert {quote.tax.amount for quote in quote_methods(cart, Place("US", "TX"), terms)} == {0}


def test_an_order_is_taxed_by_its_own_address_and_another_total_is_shown_first(cart_id, terms):
    make_zone("US: NY", "standard 10\nfood 5")
    set_destination(cart_id, Destination.model_validate({"country": "US", "region": "TX"}), SHOPPER)
    seen = priced(cart_id, terms).receipt.total.amount

    with pytest.raises(TotalChanged) as refused:
        place_order(order_wish(cart_id, expectedTotal=seen), SHOPPER, terms)
    order = place_order(order_wish(cart_id, expectedTotal=refused.value.now.amount), SHOPPER, terms)

    assert order.shipping_address["region"] == "NY" and seen + order.tax_amount == order.total_amount
    assert [line.tax_amount for line in order.line_items] == [100, 200]
    assert order.tax_amount == 300 + order.shipping_amount // 10


def test_a_governorate_is_a_region(cart_id, terms):
    make_zone("JO: Amman", "standard 16", shippingIsTaxed=False)
    place = address(country="JO", governorate="Amman", region=None)
    order = place_order(order_wish(cart_id, shippingAddress=place), SHOPPER, terms)
    assert order.tax_amount == 640


@pytest.mark.parametrize(("rates", "more"), [(None, 0), ("standard 10", 1), ("standard 10\nfood 5", 2)])
def test_zones_take_two_statements_at_most_and_none_where_there_are_none(cart_id, terms, statements, rates, more):
    def count() -> int:
        db.session.rollback()
        cart = get_cart(cart_id, SHOPPER)
        with statements() as sent:
            price_cart(cart, terms)
        return len(sent)

    before = count()
    if rates:
        make_zone("US", rates)
    assert count() == before + more == 2 + more


def test_all_ways_to_send_take_the_zones_once(cart_id, terms, statements):
    cart = get_cart(cart_id, SHOPPER)
    with statements() as before:
        quote_methods(cart, Place("US"), terms)
    make_zone("US", "standard 10\nfood 5")
    cart = get_cart(cart_id, SHOPPER)
    with statements() as sent:
        quote_methods(cart, Place("US"), terms)
    assert len(sent) == len(before) + 2
