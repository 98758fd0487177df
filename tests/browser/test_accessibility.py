"""axe finds nothing on any page, in light, in dark and from right to left (ux.md, check 3)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from shop.db import transaction_time
from shop.domain.reviews.tokens import review_token
from shop.domain.terms import Terms
from tests.browser.conftest import PATIENCE, RunningShop
from tests.browser.shopper import add_to_cart, fill_address, place_order
from tests.conftest import make_customer, make_product, make_staff
from tests.domain.reviews.stories import approved_review, delivered_order

pytestmark = pytest.mark.thorough

AXE = Path(__file__).with_name("vendor") / "axe-4.14.1.min.js"
RUN = """asked => axe.run({runOnly: asked, resultTypes: ['violations'], iframes: false})
  .then(found => found.violations.flatMap(v => v.nodes.map(n => `${v.id}: ${v.help}: ${n.html.slice(0, 120)}`)))"""
# Colours that are still on their way from one theme to the other would be measured in between.
STILL = """() => {
  const still = new CSSStyleSheet();
  still.replaceSync('*, *::before, *::after { transition: none !important; animation: none !important; }');
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, still];
}"""
EVERYTHING = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
# Another theme changes nothing but colours and another direction nothing but places: the other rules would only
# read the same document again.
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
PLACES = {"type": "rule", "values": ["target-size", "scrollable-region-focusable"]}
NARROW = (("light", "ltr", PLACES),)
MODES = (("light", "ltr", EVERYTHING), ("dark", "ltr", COLOURS), ("light", "rtl", PLACES))
PUBLIC = {
    "home": "/",
    "category": "/categories/face",
    "category's last page": "/categories/face?page=2",
    "list that is narrowed": "/categories/body?attr.size=300+ml&stock=1&max=99",
    "list of which nothing is left": "/products?attr.size=300+ml&max=1",
    "everything": "/products",
    "product with options": "/products/body-wash",
    "product sold out": "/products/sold-out-soap",
    "combination that is not offered": "/products/body-wash?o1=500+ml&o2=Rose",
    "search without words": "/search",
    "search with results": "/search?q=cream",
    "search without results": "/search?q=zzz",
    "shipping": "/pages/shipping",
    "terms": "/pages/terms",
    "privacy": "/pages/privacy",
    "contact": "/pages/contact",
    "track an order": "/pages/track-order",
    "accessibility": "/pages/accessibility",
    "offline": "/offline",
    "empty cart": "/cart",
    "empty wish list": "/wish-list",
    "product with reviews": "/products/praised",
    "reviews": "/products/praised/reviews?stars=5",
    "who can review": "/reviews/products/praised",
    "sign-in": "/sign-in",
    "register": "/account/register",
    "letter sent": "/account/letter",
    "confirm": "/account/confirm",
    "forgot": "/account/password",
    "reset": "/account/password/reset",
    "404": "/products/nothing",
    "410": "/products/no-more-oil",
    "mistake in an address": "/categories/face?page=-1",
    "styleguide": "/styleguide",
}


@pytest.fixture(scope="module")
def page(browser: Browser, shop: RunningShop) -> Iterator[Page]:
    """One visitor for all of these tests, whose browser lets axe in and who has an account."""
    with shop.app.app_context():
        make_customer("axe@example.com")
        make_product("No more oil", slug="no-more-oil", status="archived")
        approved_review(
            app_terms(shop), make_staff(email="axe-staff@example.com"), make_product("Praised", slug="praised")
        )
    context = browser.new_context(base_url=shop.url, bypass_csp=True, service_workers="block")
    context.set_default_timeout(PATIENCE)
    context.add_init_script(path=AXE)
    yield context.new_page()
    context.close()


def app_terms(shop: RunningShop) -> Terms:
    return shop.app.extensions["shop_terms"]


def violations(page: Page, where: str, modes: Sequence[tuple[str, str, dict]] = MODES) -> list[str]:
    """What axe has against the page as it stands, in each theme and direction."""
    found = []
    page.evaluate(STILL)
    for scheme, direction, rules in modes:
        page.emulate_media(color_scheme=scheme)
        page.evaluate("direction => { document.documentElement.dir = direction }", direction)
        found += [f"{where}, {scheme}, {direction}: {text}" for text in page.evaluate(RUN, rules)]
    page.evaluate("() => { document.documentElement.dir = 'ltr' }")
    return found


def test_axe_finds_nothing_on_the_pages_that_anybody_may_open(page):
    found = []
    for name, path in PUBLIC.items():
        answer = page.goto(path)
        assert answer.status in {200, 404, 410, 422}, name
        found += violations(page, name)
    assert not found, "\n".join(found)


def test_axe_finds_nothing_from_the_product_to_the_order(page):
    found = []
    add_to_cart(page, "body-wash")
    found += violations(page, "added")
    page.goto("/products/scarce-balm")
    page.get_by_label("Quantity").fill("9")
    page.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_text("Only 3 left.")).to_be_visible()
    found += violations(page, "not added")
    page.goto("/cart")
    found += violations(page, "full cart")
    page.goto("/checkout")
    found += violations(page, "checkout")
    page.get_by_label("Billing address is the same").uncheck()
    found += violations(page, "checkout with a billing address")
    page.evaluate("document.getElementById('checkout').noValidate = true")
    page.get_by_role("button", name=re.compile("Place order")).click()
    expect(page.locator("#mistakes")).to_be_focused()
    found += violations(page, "checkout with mistakes")
    page.get_by_label("Billing address is the same").check()
    fill_address(page)
    place_order(page)
    found += violations(page, "confirmation")
    page.goto(page.url.replace("placed=1", "placed=0"))
    found += violations(page, "order status")
    assert not found, "\n".join(found)


def test_axe_finds_nothing_while_a_picture_is_shown_large(page):
    page.goto("/products/amber")
    page.locator(".strip a").first.click()
    expect(page.locator("#zoom")).to_be_visible()
    assert violations(page, "large picture") == []


def test_axe_finds_nothing_on_the_wish_list_and_the_page_for_reviewing(page, shop):
    found = []
    for slug in ("amber", "scarce-balm", "sold-out-soap"):
        page.goto(f"/products/{slug}")
        page.get_by_role("button", name="Save to wish list").click()
        expect(page.get_by_role("button", name="On your wish list")).to_be_visible()
    found += violations(page, "full heart")
    page.goto("/wish-list")
    page.get_by_role("button", name="Remove Scarce balm").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.get_by_role("button", name="Make a link").click()
    expect(page.get_by_label("Link to your list")).to_be_visible()
    found += violations(page, "wish list")
    page.get_by_role("link", name="See what others see").click()
    page.wait_for_url("**/wish-lists/*")
    found += violations(page, "shared wish list")
    with shop.app.app_context():
        product = make_product("Axed", slug="axed")
        order = delivered_order(app_terms(shop), make_staff(email="axe-staff-2@example.com"), product)
        token = review_token(order, transaction_time() + timedelta(days=1), app_terms(shop).order_token_secrets)
    page.goto(f"/reviews/{token}")
    found += violations(page, "reviewing")
    page.evaluate("document.querySelectorAll('form').forEach(form => { form.noValidate = true })")
    page.get_by_role("button", name=re.compile("Send review")).click()
    expect(page.locator("#mistakes")).to_be_visible()
    found += violations(page, "reviewing with mistakes")
    assert not found, "\n".join(found)


def test_axe_finds_nothing_on_the_pages_of_a_customer(page):
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill("axe@example.com")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    found = violations(page, "sign-in with a mistake")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/account")
    found += violations(page, "account without orders")
    add_to_cart(page)
    page.goto("/checkout")
    fill_address(page)
    place_order(page)
    page.goto("/account")
    found += violations(page, "account with an order")
    assert not found, "\n".join(found)
