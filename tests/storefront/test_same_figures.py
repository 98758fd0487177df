"""One order's figures are the same strings on every face of the shop, and they add up (ux.md, check 19)."""

from __future__ import annotations

import html
import io
import re

import pypdf
import pytest

from shop.db import transaction_time
from shop.domain.actors import SYSTEM
from shop.domain.outbox import ClaimedEmail
from shop.domain.promotions.codes import CodeWish, create_code
from shop.jobs.letters import write_letter
from shop.money import Money
from tests.admin.pages import sign_in as sign_in_staff
from tests.conftest import make_product, make_staff, variants_of
from tests.storefront.pages import HTMX, body, order_form, put_in_cart, value_of

PRICES = {"USD": ("24.99", "7.35"), "JOD": ("8.415", "3.005"), "JPY": ("2499", "735")}
DELIVERY = {"USD": "6.44", "JOD": "2.125", "JPY": "644"}


@pytest.mark.parametrize("currency", PRICES)
def test_every_face_says_the_same(app, limited_client, currency):
    delivery = {"id": "standard", "name": "Standard", "price": DELIVERY[currency], "min_days": 1, "max_days": 2}
    shop = limited_client(
        shop_currency=currency,
        tax_rate_percent="10.75",
        tax_included=False,
        shipping_methods=[delivery],
        max_cash_on_delivery=10**6,
    )
    dear, cheap = (variants_of(make_product(price=price, currency=currency))[0] for price in PRICES[currency])
    code = {"code": "SPRING", "kind": "percentage", "value": "12.5", "isActive": True}
    create_code(CodeWish.model_validate(code), SYSTEM, currency)
    put_in_cart(shop, dear, 1)
    put_in_cart(shop, cheap, 1)
    shop.post(
        "/cart/discount", data={"csrf_token": value_of(shop.get("/cart"), "csrf_token"), "discountCode": "SPRING"}
    )
    drawer, cart = shop.get("/cart?view=drawer", headers=HTMX), shop.get("/cart")
    quoted = shop.post("/checkout", data=order_form(shop.get("/checkout"), action="quote"))
    placed = shop.post("/checkout", data=order_form(quoted))
    assert placed.status_code == 303, body(placed)

    order_id, token = re.search(r"/orders/(order_\w+)\?token=([^&]+)", placed.location).groups()
    over_api = shop.get(f"/api/v1/orders/{order_id}?token={token}").get_json()["data"]
    names = ("subtotal", "discount", "shipping", "tax", "total")
    subtotal, discount, shipping, tax, total = (over_api[name] for name in names)
    figures = [Money(over_api[name], currency).format() for name in names]
    assert subtotal - discount + shipping + tax == total and min(discount, shipping, tax) > 0
    assert over_api["receipt"][-1]["amount"] == total

    make_staff(email="owner@example.com")
    staff = shop.application.test_client()
    sign_in_staff(staff, "owner@example.com")
    faces = {
        "checkout": body(quoted),
        "confirmation": body(shop.get(placed.location)),
        "invoice": body(shop.get(f"/orders/{order_id}/invoice?token={token}")),
        "PDF": _printed(shop.get(f"/orders/{order_id}/invoice.pdf?token={token}").data),
        "admin": body(staff.get(f"/admin/orders/{order_id}")),
    }
    with shop.application.app_context():
        now = transaction_time()
        letter = write_letter(
            ClaimedEmail(1, "email_1", "order_confirmed", over_api["email"], order_id, 1, now, "", now)
        )
    faces |= {"letter": _said(letter.html), "letter's text": letter.text}
    for face, words in faces.items():
        assert [figure for figure in figures if _plain(figure) not in _plain(words)] == [], face
    for face, words in {"drawer": body(drawer), "cart": body(cart)}.items():
        assert [figure for figure in figures[:2] if _plain(figure) not in _plain(words)] == [], face


def _said(page: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", " ", page))


def _printed(document: bytes) -> str:
    return " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(document)).pages)


def _plain(words: str) -> str:
    """Without white space: a no-break space and a line's end in a PDF are the same to a reader."""
    return "".join(words.split())
