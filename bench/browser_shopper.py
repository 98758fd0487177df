"""A shopper with a real browser: from the home page to a confirmed order, with JavaScript or without."""

from __future__ import annotations

import re

from playwright.sync_api import Page, sync_playwright

from tests import servers

FORM = {
    "shippingAddress.phone": "+1 212 555 0100",
    "shippingAddress.firstName": "Lina",
    "shippingAddress.lastName": "Haddad",
    "shippingAddress.street": "1 Rainbow Street",
    "shippingAddress.city": "New York",
    "shippingAddress.region": "NY",
    "shippingAddress.postalCode": "10001",
}


def buy_in_browser(url: str, email: str, *, javascript: bool) -> str:
    """Buy the second variant of a product by cash on delivery; the number of the order."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=servers.chromium_binary(), args=servers.CHROMIUM_FLAGS)
        try:
            page = browser.new_context(java_script_enabled=javascript).new_page()
            return _buy(page, url, email, javascript)
        finally:
            browser.close()


def _buy(page: Page, url: str, email: str, javascript: bool) -> str:
    page.goto(url)
    page.get_by_role("link", name="Eau de parfum").first.click()
    page.locator("a", has_text="Oud Nacré").first.click()
    page.get_by_label("100 ml").first.check()
    if javascript:
        page.wait_for_url("**variant=**")
    page.get_by_role("button", name="Add to cart").first.click()
    if javascript:
        page.get_by_role("link", name="Checkout").first.click()
    else:
        page.wait_for_url("**/cart")
        page.get_by_role("link", name=re.compile("Checkout", re.I)).first.click()
    page.locator('[name="shippingAddress.email"]').fill(email)
    for name, text in FORM.items():
        field = page.locator(f'[name="{name}"]')
        field.select_option(text) if name.endswith("region") else field.fill(text)
    page.get_by_role("button", name=re.compile("Place order")).first.click()
    page.wait_for_url("**/orders/**")
    shown = page.locator("main").inner_text()
    assert "Thank you" in shown and "100 ml" in shown, shown[:500]
    number = re.search(r"[A-Z]{2,8}-\d{4}-\d{6,}", shown)
    assert number, shown[:500]
    return number.group()
