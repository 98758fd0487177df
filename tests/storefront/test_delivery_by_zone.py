"""What the pages say of delivery is true of the zones: product, header, cart, checkout, the page about shipping."""

from __future__ import annotations

import re

import pytest

from tests.conftest import make_product, variants_of
from tests.domain.shipping_zones.stories import make_method, make_zone
from tests.storefront.pages import HTMX, body, order_form, put_in_cart, value_of


@pytest.fixture
def variant(app):
    return variants_of(make_product("Amber", price="20.00", stock=50, slug="amber"))[0]


@pytest.fixture
def zones(app):
    jordan = make_zone("Jordan", countries="JO", position=1)
    make_method(jordan, "post", basis="weight", prices="0: 3\n500: 6", freeFrom="100", maxWeightGrams=2000)
    make_method(make_zone("Amman", cities="JO: Amman"), "today", prices="4", minDays=0, maxDays=0, cutOffHour=14)
    coast = make_zone("Coast", regions="US: California\nUS: Nevada", position=2)
    make_method(coast, "truck", prices="9", minDays=1, maxDays=1)


@pytest.fixture
def page(client, zones, variant):
    put_in_cart(client, variant, 2)
    return client.get("/checkout")


JORDAN = {"country": "JO", "region": "Irbid", "city": "Ramtha", "postalCode": "", "shippingMethod": "post"}
AMMAN = {**JORDAN, "city": "Amman", "region": "Amman", "shippingMethod": "today"}


def test_the_product_tells_delivery_to_the_first_country_that_is_served(client, zones, variant):
    text = body(client.get("/products/amber"))
    assert "Post delivery from $3.00 , free from $100.00 To Jordan by" in text
    assert "Free delivery from $100.00" in text and "Standard" not in text


def test_the_page_about_shipping_lists_each_group_of_places(client, zones):
    text = body(client.get("/pages/shipping"))
    assert "How we send depends on where it goes" in text and "whatever its weight" not in text
    assert "To Amman in Jordan" in text and "Same day, if ordered before 14:00 on a working day" in text
    assert "To the rest of Jordan" in text
    assert "To California, Nevada in the United States" in text and "1 working day" in text
    assert re.search(r"\$3.00 ?, \$6.00 from 500 g ?, free from \$100.00 ?; up to 2 kg", text)


def test_what_no_zone_says_is_not_said(client, app):
    make_method(make_zone("World", isEverywhere=True, countries="JO"), "air", prices="0: 9\n50: 5")
    text = body(client.get("/pages/shipping"))
    assert "We send to Jordan and everywhere else." in text and "whatever its weight" in text
    assert "$9.00 , $5.00 from goods for $50.00" in text
    assert "Free delivery" not in text


def test_the_checkout_offers_the_countries_of_the_zones(page):
    select = re.search(r'<select id="shippingAddress-country".*?</select>', page.text, re.DOTALL)[0]
    assert re.findall(r'value="(\w+)"', select) == ["JO", "US"]
    assert "Post" in page.text and "notice error" not in page.text


def test_a_shop_that_sends_everywhere_offers_every_country(client, variant):
    make_method(make_zone("World", isEverywhere=True, countries="JO"), "air")
    put_in_cart(client, variant)
    text = client.get("/checkout").text
    assert text.count("<option") > 400 and text.index('value="JO"') < text.index('value="AF"')


def test_another_city_brings_its_own_methods_and_keeps_what_was_typed(client, page):
    answer = client.post("/checkout", data=order_form(page, **AMMAN, action="quote", within="country"), headers=HTMX)

    assert answer.status_code == 200 and "Today" in body(answer)
    assert 'value="post"' not in answer.text and value_of(answer, "shippingAddress.city") == "Amman"
    assert re.search(r'id="place"[^>]*hx-swap-oob="outerMorph"', answer.text)


def test_where_the_whole_country_is_one_zone_typing_asks_for_nothing(client, variant):
    put_in_cart(client, variant)
    assert not re.search(r'id="place"[^>]*hx-post', client.get("/checkout").text)


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_not_deliverable_stands_at_the_field_and_nothing_typed_is_lost(client, page, headers):
    form = order_form(page, country="US", region="NY", city="Albany", action="quote")
    answer = client.post("/checkout", data=form, headers=headers)

    assert answer.status_code == 422
    assert re.search(r'id="shippingAddress-region"[^>]*aria-invalid="true"', answer.text)
    assert "In the United States we deliver to California, Nevada." in body(answer)
    assert value_of(answer, "shippingAddress.city") == "Albany"
    assert re.search(r'id="place-order"[^>]*disabled', answer.text)


def test_before_a_place_is_typed_it_is_asked_for_and_is_no_mistake(client, variant):
    make_method(make_zone("Amman", cities="JO: Amman"), "today")
    put_in_cart(client, variant)
    text = client.get("/checkout").text
    assert "Enter the city: in Jordan we deliver to Amman." in text
    assert "aria-invalid" not in text and "notice error" not in text


def test_an_order_that_is_not_deliverable_is_refused_at_the_field(client, page):
    answer = client.post("/checkout", data=order_form(page, country="US", region="NY", city="Albany"))
    assert answer.status_code == 422 and 'href="#shippingAddress-region"' in answer.text
    assert value_of(answer, "shippingAddress.street") == "1 Rainbow Street"


def test_what_is_too_heavy_says_so_where_the_methods_are(client, zones, variant):
    put_in_cart(client, variant, 21)
    page = client.get("/checkout")
    assert "at most 2 kg can be" in body(page) and 'name="shippingMethod"' not in page.text


def test_another_zone_without_an_update_shows_its_methods_before_it_orders(client, page):
    seen = value_of(client.post("/checkout", data=order_form(page, **JORDAN, action="quote")), "quotedZone")
    answer = client.post("/checkout", data=order_form(page, **AMMAN, quotedZone=seen, expectedTotal=""))
    assert answer.status_code == 422 and "These are the ways to send to Amman." in body(answer)
    again = order_form(answer, **AMMAN, quotedZone=value_of(answer, "quotedZone"))
    assert client.post("/checkout", data=again).status_code == 303


def test_a_region_is_asked_for_where_a_zone_goes_by_it(client, variant):
    make_method(make_zone("Germany", countries="DE"), "post")
    make_method(make_zone("Bavaria", regions="DE: Bavaria"), "van")
    put_in_cart(client, variant)
    page = client.get("/checkout")
    assert re.search(r'name="shippingAddress.region"(?![^>]*required)', page.text)
    form = order_form(page, country="DE", region="bavaria", city="Passau", postalCode="94032", action="quote")
    assert 'value="van"' in client.post("/checkout", data=form).text


@pytest.mark.parametrize(
    ("country", "labels"), [("GB", ["Town or city", "Postcode"]), ("JP", ["City", "Prefecture", "Postal code"])]
)
def test_fields_are_named_as_the_country_does(client, variant, country, labels):
    make_method(make_zone("World", isEverywhere=True, countries="JO"), "air")
    put_in_cart(client, variant)
    form = order_form(client.get("/checkout"), country=country, action="quote")
    answer = client.post("/checkout", data=form, headers=HTMX)
    place = answer.text.partition('id="place"')[2].partition('id="summary"')[0]
    assert re.findall(r"<label[^>]*>([^<]+)</label>", place) == labels
