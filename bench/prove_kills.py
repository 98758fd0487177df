"""Proof that nothing is lost: `kill -9` of web, worker or scheduler at random moments, Redis taken away and flushed,
PostgreSQL stopped and started, each while customers order by API and by pages.

They repeat each order until it is acknowledged, as a phone on a bad line would. Afterwards every acknowledged order is
there once, with exactly one e-mail, and the audit is clean. Cases that were proved already are not run again, however
the run ended; --fresh begins anew.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from functools import partial
from pathlib import Path

from bench import faults
from bench.customers import Customers
from bench.raced_shop import OwnShop
from bench.record import Record
from bench.running_shop import RunningShop, running_shop
from tests.servers import OwnPostgres

PORTION = 50  # kills of one shop
READY_WITHIN = 5.0  # seconds after PostgreSQL is back (reliability.md F08)
ALL_MAIL_WITHIN = 600.0
LIMITED = {name: "100000 per minute" for name in ("RATELIMIT_SEARCH", "RATELIMIT_SIGN_IN_PER_ADDRESS")}


@dataclass
class Told:
    """What was done to the shop: how often each, and the slowest return."""

    done: collections.Counter = field(default_factory=collections.Counter)
    ready_after: float | None = None


@dataclass(frozen=True)
class Case:
    """A row of the proof. `breaks`: whether connections may break, as those to a killed process do."""

    name: str
    engine: str
    run: Callable[[RunningShop, random.Random, Told], None]
    breaks: bool = False
    needs_server: bool = False


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--faults", type=int, default=6, help="how often Redis or PostgreSQL is taken away or flushed")
    parser.add_argument("--engines", nargs="*", default=["postgresql", "sqlite"])
    parser.add_argument("--only", default="", help="only cases with these words in their name")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--fresh", action="store_true", help="begin anew instead of going on")
    asked = parser.parse_args()
    record = Record("kills", asked.fresh)
    if record.results:
        print("Done already:", ", ".join(record.results), "(--fresh begins anew)", flush=True)
    for case in all_cases(asked):
        if asked.only in case.name and case.name not in record:
            record.keep(case.name, prove(case, random.Random(f"{asked.seed} {case.name}")))
            print(f"{case.name}: {record.results[case.name]}", flush=True)
    print(record.table())
    if any(result["verdict"] != "ok" for result in record.results.values()):
        return 1
    if not asked.only:
        note = f"Seed {asked.seed}, 3 customers by API, 2 by pages and one who looks around, 2 web processes."
        record.publish("Kills (`make prove-kills`)", note)
    return 0


def all_cases(asked: argparse.Namespace) -> Iterator[Case]:
    """The first portion of kills on each database, Redis, PostgreSQL, then the further kills."""
    yield from _kills(asked, 1)
    for engine in asked.engines:
        yield Case(f"{engine}, Redis away", engine, partial(_repeat, faults.take_redis_away, asked.faults))
        yield Case(f"{engine}, Redis flushed", engine, partial(_repeat, faults.flush_redis, asked.faults * 2))
    if "postgresql" in asked.engines:
        run = partial(_stop_postgres, asked.faults)
        yield Case("postgresql stopped and started", "postgresql", run, needs_server=True)
    for first in range(1 + PORTION, asked.kills + 1, PORTION):
        yield from _kills(asked, first)


def _kills(asked: argparse.Namespace, first: int) -> Iterator[Case]:
    last = min(first + PORTION - 1, asked.kills)
    for engine in asked.engines:
        run = partial(_repeat, faults.kill_a_process, last + 1 - first)
        yield Case(f"{engine}, kills {first} to {last}", engine, run, breaks=True)


def _repeat(fault: Callable[[RunningShop, random.Random], str], count: int, shop, chance, told: Told) -> None:
    for number in range(1, count + 1):
        told.done[fault(shop, chance)] += 1
        if number % 10 == 0 or number == count:
            print(f"  {shop.engine}: {number} of {count}: {dict(told.done)}", flush=True)


def _stop_postgres(count: int, shop: RunningShop, chance: random.Random, told: Told) -> None:
    for number in range(1, count + 1):
        way, seconds = faults.stop_postgres(shop, chance)
        told.done[way] += 1
        told.ready_after = max(told.ready_after or 0, seconds)
        print(f"  {shop.engine}: {number} of {count}: {way}, ready again after {seconds:.1f} s", flush=True)


@contextlib.contextmanager
def _shop_for(case: Case) -> Iterator[RunningShop]:
    """A whole shop; where its database is to be stopped, on a PostgreSQL of its own."""
    server = OwnPostgres() if case.needs_server else None
    if server is not None:
        server.start()
    roles = ("web", "worker", "scheduler")
    try:
        with running_shop(case.engine, roles=roles, server=server, RATELIMIT_ENABLED="true", **LIMITED) as shop:
            yield shop
    finally:
        if server is not None:
            server.stop()


def prove(case: Case, chance: random.Random) -> dict:
    """Let customers order while it happens, and look at what there is when they have ended."""
    told = Told()
    with _shop_for(case) as shop:
        customers = Customers(shop, OwnShop(shop, case.engine).variant(10**6))
        customers.start()
        case.run(shop, chance, told)
        shop.wait_until_it_answers()
        customers.stop()
        waited = _wait_for_mails(shop, len(set(customers.acknowledged)))
        return _verdict(case, shop, customers, told, waited)


def _wait_for_mails(shop: RunningShop, orders: int) -> float:
    """Seconds until every order has its e-mail and none waits any more, or until there is no more patience."""
    started = said = time.monotonic()
    while (waited := time.monotonic() - started) < ALL_MAIL_WITHIN:
        there = len(list(Path(shop.folder, "mail").glob("*.eml")))
        if there >= orders and not shop.hands.do("unsent_emails"):
            break
        if time.monotonic() - said > 20:
            said = time.monotonic()
            print(f"  {shop.engine}: {there} of {orders} e-mails", flush=True)
        time.sleep(0.5)
    return waited


def _mails(shop: RunningShop) -> list[str]:
    """The subjects in the mailbox folder, one a file: each names its order."""
    files = Path(shop.folder, "mail").glob("*.eml")
    return [str(message_from_bytes(file.read_bytes())["Subject"]) for file in files]


def _verdict(case: Case, shop: RunningShop, customers: Customers, told: Told, waited: float) -> dict:
    orders, acknowledged, watch = shop.hands.do("orders"), customers.acknowledged, customers.watch
    mails = collections.Counter(number for subject in _mails(shop) for _, number, _ in orders if number in subject)
    audit = shop.audit()
    wrong = [*watch.wrong, *([] if case.breaks else watch.late)]
    if sorted(acknowledged) != sorted(public_id for public_id, _, _ in orders):
        wrong.append(f"{len(acknowledged)} orders acknowledged, {len(orders)} there")
    wrong += [f"{number} is {status}" for _, number, status in orders if status != "confirmed"]
    wrong += [f"{number} has {mails[number]} e-mails" for _, number, _ in orders if mails[number] != 1]
    if watch.broken and not case.breaks:
        wrong.append(f"{watch.broken} connections broke")
    if told.ready_after is not None and told.ready_after > READY_WITHIN:
        wrong.append(f"ready again after {told.ready_after:.1f} s only")
    if shop.get_json("/health/ready")["status"] != "ready":
        wrong.append("not ready at the end")
    if wrong:
        print("  WRONG:", *wrong[:20], sep="\n    ", flush=True)
    return {
        "done to it": dict(told.done),
        "acknowledged": len(acknowledged),
        "orders": len(orders),
        "e-mails": sum(mails.values()),
        "answers 503": watch.statuses[503],
        "other 5xx": sum(count for status, count in watch.statuses.items() if status > 499 and status != 503),
        "slowest answer s": f"{watch.slowest:.1f}",
        "connections broken": watch.broken,
        "ready again s": "" if told.ready_after is None else f"{told.ready_after:.1f}",
        "last e-mail after s": f"{waited:.0f}",
        "audit": "clean" if audit == "clean" else "FAILED",
        "verdict": "ok" if not wrong and audit == "clean" else "FAILED",
    }


if __name__ == "__main__":
    raise SystemExit(main())
