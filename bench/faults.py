"""What is done to a running shop while customers order: its processes killed, its Redis and its database taken away."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import time
import urllib.error
import urllib.request

import redis

from bench.running_shop import RunningShop

ROLES = ("web worker", "web worker", "web", "worker", "worker", "work horse", "work horse", "scheduler")


def kill_a_process(shop: RunningShop, chance: random.Random) -> str:
    """`kill -9` of one process after a while, while somebody is served; which it was."""
    time.sleep(chance.uniform(0.2, 2.0))
    role = chance.choice(ROLES)
    if role in {"web worker", "work horse"} and _kill_child(shop, role, chance):
        killed = role
    else:
        killed = "scheduler" if role == "scheduler" else "web" if role.startswith("web") else "worker"
        _kill_and_restart(shop, killed)
    if killed.startswith("web"):
        shop.wait_until_it_answers()
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


def take_redis_away(shop: RunningShop, chance: random.Random) -> str:
    """Redis is killed for some seconds; every other time it comes back without all that it knew."""
    time.sleep(chance.uniform(1, 3))
    empties = chance.random() < 0.5
    shop.take_redis_away(with_data=empties)
    time.sleep(chance.uniform(3, 12))
    shop.bring_redis_back()
    return "away, back empty" if empties else "away"


def flush_redis(shop: RunningShop, chance: random.Random) -> str:
    """FLUSHALL at a random moment."""
    time.sleep(chance.uniform(0.2, 2))
    assert shop.store is not None
    with redis.Redis.from_url(shop.store.url) as connection:
        connection.flushall()
    return "flushed"


def stop_postgres(shop: RunningShop, chance: random.Random) -> tuple[str, float]:
    """PostgreSQL is stopped mid-checkout and started some seconds later; how, and when the shop was ready again."""
    assert shop.server is not None
    time.sleep(chance.uniform(2, 5))
    way = chance.choice([signal.SIGINT, signal.SIGQUIT])
    shop.server.stop(way)
    time.sleep(chance.uniform(2, 8))
    shop.server.start()
    return ("stopped at once" if way == signal.SIGQUIT else "stopped"), seconds_until_ready(shop)


def seconds_until_ready(shop: RunningShop, patience: float = 60) -> float:
    """How long it takes until the shop says that it can serve."""
    started = time.monotonic()
    while time.monotonic() - started < patience:
        with contextlib.suppress(OSError, urllib.error.URLError, json.JSONDecodeError):
            if shop.get_json("/health/ready")["status"] == "ready":
                break
        time.sleep(0.05)
    return time.monotonic() - started
