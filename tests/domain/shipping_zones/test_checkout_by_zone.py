"""Quotes, carts and orders go by the zone of the address, by weight and by worth; orders keep what they were sold."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from shop.db import db, frozen_time, operation
from shop.domain.actors import SYSTEM
from shop.domain.carts.queries import get_cart, price_cart
from shop.domain.catalog.models import Variant
from shop.domain.checkout import QuoteShipping, TotalChanged, place_order, quote_methods, quote_shipping
from shop.domain.orders.models import Order
from shop.domain.places import Place
from shop.domain.shipping_zones.operations import delete_zone
from shop.errors import Invalid
from tests.conftest import SHOPPER, address, cart_with, make_product, order_wish, variants_of
from tests.domain.shipping_zones.stories import make_method, make_zone


@pytest.fixture
def variant(app):
    """Of 100 g, for 20.00."""
    return variants_of(make_product("Amber", price="20.00", stock=50))[0]


@pytest.fixture
def zones(app):
    jordan = make_zone("Jordan", countries="JO", position=1)
    make_method(jordan, "post", basis="weight", prices="0: 3\n500: 6", freeFrom="100", maxWeightGrams=2000)
    amman = make_zone("Amman", cities="JO: Amman", timeZone="Asia/Amman")
    make_method(amman, "today", prices="4", minDays=0, maxDays=0, cutOffHour=14)
    make_method(amman, "post", prices="2", position=1)
    make_method(make_zone("Coast", regions="US: California", position=2), "truck", prices="9")
    return jordan


def quotes(cart_id, place, terms):
    return {quote.method.id: quote.price.amount for quote in quote_methods(get_cart(cart_id, SHOPPER), place, terms)}


def quote(cart_id, terms, **where):
    wanted = QuoteShipping.model_validate({"cartId": cart_id, "shippingAddress": where})
    return [(each.method.id, each.total.amount) for each in quote_shipping(wanted, SHOPPER, terms)]


JORDAN = {"country": "JO", "region": "Irbid", "city": "Ramtha", "postalCode": None}


def wish(cart_id, **changes):
    where = {name: changes.pop(name) for name in ("country", "region", "city") if name in changes}
    return order_wish(cart_id, shippingAddress=address(**{**JORDAN, **where}), **{"shippingMethod": "post", **changes})


def refusal_of(call, *args, **values):
    with pytest.raises(Invalid) as caught:
        call(*args, **values)
    return caught.value.details[0].field, caught.value.details[0].message


# -- quotes -----------------------------------------------------------------------------------------------------------


def test_the_city_decides_and_then_its_country(terms, variant, zones):
    cart_id = cart_with(terms, (variant, 1))
    assert quotes(cart_id, Place("JO", "Amman", " ámman"), terms) == {"today": 400, "post": 200}
    assert quotes(cart_id, Place("JO", "Irbid", "Ramtha"), terms) == {"post": 300}
    assert quotes(cart_id, Place("US", "CA", "Fresno"), terms) == {"truck": 900}


def test_weight_makes_the_price_until_the_goods_are_worth_enough(terms, variant, zones):
    prices = [quotes(cart_with(terms, (variant, units)), Place("JO"), terms)["post"] for units in (4, 5, 6)]
    assert prices == [300, 0, 0]
    light = variants_of(make_product(price="1.00", stock=50))[0]
    assert [quotes(cart_with(terms, (light, units)), Place("JO"), terms)["post"] for units in (4, 5, 20)] == [
        300,
        600,
        600,
    ]


@operation
def need_no_shipping(variant):
    db.session.get_one(Variant, variant.id).requires_shipping = False


def test_what_is_not_sent_weighs_nothing(terms, variant, zones):
    card = variants_of(make_product("Gift card", price="1.00", stock=90))[0]
    need_no_shipping(card)
    assert quotes(cart_with(terms, (variant, 1), (card, 90)), Place("JO"), terms) == {"post": 0}
    assert quotes(cart_with(terms, (card, 50)), Place("JO"), terms) == {"post": 300}


def test_what_is_too_heavy_is_refused_in_words(terms, variant, zones):
    cart_id = cart_with(terms, (variant, 21))
    field, message = refusal_of(quote, cart_id, terms, country="JO")
    assert field == "shippingMethod" and "at most 2 kg" in message
    assert refusal_of(place_order, wish(cart_id), SHOPPER, terms)[0] == "shippingMethod"
    assert get_cart(cart_id, SHOPPER).status == "open"


@pytest.mark.parametrize(
    ("where", "field", "sentence"),
    [
        ({"country": "DE"}, "country", "We do not deliver to Germany. We deliver to Jordan, the United States."),
        ({"country": "US"}, "region", "Enter the region: in the United States we deliver to California."),
        (
            {"country": "US", "region": "NY", "city": "Albany"},
            "region",
            "We do not deliver to NY in the United States. In the United States we deliver to California.",
        ),
    ],
)
def test_not_deliverable_is_said_at_the_part_that_decides(terms, variant, zones, where, field, sentence):
    cart_id = cart_with(terms, (variant, 1))
    assert refusal_of(quote, cart_id, terms, **where) == (f"shippingAddress.{field}", sentence)
    assert get_cart(cart_id, SHOPPER).destination is None  # nothing is kept of it


def test_a_place_kept_from_a_wider_zone_is_not_delivered_to(terms, variant, zones):
    make_zone("Closed", cities="JO: Aqaba")
    make_method(make_zone("World", isEverywhere=True), "air", prices="30")
    cart_id = cart_with(terms, (variant, 1))
    assert refusal_of(quote, cart_id, terms, country="JO", city="Aqaba")[0] == "shippingAddress.city"
    assert quote(cart_id, terms, country="BR") == [("air", 5000)]


@pytest.mark.parametrize(
    ("around", "closed", "sentence"),
    [
        ({"countries": "JO"}, {"cities": "JO: Aqaba"}, "city: We deliver to the rest of Jordan."),
        ({"countries": "JO"}, {"regions": "JO: Aqaba"}, "region: We deliver to the rest of Jordan."),
        ({"isEverywhere": True}, {"cities": "JO: Aqaba"}, "city: We deliver to the rest of Jordan."),
        ({"countries": "DE"}, {"cities": "JO: Aqaba"}, "city: We deliver to Germany."),
        ({"cities": "JO: Amman"}, {"cities": "JO: Aqaba"}, "city: In Jordan we deliver to Amman."),
    ],
)
def test_the_sentence_never_sends_back_to_the_same_place(terms, variant, around, closed, sentence):
    make_method(make_zone("Around", **around))
    make_zone("Closed", **closed)
    cart_id = cart_with(terms, (variant, 1))
    field, message = refusal_of(quote, cart_id, terms, country="JO", region="Aqaba", city="Aqaba")
    part, _, rest = sentence.partition(": ")
    assert (field, message) == (f"shippingAddress.{part}", f"We do not deliver to Aqaba in Jordan. {rest}")


def test_a_country_kept_from_everywhere_else_is_not_delivered_to(terms, variant):
    make_method(make_zone("World", isEverywhere=True))
    make_zone("Closed", countries="JO")
    field, message = refusal_of(quote, cart_with(terms, (variant, 1)), terms, country="JO", city="Amman")
    assert (field, message) == (
        "shippingAddress.country",
        "We do not deliver to Jordan. We deliver to most other countries.",
    )


# -- carts and orders -------------------------------------------------------------------------------------------------


def test_the_cart_has_the_default_method_of_its_place(terms, variant, zones):
    cart_id = cart_with(terms, (variant, 1))
    assert quote(cart_id, terms, country="JO", city="Amman") == [("today", 2400), ("post", 2200)]
    priced = price_cart(get_cart(cart_id, SHOPPER), terms)
    assert (priced.shipping_method.id, priced.receipt.shipping.amount, priced.weight) == ("today", 400, 100)


def test_an_order_keeps_the_method_as_sold_whatever_becomes_of_its_zone(terms, variant, zones):
    order = place_order(wish(cart_with(terms, (variant, 5)), expectedTotal=10000), SHOPPER, terms)
    light = variants_of(make_product(price="1.00", stock=50))[0]
    second = place_order(wish(cart_with(terms, (light, 5)), expectedTotal=1100), SHOPPER, terms)
    delete_zone(zones.public_id, SYSTEM)

    db.session.rollback()
    assert [row.shipping_amount for row in (order, second)] == [0, 600]
    kept = db.session.get_one(Order, second.id).shipping_method
    assert kept == {"id": "post", "name": "Post", "price_amount": 600, "min_days": 2, "max_days": 4}


@pytest.mark.parametrize(
    ("moment", "by"),
    [
        (datetime(2026, 11, 18, 10, 59, tzinfo=UTC), date(2026, 11, 18)),
        (datetime(2026, 11, 18, 11, tzinfo=UTC), date(2026, 11, 19)),
        (datetime(2026, 11, 20, 11, tzinfo=UTC), date(2026, 11, 23)),
    ],
)
def test_what_is_ordered_before_the_cut_off_hour_comes_the_same_day(terms, variant, zones, moment, by):
    with frozen_time(moment):
        wanted = wish(cart_with(terms, (variant, 1)), city="Amman", region="Amman", shippingMethod="today")
        assert place_order(wanted, SHOPPER, terms).estimated_delivery == by


def test_a_method_of_another_zone_cannot_be_chosen(terms, variant, zones):
    cart_id = cart_with(terms, (variant, 1))
    field, message = refusal_of(place_order, wish(cart_id, shippingMethod="today"), SHOPPER, terms)
    assert (field, message) == ("shippingMethod", "Choose one of: post.")
    assert refusal_of(place_order, wish(cart_id, country="BR"), SHOPPER, terms)[0] == "shippingAddress.country"


def test_the_price_of_the_city_guards_the_total_that_was_seen_for_the_country(terms, variant, zones):
    cart_id = cart_with(terms, (variant, 1))
    with pytest.raises(TotalChanged) as caught:
        place_order(wish(cart_id, city="Amman", expectedTotal=2300), SHOPPER, terms)
    assert caught.value.now.amount == 2200


def test_a_zone_that_is_gone_leaves_the_cart_without_shipping(terms, variant, zones):
    cart_id = cart_with(terms, (variant, 1))
    quote(cart_id, terms, country="JO")
    delete_zone(zones.public_id, SYSTEM)
    assert price_cart(get_cart(cart_id, SHOPPER), terms).shipping_method is None


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"country": "US", "region": "CA", "postalCode": "9"}, ["shippingAddress.postalCode"]),
        ({"country": "US", "region": "CA", "postalCode": None}, ["shippingAddress.postalCode"]),
    ],
)
def test_a_postal_code_is_written_as_its_country_does(terms, variant, zones, changes, fields):
    wanted = order_wish(cart_with(terms, (variant, 1)), shippingAddress=address(**changes), shippingMethod="truck")
    with pytest.raises(Invalid) as caught:
        place_order(wanted, SHOPPER, terms)
    assert [detail.field for detail in caught.value.details] == fields


def test_a_billing_address_may_lack_what_only_couriers_need_but_not_be_wrong(terms, variant, zones):
    billing = address(country="DE", region=None, postalCode="1")
    cart_id = cart_with(terms, (variant, 1))
    assert refusal_of(place_order, wish(cart_id, billingAddress=billing), SHOPPER, terms) == (
        "billingAddress.postalCode",
        "Enter the postal code like 10115.",
    )
    place_order(wish(cart_id, billingAddress={**billing, "postalCode": None}), SHOPPER, terms)
