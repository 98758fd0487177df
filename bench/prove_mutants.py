"""Small mistakes, one at a time, in the rules of prices, codes, stock and orders: the tests find nearly all of them.

Each mutant (bench/mutants.py) is judged by the tests of its area on SQLite (bench/mutant_judges.py). A run that was
broken off goes on where it was, as long as neither the area's modules nor its tests have changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.equivalent_mutants import EQUIVALENT
from bench.mutant_judges import Answer, Task, judge_inside, judge_outside
from bench.mutants import Mutant, mutants_of
from bench.record import ROOT, Record

LEAST_SCORE = 90
KILLED, SURVIVED, EQUAL = "killed", "survived", "equivalent"


@dataclass(frozen=True)
class Area:
    """Modules (those of folders are all below) whose mutants are judged by tests.

    Mistakes outside of functions, each of which takes a start of the whole shop, are judged by `nearest` tests alone.
    """

    modules: tuple[str, ...]
    nearest: tuple[str, ...]
    more: tuple[str, ...]

    @property
    def tests(self) -> tuple[str, ...]:
        return (*self.nearest, *self.more)

    @property
    def files(self) -> list[str]:
        return [str(path.relative_to(ROOT)) for each in self.modules for path in _below(ROOT / each)]


def _below(path: Path) -> list[Path]:
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


ORDERS = "shop/domain/orders"
OF_ORDERS = "tests/domain/orders"
AREAS = {
    "pricing": Area(
        ("shop/money.py", "shop/domain/pricing.py", "shop/domain/tax.py", "shop/domain/explanations.py"),
        ("tests/test_money.py", "tests/domain/test_pricing.py"),
        ("tests/domain/tax_zones", "tests/domain/carts"),
    ),
    "promotions": Area(
        ("shop/domain/promotions",),
        ("tests/domain/promotions/test_rules.py",),
        ("tests/domain/promotions/test_codes.py", "tests/admin/test_discount_codes.py"),
    ),
    "inventory": Area(
        ("shop/domain/inventory",),
        ("tests/domain/inventory",),
        (f"{OF_ORDERS}/test_checkout.py", f"{OF_ORDERS}/test_shipments.py"),
    ),
    "orders": Area(
        tuple(f"{ORDERS}/{name}.py" for name in ("operations", "changes", "models", "shipments", "returns")),
        (f"{OF_ORDERS}/test_moves.py", f"{OF_ORDERS}/test_order_link.py"),
        (f"{OF_ORDERS}/test_shipments.py", f"{OF_ORDERS}/test_checkout.py"),
    ),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=AREAS, help="one area; its rows are shown and not written down")
    parser.add_argument("--sample", type=int, default=0, help="so many mutants of each module at most, by the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fresh", action="store_true", help="forget what ran before")
    parser.add_argument("--again", action="store_true", help="only what survived the last time, whatever tests changed")
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    record, is_enough = Record("mutants", fresh=True), True
    for name in [asked.only] if asked.only else AREAS:
        verdicts = judge_area(name, asked)
        is_enough &= tell(name, verdicts, record)
    print(record.table())
    if not asked.only and not asked.again:
        record.publish(
            "Mutants (`make prove-mutants`)",
            f"{f'A sample of {asked.sample} a module, seed {asked.seed}' if asked.sample else 'All of them'}. Each is "
            "one small mistake in the rules; killed is what the tests of its area find on SQLite. Equivalent ones "
            "are listed with their reason in bench/equivalent_mutants.py and count in no other column; the score is "
            "killed of the rest.",
        )
    return 0 if is_enough else 1


def judge_area(name: str, asked: argparse.Namespace) -> dict[Mutant, str]:
    """The verdict of each mutant of an area; those listed as equivalent have that word."""
    area, chance = AREAS[name], random.Random(asked.seed)
    verdicts: dict[Mutant, str] = {}
    for module in area.files:
        mutants = mutants_of(module, ROOT)[1]
        unknown = set(EQUIVALENT.get(module, {})) - {each.name for each in mutants}
        assert not unknown, f"equivalent_mutants.py lists what {module} has not: {unknown}"
        if asked.sample and len(mutants) > asked.sample:
            mutants = sorted(chance.sample(mutants, asked.sample), key=mutants.index)
        verdicts |= {each: EQUAL if each.name in EQUIVALENT.get(module, {}) else "" for each in mutants}
    memory = Memory(name, area, asked)
    for mutant, known in verdicts.items():
        verdicts[mutant] = known or memory.verdict(mutant)
    by_name = {(each.module, each.name): each for each in verdicts}
    started = time.monotonic()
    for judge, is_inside in ((judge_inside, True), (judge_outside, False)):
        open_ones = [each for each, verdict in verdicts.items() if not verdict and bool(each.function) is is_inside]
        tasks = [Task(each.module, each.name, memory.killers.get((each.module, each.name), "")) for each in open_ones]
        for count, answer in enumerate(_judged(judge, area, is_inside, tasks, asked.processes), 1):
            mutant = by_name[answer.task.module, answer.task.name]
            verdicts[mutant] = KILLED if answer.killer else SURVIVED
            memory.keep(mutant, verdicts[mutant], answer.killer)
            if not answer.killer or count % 50 == 0 or answer.seconds > 30:
                clock = f"{name} {count}/{len(tasks)}, {time.monotonic() - started:.0f} s"
                told = f"{mutant.module}:{mutant.line} {mutant.name}"
                print(f"{clock}: {verdicts[mutant]} {told} ({answer.seconds:.1f} s)", flush=True)
    return verdicts


def _judged(judge: Any, area: Area, is_inside: bool, wanted: Sequence[Task], processes: int) -> Iterable[Answer]:
    """Let as many judges as processes share the tasks."""
    if not wanted:
        return
    context = multiprocessing.get_context("spawn")
    tasks, answers = context.Queue(), context.Queue()
    count = min(processes, len(wanted))
    for task in [*wanted, *[None] * count]:
        tasks.put(task)
    tests = area.tests if is_inside else area.nearest
    judges = [context.Process(target=judge, args=(area.files, tests, tasks, answers)) for _ in range(count)]
    for each in judges:
        each.start()
    try:
        for _ in wanted:
            answer = answers.get()
            if answer is None:
                sys.exit("The tests are not green without a mistake. Run them first.")
            yield answer
    finally:
        for each in judges:
            each.join(timeout=10)
            each.terminate()


class Memory:
    """The verdicts of a run in var/, for the one that goes on; good for the same modules and the same tests alone.

    After a change of tests each mutant is tried anew, first by the test that found it (`killers`), which is quick.
    """

    def __init__(self, name: str, area: Area, asked: argparse.Namespace) -> None:
        self.path = ROOT / "var" / "proofs" / "mutants" / f"{name}.jsonl"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.tests = _hash(path for each in sorted([*area.tests, "tests/conftest.py"]) for path in _below(ROOT / each))
        self.modules = {module: _hash([ROOT / module]) for module in area.files}
        if asked.fresh:
            self.path.unlink(missing_ok=True)
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        self.known: dict[tuple[str, str], str] = {}
        self.killers: dict[tuple[str, str], str] = {}
        for module, source, tests, told, verdict, killer in map(json.loads, lines):
            self.killers[module, told] = killer if "::" in killer else ""
            is_same = tests == self.tests or (asked.again and verdict == KILLED)
            if is_same and self.modules.get(module) == source:
                self.known[module, told] = verdict

    def verdict(self, mutant: Mutant) -> str:
        return self.known.get((mutant.module, mutant.name), "")

    def keep(self, mutant: Mutant, verdict: str, killer: str) -> None:
        row = [mutant.module, self.modules[mutant.module], self.tests, mutant.name, verdict, killer]
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")


def _hash(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def tell(name: str, verdicts: dict[Mutant, str], record: Record) -> bool:
    """Note the rows of an area, each module and their sum; whether its score is high enough."""
    for mutant, verdict in verdicts.items():
        if verdict == SURVIVED:
            print(f"survived: {mutant.module}:{mutant.line} {mutant.name}")
    modules = {each.module: each.module.removeprefix("shop/").removeprefix("domain/") for each in verdicts}
    for module, short in modules.items():
        _note(short, [verdict for each, verdict in verdicts.items() if each.module == module], record)
    return _note(f"**{name}**", list(verdicts.values()), record) >= LEAST_SCORE


def _note(case: str, verdicts: Sequence[str], record: Record) -> float:
    killed, survived, equivalent = (verdicts.count(each) for each in (KILLED, SURVIVED, EQUAL))
    score = 100 * killed / (killed + survived) if killed + survived else 100.0
    row = {"mutants": len(verdicts), "equivalent": equivalent, "killed": killed, "survived": survived}
    record.keep(case, {**row, "score": f"{score:.1f} %"})
    return score


if __name__ == "__main__":
    raise SystemExit(main())
