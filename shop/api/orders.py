"""POST /checkout/shipping, and orders: place, read, pay, cancel."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Literal

from flask import Blueprint, Response, json, request, url_for
from pydantic import Field

from shop.api.errors import answer_error
from shop.api.idempotency import HEADER, once
from shop.api.openapi import PREFIX, endpoint
from shop.api.presenters import present_cart, present_order, present_placed_order, present_quote, status_url
from shop.api.schemas import (
    CardPaymentAnswer,
    Data,
    OrderOut,
    PaymentAnswer,
    PaymentIntentOut,
    PlacedOrder,
    ShippingMethods,
)
from shop.db import end_read
from shop.domain.actors import SYSTEM
from shop.domain.carts.queries import get_cart, price_cart
from shop.domain.checkout import PlaceOrder, QuoteShipping, TotalChanged, cancel_order, place_order, quote_shipping
from shop.domain.customers.queries import public_id_of
from shop.domain.idempotency import Claim
from shop.domain.inputs import Input, Text
from shop.domain.orders.models import Order
from shop.domain.orders.queries import get_order
from shop.domain.orders.tokens import order_token
from shop.domain.payments.cards import PayByCard, begin_card_payment, pay_in_cash
from shop.domain.payments.operations import CARD, CashOnDelivery, refuse_cards
from shop.domain.places import Place
from shop.domain.shipping_zones.queries import methods_to
from shop.errors import Unavailable
from shop.extensions import payment_provider, settings, terms
from shop.payment_provider import OutcomeUnknown, PaymentProvider, ProviderRefused
from shop.policies import current_caller, policy

bp = Blueprint("api_orders", __name__, url_prefix=PREFIX)


class PayOrder(PayByCard):
    """How to pay. What is asked of cards is left out for cash on delivery, and the other way round."""

    payment_method: Literal["stripe", "cash_on_delivery"] = Field(title="a payment method")
    confirmation_required: bool = Field(default=False, title="whether staff should call before sending")


class CancelOrder(Input):
    """Why."""

    reason: Text | None = Field(default=None, max_length=500)


@bp.post("/checkout/shipping")
@policy("api")
@endpoint(
    "Say where to deliver, and get the ways to send with their totals",
    body=QuoteShipping,
    answers={200: Data[ShippingMethods]},
    errors=(400, 409, 410, 415, 422),
)
def quote_shipping_json(body: QuoteShipping) -> Data[ShippingMethods]:
    quotes = quote_shipping(body, current_caller(), terms)
    return Data[ShippingMethods](data=ShippingMethods(methods=[present_quote(quote) for quote in quotes]))


@bp.post("/orders")
@policy("api")
@endpoint(
    "Place an order: the cart is priced, its stock held for 15 minutes",
    body=PlaceOrder,
    answers={201: Data[PlacedOrder]},
    errors=(400, 409, 410, 415, 422),
    headers=HEADER,
)
def place_order_json(body: PlaceOrder) -> Response:
    caller = current_caller()

    def run(claim: Claim | None) -> Response:
        order = place_order(body, caller, terms, claim=claim)
        return _placed(get_order(order.public_id, SYSTEM, terms))

    try:
        return once(
            f"cart:{body.cart_id}",
            run,
            resume=lambda order_id: _placed(get_order(order_id, SYSTEM, terms)),
            hide=_without_token,
            reveal=_with_token,
        )
    except TotalChanged as error:
        return _with_cart(answer_error(error), body)


def _placed(order: Order) -> Response:
    answer = Data[PlacedOrder](data=present_placed_order(order, public_id_of(order.user_id)))
    return Response(answer.model_dump_json(by_alias=True), 201, mimetype="application/json")


def _without_token(answer: dict[str, Any]) -> dict[str, Any]:
    hidden = {"token", "statusUrl"}
    return {"data": {name: value for name, value in answer["data"].items() if name not in hidden}}


def _with_token(answer: dict[str, Any]) -> dict[str, Any]:
    order = get_order(answer["data"]["id"], SYSTEM, terms)
    token = order_token(order, terms.order_token_secrets)
    return {"data": {**answer["data"], "statusUrl": status_url(order), "token": token}}


def _with_cart(response: Response, wanted: PlaceOrder) -> Response:
    """A changed total answers with the cart as it is now, priced with the chosen method."""
    methods = methods_to(Place.of(wanted.shipping_address.model_dump()), terms)
    method = next((method for method in methods if method.id == wanted.shipping_method), None)
    cart = get_cart(wanted.cart_id, current_caller())
    answer = response.get_json()
    place = Place(wanted.shipping_address.country, wanted.shipping_address.region or "")
    shown = present_cart(price_cart(cart, terms, method, place=place), public_id_of(cart.user_id))
    answer["error"]["cart"] = shown.model_dump(mode="json", by_alias=True)
    response.set_data(json.dumps(answer))
    return response


@bp.get("/orders/<order_id>")
@policy("api")
@endpoint("Read an order", answers={200: Data[OrderOut]}, errors=(404,))
def get_order_json(order_id: str) -> Data[OrderOut]:
    return _present(_order(order_id))


@bp.post("/orders/<order_id>/payment")
@policy("api")
@endpoint(
    "Pay an order: by card, charged at once or to be confirmed by the provider's script, or in cash on delivery",
    body=PayOrder,
    answers={200: Data[CardPaymentAnswer | PaymentAnswer]},
    errors=(400, 402, 404, 409, 415, 422),
    headers=HEADER,
)
def pay_order_json(order_id: str, body: PayOrder) -> Response:
    order, provider = _order(order_id), payment_provider()
    if provider is None:
        refuse_cards(body.payment_method)

    def run(_claim: object) -> Response:
        if provider is not None and body.payment_method == CARD:
            return _pay_by_card(order, body, provider)
        wanted = CashOnDelivery(confirmationRequired=body.confirmation_required)
        pay_in_cash(order.id, wanted, current_caller(), terms, provider)
        answer = Data[PaymentAnswer](data=PaymentAnswer(order=_present(_order(order_id)).data))
        return Response(answer.model_dump_json(by_alias=True), mimetype="application/json")

    return once(
        f"order:{order.public_id}",
        run,
        hide=_without_secrets,
        reveal=lambda answer: _with_secrets(answer, order, provider),
    )


def _pay_by_card(order: Order, body: PayOrder, provider: PaymentProvider) -> Response:
    wanted = PayByCard(paymentMethodId=body.payment_method_id, savePaymentMethod=body.save_payment_method)
    there = settings.public_base_url + url_for("paying.return_from_bank", order=order.public_id)
    attempt = begin_card_payment(order.id, wanted, current_caller(), terms, provider, return_url=there)
    intent = attempt.intent
    shown = PaymentIntentOut(id=intent.id, client_secret=intent.client_secret, status=intent.status)
    paid = _present(get_order(order.public_id, SYSTEM, terms)).data
    answer = Data[CardPaymentAnswer](data=CardPaymentAnswer(payment_intent=shown, order=paid))
    return Response(answer.model_dump_json(by_alias=True), mimetype="application/json")


def _without_secrets(answer: dict[str, Any]) -> dict[str, Any]:
    """What is kept to be answered again: neither the link of the order nor what its payment is confirmed by."""
    data = {"order": {name: value for name, value in answer["data"]["order"].items() if name != "statusUrl"}}
    if "paymentIntent" in answer["data"]:
        intent = answer["data"]["paymentIntent"]
        data["paymentIntent"] = {name: value for name, value in intent.items() if name != "clientSecret"}
    return {"data": data}


def _with_secrets(answer: dict[str, Any], order: Order, provider: PaymentProvider | None) -> dict[str, Any]:
    """The first answer, with its secrets made or asked for anew. Raises Unavailable where the provider is silent."""
    data = {"order": {**answer["data"]["order"], "statusUrl": status_url(order)}}
    if "paymentIntent" in answer["data"]:
        intent = answer["data"]["paymentIntent"]
        data["paymentIntent"] = {**intent, "clientSecret": _secret_of(intent["id"], provider)}
    return {"data": data}


def _secret_of(intent_id: str, provider: PaymentProvider | None) -> str:
    end_read()
    if provider is not None:
        with suppress(OutcomeUnknown, ProviderRefused):
            return provider.fetch_intent(intent_id).client_secret
    raise Unavailable("The payment was begun, and the bank cannot be asked about it right now.", retry_after=5)


@bp.post("/orders/<order_id>/cancel")
@policy("api")
@endpoint(
    "Cancel an order while it is pending or confirmed",
    body=CancelOrder,
    body_required=False,
    answers={200: Data[OrderOut]},
    errors=(400, 404, 409, 415, 422),
)
def cancel_order_json(order_id: str, body: CancelOrder) -> Data[OrderOut]:
    cancel_order(_order(order_id).id, current_caller(), reason=body.reason or "")
    return _present(_order(order_id))


def _order(order_id: str) -> Order:
    token = request.headers.get("X-Order-Token") or request.args.get("token")
    return get_order(order_id, current_caller(), terms, token)


def _present(order: Order) -> Data[OrderOut]:
    return Data[OrderOut](data=present_order(order, public_id_of(order.user_id)))
