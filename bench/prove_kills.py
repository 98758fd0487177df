"""Proof that nothing is lost: `kill -9` of web, worker or scheduler at 50 random moments while orders pour in.

Clients repeat each order with the same Idempotency-Key until it is acknowledged, as a phone on a bad line would.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import os
import random
import signal
import threading
import time
from email import message_from_bytes
from pathlib import Path

from bench.raced_shop import OwnShop
from bench.record import Record
from bench.running_shop import RunningShop, running_shop
from bench.shopper import Shopper

LOST = (OSError, ValueError)  # a connection that broke, or an answer cut short


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--engines", nargs="*", default=["postgresql", "sqlite"])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--fresh", action="store_true", help="begin anew instead of going on")
    asked = parser.parse_args()
    record = Record("kills", asked.fresh)
    for engine in asked.engines:
        if engine not in record:
            record.keep(engine, prove(engine, asked.kills, asked.clients, random.Random(asked.seed)))
            print(f"{engine}: {record.results[engine]}", flush=True)
    print(record.table())
    if any(result["verdict"] != "ok" for result in record.results.values()):
        return 1
    record.publish("Kills (`make prove-kills`)", f"Seed {asked.seed}, {asked.clients} clients, 2 web processes.")
    return 0


def prove(engine: str, kills: int, clients: int, chance: random.Random) -> dict:
    with running_shop(engine, roles=("web", "worker", "scheduler")) as shop:
        variant = OwnShop(shop, engine).variant(10**6)
        stop, acknowledged, retries = threading.Event(), [], collections.Counter()
        buyers = [
            threading.Thread(target=_buy_until, args=(shop, number, variant, stop, acknowledged, retries))
            for number in range(clients)
        ]
        [buyer.start() for buyer in buyers]
        killed = _kill_at_random(shop, kills, chance)
        stop.set()
        [buyer.join(120) for buyer in buyers]
        waited = _wait_for_mails(shop, len(set(acknowledged)))
        return {**_verdict(shop, acknowledged, retries), "kills": dict(killed), "last mail after s": waited}


def _buy_until(shop: RunningShop, number: int, variant: tuple[str, str], stop, acknowledged: list, retries) -> None:
    count = 0
    while not stop.is_set():
        count += 1
        shopper = Shopper(shop.port, number * 100_000 + count)
        cart_id = _again(retries, lambda: shopper.fill_cart(*variant), shopper)  # noqa: B023 (called at once)
        key = {"Idempotency-Key": f"kill-{number}-{count}"}
        placed = _again(retries, lambda: _wanted(shopper.place(cart_id, **key), 201), shopper)  # noqa: B023
        order = placed.json()["data"]
        _again(retries, lambda: _wanted(shopper.pay(order, **key), 200), shopper)  # noqa: B023
        acknowledged.append(order["id"])
        shopper.close()


def _wanted(answer, status: int):
    if answer.status != status:
        raise ValueError(f"{answer.status} {answer.body[:300]!r}")
    return answer


def _again(retries, attempt, shopper: Shopper):
    for _ in range(600):
        try:
            return attempt()
        except (AssertionError, *LOST) as error:
            retries[type(error).__name__] += 1
            shopper.close()
            time.sleep(0.1)
        except Exception as error:  # http.client raises its own family for cut answers
            if type(error).__module__ != "http.client":
                raise
            retries[type(error).__name__] += 1
            shopper.close()
            time.sleep(0.1)
    raise RuntimeError("sixty seconds of trying did not help")


def _kill_at_random(shop: RunningShop, kills: int, chance: random.Random) -> collections.Counter:
    killed: collections.Counter = collections.Counter()
    for done in range(kills):
        time.sleep(chance.uniform(0.5, 4.0))
        role = chance.choice(["web worker", "web worker", "worker", "work horse", "scheduler", "web"])
        if role in {"web worker", "work horse"} and not _kill_child(shop, role, chance):
            role = "web" if role == "web worker" else "worker"
        if role in shop.roles:
            _kill_and_restart(shop, role)
        killed[role] += 1
        if done % 10 == 9:
            print(f"  {shop.engine}: {done + 1} of {kills} kills", flush=True)
    return killed


def _kill_child(shop: RunningShop, role: str, chance: random.Random) -> bool:
    """Kill a web worker, or the job that a worker is at; False when there is none at this moment."""
    children = shop.children_of("web" if role == "web worker" else "worker")
    if not children:
        return False
    try:
        os.kill(chance.choice(children), signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _kill_and_restart(shop: RunningShop, role: str) -> None:
    """Kill a process with all that it started, and start it anew as a supervisor would."""
    process = shop.roles[role]
    for pid in [*shop.children_of(role), process.pid]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    shop.start(role)
    if role == "web":
        shop.wait_until_it_answers()


def _mails(shop: RunningShop) -> list[str]:
    """The subjects in the mailbox folder, one a file: each names its order."""
    files = Path(shop.folder, "mail").glob("*.eml")
    return [str(message_from_bytes(file.read_bytes())["Subject"]) for file in files]


def _wait_for_mails(shop: RunningShop, orders: int, patience: float = 240) -> str:
    started = time.monotonic()
    while time.monotonic() - started < patience and len(_mails(shop)) < orders:
        time.sleep(0.5)
    return f"{time.monotonic() - started:.0f}"


def _verdict(shop: RunningShop, acknowledged: list[str], retries) -> dict:
    counts = shop.python("-m", "bench.count_orders").split()
    orders, confirmed, sent, unsent = (int(count) for count in counts[-4:])
    mails = _mails(shop)
    audit = shop.audit()
    ok = (
        len(set(acknowledged)) == len(acknowledged)
        and orders == confirmed == sent == len(acknowledged)
        and unsent == 0
        and len(mails) == len(set(mails)) == orders
        and audit == "clean"
    )
    return {
        "acknowledged": len(acknowledged),
        "orders": orders,
        "confirmed": confirmed,
        "mails": len(mails),
        "tries that broke": sum(retries.values()),
        "audit": audit,
        "verdict": "ok" if ok else "FAILED",
    }


if __name__ == "__main__":
    raise SystemExit(main())
