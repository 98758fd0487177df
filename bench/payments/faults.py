"""Each kind of fault a hundred times on each call to the bank, while customers pay: no money is lost or doubled."""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import get_args

from bench.customers import Customers, Way
from bench.payments.books import count_orders, judge, tell
from bench.payments.buyers import CardBuyer
from bench.payments.card_shop import CardShop, card_shop
from bench.payments.case import Case
from tests.bank_faults import Kind

KINDS: tuple[Kind, ...] = get_args(Kind)
TIMEOUT = 1.0  # seconds that the shop waits for an answer here
SECONDS = {"delay": 0.6}  # of the others each is slower than that
ODDS = 0.6  # of a call to go wrong: often it helps to ask again, sometimes the shop is left without an answer
LATEST = 600.0
MOST_TRIES = 4
BY_PAGE = ("pays_on_page", "is_asked", "pays_on_page", "pays")


@dataclass(frozen=True)
class Place:
    """A call to the bank, and who makes it."""

    name: str
    calls: str  # the pattern of "METHOD /path"
    ways: tuple[str, ...]


PLACES = (
    Place("creating", r"^POST /v1/payment_intents$", ("pays", "pays_on_page", "tries_another_card", "is_asked")),
    Place("confirming", r"^POST /v1/payment_intents/\w+/confirm$", ("pays", "tries_another_card", "is_asked", "pays")),
    Place("retrieving", r"^GET /v1/payment_intents/", BY_PAGE),
    Place("refunding", r"^(POST|GET) /v1/refunds", ("changes_their_mind",) * 2),
)


def cases(asked: argparse.Namespace) -> Iterator[Case]:
    """Every place on each database."""
    for engine in asked.engines:
        for place in PLACES:
            yield Case(f"{engine}, faults on {place.name}", partial(prove, engine, place, asked.faults, asked.seed))


def prove(engine: str, place: Place, count: int, seed: int, kinds: tuple[Kind, ...] = KINDS) -> dict:
    """One kind after the other on one shop, each at least so often, and for as many orders."""
    with card_shop(engine, STRIPE_TIMEOUT_SECONDS=str(TIMEOUT)) as cards:
        return run(cards, place, count, seed, kinds)


def run(cards: CardShop, place: Place, count: int, seed: int, kinds: tuple[Kind, ...]) -> dict:
    """The same on a shop that is there."""
    wrong: list[str] = []
    slowest, unknown, counts = 0.0, 0, {}
    wish = cards.make_wish()
    for number, kind in enumerate(kinds, 1):
        customers = _customers(cards, place, wish, number, seed)
        _disturb(cards, place, kind, count, customers, seed)
        found, orders = judge(cards)
        wrong += [f"{kind}: {each}" for each in [*customers.watch.wrong, *customers.watch.late, *found]]
        slowest = max(slowest, customers.watch.slowest)
        unknown += customers.watch.statuses[503]
        counts = count_orders(orders)
        done = cards.bank.faults.done[kind]
        print(f"  {cards.shop.engine}, {place.name}: {done} x {kind}; {counts}", flush=True)
    done = sum(cards.bank.faults.done.values())
    return {
        "done to it": f"{len(kinds)} kinds, {done} faults",
        **counts,
        "answers 503": unknown,
        "slowest answer s": f"{slowest:.1f}",
        "verdict": tell(wrong),
    }


def _customers(cards: CardShop, place: Place, wish: tuple[str, str], number: int, seed: int) -> Customers:
    chance = random.Random(f"{seed} {place.name} {number}")
    buyer = CardBuyer(cards.bank, chance, MOST_TRIES)
    ways: list[Way] = [getattr(buyer, name) for name in place.ways]
    return Customers(cards.shop, wish, ways, first=number * 1_000_000, look_around=False)


def _disturb(cards: CardShop, place: Place, kind: Kind, count: int, customers: Customers, seed: int) -> None:
    """Let them buy until there are so many orders and so many faults."""
    faults = cards.bank.faults
    faults.chance(seed, {kind: ODDS}, place.calls, SECONDS.get(kind, TIMEOUT + 0.4))
    customers.start()
    give_up = time.monotonic() + LATEST
    while len(customers.acknowledged) < count or faults.done[kind] < count:
        if time.monotonic() > give_up:
            customers.watch.wrong.append(f"only {faults.done[kind]} faults and {len(customers.acknowledged)} orders")
            break
        time.sleep(0.1)
    customers.stop()
