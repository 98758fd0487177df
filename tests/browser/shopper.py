"""What a shopper does in a browser, told in their words."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Sequence

import pypdf
from playwright.sync_api import Page, expect

ADDRESS = {
    "phone": "+1 212 555 0100",
    "firstName": "Lina",
    "lastName": "Haddad",
    "street": "1 Rainbow Street",
    "city": "New York",
    "region": "NY",
    "postalCode": "10001",
}


def add_to_cart(page: Page, slug: str = "amber", quantity: int = 1) -> None:
    """Open the product and add it; with JavaScript the page stays."""
    page.goto(f"/products/{slug}")
    page.get_by_label("Quantity").fill(str(quantity))
    page.locator("#add").click()
    expect(page.get_by_role("heading", name="Your cart")).to_be_visible()


def fill_address(page: Page) -> str:
    """Fill the form with an e-mail address of one's own, which is returned."""
    email = f"{uuid.uuid4().hex}@example.com"
    page.locator('[name="shippingAddress.email"]').fill(email)
    for name, text in ADDRESS.items():
        fill_part(page, name, text)
    return email


def fill_part(page: Page, name: str, text: str) -> None:
    """Type a part of the address, or choose it where there is a list."""
    field = page.locator(f'[name="shippingAddress.{name}"]')
    if field.evaluate("field => field.matches('select')"):
        field.select_option(text)
    else:
        field.fill(text)


def place_order(page: Page) -> str:
    """Press the button and wait for the confirmation; the order's number."""
    page.get_by_role("button", name=re.compile("Place order")).click()
    page.wait_for_url("**/orders/order_*")
    return number_on(page)


def number_on(page: Page) -> str:
    found = re.search(r"SKN-\d{4}-\d{6}", page.locator("main").inner_text())
    assert found, "no order number on this page"
    return found[0]


def expect_in_cart(page: Page, items: int) -> None:
    """The cart's link says how many items are in it, also to those who do not see it."""
    name = {0: "Cart", 1: "Cart 1 item"}.get(items, f"Cart {items} items")
    expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


def printed(page: Page, paper: str = "A4") -> Sequence[pypdf.PageObject]:
    """The page as sheets, as they leave the printer."""
    return pypdf.PdfReader(io.BytesIO(page.pdf(format=paper))).pages
