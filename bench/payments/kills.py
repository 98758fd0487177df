"""`kill -9` of web, worker and scheduler at random moments while customers pay by card."""

from __future__ import annotations

import argparse
import collections
import random
from collections.abc import Iterator
from functools import partial

from bench.customers import Customers
from bench.faults import kill_a_process
from bench.payments.books import count_orders, judge, tell
from bench.payments.buyers import CardBuyer
from bench.payments.card_shop import CardShop, card_shop
from bench.payments.case import Case

PORTION = 50  # kills of one shop


def cases(asked: argparse.Namespace) -> Iterator[Case]:
    """The kills in portions, those of each database in turn."""
    for first in range(1, asked.kills + 1, PORTION):
        last = min(first + PORTION - 1, asked.kills)
        for engine in asked.engines:
            name = f"{engine}, card kills {first} to {last}"
            yield Case(name, partial(prove, engine, last + 1 - first, random.Random(f"{asked.seed} {name}")))


def prove(engine: str, count: int, chance: random.Random) -> dict:
    """Kill so often, and look at the books when the customers have ended."""
    with card_shop(engine) as cards:
        return run(cards, count, chance)


def run(cards: CardShop, count: int, chance: random.Random) -> dict:
    """The same on a shop that is there and has no orders."""
    killed: collections.Counter[str] = collections.Counter()
    buyer = CardBuyer(cards.bank, chance)
    ways = [buyer.pays, buyer.tries_another_card, buyer.is_asked, buyer.pays_on_page, buyer.changes_their_mind]
    customers = Customers(cards.shop, cards.make_wish(), ways)
    customers.start()
    for number in range(1, count + 1):
        killed[kill_a_process(cards.shop, chance)] += 1
        if number % 10 == 0 or number == count:
            print(f"  {cards.shop.engine}: {number} of {count}: {dict(killed)}", flush=True)
    cards.shop.wait_until_it_answers()
    customers.stop()
    wrong, orders = judge(cards)
    watch, acknowledged = customers.watch, sorted(customers.acknowledged)
    wrong += watch.wrong
    if acknowledged != sorted(order["public_id"] for order in orders):
        wrong.append(f"{len(acknowledged)} orders acknowledged, {len(orders)} there")
    return {
        "done to it": dict(killed),
        **count_orders(orders),
        "answers 503": watch.statuses[503],
        "slowest answer s": f"{watch.slowest:.1f}",
        "connections broken": watch.broken,
        "verdict": tell(wrong),
    }
