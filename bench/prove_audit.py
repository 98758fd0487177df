"""Proof of the audit: clean and quick on 100,000 orders, and one wrong row of each kind among them is found.

On both databases. Prints how long each check takes; `--no-damage` does only that.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from flask_migrate import upgrade

from bench.damage import find, guards_put_aside
from bench.damage_kinds import KINDS
from bench.orders import make_orders, show_progress
from bench.record import Record
from bench.statements import new_app
from shop.db import db, operation
from shop.domain.audit_checks.check import Finding
from shop.domain.audit_checks.run import run_audit

AT_MOST = 10.0  # seconds for the whole audit
TIMES_MEASURED = 3
SLOWEST = 8


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--products", type=int, default=1000)
    parser.add_argument("--engines", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-damage", action="store_true", help="only measure how long the checks take")
    parser.add_argument("--fresh", action="store_true", help="begin anew instead of going on")
    asked = parser.parse_args()
    record = Record("audit", asked.fresh)
    for engine in asked.engines:
        if engine not in record:
            app = new_app(engine)
            with app.app_context():
                upgrade()
                record.keep(engine, prove(asked.orders, asked.products, asked.seed, with_damage=not asked.no_damage))
                db.session.remove()
    print(record.table())
    if any(result["verdict"] != "ok" for result in record.results.values()):
        return 1
    if not asked.no_damage:
        rows = f"{asked.orders} orders of {asked.products} products, seed {asked.seed}"
        note = f"{rows}. The audit may take {AT_MOST:.0f} s of the processor, shop and database"
        note += f" together (whatever else runs on the machine); by the clock the best of {TIMES_MEASURED} times."
        record.publish("Audit (`make prove-audit`)", note)
    return 0


def prove(orders: int, products: int, seed: int, *, with_damage: bool = True) -> dict:
    """What one database says: seconds to write the rows and to audit them, and which kinds of damage were missed."""
    started = time.monotonic()
    make_orders(orders, products=products, seed=seed, on_progress=show_progress)
    result: dict = {"written in s": f"{time.monotonic() - started:.0f}"}
    in_one_process()
    before = processor_seconds()
    runs = [timed_audit() for _ in range(TIMES_MEASURED)]
    used = (processor_seconds() - before) / TIMES_MEASURED
    best = min(runs, key=lambda run: sum(seconds for seconds, _ in run))
    total = sum(seconds for seconds, _ in best)
    slow = sorted(best, key=lambda one: -one[0])[:SLOWEST]
    for seconds, finding in slow:
        print(f"  {seconds:6.2f} s  {finding.id}  {finding.promise}")
    wrong = [finding.promise for _, finding in best if finding.rows]
    result |= {
        "audit in s": f"{total:.1f}",
        "of the processor": f"{used:.1f}",
        "slowest": f"{slow[0][1].id}, {slow[0][0]:.1f} s",
    }
    result["wrong rows of a sound shop"] = wrong or "none"
    missed = _missed() if with_damage else []
    result |= {"kinds of damage": len(KINDS) if with_damage else 0, "missed": missed or "none"}
    result["verdict"] = "ok" if used <= AT_MOST and not wrong and not missed else "FAILED"
    return result


@operation
def in_one_process() -> None:
    """Have PostgreSQL think in the one process whose work is counted."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(db.text("SET max_parallel_workers_per_gather = 0"))


def processor_seconds() -> float:
    """What this process and the database's for its connection have used of the processor so far."""
    if db.engine.dialect.name == "sqlite":
        return time.process_time()
    pid = db.session.scalar(db.text("SELECT pg_backend_pid()"))
    db.session.rollback()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed_audit() -> list[tuple[float, Finding]]:
    """Every check with the seconds it took."""
    times = [time.perf_counter()]

    def note(_finding: Finding) -> None:
        times.append(time.perf_counter())

    findings = run_audit(on_finding=note)
    return [(after - before, finding) for before, after, finding in zip(times, times[1:], findings, strict=False)]


def _missed() -> list[str]:
    """The kinds of damage that the audit does not find, each done to one row and undone."""
    missed = []
    with guards_put_aside():
        for number, damage in enumerate(KINDS, 1):
            found = find(damage)
            print(f"  {number:2} of {len(KINDS)}  {damage.area}: {damage.what}: {found.rows} found", flush=True)
            if not found.rows:
                missed.append(damage.what)
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
