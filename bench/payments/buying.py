"""Shoppers who pay by card, over the API or on the pages as the provider's script does, with cards typed there."""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from urllib.parse import urlencode

from bench.shopper import Answer, Shopper, hidden_fields
from shop.demo.bank.outcomes import OUTCOMES
from tests.bank import PUBLISHABLE_KEY, RunningBank

HTMX = {"HX-Request": "true"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Wish = tuple[str, str]


def type_card(bank: RunningBank, outcome: str, name: str) -> str:
    """A card typed into the provider's form: its payment method. Each name is another card."""
    of = OUTCOMES[outcome]
    card = {"brand": of.brand, "last4": of.last4, "exp_month": 12, "exp_year": 2034, "funding": "credit",
            "fingerprint": hashlib.sha256(name.encode()).hexdigest()[:16]}  # fmt: skip
    with bank.bank.store.transaction():
        method = bank.bank.store.add("payment_method", "pm", type="card", card=card, customer=None, metadata={},
                                     _outcome=outcome, _is_used=False)  # fmt: skip
    return str(method["id"])


def order_by_api(shopper: Shopper, wish: Wish, **headers: str) -> Answer:
    """Place an order that is to be paid by card."""
    cart = shopper.api("POST", "/cart", {})
    if cart.status != 201:
        return cart
    cart_id = cart.json()["data"]["id"]
    wanted = {"productId": wish[0], "variantId": wish[1], "quantity": 1}
    added = shopper.api("POST", f"/cart/{cart_id}/items", wanted)
    if added.status != 200:
        return added
    address = {"shippingAddress": shopper.contact, "shippingMethod": "standard", "paymentMethod": "stripe"}
    return shopper.api("POST", "/orders", {"cartId": cart_id, **address}, **headers)


def pay_by_api(shopper: Shopper, order: dict, method: str = "", **more) -> Answer:
    """Pay that order by a card; without one the payment is begun."""
    headers = {"X-Order-Token": order["token"], **more.pop("headers", {})}
    wanted = {"paymentMethod": "stripe", **({"paymentMethodId": method} if method else {}), **more}
    return shopper.api("POST", f"/orders/{order['id']}/payment", wanted, **headers)


def order_on_page(shopper: Shopper, wish: Wish, **fields: str) -> Answer:
    """Send the checkout's form for a card: JSON for the provider's script, or where HTMX is to go."""
    shopper.fill_cart_on_page(*wish)
    form = {**shopper.checkout_form(), "paymentMethod": "stripe", **fields}
    return shopper.request("POST", "/checkout", urlencode(form).encode(), **FORM, **HTMX)


def pay_on_page(shopper: Shopper, page: str, **fields: str) -> Answer:
    """Send the form of an order's page."""
    form = {**hidden_fields(page), "paymentMethod": "stripe", "action": "place", **fields}
    there = page.partition('action="/orders/')[2].partition("/payment")[0]
    return shopper.request("POST", f"/orders/{there}/payment", urlencode(form).encode(), **FORM, **HTMX)


def confirm_in_browser(bank: RunningBank, secret: str, method: str) -> tuple[int, dict]:
    """What the provider's script does with the card and the payment's secret."""
    intent = secret.partition("_secret_")[0]
    fields = {"client_secret": secret, "payment_method": method, "return_url": "http://127.0.0.1/back"}
    request = urllib.request.Request(  # noqa: S310 (our own server)
        f"{bank.url}/v1/payment_intents/{intent}/confirm",
        urlencode(fields).encode(),
        {"Authorization": f"Bearer {PUBLISHABLE_KEY}"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)
