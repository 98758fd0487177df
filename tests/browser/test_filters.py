"""Narrowing a list (ux.md, checks 10 and 11), with and without JavaScript, on a desktop and a phone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.thorough

LIST = "/categories/body"
NAMES = "#cards .card-name"


def names(page):
    return page.locator(NAMES).all_inner_texts()


def box(page, label):
    return page.locator("#facets").get_by_role("checkbox", name=re.compile(f"^{label}\\b"))


def test_a_box_that_is_ticked_narrows_the_list_in_place(open_browser):
    page = open_browser(viewport=DESKTOP)
    page.goto(LIST)
    before = names(page)
    page.evaluate("window.isSamePage = true")

    box(page, "300 ml").click()

    expect(page.locator(NAMES)).to_have_text(["Body wash"])
    expect(page).to_have_url(re.compile(r"/categories/body\?attr\.size=300\+ml$"))
    expect(page.locator("#result-count")).to_have_text("1 product")
    expect(page.locator("#result-status")).to_have_text("1 product with 1 filter, sorted by newest first")
    expect(page.get_by_role("link", name="Without Size: 300 ml")).to_be_visible()
    expect(box(page, "300 ml")).to_be_focused()
    expect(box(page, "300 ml")).to_be_checked()
    expect(page.locator("#results")).not_to_have_attribute("aria-busy", "true")
    assert page.evaluate("window.isSamePage") is True

    fresh = open_browser(viewport=DESKTOP)
    fresh.goto(page.url)
    assert names(fresh) == ["Body wash"]

    page.context.add_cookies([{"name": "cart_count", "value": "2", "url": page.url}])
    page.go_back()
    expect(page.locator(NAMES)).to_have_text(before)
    expect(page.locator("#cart-count")).to_contain_text("2 items")
    expect(page.locator("#result-count")).to_have_text("3 products")
    expect(box(page, "300 ml")).not_to_be_checked()


def test_values_of_a_facet_are_or_and_facets_are_and_and_counts_are_true(open_browser):
    page = open_browser(viewport=DESKTOP)
    page.goto("/products?attr.size=30+ml")
    expect(page.locator("#result-count")).to_have_text("1 product")
    box(page, "500 ml").click()
    expect(page.locator(NAMES)).to_have_text(["Body wash", "Amber"])

    box(page, "Body & bath").click()
    expect(page.locator(NAMES)).to_have_text(["Body wash"])

    for row in page.locator("#facets .facet:has(small)").all():
        value, name = row.locator("input").get_attribute("value"), row.locator("input").get_attribute("name")
        count = int(re.match(r"\d+", row.locator("small").inner_text())[0])
        others = {"attr.size": "category=body", "category": "attr.size=30+ml&attr.size=500+ml"}[name]
        found = page.request.get(f"/products?{others}", params={name: value}).text()
        found_count = int(re.search(r'id="result-count"[^>]*>(\d+)', found)[1])
        assert found_count == count, (name, value)


def test_a_chip_takes_its_filter_away_and_clear_all_takes_all(open_browser):
    page = open_browser(viewport=DESKTOP)
    page.goto(f"{LIST}?attr.size=300+ml&attr.scent=Rose&stock=1")
    page.get_by_role("link", name="Without In stock").click()
    expect(page).to_have_url(re.compile(r"body\?attr\.scent=Rose&attr\.size=300\+ml$"))
    expect(box(page, "In stock")).not_to_be_checked()
    page.get_by_role("link", name="Clear all").click()
    expect(page).to_have_url(re.compile(r"/categories/body$"))
    expect(page.locator(NAMES)).to_have_count(3)


def test_prices_and_sorting_belong_to_the_same_list(open_browser):
    page = open_browser(viewport=DESKTOP)
    page.goto(LIST)
    page.get_by_label("Highest price").fill("12,50")
    page.get_by_label("Highest price").press("Tab")
    expect(page.locator(NAMES)).to_have_count(2)
    page.get_by_label("Sort by").select_option("name")
    expect(page).to_have_url(re.compile(r"body\?max=12\.50&sort=name$"))
    expect(page.locator(NAMES)).to_have_text(["Scarce balm", "Sold-out soap"])


def test_where_nothing_is_left_one_press_leads_on(open_browser):
    page = open_browser(viewport=DESKTOP)
    page.goto(f"{LIST}?attr.size=300+ml&max=1")
    expect(page.get_by_role("heading", name="Nothing has all of that")).to_be_visible()
    page.get_by_role("link", name=re.compile(r"^Without Up to \$1.00 1 product")).click()
    expect(page.locator(NAMES)).to_have_text(["Body wash"])


def test_on_a_phone_the_filters_are_a_sheet_that_says_how_many_there_are(open_browser):
    page = open_browser(viewport=PHONE)
    page.goto(LIST)
    page.get_by_role("link", name="Filter").click()
    sheet = page.get_by_role("dialog", name="Filter")
    expect(sheet).to_be_visible()
    expect(sheet.get_by_role("button", name="Show 3 products")).to_be_visible()
    sheet.get_by_role("checkbox", name=re.compile("^300 ml")).click()
    sheet.get_by_role("button", name="Show 1 product").click()
    expect(sheet).to_be_hidden()
    expect(page.locator(NAMES)).to_have_text(["Body wash"])
    expect(page.get_by_role("link", name="Filter (1)")).to_be_focused()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_without_javascript_a_button_applies_the_filters(open_browser, size):
    page = open_browser(javascript=False, viewport=size)
    page.goto(LIST)
    box(page, "300 ml").check()
    box(page, "500 ml").check()
    page.get_by_role("button", name="Apply").click()
    assert names(page) == ["Body wash"]
    page.get_by_role("link", name="Without Size: 300 ml").click()
    expect(page).to_have_url(re.compile(r"body\?attr\.size=500\+ml$"))
    page.get_by_label("Sort by").select_option("name")
    page.get_by_role("button", name="Sort").click()
    assert names(page) == ["Body wash"]
    expect(page).to_have_url(re.compile("sort=name"))


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 400}, PHONE])
def test_a_box_far_down_stays_in_view_when_it_is_ticked(open_browser, viewport):
    page = open_browser(viewport=viewport)
    page.goto(LIST)
    if viewport is PHONE:
        page.get_by_role("link", name="Filter").click()
    size = box(page, "300 ml")
    size.scroll_into_view_if_needed()

    size.click()

    expect(page.locator("#result-count")).to_have_text("1 product")
    expect(size).to_be_focused()
    expect(size).to_be_in_viewport()


def test_the_keyboard_goes_on_where_a_chip_was(open_browser):
    page = open_browser(viewport=DESKTOP)
    page.goto(f"{LIST}?attr.size=300+ml&stock=1")
    page.get_by_role("link", name="Without In stock").press("Enter")
    expect(page).to_have_url(re.compile(r"\?attr\.size=300\+ml$"))
    expect(page.locator("#result-count")).to_have_text("1 product")
    expect(page.locator(".filter-chips a").first).to_be_focused()
