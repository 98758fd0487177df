"""POST /orders/{id}/payment by card: every answer that the contract names."""

from __future__ import annotations

import json

import pytest

from shop.db import db
from shop.domain.customers.models import User
from shop.domain.idempotency import IdempotencyKey
from shop.domain.payments import cards
from shop.payment_provider import Card
from tests import card_shop
from tests.conftest import address, cart_with, make_customer, make_product, variants_of
from tests.domain.payments.fake_provider import DECLINED, GOOD, POOR, SECURE

application, database, provider = card_shop.application, card_shop.database, card_shop.provider


@pytest.fixture
def order(client, terms):
    """An order that is to be paid by card, as POST /orders answered."""
    variant = variants_of(make_product(price="20.00", stock=5))[0]
    return place(client, cart_with(terms, (variant, 2)))


def place(client, cart_id):
    wish = {"cartId": cart_id, "shippingAddress": address(), "billingAddress": "same"}
    answer = client.post("/api/v1/orders", json={**wish, "shippingMethod": "standard", "paymentMethod": "stripe"})
    assert answer.status_code == 201
    return answer.json["data"]


def pay(client, order, key=None, **wanted):
    headers = {"X-Order-Token": order["token"], **({"Idempotency-Key": key} if key else {})}
    body = {"paymentMethod": "stripe", **wanted}
    return client.post(f"/api/v1/orders/{order['id']}/payment", json=body, headers=headers)


def test_an_order_for_a_card_waits_for_it(order):
    assert (order["status"], order["paymentStatus"], order["paymentMethod"]) == ("pending", "pending", "stripe")


def test_without_a_card_the_payment_is_begun_for_the_providers_script(client, order):
    answer = pay(client, order)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "no-store"
    intent = {"id": "pi_1", "clientSecret": "pi_1_secret", "status": "requires_payment_method"}
    assert answer.json["data"]["paymentIntent"] == intent
    assert (answer.json["data"]["order"]["status"], answer.json["data"]["order"]["paymentStatus"]) == (
        "pending",
        "processing",
    )


def test_a_card_is_charged_at_once(client, order, provider):
    answer = pay(client, order, paymentMethodId=GOOD)
    assert answer.json["data"]["paymentIntent"]["status"] == "succeeded"
    assert (answer.json["data"]["order"]["status"], answer.json["data"]["order"]["paymentStatus"]) == (
        "confirmed",
        "paid",
    )
    assert provider.taken == order["total"]


def test_a_card_that_its_bank_asks_about_is_told_to_be(client, order):
    answer = pay(client, order, paymentMethodId=SECURE)
    assert answer.json["data"]["paymentIntent"]["status"] == "requires_action"


def test_a_declined_card_is_402_with_the_banks_reason_and_another_one_pays(client, order, provider):
    answer = pay(client, order, paymentMethodId=POOR)
    assert answer.status_code == 402
    assert (answer.json["error"]["code"], answer.json["error"]["message"]) == ("PAYMENT_ERROR", "Not enough money.")
    assert pay(client, order, paymentMethodId=GOOD).status_code == 200
    assert provider.charges == ["pi_1"]


def test_paid_and_cancelled_orders_are_409(client, order):
    assert pay(client, order, paymentMethodId=GOOD).status_code == 200
    again = pay(client, order, paymentMethodId=GOOD)
    assert (again.status_code, again.json["error"]["code"]) == (409, "CONFLICT")
    assert "paid already" in again.json["error"]["message"]


def test_a_cancelled_order_is_409(client, order):
    path = f"/api/v1/orders/{order['id']}/cancel"
    assert client.post(path, json={}, headers={"X-Order-Token": order["token"]}).status_code == 200
    assert pay(client, order).status_code == 409


def test_below_the_smallest_sum_is_422(client, order, monkeypatch):
    monkeypatch.setitem(cards.SMALLEST, "USD", 10_000)
    answer = pay(client, order)
    assert answer.status_code == 422
    assert answer.json["error"]["details"][0]["field"] == "paymentMethod"


def test_too_many_refusals_are_429_and_say_how_long_to_wait(client, order):
    for number in range(5):
        assert pay(client, order, paymentMethodId=f"{DECLINED}_{number}").status_code == 402
    answer = pay(client, order, paymentMethodId=GOOD)
    assert (answer.status_code, answer.json["error"]["code"]) == (429, "RATE_LIMITED")
    assert int(answer.headers["Retry-After"]) > 0


def test_an_unknown_outcome_is_503_and_charges_once_when_it_is_asked_again(client, order, provider):
    provider.fail_next("confirm_intent", "after")
    answer = pay(client, order, paymentMethodId=GOOD)
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert "do not pay again" in answer.json["error"]["message"]
    assert pay(client, order, paymentMethodId=GOOD).json["data"]["order"]["paymentStatus"] == "paid"
    assert provider.charges == ["pi_1"]


def test_a_replay_has_its_secrets_and_the_table_of_answers_has_none(client, order, provider):
    first, second = pay(client, order, key="k1"), pay(client, order, key="k1")
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json == first.json and len(provider.intents) == 1
    db.session.rollback()
    kept = json.dumps([row.answer for row in db.session.scalars(db.select(IdempotencyKey))])
    assert "pi_1" in kept and "secret" not in kept and "statusUrl" not in kept


def test_a_replay_that_cannot_ask_for_its_secret_is_503(client, order, provider):
    pay(client, order, key="k1")
    provider.fail_next("fetch_intent", "before")
    answer = pay(client, order, key="k1")
    assert answer.status_code == 503 and "Retry-After" in answer.headers
    assert pay(client, order, key="k1").json["data"]["paymentIntent"]["clientSecret"] == "pi_1_secret"


def test_cash_instead_cancels_the_card(client, order, provider):
    pay(client, order)
    answer = pay(client, order, paymentMethod="cash_on_delivery")
    assert answer.status_code == 200 and "paymentIntent" not in answer.json["data"]
    assert answer.json["data"]["order"]["paymentMethod"] == "cash_on_delivery"
    assert provider.intents["pi_1"].status == "cancelled"


def test_a_guest_has_no_card_kept(client, order, provider):
    answer = pay(client, order, savePaymentMethod=True)
    assert answer.status_code == 422 and answer.json["error"]["details"][0]["field"] == "savePaymentMethod"
    assert provider.intents == {}


def test_somebody_elses_order_is_404(client, order, provider):
    assert pay(client, {**order, "token": "x"}).status_code == 404
    assert provider.intents == {}


def test_the_document_tells_what_a_card_answers(client):
    told = client.get("/api/v1/openapi.json").json
    paying = told["paths"]["/api/v1/orders/{order_id}/payment"]["post"]
    assert {"200", "402", "404", "409", "422", "429", "503"} <= set(paying["responses"])
    shapes = told["components"]["schemas"]
    assert set(shapes["PaymentIntentOut"]["required"]) == {"id", "clientSecret", "status"}
    assert {"paymentMethod", "paymentMethodId", "savePaymentMethod"} <= set(shapes["PayOrder"]["properties"])


def test_an_empty_card_is_asked_for_in_words(client, order):
    answer = pay(client, order, paymentMethodId="")
    assert answer.status_code == 422
    assert answer.json["error"]["details"] == [{"field": "paymentMethodId", "message": "Enter a payment method id."}]


@pytest.mark.parametrize("name", ["nothing_of_the_kind", "card_x"])
def test_a_card_that_is_not_there_is_400(client, order, provider, name):
    answer = pay(client, order, paymentMethodId=name)
    assert (answer.status_code, answer.json["error"]["code"]) == (400, "VALIDATION_ERROR")
    assert answer.json["error"]["details"][0]["field"] == "paymentMethodId"
    assert provider.charges == [] and pay(client, order, paymentMethodId=GOOD).status_code == 200


def test_a_customer_sees_and_forgets_the_cards_kept_for_them(client, app, provider):
    customer = db.session.get_one(User, make_customer().user_id)
    customer.provider_customer = "cus_lina"
    db.session.commit()
    provider.kept = {
        "cus_lina": [Card("pm_1", "visa", "4242", "12/2030", "fp")],
        "cus_other": [Card("pm_2", "visa", "1881", "12/2030", "fp")],
    }
    signed_in = client.post("/api/v1/auth/login", json={"email": customer.email, "password": "correct horse battery"})
    token = {"Authorization": f"Bearer {signed_in.json['data']['accessToken']}"}
    there = "/api/v1/me/payment-methods"
    assert client.get(there).status_code == 401
    card = {"id": "pm_1", "brand": "visa", "last4": "4242", "expires": "12/2030"}
    assert client.get(there, headers=token).json["data"] == [card]
    assert client.delete(f"{there}/pm_2", headers=token).status_code == 404
    assert client.delete(f"{there}/pm_1", headers=token).status_code == 204
    assert client.get(there, headers=token).json["data"] == []
    provider.fail_next("list_cards", "before")
    assert client.get(there, headers=token).status_code == 503
