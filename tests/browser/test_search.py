"""Suggestions while somebody types: by keyboard, by pointer, on a phone, and without JavaScript (ux.md, check 13)."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.test_accessibility import AXE, violations

pytestmark = pytest.mark.thorough


def field_of(page: Page):
    return page.get_by_label("Search the shop")


def options_of(page: Page):
    return page.locator("#suggest").get_by_role("option")


def test_typing_suggests_and_the_arrow_keys_choose(page):
    page.goto("/")
    field, options = field_of(page), options_of(page)
    field.focus()
    expect(field).to_have_attribute("aria-controls", "suggest")
    field.press_sequentially("cre", delay=30)
    expect(options.first).to_be_visible()

    assert 1 <= options.count() <= 8
    expect(field).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#suggest-said")).to_have_text(re.compile(r"^\d suggestions$"))
    field.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", "suggest-1")
    expect(field).to_have_value(options.first.get_attribute("data-text"))
    expect(options.first).to_have_attribute("aria-selected", "true")
    field.press("ArrowUp")
    expect(field).to_have_value("cre")
    field.press("ArrowUp")
    expect(options.last).to_have_attribute("aria-selected", "true")

    field.press("Escape")
    expect(options).to_have_count(0)
    expect(field).to_have_value("cre")
    expect(field).to_have_attribute("aria-expanded", "false")
    field.press("Enter")
    page.wait_for_url("**/search?q=cre")
    expect(page.get_by_role("heading", level=1)).to_have_text("“cre”")


def test_enter_on_a_row_goes_where_it_leads(page):
    page.goto("/")
    field = field_of(page)
    field.press_sequentially("ambe", delay=30)
    row = options_of(page).filter(has_text="$58.00")
    expect(row).to_be_visible()
    for _ in range(8):
        field.press("ArrowDown")
        if row.get_attribute("aria-selected") == "true":
            break
    expect(field).to_have_value("Amber")
    field.press("Enter")
    page.wait_for_url("**/products/amber")


def test_a_row_can_be_pressed_and_leaving_the_field_closes_the_list(page):
    page.goto("/")
    field_of(page).press_sequentially("face", delay=30)
    options_of(page).filter(has_text="Face care").click()
    page.wait_for_url("**/categories/face")
    field_of(page).press_sequentially("crea", delay=30)
    expect(options_of(page).first).to_be_visible()
    page.mouse.click(5, 600)  # beside everything
    expect(options_of(page)).to_have_count(0)


def test_fast_typing_leaves_the_answer_to_the_last_of_it(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/search/suggest" in request.url else None)
    page.goto("/")
    field = field_of(page)
    field.focus()
    expect(field).to_have_attribute("role", "combobox")
    field.press_sequentially("body wash", delay=15)
    expect(options_of(page).filter(has_text="$19.00")).to_be_visible()
    assert len(asked) <= 3 and re.search(r"q=body(\+|%20)wash$", asked[-1])
    field.press_sequentially("zzzz", delay=15)
    field.fill("b")
    expect(options_of(page)).to_have_count(0)
    time.sleep(0.5)
    assert not any(re.search(r"q=b$", address) for address in asked)


def test_an_answer_that_is_not_waited_for_any_more_is_no_error(page):
    asked = []

    def answer_only_the_last(route):
        asked.append(route.request.url)
        if route.request.url.endswith("wash"):
            route.continue_()

    page.route("**/search/suggest*", answer_only_the_last)
    page.goto("/")
    field_of(page).focus()
    expect(field_of(page)).to_have_attribute("role", "combobox")
    for part in ("bo", "dy", " wash"):
        field_of(page).press_sequentially(part)
        page.wait_for_timeout(400)
    expect(options_of(page).filter(has_text="$19.00")).to_be_visible()
    assert len(asked) == 3
    expect(page.locator("#toasts")).to_be_empty()


def test_on_a_phone_the_rows_are_as_wide_as_the_page_and_easy_to_press(open_browser):
    page = open_browser(viewport=PHONE)
    page.goto("/")
    field_of(page).press_sequentially("crea", delay=30)
    expect(options_of(page).first).to_be_visible()
    for box in [option.bounding_box() for option in options_of(page).all()]:
        assert box["height"] >= 48
    listed = page.locator("#suggest").bounding_box()
    assert listed["width"] >= PHONE["width"] - 1
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_script_comes_with_the_first_look_into_the_field(page):
    loaded = []
    page.on("request", lambda request: loaded.append(request.url) if "/js/search.js" in request.url else None)
    page.goto("/")
    page.wait_for_load_state("networkidle")
    assert loaded == []
    field_of(page).focus()
    expect(field_of(page)).to_have_attribute("role", "combobox")
    field_of(page).blur()
    field_of(page).focus()
    assert len(loaded) == 1


def test_without_javascript_the_field_searches(open_browser):
    page = open_browser(javascript=False)
    page.goto("/")
    field_of(page).fill("ambr")
    field_of(page).press("Enter")
    page.wait_for_url("**/search?q=ambr")
    expect(page.get_by_text("Showing results for amber")).to_be_visible()
    page.get_by_role("link", name="Search for “ambr” instead").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Nothing found for “ambr”")


@pytest.mark.parametrize("viewport", [{"width": 1280, "height": 900}, PHONE])
def test_axe_finds_nothing_with_the_list_open(browser, shop, viewport):
    context = browser.new_context(base_url=shop.url, bypass_csp=True, service_workers="block", viewport=viewport)
    context.add_init_script(path=AXE)
    page = context.new_page()
    page.goto("/")
    field_of(page).press_sequentially("cre", delay=30)
    expect(options_of(page).first).to_be_visible()
    field_of(page).press("ArrowDown")
    found = violations(page, "suggestions")
    context.close()
    assert not found, "\n".join(found)
