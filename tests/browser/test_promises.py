"""What a shopper may count on: few fields, no account, choices that can be shared, a link that is theirs alone
(ux.md, checks 4, 5, 15 and 24)."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from shop.db import db
from tests.browser.shopper import add_to_cart, fill_address, place_order

FIELDS = """() => [...document.querySelectorAll('#checkout input, #checkout select, #checkout textarea')]
  .filter(e => !['hidden', 'radio', 'checkbox'].includes(e.type) && !e.disabled && e.checkVisibility())
  .map(e => [e.name, e.labels.length, e.autocomplete])"""
TOKEN = re.compile(r"(email|tel|shipping [a-z0-9-]+)")


def test_the_checkout_asks_for_eight_fields_at_most_nine(page):
    add_to_cart(page)
    page.goto("/checkout")
    counts = {}
    for code in page.locator("#shippingAddress-country option").evaluate_all("all => all.map(o => o.value)"):
        page.locator("#shippingAddress-country").select_option(code)
        expect(page.locator("[name=quotedCountry]")).to_have_value(code)
        fields = page.evaluate(FIELDS)
        assert all(labels == 1 and TOKEN.fullmatch(token) for _, labels, token in fields), fields
        counts[code] = len(fields)
    assert counts["JO"] <= 8 and max(counts.values()) <= 9, counts


def test_nobody_needs_an_account_to_order(page):
    add_to_cart(page)
    page.goto("/checkout")
    assert page.locator("input[type=password]").count() == 0
    assert page.locator("h1").count() == 1
    primary = page.locator(".button.primary:visible")
    expect(primary).to_have_count(1)
    expect(primary).to_contain_text("$62.90")


def test_a_choice_has_an_address_that_can_be_shared(page, open_browser, shop):
    from tests.conftest import SHOPPER, make_product, placed_order, variants_of

    with shop.app.app_context():
        rose = make_product("Rose water", slug="rose-water", stock=2, variants=["Small", "Large"], price="15.00")
        placed_order(shop.app.extensions["shop_terms"], (variants_of(rose)[1], 2), confirm=True, actor=SHOPPER)
        db.session.remove()
    page.goto("/products/rose-water")
    expect(page.locator("#stock-line")).to_have_text("Only 2 left")
    page.get_by_label("Large").check()
    page.wait_for_url("**variant=var_*")
    expect(page.locator("#stock-line")).to_have_text("Sold out in Large")
    expect(page.locator("#add")).to_be_disabled()
    article = page.get_by_text("Article number").inner_text()

    other = open_browser(javascript=False)
    other.goto(page.url)

    expect(other.get_by_label("Large")).to_be_checked()
    expect(other.get_by_text("Article number")).to_have_text(article)
    expect(other.locator("#add")).to_be_disabled()


def test_the_link_to_an_order_opens_it_for_whoever_has_it_and_nobody_else(page, open_browser):
    add_to_cart(page)
    page.goto("/checkout")
    fill_address(page)
    number = place_order(page)
    link = page.url

    stranger = open_browser()
    answer = stranger.goto(link)
    assert number in stranger.locator("main").inner_text()
    for fact in ("Expected by", "Confirmed", "Items", "Delivery address", "Payment", "Total"):
        expect(stranger.locator("main").get_by_text(fact).locator("visible=true").first).to_be_visible()
    assert "no-store" in answer.headers["cache-control"] and answer.headers["x-robots-tag"] == "noindex"

    changed = re.sub(r"(token=.{10})(.)", lambda found: found[1] + ("A" if found[2] != "A" else "B"), link)
    assert changed != link and stranger.request.get(changed).status == 404
