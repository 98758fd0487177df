"""POST /checkout/shipping and orders where zones decide: methods by place and weight, and each refusal."""

from __future__ import annotations

import pytest

from tests.api.test_buying import error_of, new_cart, order_body, post
from tests.conftest import address, make_product
from tests.domain.shipping_zones.stories import make_method, make_zone


@pytest.fixture
def cart_id(app, client):
    jordan = make_zone("Jordan", countries="JO")
    make_method(jordan, "post", basis="weight", prices="0: 3\n200: 6", maxWeightGrams=400)
    make_method(make_zone("Amman", cities="JO: Amman"), "today", minDays=0, maxDays=0)
    return new_cart(client, make_product("Amber", price="20.00", stock=50, variants=["30 ml", "50 ml"]), quantity=2)


def quote(client, cart_id, **where):
    return post(client, "/checkout/shipping", {"cartId": cart_id, "shippingAddress": where})


def test_the_methods_are_those_of_the_place(client, cart_id):
    (method,) = quote(client, cart_id, country="JO").get_json()["data"]["methods"]
    assert (method["id"], method["price"], method["total"], method["isDefault"]) == ("post", 600, 4600, True)
    (today,) = quote(client, cart_id, country="JO", governorate="Amman", city="amman").get_json()["data"]["methods"]
    assert (today["id"], today["estimatedDays"]) == ("today", 0)


def test_not_deliverable_is_an_answer(client, cart_id):
    answer = quote(client, cart_id, country="US")
    assert answer.status_code == 422
    error = error_of(answer)
    assert error["details"][0]["field"] == "shippingAddress.country"
    assert error["message"] == "We do not deliver to the United States. We deliver to Jordan."


def test_too_heavy_is_an_answer(client, cart_id):
    heavy = new_cart(client, make_product("Balm", stock=50, variants=["a", "b"]), quantity=5)
    answer = quote(client, heavy, country="JO")
    assert answer.status_code == 422 and "at most 400 g" in error_of(answer)["message"]


def test_an_order_is_sent_by_a_method_of_its_zone_at_its_price(client, cart_id):
    where = address(country="JO", region="Irbid", city="Ramtha", postalCode=None)
    refused = post(client, "/orders", order_body(cart_id, shippingAddress=where, shippingMethod="today"))
    assert refused.status_code == 422 and error_of(refused)["details"][0]["field"] == "shippingMethod"
    changed = post(
        client, "/orders", order_body(cart_id, shippingAddress=where, shippingMethod="post", expectedTotal=1)
    )
    assert changed.status_code == 409 and error_of(changed)["cart"]["shipping"] == 600
    placed = post(client, "/orders", order_body(cart_id, shippingAddress=where, shippingMethod="post"))
    assert placed.status_code == 201
    assert placed.get_json()["data"]["shippingMethod"]["price"] == 600
