"""Proof that no payment is lost, doubled or attached to the wrong order.

Shops that take cards are raced, disturbed and killed while customers pay; afterwards the bank's own ledger is compared
with the orders, and the audit is clean. Cases that were proved already are not run again, however the run ended;
--fresh begins anew.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from bench.payments import canary, events, faults, hooks, instant, kills, shield, stripe_data
from bench.payments.case import Case
from bench.record import Record

ENGINES = ["postgresql", "sqlite"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engines", nargs="*", default=ENGINES)
    parser.add_argument("--faults", type=int, default=100, help="how often each kind of fault, and for how many orders")
    parser.add_argument("--returns", type=int, default=1000, help="orders told by browser and webhook at once")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--events", type=int, default=10_000, help="of the bank, in order and in any order")
    parser.add_argument("--stolen", type=int, default=2000, help="cards tried out, from one address and from 200")
    parser.add_argument("--checkouts", type=int, default=1000, help="that are as ordinary as can be")
    parser.add_argument("--stripe-data", type=Path, default=stripe_data.DATA, help="a folder of Stripe's own events")
    parser.add_argument("--only", default="", help="only cases with these words in their name")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--fresh", action="store_true", help="begin anew instead of going on")
    asked = parser.parse_args()
    record = Record("payments", asked.fresh)
    if record.results:
        print("Done already:", ", ".join(record.results), "(--fresh begins anew)", flush=True)
    for case in all_cases(asked):
        if asked.only in case.name and case.name not in record:
            record.keep(case.name, case.run())
            print(f"{case.name}: {record.results[case.name]}", flush=True)
    print(record.table())
    if any(result["verdict"] != "ok" for result in record.results.values()):
        return 1
    if not asked.only:
        record.publish(
            "Payments (`make prove-payments`)", f"Seed {asked.seed}. The bank is the demo's, with its own ledger."
        )
    return 0


def all_cases(asked: argparse.Namespace) -> Iterator[Case]:
    """Every case on each database, in the order in which they are run."""
    for family in (faults, hooks, instant, kills, events, stripe_data, shield, canary):
        yield from family.cases(asked)


if __name__ == "__main__":
    raise SystemExit(main())
