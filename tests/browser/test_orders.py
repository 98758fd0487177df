"""An order from packing to its refund on the admin's one page, with and without JavaScript; its customer's page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from shop.db import db
from tests.browser.conftest import DESKTOP, PHONE, RunningShop
from tests.browser.test_accessibility import AXE, MODES, violations
from tests.conftest import make_product, make_staff, placed_order, variants_of

pytestmark = pytest.mark.thorough

PASSWORD = "correct horse battery"


@pytest.fixture
def order_page(shop: RunningShop, request: pytest.FixtureRequest) -> tuple[str, str]:
    """The address of a confirmed order of three, and the e-mail address of somebody who may do everything."""
    email = f"clerk-{request.node.name.partition('[')[2].rstrip(']').replace(' ', '-').lower()}@example.com"
    with shop.app.app_context():
        make_staff(email=email)
        variant = variants_of(make_product(f"Oil of {request.node.name}", price="20.00", stock=9))[0]
        order = placed_order(shop.app.extensions["shop_terms"], (variant, 3), confirm=True)
        address = f"/admin/orders/{order.public_id}"
        db.session.remove()
    return address, email


def sign_in(page: Page, email: str) -> None:
    page.goto("/admin/sign-in")
    page.fill("[name=email]", email)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    expect(page.get_by_role("heading", level=1)).not_to_contain_text("Sign in")


@pytest.mark.parametrize("javascript", [True, False])
def test_staff_send_in_two_parcels_and_refund_a_unit(open_browser, order_page, javascript):
    address, email = order_page
    page = open_browser(javascript=javascript, viewport=DESKTOP if javascript else PHONE)
    sign_in(page, email)
    page.goto(address)

    page.locator("#pack").get_by_role("button").dblclick()
    expect(page.get_by_role("status").first).to_contain_text("being packed")
    page.locator("#ship input[type=number]").fill("2")
    page.locator("#ship-carrier").fill("DHL")
    page.locator("#ship-number").fill("JD 01")
    page.locator("#ship").get_by_role("button").click()
    expect(page.get_by_role("link", name="JD 01")).to_be_visible()
    expect(page.get_by_text("2 of 3 sent")).to_be_visible()
    page.locator("#ship").get_by_role("button").click()
    page.locator("#deliver").get_by_role("button").click()
    page.locator("#collect").get_by_role("button").click()
    expect(page.get_by_role("status").first).to_contain_text("is paid")

    page.get_by_text("Give money back").click()
    page.locator("#refund input[type=number]").fill("1")
    page.locator("#refund").get_by_role("button", name="See what it comes to").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Give back $20.00?")
    page.get_by_role("button", name="Give back $20.00").click()
    expect(page.get_by_role("status").first).to_contain_text("given back")

    page.get_by_role("link", name="Customer's page").click()
    expect(page.get_by_role("heading", name="Parcels")).to_be_visible()
    expect(page.get_by_text("−$20.00")).to_be_visible()
    page.get_by_role("button", name="Buy again").click()
    expect(page.get_by_role("heading", name="Cart", exact=True)).to_be_visible()


def test_axe_finds_nothing_on_the_page_with_all_its_forms_open(browser, shop, order_page):
    address, email = order_page
    context = browser.new_context(base_url=shop.url, bypass_csp=True, service_workers="block", viewport=PHONE)
    context.add_init_script(path=AXE)
    page = context.new_page()
    sign_in(page, email)
    page.goto(address)
    page.locator("#pack").get_by_role("button").click()
    found = _violations_with_forms(page, "packing", "#ship")
    page.locator("#ship").get_by_role("button").click()
    found += _violations_with_forms(page, "sent", "#refuse")
    page.locator("#deliver").get_by_role("button").click()
    page.locator("#collect").get_by_role("button").click()
    found += _violations_with_forms(page, "delivered and paid", "#refund")
    context.close()
    assert not found, "\n".join(found)


def _violations_with_forms(page: Page, name: str, form: str) -> list[str]:
    expect(page.locator(form)).to_be_attached()
    page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true")
    wide = "() => [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth)"
    assert page.evaluate(wide + ".map(e => e.outerHTML.slice(0, 90))") == [], f"{name} is wider than the screen"
    return violations(page, name, MODES)
