"""Long lists: more of them without losing one's place (ux.md, check 12)."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE

pytestmark = pytest.mark.thorough

CARDS = "#cards > .card"


def test_more_is_added_where_the_list_ends_and_the_focus_goes_there(page):
    page.goto("/categories/face?sort=name")
    page.get_by_role("link", name="Show more").click()
    expect(page.locator(CARDS)).to_have_count(48)
    expect(page.locator(CARDS).nth(24).get_by_role("link")).to_be_focused()
    expect(page).to_have_url(re.compile(r"shown=48"))
    expect(page.locator("#pager")).to_contain_text("48 of 62 shown")

    page.get_by_role("link", name="Show more").click()
    expect(page.locator(CARDS)).to_have_count(62)
    expect(page.get_by_role("link", name="Show more")).to_have_count(0)

    page.reload()
    expect(page.locator(CARDS)).to_have_count(62)


@pytest.mark.parametrize("size", [None, PHONE], ids=["desktop", "phone"])
def test_back_from_a_product_is_back_at_its_place_in_the_list(open_browser, size):
    page = open_browser(**({"viewport": size} if size else {}))
    page.goto("/categories/face?sort=name")
    for count in (48, 62):
        page.get_by_role("link", name="Show more").click()
        expect(page.locator(CARDS)).to_have_count(count)
    card = page.locator(CARDS).nth(39)
    card.scroll_into_view_if_needed()
    before = page.evaluate("scrollY")
    card.get_by_role("heading").get_by_role("link").click()
    page.wait_for_url("**/products/**")

    page.go_back()

    expect(page.locator(CARDS)).to_have_count(62)
    page.wait_for_function("place => Math.abs(scrollY - place) <= 100", arg=before)


def test_the_list_is_as_long_without_javascript(open_browser):
    page = open_browser(javascript=False)
    page.goto("/categories/face?sort=name")
    page.get_by_role("link", name="Show more").click()
    expect(page.locator(CARDS)).to_have_count(48)
    page.get_by_role("link", name="Next", exact=True).click()
    expect(page.locator(CARDS)).to_have_count(14)
