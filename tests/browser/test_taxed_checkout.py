"""The checkout where regions are taxed by themselves: the total follows the region while the address is typed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.tax_zones.operations import delete_tax_zone
from tests.browser.shopper import add_to_cart, fill_address, place_order
from tests.domain.tax_zones.zones import make_zone

pytestmark = pytest.mark.thorough


@pytest.fixture
def taxed_new_york(shop) -> Iterator[None]:
    """A zone for a region alone; the shop is as before afterwards."""
    with shop.app.app_context():
        zone = make_zone("US: NY", "standard 50 Sales tax", shippingIsTaxed=False)
        try:
            yield
        finally:
            delete_tax_zone(zone.public_id, SYSTEM)
            db.session.remove()


def test_the_total_follows_the_region_and_what_is_typed_meanwhile_stays(page: Page, taxed_new_york):
    add_to_cart(page)
    page.goto("/checkout")
    total = page.locator("#summary .total")
    before = total.inner_text()

    page.get_by_label("State").select_option("New York")
    page.get_by_label("ZIP code").focus()
    page.keyboard.type("10001")

    expect(page.locator("#summary .sum")).to_contain_text("Tax")
    assert total.inner_text() != before
    expect(page.get_by_label("ZIP code")).to_have_value("10001")
    expect(page.get_by_label("ZIP code")).to_be_focused()
    fill_address(page)
    assert place_order(page)
