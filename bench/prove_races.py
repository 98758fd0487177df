"""Proof of the races: many buyers at the same instant, on pages and API; each race has exactly the winners it may have.

On shops that it starts itself, on both databases and on PostgreSQL with a slow wire between shop and database; or on
any shop that serves the API, with --url (what was bought there is cancelled again). After each round the audit. Rounds
that were run already are not run again, however the run ended; --fresh begins anew.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import functools
import random
import time
from collections.abc import Callable, Iterable, Iterator

from bench.raced_shop import ForeignShop, OwnShop, RacedShop
from bench.races import Race, Turn, all_races
from bench.record import Record
from bench.running_shop import running_shop

CONNECTIONS_ELSEWHERE = 20  # to a shop that is not ours
STOCK_ELSEWHERE = 10
LEFT_OUT = "left out"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="", help="a running shop, such as http://127.0.0.1:5000")
    parser.add_argument("--connections", type=int, default=80)
    parser.add_argument("--stock", type=int, default=50, help="the most there is of what everybody wants")
    parser.add_argument("--rounds", type=int, default=0, help="how often each race is run: twice, elsewhere once")
    parser.add_argument("--minutes", type=float, default=0, help="stop after so many; the next call goes on")
    parser.add_argument("--engines", nargs="*", default=["postgresql", "sqlite"])
    parser.add_argument("--delay-ms", type=float, default=3, help="of the slow wire; 0: no such shop")
    parser.add_argument("--only", default="", help="only races with these words in their name")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--fresh", action="store_true", help="begin anew instead of going on")
    asked = parser.parse_args()
    asked.rounds = asked.rounds or (1 if asked.url else 2)
    asked.give_up = time.monotonic() + asked.minutes * 60 if asked.minutes else float("inf")
    record = Record("races-elsewhere" if asked.url else "races", asked.fresh or bool(asked.url))
    say_what_is_done(record)
    before = dict(record.results)
    is_whole = run_elsewhere(record, asked) if asked.url else run_here(record, asked)
    print(record.table())
    failed = [case for case, result in record.results.items() if result["verdict"].startswith("FAILED")]
    if failed:
        print("FAILED:", *failed, sep="\n  ")
        return 1
    if not is_whole:
        print("Not all rounds were run yet: call it again to go on.")
    elif record.results == before:
        print("Nothing was left to run: ask for more rounds, or begin anew with --fresh.")
    elif not asked.url and not asked.only:
        note = (
            f"Seed {asked.seed}, 2 web processes. Winners, answers and seconds of a case are counted over its rounds."
        )
        record.publish("Races (`make prove-races`)", note, keeps=True)
    return 0


def say_what_is_done(record: Record) -> None:
    rounds = sum(result.get("rounds", 0) for result in record.results.values())
    if rounds:
        print(f"Done already: {rounds} rounds of {len(record.results)} races; --fresh begins anew.", flush=True)


def run_elsewhere(record: Record, asked: argparse.Namespace) -> bool:
    """The races that can be run on somebody's shop; whether all of them were."""
    races = list(all_races(STOCK_ELSEWHERE, CONNECTIONS_ELSEWHERE, ("api",)))
    shop = ForeignShop(asked.url)
    return run_all(record, {shop.name: lambda: shop}, races, asked)


def run_here(record: Record, asked: argparse.Namespace) -> bool:
    """Every race on shops of our own, each started when it is first raced on; whether all rounds were run."""
    wires = {engine: (engine, 0.0) for engine in asked.engines}
    if asked.delay_ms and "postgresql" in asked.engines:
        wires[f"postgresql {asked.delay_ms:g} ms away"] = ("postgresql", asked.delay_ms)
    with contextlib.ExitStack() as running:

        def start(name: str) -> RacedShop:
            engine, delay_ms = wires[name]
            return OwnShop(running.enter_context(running_shop(engine, delay_ms=delay_ms)), name)

        starts = {name: functools.partial(start, name) for name in wires}
        return run_all(record, starts, list(all_races(asked.stock, asked.connections)), asked)


def rounds_left(
    record: Record, shops: Iterable[str], races: list[Race], asked: argparse.Namespace
) -> Iterator[tuple[str, Race, int]]:
    """The shop, race and number of each round that is still to be run: every race once, then every race again.

    A race that failed, or that its shop cannot be raced with, is not run on.
    """
    for number in range(1, asked.rounds + 1):
        for shop in shops:
            for race in races:
                if asked.only in race.name:
                    numbers = range((number - 1) * race.times + 1, number * race.times + 1)
                    yield from ((shop, race, each) for each in numbers if is_left(record, shop, race, each))


def is_left(record: Record, shop: str, race: Race, number: int) -> bool:
    result = record.results.get(f"{shop} {race.name}", {"rounds": 0, "verdict": "ok"})
    return result["verdict"] == "ok" and result["rounds"] < number


def run_all(
    record: Record, shops: dict[str, Callable[[], RacedShop]], races: list[Race], asked: argparse.Namespace
) -> bool:
    """Every round that is left; False when the time was over before the last. `shops` start shops by their names."""
    started: dict[str, RacedShop] = {}
    for name, race, number in rounds_left(record, shops, races, asked):
        if time.monotonic() > asked.give_up:
            return False
        if name not in started:
            started[name] = shops[name]()
        case = f"{name} {race.name}"
        came = run_one(started[name], race, Turn(number, random.Random(f"{asked.seed} {case} {number}")))
        record.keep(case, added(record.results.get(case), came, number))
        print(f"{case}, round {number} of {asked.rounds * race.times}: {came}", flush=True)
    return True


def added(before: dict | None, came: dict, number: int) -> dict:
    """The case with one more round."""
    if came["verdict"].startswith(LEFT_OUT):
        return {"rounds": 0, "verdict": came["verdict"]}
    before = before or {"orders": 0, "statuses": {}, "seconds": 0}
    statuses = collections.Counter(before["statuses"])
    statuses.update({str(status): count for status, count in came["statuses"].items()})
    return {
        "rounds": number,
        "orders": before["orders"] + came.get("orders", 0),
        "statuses": dict(sorted(statuses.items())),
        "seconds": round(before["seconds"] + came["seconds"], 1),
        "audit": came["audit"],
        "verdict": came["verdict"] if came["verdict"] == "ok" else f"{came['verdict']} in round {number}",
    }


def run_one(shop: RacedShop, race: Race, turn: Turn) -> dict:
    """One race with all that is told about it; the verdict is "left out" where the shop cannot be raced so."""
    if race.needs_own and not isinstance(shop, OwnShop):
        return {"verdict": f"{LEFT_OUT}: only on a shop of its own"}
    started = time.monotonic()
    try:
        came = race.run(shop, turn)
    except LookupError as error:
        return {"verdict": f"{LEFT_OUT}: {error}"}
    finally:
        shop.give_back()
    seconds, audit = time.monotonic() - started, shop.audit()
    is_ok = came.is_ok and audit in {"clean", "not ours"}
    told = {**came.told, "statuses": dict(came.statuses), "seconds": round(seconds, 1), "audit": audit}
    return {**told, "verdict": "ok" if is_ok else "FAILED"}


if __name__ == "__main__":
    raise SystemExit(main())
