"""Discount codes over the API: POST and DELETE /checkout/discount, and what becomes of them in an order."""

from __future__ import annotations

from datetime import date

import pytest

from tests.api.test_buying import API, error_of, new_cart, order_body, post, token_of
from tests.conftest import make_product
from tests.domain.promotions.codes import make_code


@pytest.fixture
def product(app):
    return make_product("Amber", price="20.00", stock=5, variants=["30 ml", "50 ml"])


def enter(client, cart_id, code="SPRING"):
    return post(client, "/checkout/discount", {"cartId": cart_id, "discountCode": code})


@pytest.mark.both_databases
def test_a_code_is_applied_ordered_and_taken_off(client, product):
    make_code()
    cart_id = new_cart(client, product, quantity=2)

    applied = enter(client, cart_id, "spring").get_json()["data"]

    assert (applied["code"], applied["type"], applied["value"], applied["discountAmount"]) == (
        "SPRING",
        "percentage",
        25,
        1000,
    )
    assert (applied["cart"]["discount"], applied["cart"]["discountCode"], applied["cart"]["total"]) == (
        1000,
        "SPRING",
        3000,
    )
    without = client.delete(f"{API}/checkout/discount", json={"cartId": cart_id}, headers={"Sec-Fetch-Site": None})
    assert without.status_code == 200 and without.get_json()["data"]["cart"]["discountCode"] is None
    enter(client, cart_id)
    order = post(client, "/orders", order_body(cart_id)).get_json()["data"]
    assert (order["discount"], order["discountCode"]) == (1000, "SPRING")
    assert order["total"] == order["subtotal"] - order["discount"] + order["shipping"] + order["tax"]
    assert order["receipt"][-1] == {
        "figure": "total",
        "amount": order["total"],
        "words": order["receipt"][-1]["words"],
    }
    assert sum(step["amount"] for step in order["receipt"] if step["figure"].endswith(".discount")) == 1000
    read = client.get(f"{API}/orders/{order['id']}", headers=token_of(order)).get_json()["data"]
    assert read["receipt"] == order["receipt"]


@pytest.mark.parametrize(
    ("wish", "code", "status"),
    [
        ({}, "NOSUCH", 400),
        ({"startsOn": date(2999, 1, 1)}, "SPRING", 400),
        ({"endsOn": date(2026, 1, 1)}, "SPRING", 410),
        ({"minimum": "1000"}, "SPRING", 422),
    ],
)
def test_a_code_that_is_refused_says_why_at_its_field(client, product, wish, code, status):
    make_code(**wish)
    cart_id = new_cart(client, product)

    response = enter(client, cart_id, code)

    assert response.status_code == status
    assert error_of(response)["details"][0]["field"] == "discountCode"
    assert client.get(f"{API}/cart/{cart_id}").get_json()["data"]["discountCode"] is None


def test_twice_is_a_conflict_and_no_cart_is_unknown(client, product):
    make_code()
    cart_id = new_cart(client, product)
    assert enter(client, cart_id).status_code == 200
    assert enter(client, cart_id).status_code == 409
    assert enter(client, "cart_none").status_code == 400
    assert post(client, "/checkout/discount", {"cartId": cart_id}).status_code == 422


def test_a_code_that_ended_meanwhile_is_told_and_not_silently_left_out(client, product):
    make_code(maxUses=1)
    first, second = (new_cart(client, product) for _ in range(2))
    for cart_id in (first, second):
        assert enter(client, cart_id).status_code == 200
    assert post(client, "/orders", order_body(first)).status_code == 201

    assert post(client, "/orders", order_body(second)).status_code == 410
    cart = client.get(f"{API}/cart/{second}").get_json()["data"]
    assert (cart["discount"], cart["notices"][0]["code"]) == (0, "discount_not_applied")
    assert cart["notices"][0]["itemId"] is None
