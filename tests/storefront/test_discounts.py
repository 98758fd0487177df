"""Discount codes on the pages: entered in the cart and at the checkout, removed, refused in words."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from shop.db import db, transaction_time
from shop.domain.orders.models import Order
from shop.domain.promotions.models import DiscountCode
from tests.conftest import make_product, variants_of
from tests.domain.promotions.codes import make_code
from tests.storefront.pages import HTMX, body, order_form, put_in_cart, value_of


@pytest.fixture
def variant(app):
    return variants_of(make_product("Amber", price="20.00", stock=5))[0]


@pytest.fixture
def cart_page(client, variant):
    put_in_cart(client, variant, 2)
    return client.get("/cart")


def enter(client, page, code, *, headers=None):
    data = {"csrf_token": value_of(page, "csrf_token"), "discountCode": code}
    return client.post("/cart/discount", data=data, headers=headers)


def test_a_code_is_entered_in_the_cart_and_removed_again(client, cart_page):
    make_code()
    assert "Have a code?" in body(cart_page)

    entered = enter(client, cart_page, "spring")
    page = client.get("/cart")

    assert entered.status_code == 303
    assert "Code SPRING saves you $10.00" in body(page)
    assert "Discount (SPRING) − $10.00" in body(page) and "Total $34.90" in body(page)
    client.post("/cart/discount/removal", data={"csrf_token": value_of(page, "csrf_token")})
    assert "Total $44.90" in body(client.get("/cart"))


def test_with_htmx_the_totals_come_back(client, cart_page):
    make_code()
    response = enter(client, cart_page, "SPRING", headers=HTMX)
    assert response.status_code == 200 and "Code SPRING saves you $10.00" in body(response)
    assert "<html" not in response.text


@pytest.mark.parametrize(("code", "status"), [("NOSUCH", 400), ("", 422), ("A" * 50, 422), ("BIG", 422)])
def test_a_refused_code_stays_in_its_field_with_a_sentence(client, cart_page, code, status):
    make_code("BIG", minimum="900")
    response = enter(client, cart_page, code)
    assert response.status_code == status
    assert 'id="discountCode-mistake"' in response.text
    assert value_of(response, "discountCode") == code


def test_at_the_checkout_what_was_typed_stays(client, cart_page):
    make_code()
    form = order_form(client.get("/checkout"), firstName="Zaynab")

    page = client.post("/checkout/discount", data={**form, "discountCode": "SPRING"})

    assert page.status_code == 200 and value_of(page, "shippingAddress.firstName") == "Zaynab"
    assert "Code SPRING saves you $10.00" in body(page) and "Place order · $34.90" in body(page)
    removed = client.post("/checkout/discount/removal", data=order_form(page, firstName="Zaynab"))
    assert "Place order · $44.90" in body(removed) and value_of(removed, "shippingAddress.firstName") == "Zaynab"


def test_enter_in_the_field_of_the_code_orders_nothing_before_the_total_was_seen(client, cart_page):
    make_code()
    form = {**order_form(client.get("/checkout")), "discountCode": "SPRING"}

    sent = client.post("/checkout", data=form)
    assert (sent.status_code, sent.location) == (307, "/checkout/discount")
    page = client.post(sent.location, data=form)  # 307: a browser sends the same form there

    assert "Place order · $34.90" in body(page)
    assert db.session.scalars(db.select(Order)).all() == []


def test_a_refused_code_at_the_checkout_is_named_at_its_field(client, cart_page):
    form = {**order_form(client.get("/checkout")), "discountCode": "NOSUCH"}
    page = client.post("/checkout/discount", data=form)
    assert page.status_code == 400
    assert 'href="#discountCode"' in page.text and "There is no code NOSUCH" in body(page)


def test_an_order_with_a_code_says_so_on_its_page(client, cart_page):
    make_code()
    enter(client, cart_page, "SPRING")
    placed = client.post("/checkout", data=order_form(client.get("/checkout")))

    page = client.get(placed.location)

    assert "Discount (SPRING) −$10.00" in body(page) and "Total $34.90" in body(page)


@pytest.mark.breaks_invariants
def test_the_last_use_that_somebody_else_had_is_told_with_the_total_without_it(client, cart_page):
    code = make_code(maxUses=1)
    enter(client, cart_page, "SPRING")
    checkout = client.get("/checkout")
    db.session.execute(db.update(DiscountCode).where(DiscountCode.id == code.id).values(used=1))
    db.session.commit()

    page = client.post("/checkout", data=order_form(checkout))

    assert page.status_code == 409 and "The code SPRING was used up." in body(page)
    assert "Place order · $44.90" in body(page)


def test_codes_cannot_be_guessed_on_pages_or_over_the_api(limited_client, variant):
    client = limited_client(ratelimit_codes="3 per hour")
    put_in_cart(client, variant)
    page = client.get("/cart")
    tried = [enter(client, page, f"GUESS{n}").status_code for n in range(3)]
    cart = client.post("/api/v1/cart", headers={"Sec-Fetch-Site": None}).get_json()["data"]["id"]
    body_ = {"cartId": cart, "discountCode": "GUESS"}
    over_api = client.post("/api/v1/checkout/discount", json=body_, headers={"Sec-Fetch-Site": None})
    assert tried == [400, 400, 400] and over_api.status_code == 429
    refused = enter(client, page, "GUESS9")
    assert refused.status_code == 429
    told = r"Too many discount codes that do not exist were tried from your connection\. Wait .+ and try again\."
    assert re.search(told, body(refused)) and re.fullmatch(told, over_api.get_json()["error"]["message"])


def test_codes_that_there_are_count_as_no_guess(limited_client, variant):
    make_code("BIG", minimum="900")
    make_code("SOON", startsOn=(transaction_time() + timedelta(days=9)).date().isoformat())
    client = limited_client(ratelimit_codes="3 per hour")
    put_in_cart(client, variant)
    page = client.get("/cart")
    answers = [enter(client, page, code).status_code for code in ("BIG", "SOON") * 3]
    assert answers == [422, 400] * 3
