"""Proof of the races: many buyers at the same instant, on pages and API; each race has exactly the winners it may have.

On shops that it starts itself, on both databases and on PostgreSQL with a slow wire between shop and database; or on
any shop that serves the API, with --url (what was bought there is cancelled again). After each race the audit.
"""

from __future__ import annotations

import argparse
import random
import time

from bench.raced_shop import ForeignShop, OwnShop, RacedShop
from bench.races import Race, all_races
from bench.record import Record
from bench.running_shop import running_shop

CONNECTIONS_ELSEWHERE = 20  # to a shop that is not ours


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="", help="a running shop, such as http://127.0.0.1:5000")
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--stocks", type=int, nargs="*", default=[1, 10, 50])
    parser.add_argument("--rounds", type=int, default=1, help="how often each race is run")
    parser.add_argument("--engines", nargs="*", default=["postgresql", "sqlite"])
    parser.add_argument("--delay-ms", type=float, default=3, help="of the slow wire; 0: no such shop")
    parser.add_argument("--only", default="", help="only races with these words in their name")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--fresh", action="store_true", help="begin anew instead of going on")
    asked = parser.parse_args()
    record = Record("races-elsewhere" if asked.url else "races", asked.fresh or bool(asked.url))
    if asked.url:
        stocks, connections = [n for n in asked.stocks if n < CONNECTIONS_ELSEWHERE], CONNECTIONS_ELSEWHERE
        run_all(record, ForeignShop(asked.url), list(all_races(stocks, connections, ("api",))), asked)
    else:
        races = list(all_races(asked.stocks, asked.connections))
        wires = [(engine, 0.0) for engine in asked.engines]
        wires += [("postgresql", asked.delay_ms)] if asked.delay_ms and "postgresql" in asked.engines else []
        for engine, delay_ms in wires:
            with running_shop(engine, delay_ms=delay_ms) as running:
                name = f"{engine} {delay_ms:g} ms away" if delay_ms else engine
                run_all(record, OwnShop(running, name), races, asked)
    print(record.table())
    failed = [case for case, result in record.results.items() if result["verdict"] == "FAILED"]
    if failed:
        print("FAILED:", *failed, sep="\n  ")
        return 1
    if not asked.url and not asked.only:
        note = f"Seed {asked.seed}, {asked.connections} connections, 2 web processes."
        record.publish("Races (`make prove-races`)", note)
    return 0


def run_all(record: Record, shop: RacedShop, races: list[Race], asked: argparse.Namespace) -> None:
    """Every race as often as asked; what is in the record already is left out."""
    for number in range(1, asked.rounds + 1):
        for race in races:
            case = f"{shop.name} {race.name}" + (f", round {number}" if asked.rounds > 1 else "")
            if asked.only in race.name and case not in record:
                record.keep(case, run_one(shop, race, random.Random(f"{asked.seed} {case}")))
                print(f"{case}: {record.results[case]}", flush=True)


def run_one(shop: RacedShop, race: Race, dice: random.Random) -> dict:
    """One race with all that is told about it; the verdict is "left out" where the shop cannot be raced so."""
    if race.needs_own and not isinstance(shop, OwnShop):
        return {"verdict": "left out: only on a shop of its own"}
    started = time.monotonic()
    try:
        came = race.run(shop, dice)
    except LookupError as error:
        return {"verdict": f"left out: {error}"}
    finally:
        shop.give_back()
    seconds, audit = time.monotonic() - started, shop.audit()
    is_ok = came.is_ok and audit in {"clean", "not ours"}
    told = {"orders": came.told.get("orders"), "statuses": dict(came.statuses), "left": came.told.get("left", "")}
    return {**told, "seconds": f"{seconds:.1f}", "audit": audit, "verdict": "ok" if is_ok else "FAILED"}


if __name__ == "__main__":
    raise SystemExit(main())
