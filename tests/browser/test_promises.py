"""What a shopper may count on: few fields, no account, choices that can be shared, a link that is theirs alone, no
price that changes behind their back, the form of their country (ux.md, checks 4, 5, 15, 20, 21 and 24)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.catalog.bulk import PriceWish, change_prices
from shop.domain.shipping_zones.operations import delete_zone
from tests.browser.shopper import ADDRESS, add_to_cart, fill_address, place_order
from tests.conftest import SHOPPER, make_product, placed_order, variants_of
from tests.domain.shipping_zones.stories import make_method, make_zone

pytestmark = pytest.mark.thorough

FIELDS = """() => [...document.querySelectorAll('#checkout input, #checkout select, #checkout textarea')]
  .filter(e => !['hidden', 'radio', 'checkbox'].includes(e.type) && !e.disabled && e.checkVisibility())
  .map(e => [e.name, e.labels.length, e.autocomplete])"""
TOKEN = re.compile(r"(email|tel|shipping [a-z0-9-]+)")


def test_the_checkout_asks_for_eight_fields_at_most_nine(page):
    add_to_cart(page)
    page.goto("/checkout")
    counts = {}
    for code in page.locator("#shippingAddress-country option").evaluate_all("all => all.map(o => o.value)"):
        page.locator("#shippingAddress-country").select_option(code)
        expect(page.locator("[name=quotedCountry]")).to_have_value(code)
        fields = page.evaluate(FIELDS)
        assert all(labels == 1 and TOKEN.fullmatch(token) for _, labels, token in fields), fields
        counts[code] = len(fields)
    assert counts["JO"] <= 8 and max(counts.values()) <= 9, counts


def test_nobody_needs_an_account_to_order(page):
    add_to_cart(page)
    page.goto("/checkout")
    assert page.locator("input[type=password]").count() == 0
    assert page.locator("h1").count() == 1
    primary = page.locator(".button.primary:visible")
    expect(primary).to_have_count(1)
    expect(primary).to_contain_text("$62.90")


def test_a_choice_has_an_address_that_can_be_shared(page, open_browser, shop):
    with shop.app.app_context():
        rose = make_product("Rose water", slug="rose-water", stock=2, variants=["Small", "Large"], price="15.00")
        placed_order(shop.app.extensions["shop_terms"], (variants_of(rose)[1], 2), confirm=True, actor=SHOPPER)
        db.session.remove()
    page.goto("/products/rose-water")
    expect(page.locator("#stock-line")).to_have_text("Only 2 left")
    page.get_by_label("Large").check()
    page.wait_for_url("**variant=var_*")
    expect(page.locator("#stock-line")).to_have_text("Sold out in Large")
    expect(page.locator("#add")).to_be_disabled()
    article = page.get_by_text("Article number").inner_text()

    other = open_browser(javascript=False)
    other.goto(page.url)

    expect(other.get_by_label("Large")).to_be_checked()
    expect(other.get_by_text("Article number")).to_have_text(article)
    expect(other.locator("#add")).to_be_disabled()


def test_the_link_to_an_order_opens_it_for_whoever_has_it_and_nobody_else(page, open_browser):
    add_to_cart(page)
    page.goto("/checkout")
    fill_address(page)
    number = place_order(page)
    link = page.url

    stranger = open_browser()
    answer = stranger.goto(link)
    assert number in stranger.locator("main").inner_text()
    for fact in ("Expected by", "Confirmed", "Items", "Delivery address", "Payment", "Total"):
        expect(stranger.locator("main").get_by_text(fact).locator("visible=true").first).to_be_visible()
    assert "no-store" in answer.headers["cache-control"] and answer.headers["x-robots-tag"] == "noindex"

    changed = re.sub(r"(token=.{10})(.)", lambda found: found[1] + ("A" if found[2] != "A" else "B"), link)
    assert changed != link and stranger.request.get(changed).status == 404


def test_a_price_that_changes_at_the_checkout_is_shown_and_asked_about(page, watched, shop):
    watched.expected = ["status of 409"]
    with shop.app.app_context():
        changing = make_product("Changing balm", slug="changing-balm", price="58.00", stock=5).public_id
        db.session.remove()
    add_to_cart(page, "changing-balm")
    page.goto("/checkout")
    email = fill_address(page)

    with shop.app.app_context():
        change_prices(changing, PriceWish(percent="10"), SYSTEM)
        db.session.remove()
    page.get_by_role("button", name="Place order · $62.90").click()

    expect(page.locator("main")).to_contain_text("The total changed from $62.90 to $68.70")
    expect(page.locator("#summary")).to_contain_text("$63.80")
    expect(page.locator('[name="shippingAddress.email"]')).to_have_value(email)
    page.get_by_role("button", name="Place order · $68.70").click()
    page.wait_for_url("**/orders/order_*")
    expect(page.locator("main")).to_contain_text("$68.70")


@pytest.fixture
def two_countries(shop):
    """The shop sends to America and to Jordan alone; it is as before afterwards."""
    with shop.app.app_context():
        zones = [make_zone("America", countries="US"), make_zone("Jordan", countries="JO")]
        for zone, price in zip(zones, ("5", "9"), strict=True):
            make_method(zone, f"to_{zone.name.lower()}", prices=price)
        names = [zone.public_id for zone in zones]
        db.session.remove()
    yield names
    with shop.app.app_context():
        for name in names:
            delete_zone(name, SYSTEM)
        db.session.remove()


def test_the_form_the_methods_and_the_total_follow_the_country(page, watched, shop, two_countries):
    watched.expected = ["status of 422"]
    add_to_cart(page)
    page.goto("/checkout")
    fill_address(page)
    country, total = page.locator("#shippingAddress-country"), page.locator("#summary .total")
    expect(page.get_by_label("State")).to_be_visible()
    expect(page.get_by_label("ZIP code")).to_be_visible()
    expect(page.locator("#method-to_america")).to_be_checked()
    expect(total).to_contain_text("$63.00")

    country.select_option("JO")

    expect(page.locator("#method-to_jordan")).to_be_checked()
    expect(total).to_contain_text("$67.00")
    expect(page.locator('[name="shippingAddress.postalCode"]:visible')).to_have_count(0)
    for name in ("firstName", "street", "city", "phone"):
        expect(page.locator(f'[name="shippingAddress.{name}"]')).to_have_value(ADDRESS[name])

    with shop.app.app_context():  # meanwhile, staff give up the other one
        delete_zone(two_countries.pop(0), SYSTEM)
        db.session.remove()
    country.focus()
    country.select_option("US")

    expect(page.locator("#shippingAddress-country-mistake")).to_contain_text("We do not deliver to the United States")
    expect(country).to_have_attribute("aria-invalid", "true")
    expect(country).to_be_focused()
    expect(page.locator("[name=shippingMethod]")).to_have_count(0)
    expect(page.locator("#place-order")).to_be_disabled()
    country.select_option("JO")
    expect(total).to_contain_text("$67.00")
    expect(page.locator("#shippingAddress-country-mistake")).to_have_count(0)
    expect(page.locator('[name="shippingAddress.street"]')).to_have_value(ADDRESS["street"])
