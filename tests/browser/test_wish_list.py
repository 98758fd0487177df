"""The wish list in a browser, with JavaScript and without, and what was looked at."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.shopper import expect_in_cart

pytestmark = pytest.mark.thorough


def heart(page, name):
    return page.get_by_role("button", name=f"Save {name} to your wish list")


def test_a_heart_fills_at_once_counts_and_empties(page):
    page.goto("/categories/body")
    expect(heart(page, "Scarce balm")).to_have_attribute("aria-pressed", "false")

    heart(page, "Scarce balm").click()

    expect(heart(page, "Scarce balm")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("link", name="Wish list 1 item")).to_be_visible()
    expect(page.locator("#wish-said")).to_have_text("Scarce balm is on your wish list.")
    page.goto("/products/scarce-balm")
    expect(page.get_by_role("button", name="On your wish list")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="On your wish list").click()
    expect(page.get_by_role("button", name="Save to wish list")).to_be_visible()
    expect(page.get_by_role("link", name="Wish list", exact=True)).to_be_visible()


@pytest.mark.parametrize("viewport", [PHONE, {"width": 1280, "height": 900}], ids=["phone", "desk"])
def test_the_list_is_kept_undone_shared_and_moved_to_the_cart(open_browser, viewport):
    page = open_browser(viewport=viewport)
    for slug in ("amber", "scarce-balm"):
        page.goto(f"/products/{slug}")
        page.get_by_role("button", name="Save to wish list").click()
        expect(page.get_by_role("button", name="On your wish list")).to_be_visible()
    page.goto("/wish-list")
    page.evaluate("window.isSame = true")

    page.get_by_role("button", name="Remove Scarce balm").click()
    expect(page.get_by_role("link", name="Wish list 1 item")).to_be_visible()
    expect(page.locator("#wish-list")).to_be_focused()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("link", name="Wish list 2 items")).to_be_visible()
    page.get_by_label("Choice of Amber").select_option(label="50 ml, $58.00")
    page.get_by_role("button", name="Move Amber to cart").click()
    expect(page.get_by_text("Amber is in your cart.", exact=False).first).to_be_visible()
    expect_in_cart(page, 1)
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Link to your list").input_value()
    assert page.evaluate("window.isSame")

    friend = open_browser()
    friend.goto(link)
    expect(friend.get_by_role("link", name="Scarce balm")).to_be_visible()
    expect(friend.get_by_role("button", name="Remove")).to_have_count(0)
    page.get_by_role("button", name="Stop sharing").click()
    expect(page.get_by_text("The link opens nothing any more.").first).to_be_visible()


def test_without_script_everything_works_by_forms(open_browser):
    page = open_browser(javascript=False)
    page.goto("/products/amber")
    page.get_by_role("button", name="Save to wish list").click()
    expect(page.get_by_role("heading", name="Wish list")).to_be_visible()
    page.get_by_role("button", name="Remove Amber").click()
    expect(page.get_by_text("Amber was removed.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Move Amber to cart").click()
    expect(page.get_by_role("heading", name="Cart", exact=True)).to_be_visible()


def test_what_was_looked_at_comes_into_view_and_is_asked_for_only_then(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/recently-viewed" in request.url else None)
    page.goto("/products/amber")
    page.goto("/products/body-wash")
    page.goto("/products/scarce-balm")
    page.goto("/")
    page.wait_for_timeout(300)
    assert asked == []

    page.locator("#recent").scroll_into_view_if_needed()

    expect(page.get_by_role("heading", name="You looked at")).to_be_visible()
    names = page.locator("#recent .card-name").all_inner_texts()
    assert names == ["Scarce balm", "Body wash", "Amber"]
    assert len(asked) == 1


def test_who_looked_at_nothing_sees_no_place_for_it(page):
    page.goto("/")
    page.locator("#recent").scroll_into_view_if_needed()
    expect(page.locator("#recent")).to_be_empty()
