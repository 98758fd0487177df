"""A purchase over the API, from an empty cart to a confirmed order, and every refusal on the way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop.db import db, frozen_time, transaction_time
from shop.domain.addresses import comparable_phone
from shop.domain.events import OutboxEvent
from shop.domain.orders.models import Order
from tests.conftest import address, make_product, stock_of, variants_of

API = "/api/v1"


@pytest.fixture
def product(app):
    return make_product("Amber", price="20.00", stock=5, variants=["30 ml", "50 ml"])


def post(client, path, body=None, **headers):
    return client.post(API + path, json=body, headers={"Sec-Fetch-Site": None, **headers})


def new_cart(client, product=None, quantity=1):
    cart = post(client, "/cart").get_json()["data"]
    if product is not None:
        assert post(client, f"/cart/{cart['id']}/items", item_of(product, quantity)).status_code == 200
    return cart["id"]


def item_of(product, quantity=1):
    variant = variants_of(product)[1]
    return {"productId": product.public_id, "variantId": variant.public_id, "quantity": quantity}


def order_body(cart_id, **changes):
    return {
        "cartId": cart_id,
        "shippingAddress": address(),
        "billingAddress": "same",
        "shippingMethod": "standard",
        "paymentMethod": "cash_on_delivery",
        **changes,
    }


def error_of(response):
    error = response.get_json()["error"]
    assert error["status"] == response.status_code
    assert error["requestId"] == response.headers["X-Request-ID"]
    return error


@pytest.mark.both_databases
def test_a_guest_buys_with_cash_on_delivery(client, product):
    cart_id = new_cart(client, product, quantity=2)
    quote = post(client, "/checkout/shipping", {"cartId": cart_id, "shippingAddress": {"country": "US"}}).get_json()

    placed = post(client, "/orders", order_body(cart_id, expectedTotal=quote["data"]["methods"][0]["total"]))
    order = placed.get_json()["data"]
    paid = post(client, f"/orders/{order['id']}/payment", {"paymentMethod": "cash_on_delivery"}, **token_of(order))

    assert placed.status_code == 201 and order["status"] == "pending"
    assert order["total"] == order["subtotal"] - order["discount"] + order["shipping"] + order["tax"] == 4490
    assert [(item["variant"]["name"], item["quantity"]) for item in order["items"]] == [("50 ml", 2)]
    assert paid.status_code == 200
    assert paid.get_json()["data"]["order"]["status"] == "confirmed"
    assert stock_of(variants_of(product)[1]) == (5, 2)
    read = client.get(f"{API}/orders/{order['orderNumber']}?token={order['token']}").get_json()["data"]
    assert [move["to"] for move in read["history"]] == ["pending", "confirmed"]


def token_of(order):
    return {"X-Order-Token": order["token"]}


def test_an_order_is_not_found_without_its_token_and_in_the_same_words_as_a_missing_one(client, product):
    order = post(client, "/orders", order_body(new_cart(client, product))).get_json()["data"]
    wrong = order["token"][:-1] + ("A" if order["token"][-1] != "A" else "B")

    answers = [
        client.get(f"{API}/orders/{order['id']}"),
        client.get(f"{API}/orders/{order['id']}?token={wrong}"),
        client.get(f"{API}/orders/order_nothing?token={wrong}"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({error_of(answer)["message"] for answer in answers}) == 1


@pytest.mark.parametrize("quantity", [-1, 0, 1.5, 1e9, "2", "two", None, True, "٣"])
def test_a_quantity_that_is_no_count_is_refused_at_its_field(client, product, quantity):
    cart_id = new_cart(client)
    answer = post(client, f"/cart/{cart_id}/items", {**item_of(product), "quantity": quantity})

    assert answer.status_code == 422
    assert [detail["field"] for detail in error_of(answer)["details"]] == ["quantity"]
    assert client.get(f"{API}/cart/{cart_id}").get_json()["data"]["items"] == []


def test_more_than_there_is_says_how_many_are_left(client, product):
    cart_id = new_cart(client, product, quantity=3)

    answer = post(client, f"/cart/{cart_id}/items", item_of(product, 3))

    assert answer.status_code == 409
    assert error_of(answer)["code"] == "INVENTORY_ERROR"
    assert error_of(answer)["details"][0]["available"] == 5
    assert client.get(f"{API}/cart/{cart_id}").get_json()["data"]["itemCount"] == 3


def test_ninety_nine_is_the_most_of_a_variant(client, app):
    product = make_product(stock=500, variants=["A", "B"])
    cart_id = new_cart(client, product, quantity=60)

    answer = post(client, f"/cart/{cart_id}/items", item_of(product, 40))

    assert answer.status_code == 422
    assert error_of(answer)["details"][0]["field"] == "quantity"


@pytest.mark.parametrize(
    "ids",
    [{"productId": "prod_none"}, {"variantId": "var_none"}, {"variantId": "' OR 1=1 --"}, {"variantId": "x" * 400}],
)
def test_ids_in_a_body_that_name_nothing_are_refused(client, product, ids):
    answer = post(client, f"/cart/{new_cart(client)}/items", {**item_of(product), **ids})

    assert answer.status_code in {400, 422}
    assert error_of(answer)["code"] == "VALIDATION_ERROR"


def test_a_variant_of_another_product_is_refused(client, product):
    other = make_product()
    answer = post(client, f"/cart/{new_cart(client)}/items", {**item_of(product), "productId": other.public_id})
    assert answer.status_code == 400


def test_a_field_that_does_not_exist_is_refused_with_a_suggestion(client, product):
    answer = post(client, f"/cart/{new_cart(client)}/items", {**item_of(product), "quantty": 2, "price": 1})

    messages = {detail["field"]: detail["message"] for detail in error_of(answer)["details"]}
    assert answer.status_code == 422
    assert messages == {"quantty": "There is no such field. Did you mean quantity?", "price": messages["price"]}


@pytest.mark.parametrize("raw", [b"", b"{", b"null", b"[]", b'"text"', b"\xff\xfe", b'{"a":"\\ud800"}', b"[" * 5000])
def test_a_body_that_is_no_json_object_is_malformed(client, raw):
    answer = client.post(f"{API}/orders", data=raw, content_type="application/json")
    assert answer.status_code == 400
    assert error_of(answer)["code"] == "VALIDATION_ERROR"


def test_another_content_type_is_named(client):
    answer = client.post(f"{API}/orders", data="cartId=1", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 415
    assert error_of(answer)["code"] == "UNSUPPORTED_MEDIA_TYPE"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "lina"}, "shippingAddress.email"),
        ({"email": "a@b\r\nBcc: x@example.com"}, "shippingAddress.email"),
        ({"phone": "call me"}, "shippingAddress.phone"),
        ({"country": "XX"}, "shippingAddress.country"),
        ({"country": "BR"}, "shippingAddress.country"),
        ({"firstName": "  "}, "shippingAddress.firstName"),
        ({"lastName": "x" * 81}, "shippingAddress.lastName"),
        ({"city": "New\nYork"}, "shippingAddress.city"),
        ({"street": "a\u0000b"}, "shippingAddress.street"),
        ({"postalCode": None}, "shippingAddress.postalCode"),
        ({"region": None}, "shippingAddress.region"),
        ({"region": "calif."}, "shippingAddress.region"),
        ({"isAdmin": True}, "shippingAddress.isAdmin"),
    ],
)
def test_a_wrong_address_is_refused_at_its_field_and_nothing_is_written(client, product, change, field):
    cart_id = new_cart(client, product)

    answer = post(client, "/orders", order_body(cart_id, shippingAddress=address(**change)))

    assert answer.status_code == 422
    assert [detail["field"] for detail in error_of(answer)["details"]] == [field]
    assert db.session.scalar(db.select(db.func.count()).select_from(Order)) == 0
    assert stock_of(variants_of(product)[1]) == (5, 0)


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"shippingMethod": "teleport"}, 422, "shippingMethod"),
        ({"paymentMethod": "shells"}, 422, "paymentMethod"),
        ({"paymentMethod": "stripe"}, 422, "paymentMethod"),
        ({"cartId": "cart_none"}, 400, "cartId"),
        ({"customerId": "cust_none"}, 400, "customerId"),
        ({"total": 1}, 422, "total"),
        ({"billingAddress": "other"}, 422, "billingAddress"),
        ({"billingAddress": {"firstName": "A"}}, 422, "billingAddress.lastName"),
        ({"expectedTotal": 1}, 409, "expectedTotal"),
        ({"expectedTotal": 1.5}, 422, "expectedTotal"),
        ({"notes": "x" * 1001}, 422, "notes"),
    ],
)
def test_a_wrong_order_is_refused_at_its_field(client, product, change, status, field):
    cart_id = new_cart(client, product)

    answer = post(client, "/orders", order_body(cart_id, **change))

    assert answer.status_code == status
    assert field in [detail["field"] for detail in error_of(answer)["details"]]
    assert client.get(f"{API}/cart/{cart_id}").get_json()["data"]["itemCount"] == 1


def test_a_note_that_is_too_long_is_refused_in_words(client, product):
    answer = post(client, "/orders", order_body(new_cart(client, product), notes="x" * 1001))
    assert error_of(answer)["details"] == [{"field": "notes", "message": "Use at most 1000 characters."}]


def test_a_changed_total_answers_with_the_cart_as_it_is_now(client, product):
    cart_id = new_cart(client, product)
    answer = post(client, "/orders", order_body(cart_id, expectedTotal=1))
    assert error_of(answer)["cart"]["subtotal"] == 2000


def test_an_empty_cart_cannot_be_ordered(client, app):
    answer = post(client, "/orders", order_body(new_cart(client)))
    assert answer.status_code == 422
    assert error_of(answer)["details"][0]["field"] == "cartId"


def test_an_ordered_cart_is_a_conflict_that_names_its_order(client, product):
    cart_id = new_cart(client, product)
    order = post(client, "/orders", order_body(cart_id)).get_json()["data"]

    again = post(client, "/orders", order_body(cart_id))
    added = post(client, f"/cart/{cart_id}/items", item_of(product))

    assert (again.status_code, added.status_code) == (409, 409)
    assert error_of(again)["details"][0]["orderId"] == order["id"]


def test_stock_that_went_meanwhile_names_each_line(client, product):
    first, second = new_cart(client, product, 4), new_cart(client, product, 4)
    assert post(client, "/orders", order_body(first)).status_code == 201

    answer = post(client, "/orders", order_body(second))

    item = client.get(f"{API}/cart/{second}").get_json()["data"]["items"][0]
    assert answer.status_code == 409
    assert error_of(answer)["code"] == "INVENTORY_ERROR"
    assert error_of(answer)["details"] == [{"field": f"items.{item['id']}", "message": "Only 1 left.", "available": 1}]


@pytest.mark.both_databases
def test_the_same_key_and_body_is_one_order_and_the_same_answer(client, product):
    cart_id = new_cart(client, product)
    key = {"Idempotency-Key": "phone-4711"}

    first = post(client, "/orders", order_body(cart_id), **key)
    second = post(client, "/orders", order_body(cart_id), **key)
    other = post(client, "/orders", order_body(cart_id, notes="another body"), **key)

    assert (first.status_code, second.status_code, other.status_code) == (201, 201, 422)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.get_json() == second.get_json()
    assert db.session.scalar(db.select(db.func.count()).select_from(Order)) == 1


def test_a_key_is_free_again_after_a_refusal(client, product):
    cart_id, key = new_cart(client, product), {"Idempotency-Key": "k"}
    assert post(client, "/orders", order_body(cart_id, expectedTotal=1), **key).status_code == 409
    assert post(client, "/orders", order_body(cart_id), **key).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "ключ"])
def test_a_bad_idempotency_key_is_refused(client, product, key):
    answer = post(client, "/orders", order_body(new_cart(client, product)), **{"Idempotency-Key": key})
    assert answer.status_code in {400, 422}


def test_adding_with_the_same_key_adds_once(client, product):
    cart_id = new_cart(client)
    for _ in range(2):
        post(client, f"/cart/{cart_id}/items", item_of(product), **{"Idempotency-Key": "add-1"})
    assert client.get(f"{API}/cart/{cart_id}").get_json()["data"]["itemCount"] == 1


def test_cancelling_gives_the_stock_back_and_a_second_time_is_a_conflict(client, product):
    order = post(client, "/orders", order_body(new_cart(client, product, 2))).get_json()["data"]

    cancelled = post(client, f"/orders/{order['id']}/cancel", {"reason": "changed my mind"}, **token_of(order))
    again = post(client, f"/orders/{order['id']}/cancel", None, **token_of(order))
    paid = post(client, f"/orders/{order['id']}/payment", {"paymentMethod": "cash_on_delivery"}, **token_of(order))

    assert cancelled.get_json()["data"]["status"] == "cancelled"
    assert (again.status_code, paid.status_code) == (409, 409)
    assert error_of(again)["message"] == "The order is cancelled already."
    assert stock_of(variants_of(product)[1]) == (5, 0)


def test_lines_are_changed_and_taken_out(client, product):
    cart_id = new_cart(client, product)
    item = client.get(f"{API}/cart/{cart_id}").get_json()["data"]["items"][0]["id"]

    changed = client.put(f"{API}/cart/{cart_id}/items/{item}", json={"quantity": 4})
    refused = client.put(f"{API}/cart/{cart_id}/items/{item}", json={"quantity": 0})
    removed = client.delete(f"{API}/cart/{cart_id}/items/{item}")
    missing = client.delete(f"{API}/cart/{cart_id}/items/{item}")
    cleared = client.delete(f"{API}/cart/{cart_id}")

    assert changed.get_json()["data"]["subtotal"] == 8000
    assert refused.status_code == 422
    assert removed.get_json()["data"]["items"] == []
    assert missing.status_code == 404
    assert cleared.get_json() == {"message": "The cart is empty."}


def test_an_undeliverable_country_is_refused_at_the_address(client, product):
    answer = post(
        client, "/checkout/shipping", {"cartId": new_cart(client, product), "shippingAddress": {"country": "BR"}}
    )
    assert answer.status_code == 422
    assert error_of(answer)["details"][0]["field"] == "shippingAddress.country"
    assert "We deliver to" in error_of(answer)["message"]


def test_a_cart_that_ended_is_gone_for_whoever_reads_it_too(client, product):
    cart_id = new_cart(client, product)
    with frozen_time(transaction_time() + timedelta(days=31)):
        read = client.get(f"{API}/cart/{cart_id}")
        ordered = post(client, "/orders", order_body(cart_id))
    assert [answer.status_code for answer in (read, ordered)] == [410, 410]
    assert error_of(read)["message"] == error_of(ordered)["message"]


def test_region_and_governorate_together_are_one_region(client, product):
    cart_id = new_cart(client, product)
    both = address(region="NY", governorate="Amman", company="A", building="B", apartment="C", instructions="D\nE")
    order = post(client, "/orders", order_body(cart_id, shippingAddress=both))
    assert order.status_code == 201
    assert order.get_json()["data"]["shippingAddress"]["region"] == "NY"
    wanted = {"cartId": new_cart(client, product), "shippingAddress": {"country": "JO", "governorate": "Irbid"}}
    assert post(client, "/checkout/shipping", wanted).status_code == 200


def test_an_address_that_no_mail_reaches_is_refused_before_it_is_ordered(client, product):
    cart_id = new_cart(client, product)
    answer = post(client, "/orders", order_body(cart_id, shippingAddress=address(email="jürgen@example.com")))
    assert answer.status_code == 422
    assert error_of(answer)["details"][0]["field"] == "shippingAddress.email"


def test_the_total_that_a_conflict_names_is_the_one_to_order_with(client, product):
    cart_id = new_cart(client, product)
    for method in ("express", "standard"):
        refused = post(client, "/orders", order_body(cart_id, shippingMethod=method, expectedTotal=1))
        total = error_of(refused)["cart"]["total"]
    assert post(client, "/orders", order_body(cart_id, expectedTotal=total)).status_code == 201


@pytest.mark.both_databases
@pytest.mark.parametrize("what", ["add", "order"])
def test_a_key_survives_a_crash_before_its_answer_was_kept(client, product, monkeypatch, what):
    cart_id, key = new_cart(client, product if what == "order" else None), {"Idempotency-Key": "again"}
    path, body, status = {
        "add": (f"/cart/{cart_id}/items", item_of(product), 200),
        "order": ("/orders", order_body(cart_id), 201),
    }[what]
    with monkeypatch.context() as crash:
        crash.setattr("shop.api.idempotency.store_answer", lambda *_: 1 / 0)
        assert post(client, path, body, **key).status_code == 500

    answers = [post(client, path, body, **key) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [status] * 3
    assert client.get(f"{API}/cart/{cart_id}").get_json()["data"]["itemCount"] == 1
    assert len({answer.get_data() for answer in answers[1:]}) == 1


def test_every_write_to_an_ordered_cart_names_its_order(client, product):
    cart_id = new_cart(client, product)
    order = post(client, "/orders", order_body(cart_id)).get_json()["data"]
    writes = [
        post(client, f"/cart/{cart_id}/items", item_of(product)),
        client.delete(f"{API}/cart/{cart_id}"),
        post(client, "/checkout/shipping", {"cartId": cart_id, "shippingAddress": {"country": "US"}}),
    ]
    assert [(w.status_code, error_of(w)["details"][0]["orderId"]) for w in writes] == [(409, order["id"])] * 3
    read = client.get(f"{API}/cart/{cart_id}").get_json()["data"]
    assert (read["status"], read["orderId"]) == ("ordered", order["id"])


def test_a_phone_is_the_same_however_it_is_written():
    written = ("+962 7 9012 3456", "00962790123456", "(962) 7-9012-3456")
    assert {comparable_phone(text) for text in written} == {"962790123456"}


def test_placing_records_its_event_in_the_same_transaction(client, product):
    order = post(client, "/orders", order_body(new_cart(client, product))).get_json()["data"]
    events = db.session.scalars(db.select(OutboxEvent)).all()
    assert [(event.type, event.subject_id) for event in events] == [("order.placed", order["id"])]
