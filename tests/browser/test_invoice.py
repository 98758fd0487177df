"""The invoice on the printer: one page of A4 for a dozen articles, with nothing of the shop around it."""

from __future__ import annotations

import io

import pypdf
import pytest
from playwright.sync_api import expect

from shop.db import db
from shop.domain.orders.tokens import order_token
from shop.domain.terms import Terms
from tests.browser.conftest import PHONE
from tests.browser.shopper import printed
from tests.browser.test_tour import look
from tests.conftest import make_product, placed_order, variants_of

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def link(shop):
    """The address of the invoice of an order of twelve articles, one of them with a long name."""
    return ordered(shop, 12)


def ordered(shop, count):
    with shop.app.app_context():
        terms = Terms.from_settings(shop.app.extensions["shop_settings"])
        names = ["A cream whose name is so long that it needs two lines", *(f"Serum {n}" for n in range(1, count))]
        wanted = [(variants_of(make_product(name, stock=9, price="12.50", variants=["30 ml"]))[0], 2) for name in names]
        order = placed_order(terms, *wanted, confirm=True)
        address = f"/orders/{order.public_id}/invoice?token={order_token(order, terms.order_token_secrets)}"
        db.session.remove()
        return address


def words_of(page):
    return " ".join(page.extract_text().split())


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_twelve_articles_are_printed_on_one_page(page, link, paper):
    page.goto(link)

    (sheet,) = printed(page, paper)

    text = words_of(sheet)
    assert "12 Weaver Lane Amman 11118 Jordan" in text and "Serum 11, 30 ml" in text
    assert "Total $300.00" in text and "Payment: Cash on delivery, $300.00 due at the door." in text
    assert "Page 1 of 1" in text
    assert "Open as PDF" not in text and "Back to the order" not in text and "Skip to content" not in text


def test_many_articles_are_printed_on_several_pages_that_repeat_the_head(page, shop):
    page.goto(ordered(shop, 45))

    sheets = [words_of(sheet) for sheet in printed(page)]

    assert len(sheets) > 1
    for number, text in enumerate(sheets, start=1):
        assert ("Article SKU Quantity Unit price Total" in text) == ("Serum" in text)
        assert f"Page {number} of {len(sheets)}" in text


def test_what_is_printed_has_no_navigation(page, link):
    page.goto(link)
    page.emulate_media(media="print")

    for hidden in (".site-header", ".site-footer", ".announcement", ".invoice-actions"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator(".invoice-parts")).to_contain_text("12 Weaver Lane")
    expect(page.locator(".invoice .total")).to_contain_text("$300.00")


def test_what_is_printed_from_a_dark_screen_is_black_on_white(open_browser, link):
    page = open_browser(color_scheme="dark")
    page.goto(link)
    page.emulate_media(media="print")
    colour = "element => [getComputedStyle(element).color, getComputedStyle(document.body).backgroundColor]"
    for part in ("h1", ".invoice-parts address", ".sum dt", "td"):
        shown = page.locator(f".invoice {part}").first.evaluate(colour)
        assert shown == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"], part


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (390, "dark"), (1280, "light")])
def test_the_page_is_clean_at_every_width(open_browser, link, width, scheme):
    page = open_browser(viewport={"width": width, "height": 800}, color_scheme=scheme)
    look(page, link)


def test_the_invoice_is_reached_from_the_order_without_javascript(open_browser, link):
    page = open_browser(javascript=False, viewport=PHONE)
    page.goto(link.replace("/invoice", ""))
    page.get_by_role("link", name="Invoice").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Invoice")
    answer = page.request.get(page.get_by_role("link", name="Open as PDF").get_attribute("href"))
    assert answer.headers["content-type"] == "application/pdf"
    assert len(pypdf.PdfReader(io.BytesIO(answer.body())).pages) == 1


def test_who_lost_the_link_asks_for_it_without_javascript(open_browser):
    page = open_browser(javascript=False, viewport=PHONE)
    look(page, "/pages/track-order")
    page.get_by_label("Order number").fill("SKN-2026-000001")
    page.get_by_label("E-mail").fill("nobody@example.com")
    page.get_by_role("button", name="Send me the link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your e-mail")
    look(page)
