"""What can befall webhooks: copies, any order, loss, delay, and those that nobody may believe. They alone tell here."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from bench.payments.books import PAID, count_orders, judge, tell
from bench.payments.buyers import approve_in_browser
from bench.payments.card_shop import CardShop, card_shop
from bench.payments.case import Case
from bench.shopper import Shopper
from shop.demo.bank.webhooks import send
from tests.bank import WEBHOOK_SECRET
from tests.bank_faults import Delivery, disturb, forgeries

LANES = 4
Fault = Callable[[Sequence[bytes], int], list[Delivery]]


def cases(asked: argparse.Namespace) -> Iterator[Case]:
    """All kinds on each database."""
    for engine in asked.engines:
        yield Case(f"{engine}, faults of webhooks", partial(prove, engine, asked.faults, asked.seed))


def _shuffled(bodies: Sequence[bytes], seed: int) -> list[Delivery]:
    return disturb(bodies, WEBHOOK_SECRET, seed, copies=0, forged=0)


def _copied(bodies: Sequence[bytes], seed: int) -> list[Delivery]:
    return disturb(bodies, WEBHOOK_SECRET, seed, copies=1, forged=0)


def _dropped(bodies: Sequence[bytes], seed: int) -> list[Delivery]:
    return disturb(bodies, WEBHOOK_SECRET, seed, copies=0, drops=0.5, forged=0)


def _forged(how: str, bodies: Sequence[bytes], _seed: int) -> list[Delivery]:
    return [Delivery(body, forgeries(body, WEBHOOK_SECRET)[how], is_genuine=False) for body in bodies]


@dataclass(frozen=True)
class Kind:
    """What befalls the events of some orders. `is_late`: they come after the time to pay has ended."""

    name: str
    fault: Fault
    is_late: bool = False


KINDS = (
    Kind("copies", _copied),
    Kind("shuffled", _shuffled),
    Kind("dropped", _dropped),
    Kind("delayed", _shuffled, is_late=True),
    *(Kind(how, partial(_forged, how)) for how in ("stale", "future", "wrong secret")),
)


def prove(engine: str, count: int, seed: int) -> dict:
    """One kind after the other on one shop, each for so many orders, of which no browser comes back."""
    with card_shop(engine, tells=False) as cards:
        return run(cards, count, seed)


def run(cards: CardShop, count: int, seed: int) -> dict:
    """The same on a shop that is there."""
    wrong: list[str] = []
    wish, posted, counts = cards.make_wish(), 0, {}
    seen = len(cards.bank.events())
    for number, kind in enumerate(KINDS):
        paid = _pay_unseen(cards, wish, range(number * count, (number + 1) * count))
        bodies = [body for body, _ in cards.bank.events()]
        deliveries = kind.fault(bodies[seen:], seed + number)
        seen, posted = len(bodies), posted + len(deliveries)
        found = _befall(cards, kind, deliveries, paid)
        more, orders = judge(cards)
        wrong += [f"{kind.name}: {each}" for each in [*found, *more]]
        counts = count_orders(orders)
        print(f"  {cards.shop.engine}: {len(deliveries)} events {kind.name}; {counts}", flush=True)
    if counts["paid"] != counts["orders"] or counts["paid"] < count * len(KINDS):
        wrong.append(f"all of these were paid at the bank: {counts}")
    return {"done to it": f"{len(KINDS)} kinds, {posted} events", **counts, "verdict": tell(wrong)}


def _pay_unseen(cards: CardShop, wish: tuple[str, str], numbers: range) -> set[str]:
    """Orders that are paid at the bank, and whose browsers never come back; their ids."""
    with ThreadPoolExecutor(LANES) as lanes:
        return set(lanes.map(partial(_pay_one, cards, wish), numbers))


def _pay_one(cards: CardShop, wish: tuple[str, str], number: int) -> str:
    shopper = Shopper(cards.shop.port, number)
    order = shopper.place(shopper.fill_cart(*wish), "stripe").json()["data"]
    begun = shopper.pay_by_card(order).json()["data"]
    approve_in_browser(cards.bank, begun["paymentIntent"]["clientSecret"])
    shopper.close()
    return str(order["id"])


def _befall(cards: CardShop, kind: Kind, deliveries: Sequence[Delivery], paid: set[str]) -> list[str]:
    """Post them; what is answered otherwise than it should be, and what was believed that must not be."""
    if kind.is_late:
        cards.shop.hands.do("end_holds")
        cards.shop.hands.do("sweep_holds")
    wrong = []
    for delivery in deliveries:
        status = send(cards.webhook_url, delivery.body, delivery.signature)
        if status != (200 if delivery.is_genuine else 400):
            wrong.append(f"answered {status}")
    if any(delivery.is_genuine for delivery in deliveries):
        return wrong
    time.sleep(2)  # for whoever might apply them
    orders = cards.shop.hands.do("card_orders")
    believed = [each["number"] for each in orders if each["public_id"] in paid and each["payment_status"] in PAID]
    return [*wrong, *(f"{number} is paid by an event that nobody may believe" for number in believed)]
