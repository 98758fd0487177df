"""A shop lives at random, many times: after each step its stock is a model's, after each life the audit is clean.

The lives are those of tests/domain/test_states.py, in portions with a seed each. A broken-off run goes on after the
last portion that ended, and a later one after the lives that docs/proofs.md tells of, until there are as many as asked.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time

from bench.record import PROOFS, ROOT, Record

TEST = "tests/domain/test_states.py"
ENGINES = ["sqlite", "postgresql"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lives", type=int, default=10_000, help="on each of the databases named with --engines")
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--portion", type=int, default=250)
    parser.add_argument("--engines", nargs="*", default=ENGINES)
    parser.add_argument("--fresh", action="store_true", help="forget what ran before")
    asked = parser.parse_args()
    record = Record("states", fresh=asked.fresh)
    before = {engine: (0, 0, 0.0) if asked.fresh else published(engine) for engine in asked.engines}
    portions = -(-(asked.lives - min(lives for lives, _, _ in before.values())) // asked.portion)
    for portion in range(1, portions + 1):
        for engine in asked.engines:
            seed = before[engine][1] + portion
            name = f"{engine}, seed {seed}"
            if name in record:
                continue
            seconds = live(engine, asked.portion, asked.steps, seed)
            if seconds is None:
                return 1
            record.keep(name, {"lives": asked.portion, "steps each": asked.steps, "seconds": f"{seconds:.0f}"})
            print(f"{name}: {asked.portion} lives in {seconds:.0f} s, {portion} of {portions} portions", flush=True)
    ran = record.results.items()
    totals = {engine: [each for name, each in ran if name.startswith(engine)] for engine in ENGINES}
    before = {engine: (0, 0, 0.0) if asked.fresh else published(engine) for engine in ENGINES}
    record.results = {
        engine: {
            "lives": f"{before[engine][0] + sum(each['lives'] for each in done):,}",
            "steps each": asked.steps,
            "seeds": f"1 to {before[engine][1] + len(done)}",
            "seconds": f"{before[engine][2] + sum(float(each['seconds']) for each in done):,.0f}",
            "verdict": "ok",
        }
        for engine, done in totals.items()
    }
    print(record.table())
    note = "Carts, codes, orders, cash, cancelling, parcels, refunds, returns, prices and time. Nothing falsified."
    record.publish("A shop at random (`make prove-states`)", note)
    return 0


def published(engine: str) -> tuple[int, int, float]:
    """How many lives docs/proofs.md tells of, the last seed of theirs, and their seconds."""
    row = re.search(rf"^\| {engine} \| ([\d,]+) \| \d+ \| 1 to (\d+) \| ([\d,]+) \| ok \|$", PROOFS.read_text(), re.M)
    if row is None:
        return 0, 0, 0.0
    lives, seed, seconds = (int(figure.replace(",", "")) for figure in row.groups())
    return lives, seed, float(seconds)


def live(engine: str, lives: int, steps: int, seed: int) -> float | None:
    """Run so many lives; the seconds they took, None after printing what went wrong."""
    command = [sys.executable, "-m", "pytest", "-q", TEST, "-k", engine, f"--hypothesis-seed={seed}"]
    environment = {**os.environ, "SHOP_STATES": f"{engine}:{lives}x{steps}"}
    started = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout[-6000:], done.stderr[-2000:])
        return None
    return time.perf_counter() - started


if __name__ == "__main__":
    raise SystemExit(main())
