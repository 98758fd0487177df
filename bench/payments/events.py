"""Thousands of a bank's events, once in order to one shop, and copied and shuffled by many senders to its twin.

Both begin alike, and both banks are as they are after all of it. They end alike, to the row, the e-mail and the cent.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bench.hands import Hands
from bench.payments.bank_stories import FATES, SUBSCRIPTIONS, Fate, Teller, be_strange, mix, subscribe
from bench.payments.card_shop import CardShop
from bench.payments.case import Case
from bench.payments.post import deliver
from bench.payments.state import Rows, differences, read_ledger, read_mails, read_state
from bench.payments.two_shops import copied_shop, first_shop
from shop.demo.bank.webhooks import body_of

EVENTS_PER_ORDER = 7
MOST_COPIES, SENDERS = 5, 8
PORTION = 50
PATIENCE = 1800.0
PRESSED = 10  # times that the time of webhooks that were put off is made to come
ROLES = ("web", "worker")  # no scheduler, which would ask the bank by itself


def cases(asked: argparse.Namespace) -> Iterator[Case]:
    for engine in asked.engines:
        yield Case(f"{engine}, {asked.events:,} events", partial(prove, engine, asked.seed, asked.events))


@dataclass
class Told:
    """What was posted to a shop, and how the shop ended."""

    posted: int
    statuses: collections.Counter[int]
    state: dict[str, Rows] = field(default_factory=dict)
    seconds: float = 0.0
    audit: str = ""
    left: str = ""


def prove(engine: str, seed: int, events: int) -> dict[str, Any]:
    dice = random.Random(f"{seed} {engine}")
    with tempfile.TemporaryDirectory(prefix="events-proof-") as name:
        folder = Path(name)
        with first_shop(engine, folder) as start:
            orders, strangers = _live(start, events, dice)
            bodies = [body_of(event) for event in start.bank.bank.store.list_after("event")][::-1]
        shuffled = [body for body in bodies for _ in range(dice.randint(1, MOST_COPIES))]
        dice.shuffle(shuffled)
        in_order = _tell(start, folder, "in order", bodies, 1)
        any_order = _tell(start, folder, "in any order", shuffled, SENDERS)
    return verdict(orders, bodies, strangers, in_order, any_order)


# -- what happens ------------------------------------------------------------------------------------------------------


def _live(start: CardShop, events: int, dice: random.Random) -> tuple[int, set[str]]:
    """Orders, and what becomes of them at the bank: how many, and who is strange there."""
    hands = hands_of(start)
    teller, fates = Teller(start.bank), _fates(events // EVENTS_PER_ORDER, dice)
    made = _begin(hands, fates)
    for work, *more in (("give_back", 300), ("cancel_orders",), ("forget_references",)):
        hands.do(work, [order for fate, (order, _) in zip(fates, made, strict=True) if fate.shop == work], *more)
    hands.stop()
    stories = [fate.story(teller, intent, dice) for fate, (_, intent) in zip(fates, made, strict=True)]
    stories += [subscribe(teller, dice) for _ in range(len(fates) * SUBSCRIPTIONS // 100)]
    mix(stories, dice)
    start.bank.pass_time()
    strangers = be_strange(teller, events // 100)
    count = sum(1 for _ in teller.store.list_after("event"))
    for number in range(count, events):
        teller.tell(dice.choice(("product.updated", "payout.paid", "nobody.knows")), id=f"xx_{number}", object="thing")
    print(f"  {start.shop.engine}: {len(made)} orders, {max(count, events)} events", flush=True)
    return len(made), strangers


def hands_of(where: CardShop) -> Hands:
    return Hands(where.shop.environment, where.shop.folder, "bench.payments.card_hands")


def ask(where: CardShop, work: str, *arguments: Any) -> Any:
    """Have one thing done there."""
    hands = hands_of(where)
    try:
        return hands.do(work, *arguments)
    finally:
        hands.stop()


def _fates(count: int, dice: random.Random) -> list[Fate]:
    """A fate for each order: each is there, the others by their shares."""
    kinds = list(FATES.values())
    drawn = dice.choices(kinds, [fate.share for fate in kinds], k=max(count - len(kinds), 0))
    fates = [*kinds, *drawn]
    dice.shuffle(fates)
    return fates


def _begin(hands: Hands, fates: list[Fate]) -> list[tuple[str, str]]:
    made: list[tuple[str, str]] = []
    for first in range(0, len(fates), PORTION):
        made += hands.do("begin_orders", first, [fate.card for fate in fates[first : first + PORTION]])
        if first % (PORTION * 10) == 0:
            print(f"  {len(made)} of {len(fates)} orders begun", flush=True)
    return made


# -- how it is told ----------------------------------------------------------------------------------------------------


def _tell(start: CardShop, folder: Path, name: str, bodies: list[bytes], senders: int) -> Told:
    """Post the events to a copy of the shop, let it work them off, and look how it ended."""
    with copied_shop(start, folder, name.replace(" ", "-"), roles=ROLES) as twin:
        what, began = f"{start.shop.engine}, {name}", time.monotonic()
        told = Told(len(bodies), deliver(twin.shop.port, bodies, senders, what))
        print(f"  {what}: {dict(told.statuses)} in {time.monotonic() - began:.0f} s", flush=True)
        told.left = work_off(twin, what)
        told.seconds = time.monotonic() - began
        told.state = {
            **read_state(twin.shop.environment["DATABASE_URL"]),
            "e-mails sent": read_mails(twin.shop.folder / "mail"),
            "the bank's ledger": read_ledger(twin.bank),
        }
        told.audit = ask(twin, "audit_besides_parked_webhooks")
    return told


def work_off(twin: CardShop, what: str) -> str:
    """Wait until nothing is left to do, pressing what was put off; what is left when there is no more patience."""
    hands, give_up, pressed, said = hands_of(twin), time.monotonic() + PATIENCE, 0, time.monotonic()
    try:
        while time.monotonic() < give_up:
            left = hands.do("work_left")
            if not any(left.values()):
                return ""
            if time.monotonic() - said > 20:
                said = time.monotonic()
                print(f"  {what}: {left}", flush=True)
            if left["put off"] and not left["due"] and pressed < PRESSED:
                pressed += 1
                hands.do("press_webhooks")
            time.sleep(0.5)
    finally:
        hands.stop()
    return str(left)


# -- how it ended ------------------------------------------------------------------------------------------------------


def verdict(orders: int, bodies: list[bytes], strangers: set[str], in_order: Told, any_order: Told) -> dict[str, Any]:
    wrong = differences(in_order.state, any_order.state)
    for told in (in_order, any_order):
        wrong += [f"answers: {dict(told.statuses)}"] if set(told.statuses) != {200} else []
        wrong += [f"audit: {told.audit[:2000]}"] if told.audit != "clean" else []
        wrong += [f"left undone: {told.left}"] if told.left else []
        rows = [json.loads(row) for row in told.state["provider_events"]]
        parked = {row["object_id"] for row in rows if row["status"] == "parked"}
        wrong += [f"parked: {sorted(parked - strangers)}"] if parked - strangers or not parked else []
        stored = told.state["provider_events"].total()
        wrong += [f"{stored} events stored of {len(bodies)}"] if stored != len(bodies) else []
    if wrong:
        print("  WRONG:", *wrong[:40], sep="\n    ", flush=True)
    return {
        "orders": orders,
        "events": len(bodies),
        "parked": len(parked),
        "posted in any order": any_order.posted,
        "rows compared": sum(rows.total() for rows in in_order.state.values()),
        "e-mails": in_order.state["e-mails sent"].total(),
        "lines of the ledger": in_order.state["the bank's ledger"].total(),
        "differences": len(differences(in_order.state, any_order.state)),
        "seconds": f"{in_order.seconds:.0f} and {any_order.seconds:.0f}",
        "verdict": "FAILED" if wrong else "ok",
    }
