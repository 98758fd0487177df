"""Every event of Stripe's that could be found, of old and new versions, posted twice and in any order; and forgeries.

The events are found in ../shared/data/stripe, or in the folder of --stripe-data; they are no part of the project.
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from bench.payments.card_shop import CardShop, card_shop
from bench.payments.case import Case
from bench.payments.events import ask, work_off
from bench.payments.post import PATHS, post
from bench.payments.state import Rows, differences, read_state
from bench.record import ROOT
from bench.shopper import Shopper
from shop.demo.bank.webhooks import sign
from tests.bank import WEBHOOK_SECRET
from tests.bank_faults import forgeries

DATA = ROOT.parent / "shared" / "data" / "stripe"
ORDERS = 4  # in which each event comes twice
TABLES = ("orders", "payments", "refunds", "disputes", "subscriptions", "payment_differences", "provider_events")


def cases(asked: argparse.Namespace) -> Iterator[Case]:
    for engine in asked.engines:
        yield Case(f"{engine}, Stripe's own events", partial(prove, engine, asked.seed, asked.stripe_data))


def prove(engine: str, seed: int, data: Path) -> dict[str, Any]:
    bodies, dice = read_events(data), random.Random(seed)
    answers: collections.Counter[int] = collections.Counter()
    ends, wrong = [], []
    for number in range(ORDERS):
        with card_shop(engine, tells=False, roles=("web", "worker")) as own:
            answers += _post_all(own, bodies, dice if number else None)
            left = work_off(own, f"{engine}, order {number + 1} of {ORDERS}")
            state = read_state(own.shop.environment["DATABASE_URL"])
            wrong += [f"left undone: {left}"] if left else []
            wrong += _refused(own, bodies[0]) if number == 0 else []
            wrong += [] if ask(own, "audit_besides_parked_webhooks") == "clean" else ["the audit is not clean"]
        ends.append({name: state[name] for name in TABLES})
    wrong += [each for end in ends[1:] for each in differences(ends[0], end)]
    stored = ends[0]["provider_events"]
    wrong += [f"answers {dict(answers)}"] if set(answers) != {200} else []
    wrong += [f"{stored.total()} stored of {len(bodies)}"] if stored.total() != len(bodies) else []
    if wrong:
        print("  WRONG:", *wrong, sep="\n    ", flush=True)
    return {
        "events": len(bodies),
        "posted in any order": answers.total(),
        "ended": _statuses(stored),
        "forgeries refused": len(forged(bodies[0])) * len(PATHS),
        "verdict": "FAILED" if wrong else "ok",
    }


def read_events(folder: Path) -> list[bytes]:
    """Every event there, as the file has it: those of one name get one each, and one around each example object."""
    files = sorted([*folder.glob("events/*.json"), *folder.glob("composed-newest/*.json")])
    events = [json.loads(file.read_text()) for file in [*files, folder / "event_test_signature.json"]]
    resources = json.loads((folder / "fixtures3.json").read_text())["resources"]
    events += [
        {"type": f"{name}.updated", "object": "event", "created": 1, "data": {"object": thing}}
        for name, thing in resources.items()
    ]
    events.append(resources["event"])
    bodies = [json.dumps({**event, "id": f"evt_data_{number}"}, indent=2) for number, event in enumerate(events)]
    return [body.encode() for body in bodies]


def _post_all(own: CardShop, bodies: list[bytes], dice: random.Random | None) -> collections.Counter[int]:
    """Each event twice, at both paths; one after the other, or as the dice fall."""
    twice = [body for body in bodies for _ in PATHS]
    if dice is not None:
        dice.shuffle(twice)
    sender = Shopper(own.shop.port, 1)
    statuses = [post(sender, body, path=PATHS[place % 2]).status for place, body in enumerate(twice)]
    sender.close()
    return collections.Counter(statuses)


def _statuses(stored: Rows) -> dict[str, int]:
    found: collections.Counter[str] = collections.Counter()
    for row, count in stored.items():
        found[json.loads(row)["status"]] += count
    return dict(sorted(found.items()))


# -- what nobody may believe -------------------------------------------------------------------------------------------


def forged(body: bytes) -> dict[str, tuple[bytes, str]]:
    """Posts that must be refused, by what is wrong with them."""
    fresh = json.dumps({**json.loads(body), "id": "evt_forged"}, indent=2).encode()
    now = int(time.time())
    right = sign(fresh, WEBHOOK_SECRET, now)
    again = json.dumps(json.loads(fresh)).encode()
    return {
        **{name: (fresh, signature) for name, signature in forgeries(fresh, WEBHOOK_SECRET).items()},
        "serialised again": (again, right),
        "one byte more": (fresh + b"\n", right),
        "cut short": (fresh[:-1], right),
        "no stamp": (fresh, right.partition(",")[2]),
        "stamp moved": (fresh, right.replace(str(now), str(now + 1))),
        "two stamps": (fresh, f"t={now - 9999},{right.replace('v1=', 'v1=0')}"),
        "no event": (b"[]", sign(b"[]", WEBHOOK_SECRET, now)),
        "no JSON": (b"{", sign(b"{", WEBHOOK_SECRET, now)),
        "no bytes": (b"", sign(b"", WEBHOOK_SECRET, now)),
    }


def _refused(own: CardShop, body: bytes) -> list[str]:
    """What is wrong with the answers to forgeries: each is a 400 and leaves no row."""
    before = read_state(own.shop.environment["DATABASE_URL"])["provider_events"]
    sender, wrong = Shopper(own.shop.port, 2), []
    for path in PATHS:
        for name, (bad, signature) in forged(body).items():
            status = post(sender, bad, signature, path).status
            wrong += [f"{name} at {path}: {status}"] if status != 400 else []
    sender.close()
    after = read_state(own.shop.environment["DATABASE_URL"])["provider_events"]
    return wrong + (["a forged event was stored"] if before != after else [])
