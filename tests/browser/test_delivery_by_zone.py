"""Where sending differs within a country, typing the city brings its methods and takes nothing from who types on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.shipping_zones.operations import delete_zone
from tests.browser.conftest import RunningShop
from tests.browser.shopper import ADDRESS, add_to_cart, fill_part, place_order
from tests.domain.shipping_zones.stories import make_method, make_zone

pytestmark = pytest.mark.thorough


@pytest.fixture
def zones(shop: RunningShop) -> Iterator[None]:
    """Jordan, and Amman apart; gone again afterwards, since other tests share this shop."""
    with shop.app.app_context():
        jordan, amman = make_zone("Jordan", countries="JO"), make_zone("Amman", cities="JO: Amman")
        make_method(jordan, "post", prices="3")
        make_method(amman, "today", prices="4")
        names = [jordan.public_id, amman.public_id]
        db.session.remove()
    yield
    with shop.app.app_context():
        for name in names:
            delete_zone(name, SYSTEM)
        db.session.remove()


@pytest.fixture
def page(page: Page, watched, zones: None) -> Page:
    """A visitor at the checkout."""
    watched.expected = ["status of 422"]
    add_to_cart(page)
    page.goto("/checkout")
    return page


def field(page: Page, name: str):
    return page.locator(f'[name="shippingAddress.{name}"]')


def test_the_city_brings_its_methods_while_one_types_on(page):
    fill_address_in_jordan(page)
    expect(page.locator("#method-post")).to_be_checked()

    field(page, "city").fill("Amman")
    field(page, "region").focus()
    page.keyboard.type("Zar")
    expect(page.locator("#method-today")).to_be_checked()

    expect(field(page, "region")).to_be_focused()
    expect(field(page, "region")).to_have_value("Zarqa")
    expect(page.locator("#summary .total")).to_contain_text("$62.00")
    place_order(page)


def test_not_deliverable_is_shown_at_the_field_and_goes_once_it_is_mended(page, shop):
    with shop.app.app_context():
        closed = make_zone("Closed", cities="JO: Aqaba")
        db.session.remove()
    try:
        fill_address_in_jordan(page)
        field(page, "city").fill("Aqaba")
        field(page, "street").click()
        expect(page.locator("#shippingAddress-city-mistake")).to_contain_text("We do not deliver to Aqaba in Jordan")
        expect(page.locator("#place-order")).to_be_disabled()

        field(page, "city").fill("Ramtha")
        field(page, "street").click()
        expect(page.locator("#shippingAddress-city-mistake")).to_have_count(0)
        expect(page.locator("#place-order")).to_be_enabled()
        expect(field(page, "street")).to_have_value("1 Rainbow Street")
    finally:
        with shop.app.app_context():
            delete_zone(closed.public_id, SYSTEM)
            db.session.remove()


def fill_address_in_jordan(page: Page) -> None:
    """A whole address there; the postal code has no field."""
    for name, text in {**ADDRESS, "city": "Ramtha", "region": "Irbid"}.items():
        if field(page, name).count():
            fill_part(page, name, text)
    field(page, "email").fill("rania@example.com")
