"""The mailbox page in a browser: the confirmation letter, light and dark, narrow and wide, with its pictures."""

from __future__ import annotations

import base64

import pytest
from playwright.sync_api import expect

from shop.db import db
from shop.domain.catalog.models import Product
from shop.domain.checkout import check_out_with_cash
from shop.domain.orders.models import OrderLineItem
from shop.domain.outbox import unasked_emails
from shop.jobs.emails import send_email
from shop.jobs.outbox import dispatch_all
from tests.browser.conftest import DESKTOP, PHONE
from tests.conftest import SHOPPER, cart_with, order_wish, variants_of

pytestmark = pytest.mark.thorough

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
PAPER = {"light": "rgb(251, 250, 247)", "dark": "rgb(20, 20, 18)"}
INK = {"light": "rgb(28, 27, 25)", "dark": "rgb(244, 241, 234)"}


@pytest.fixture(scope="module")
def order_number(shop):
    """An order with a picture, whose letter is in the mailbox."""
    with shop.app.app_context():
        terms = shop.app.extensions["shop_terms"]
        shop.app.extensions["shop_storage"].save("demo/amber.png", PNG)
        amber = db.session.scalars(db.select(Product).filter_by(slug="amber")).one()
        cart_id = cart_with(terms, (variants_of(amber)[0], 2))
        order = check_out_with_cash(order_wish(cart_id), SHOPPER, terms)
        db.session.execute(db.update(OrderLineItem).filter_by(order_id=order.id).values(image_file="demo/amber.png"))
        db.session.commit()
        dispatch_all()
        for email_id in unasked_emails():
            send_email(email_id)
        number = order.number
        db.session.remove()
    return number


@pytest.mark.parametrize("system", ["light", "dark"])
@pytest.mark.parametrize(("width", "frame_width"), [("Phone", 390), ("Desktop", 700)])
def test_a_letter_is_light_and_dark_whatever_the_system_says(open_browser, order_number, system, width, frame_width):
    page = open_browser(viewport=DESKTOP, color_scheme=system)

    page.goto("/dev/mail")
    page.get_by_role("link", name=f"Your order {order_number} is confirmed").click()
    page.get_by_role("link", name=width, exact=True).click()

    expect(page.get_by_role("link", name=width, exact=True)).to_have_attribute("aria-current", "page")
    for scheme in ("light", "dark"):
        frame = page.locator(f"iframe.{scheme}")
        assert frame.bounding_box()["width"] == frame_width
        letter = frame.content_frame
        expect(letter.locator("body")).to_have_css("background-color", PAPER[scheme])
        expect(letter.get_by_role("heading", name="Thank you, Lina")).to_have_css("color", INK[scheme])
        picture = letter.locator("img")
        picture.scroll_into_view_if_needed()
        assert picture.evaluate("async image => { await image.decode(); return image.naturalWidth }") == 1


@pytest.mark.parametrize("width", [320, 390, 700])
def test_the_letter_fits_every_width(open_browser, watched, order_number, width):
    watched.expected = ["NotSameOrigin"]  # the browser's own request for an icon of the sandboxed page
    page = open_browser(viewport={"width": width, "height": 800})
    page.goto("/dev/mail")
    page.get_by_role("link", name=f"Your order {order_number} is confirmed").click()
    page.goto(page.locator("iframe.dark").get_attribute("src"))

    scroll, client = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")

    assert scroll <= client
    assert page.locator("h1").count() == 1


def test_the_button_of_the_letter_opens_the_order_in_the_whole_window(open_browser, order_number):
    page = open_browser(viewport=PHONE)
    page.goto("/dev/mail")
    page.get_by_role("link", name=f"Your order {order_number} is confirmed").click()

    page.locator("iframe.light").content_frame.get_by_role("link", name="See your order").click()

    expect(page.get_by_role("heading", name=f"Order {order_number}")).to_be_visible()
