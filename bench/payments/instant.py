"""The browser's return and the webhook at the same instant: paid once, whoever comes first."""

from __future__ import annotations

import argparse
import collections
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import urlsplit

from bench.customers import wanted
from bench.payments.books import count_orders, judge, tell
from bench.payments.buyers import approve_in_browser
from bench.payments.card_shop import CardShop, card_shop
from bench.payments.case import Case
from bench.shopper import Shopper
from shop.demo.bank.webhooks import body_of, send, sign
from tests.bank import WEBHOOK_SECRET

PORTION = 250  # orders of one shop
LANES = 3  # orders under way at once
PATIENCE = 30.0
SUCCEEDED = "payment_intent.succeeded"


def cases(asked: argparse.Namespace) -> Iterator[Case]:
    """The orders in portions, those of each database in turn."""
    for first in range(1, asked.returns + 1, PORTION):
        last = min(first + PORTION - 1, asked.returns)
        for engine in asked.engines:
            yield Case(f"{engine}, return and webhook {first} to {last}", partial(prove, engine, last + 1 - first))


def prove(engine: str, count: int) -> dict:
    """So many orders, each told to the shop twice at once; nothing else tells it."""
    with card_shop(engine, tells=False) as cards:
        return run(cards, count)


def run(cards: CardShop, count: int) -> dict:
    """The same on a shop that is there."""
    wish = cards.make_wish()
    answers: collections.Counter[str] = collections.Counter()
    with ThreadPoolExecutor(LANES) as lanes:
        for number, told in enumerate(lanes.map(partial(_meet, cards, wish), range(count)), 1):
            answers.update(told)
            if number % 50 == 0 or number == count:
                print(f"  {cards.shop.engine}: {number} of {count}: {dict(answers)}", flush=True)
    wrong = _unpaid(cards, count)
    found, orders = judge(cards)
    wrong, ends = wrong + found, count_orders(orders)
    if set(answers) - {"return 303", "webhook 200"}:
        wrong.append(f"answers {dict(answers)}")
    return {"done to it": dict(answers), **ends, "verdict": tell(wrong)}


def _unpaid(cards: CardShop, count: int) -> list[str]:
    """What is not paid by the two alone, before anybody else asks the bank; the worker may need a moment."""
    give_up = time.monotonic() + PATIENCE
    while True:
        orders = cards.shop.hands.do("card_orders")
        unpaid = [each["number"] for each in orders if each["payment_status"] != "paid"]
        if not unpaid or time.monotonic() > give_up:
            break
        time.sleep(0.5)
    return [f"of {len(orders)} orders not paid: {unpaid}"] if unpaid or len(orders) < count else []


def _meet(cards: CardShop, wish: tuple[str, str], number: int) -> list[str]:
    """Order on the page and pay at the bank; then come back and let the bank tell it at the same instant."""
    shopper = Shopper(cards.shop.port, number)
    shopper.fill_cart_on_page(*wish)
    form = {**shopper.checkout_form(), "paymentMethod": "stripe"}
    told = wanted(shopper.post_form("/checkout", form, **{"HX-Request": "true"}), 200).json()
    approve_in_browser(cards.bank, told["clientSecret"])
    body, there = _event_about(cards, told["clientSecret"].partition("_secret_")[0]), urlsplit(told["returnUrl"])
    gate, answers = threading.Barrier(2), []

    def come_back() -> None:
        gate.wait()
        answers.append(f"return {shopper.request('GET', f'{there.path}?{there.query}').status}")

    def tell_shop() -> None:
        signature = sign(body, WEBHOOK_SECRET, int(time.time()))
        gate.wait()
        answers.append(f"webhook {send(cards.webhook_url, body, signature)}")

    both = [threading.Thread(target=each) for each in (come_back, tell_shop)]
    [thread.start() for thread in both]
    [thread.join() for thread in both]
    shopper.close()
    return answers


def _event_about(cards: CardShop, intent_id: str) -> bytes:
    """The bytes of the bank's event that this payment has succeeded."""
    for event in cards.bank.bank.store.list_after("event"):
        if event["type"] == SUCCEEDED and event["data"]["object"]["id"] == intent_id:
            return body_of(event)
    raise LookupError(f"the bank says nothing of {intent_id}")
