"""How customers pay by card: at once, after a refused card or 3-D Secure, on the page; some cancel."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bench.customers import Customers, WatchedShopper, order_on_page, wanted
from shop.demo.bank.errors import BankError
from tests.bank import RunningBank

APPROVED = "pm_card_approve"
ASKED = "pm_card_3ds"
DECLINED = "pm_card_decline_insufficient_funds"
NOT_KNOWN = 503  # "We are checking with the bank; do not pay again."
Order = dict[str, Any]


@dataclass
class CardBuyer:
    """Each method buys once, as bench.customers lets its customers do.

    `most_tries`: after how many answers that nothing is known yet a customer leaves it to the shop.
    """

    bank: RunningBank
    chance: random.Random
    most_tries: int = 1000

    def pays(self, customers: Customers, shopper: WatchedShopper) -> str:
        """Pays by a card that the bank approves."""
        order = self._place(customers, shopper)
        self._charge(customers, shopper, order, APPROVED)
        return str(order["id"])

    def tries_another_card(self, customers: Customers, shopper: WatchedShopper) -> str:
        """Has a card refused, and pays by another."""
        order = self._place(customers, shopper)
        self._charge(customers, shopper, order, DECLINED)
        self._charge(customers, shopper, order, APPROVED)
        return str(order["id"])

    def is_asked(self, customers: Customers, shopper: WatchedShopper) -> str:
        """Is asked by the bank whether it is they, says yes, and closes the browser."""
        order = self._place(customers, shopper)
        answer = self._charge(customers, shopper, order, ASKED)
        intent = (answer or {}).get("paymentIntent", {})
        if intent.get("status") == "requires_action":
            self.bank.approve(intent["id"], intent["clientSecret"])
        return str(order["id"])

    def pays_on_page(self, customers: Customers, shopper: WatchedShopper) -> str:
        """Checks out on the page; its script pays at the bank and comes back."""
        answer = order_on_page(
            customers, shopper, {"paymentMethod": "stripe"}, (200, 204, 400, 409), **{"HX-Request": "true"}
        )
        if answer.status == 204:  # the bank did not answer, so the shop shows the order's page
            return urlsplit(answer.headers["hx-redirect"]).path.rpartition("/")[2]
        told = answer.json()
        approve_in_browser(self.bank, told["clientSecret"])
        there = urlsplit(told["returnUrl"])
        customers.again(lambda: wanted(shopper.request("GET", f"{there.path}?{there.query}"), 303), shopper)
        return there.query.removeprefix("order=")

    def changes_their_mind(self, customers: Customers, shopper: WatchedShopper) -> str:
        """Pays, and cancels the order: the money goes back."""
        order = self._place(customers, shopper)
        self._charge(customers, shopper, order, APPROVED)
        path, token = f"/orders/{order['id']}/cancel", {"X-Order-Token": order["token"]}
        customers.again(lambda: wanted(shopper.api("POST", path, {"reason": "Proof"}, **token), 200, 409), shopper)
        return str(order["id"])

    # -- the steps ---------------------------------------------------------------------------------------------------

    def _place(self, customers: Customers, shopper: WatchedShopper) -> Order:
        key = {"Idempotency-Key": f"card-{shopper.number}"}
        cart_id = customers.again(lambda: shopper.fill_cart(*customers.wish), shopper)
        placed = customers.again(lambda: wanted(shopper.place(cart_id, "stripe", **key), 201), shopper)
        order: Order = placed.json()["data"]
        return order

    def _charge(self, customers: Customers, shopper: WatchedShopper, order: Order, card: str) -> Order | None:
        """Press Pay until there is an answer; what it holds, or None where the card was refused or nothing is known."""
        headers = {"Idempotency-Key": f"card-{shopper.number}-{card}"}
        for _ in range(self.most_tries):
            press: Callable[[], Any] = lambda: _answered(shopper, order, card, headers)  # noqa: E731
            answer = customers.again(press, shopper)
            if answer.status == 200:
                data: Order = answer.json()["data"]
                return data
            if answer.status != NOT_KNOWN or self.chance.random() < 1 / self.most_tries:
                return None
        return None


def approve_in_browser(bank: RunningBank, client_secret: str) -> None:
    """What the page's script does at the bank; a payment that is not to be paid any more is left."""
    intent_id = client_secret.partition("_secret_")[0]
    try:
        with bank.bank.store.transaction():
            bank.bank.confirm_intent(intent_id, {"payment_method": APPROVED})
    except BankError as refusal:
        if refusal.body["error"].get("code") != "payment_intent_unexpected_state":
            raise


def _answered(shopper: WatchedShopper, order: Order, card: str, headers: dict[str, str]) -> Any:
    """The answer to a press of Pay: paid, refused, or not known. Raises ValueError where the first press still runs."""
    answer = shopper.pay_by_card(order, card, **headers)
    if answer.status == 409:
        now = shopper.api("GET", f"/orders/{order['id']}", **{"X-Order-Token": order["token"]}).json()["data"]
        if now["status"] == "pending":
            raise ValueError(f"409 {answer.body[:300]!r}")
        return answer
    if answer.status == NOT_KNOWN and b"bank" not in answer.body:
        raise ValueError(f"503 {answer.body[:300]!r}")
    return wanted(answer, 200, 402, NOT_KNOWN)
