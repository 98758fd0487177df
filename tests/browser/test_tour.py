"""A tour of every page: no complaint, no foreign origin, no overflow, targets large enough, one heading."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE
from tests.browser.shopper import add_to_cart, fill_address, place_order

PUBLIC = [
    "/",
    "/categories/face",
    "/categories/face?page=2&sort=price_desc",
    "/categories/face?page=9",
    "/products/amber",
    "/products/body-wash",
    "/products/long-cream",
    "/products/sold-out-soap",
    "/search",
    "/search?q=cream",
    "/search?q=zzz",
    "/pages/shipping",
    "/pages/terms",
    "/pages/privacy",
    "/sign-in",
    "/cart",
]
LOST = ["/products/nothing", "/categories/face?page=-1"]

WIDTH = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
# Interactive things smaller than WCAG 2.2's 24 px, links inside of sentences apart.
SMALL = """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
  .filter(e => e.checkVisibility({visibilityProperty: true}) && e.type !== 'hidden')
  .filter(e => !e.closest('.visually-hidden, .skip'))
  .filter(e => !(e.matches('a') && e.closest('p, li, dd, address') && getComputedStyle(e).display === 'inline'))
  .map(e => [e.outerHTML.slice(0, 90), (e.closest('label') ?? e).getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.width < 24 || box.height < 24))
  .map(([what, box]) => `${what} ${Math.round(box.width)}×${Math.round(box.height)}`)"""
UNNAMED = """() => [...document.querySelectorAll('input, select, textarea')]
  .filter(e => e.type !== 'hidden' && !e.labels?.length && !e.ariaLabel).map(e => e.outerHTML.slice(0, 90))"""


def look(page, path=None):
    """Open a page and find nothing wrong with it."""
    if path:
        page.goto(path)
    where = path or page.url
    scroll, client = page.evaluate(WIDTH)
    assert scroll <= client, f"{where} is {scroll} px wide"
    assert page.evaluate(SMALL) == [], where
    assert page.evaluate(UNNAMED) == [], where
    assert page.locator("h1").count() == 1, where
    assert page.locator("main").count() == 1, where


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (768, "light"), (1280, "dark")])
def test_every_page_is_clean_at_every_width_and_in_both_themes(open_browser, watched, width, scheme):
    watched.expected = ["status of 404", "status of 422"]
    page = open_browser(viewport={"width": width, "height": 800}, color_scheme=scheme)
    for path in PUBLIC + LOST:
        look(page, path)
    add_to_cart(page, "long-cream")
    look(page)
    add_to_cart(page, "body-wash", 2)
    look(page, "/cart")
    look(page, "/checkout")
    page.get_by_label("Billing address is the same").uncheck()
    page.get_by_text("Add an apartment").click()
    look(page)
    page.get_by_label("Billing address is the same").check()
    fill_address(page)
    place_order(page)
    look(page)
    page.get_by_text("Cancel this order").click()
    look(page)
    page.get_by_role("button", name="Cancel order").click()
    expect(page.get_by_text("This order was cancelled.")).to_be_visible()
    look(page)


def test_every_page_is_whole_without_javascript(open_browser, watched):
    watched.expected = ["status of 404", "status of 422"]
    page = open_browser(javascript=False, viewport=PHONE)
    for path in PUBLIC + LOST:
        look(page, path)
        assert page.locator("footer").is_visible()


def test_the_policy_of_the_browser_was_never_broken(open_browser):
    page = open_browser()
    page.add_init_script(
        "window.broken = [];"
        "document.addEventListener('securitypolicyviolation', e => window.broken.push(e.violatedDirective))"
    )
    for path in PUBLIC:
        page.goto(path)
        assert page.evaluate("window.broken") == [], path
    add_to_cart(page)
    page.keyboard.press("Escape")
    page.get_by_label("50 ml").check()
    page.wait_for_url("**variant=var_*")
    assert page.evaluate("window.broken") == []
    page.goto("/cart")
    page.get_by_role("button", name="One more").click()
    expect(page.locator("#cart-totals")).to_contain_text("$116.00")
    assert page.evaluate("window.broken") == []


def test_the_layout_stays_where_it_is_while_a_page_loads(open_browser):
    page = open_browser(viewport=PHONE)
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => list.getEntries().forEach(e => window.shift += e.value))"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    for path in ("/", "/categories/face", "/products/amber", "/cart"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("window.shift") <= 0.02, path


def test_a_printed_order_has_no_navigation(open_browser):
    page = open_browser()
    add_to_cart(page)
    page.goto("/checkout")
    fill_address(page)
    place_order(page)
    page.emulate_media(media="print")
    assert not page.locator(".site-categories").is_visible()
    assert not page.locator("footer").is_visible()
    expect(page.locator(".sum .total")).to_be_visible()
