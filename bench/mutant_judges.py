"""Judges of mutants: processes that try one mutant after the other, each in a fork that ends at the first red test.

A mistake inside a function is tried in a fork of a process in which every test has run once: the function gets the
mistaken code, and the tests that call it run, the quickest first. A mistake outside of functions acts at import, so
it is tried in a fork of a process that has imported the libraries, but nothing of ours. Nothing is written to disk.
"""

from __future__ import annotations

import ast
import functools
import gc
import importlib
import importlib.machinery
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

import pytest
from hypothesis import Phase, settings

from bench.mutants import Mutant, code_of, mutants_of
from bench.record import ROOT

LEAST_SECONDS = 30  # that a mutant's tests may take; else five times what they take without a mistake
# What takes long to import and is not ours.
LIBRARIES = ["flask_migrate", "flask_limiter", "flask_login", "flask_wtf", "hypothesis.stateful", "alembic.command"] + [
    "sqlalchemy.orm", "pydantic", "argon2", "babel.numbers", "structlog", "reportlab.pdfgen.canvas", "PIL.Image", "rq"
]  # fmt: skip
GREEN = ""
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (a test's database lives there, in a folder of its own)


@dataclass(frozen=True)
class Task:
    """A mutant to try; `killer` is the test that found it in an earlier run and goes first, if any."""

    module: str
    name: str
    killer: str = ""


@dataclass(frozen=True)
class Answer:
    """What came of a task: the test that is red with the mistake, empty where none is."""

    task: Task
    killer: str
    seconds: float


def judge_inside(modules: Sequence[str], tests: Sequence[str], tasks: Any, answers: Any) -> None:
    """Try the mutants inside functions that come from `tasks`, until None comes."""
    _quiet()
    judge = _Judge(modules, tasks, answers)
    if pytest.main(_arguments(tests), plugins=[judge]) != 0 or not judge.has_finished:
        answers.put(None)


def judge_outside(modules: Sequence[str], tests: Sequence[str], tasks: Any, answers: Any) -> None:
    """Try the mutants outside of functions likewise."""
    _quiet()
    for name in LIBRARIES:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory(dir=SHARED_MEMORY if SHARED_MEMORY.is_dir() else None) as folder:
        started = time.monotonic()
        if _in_fork(lambda: _from_the_start(tests, Path(folder)), 3600) != GREEN:
            answers.put(None)
            return
        limit = max(LEAST_SECONDS, 5 * (time.monotonic() - started))
        for task in iter(tasks.get, None):
            began = time.monotonic()
            killer = GREEN
            for chosen in [[task.killer], tests] if task.killer else [tests]:
                killer = killer or _in_fork(functools.partial(_with_mistake, task, chosen, Path(folder)), limit)
            answers.put(Answer(task, killer, time.monotonic() - began))


def _arguments(tests: Sequence[str]) -> list[str]:
    return ["-q", "-x", "-p", "no:cacheprovider", "-k", "not postgresql", *tests]


def _quiet() -> None:
    """The same cases each time; a failure is a verdict, so nothing is made smaller; tests print to nobody."""
    os.chdir(ROOT)
    settings.register_profile(
        "mutants", phases=[Phase.explicit, Phase.generate], derandomize=True, database=None, deadline=None
    )
    settings.load_profile("mutants")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    if "MUTANTS_STDERR" not in os.environ:
        os.dup2(null, 2)


def _find(task: Task) -> tuple[ast.Module, Mutant]:
    tree, mutants = mutants_of(task.module, ROOT)
    return tree, next(mutant for mutant in mutants if mutant.name == task.name)


def _in_fork(work: Callable[[], str], limit: float) -> str:
    """The red test that work in a process of its own comes to. Ending badly or not in time is red too."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(int(limit) + 1)
        try:
            os.write(writing, work().encode() or b"green")
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(child, 0)
    return GREEN if said == "green" else said or "no test: it ended badly or not in time"


# -- outside of functions ---------------------------------------------------------------------------------------------


def _with_mistake(task: Task, tests: Sequence[str], folder: Path) -> str:
    tree, mutant = _find(task)
    own = importlib.machinery.SourceFileLoader.get_code

    def get_code(loader: Any, fullname: str) -> CodeType | None:
        return mutant.code(tree) if Path(loader.path) == ROOT / task.module else own(loader, fullname)

    importlib.machinery.SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]
    return _from_the_start(tests, folder)


def _from_the_start(tests: Sequence[str], folder: Path) -> str:
    plugin = _FromTheStart(folder)
    is_red = pytest.main(_arguments(tests), plugins=[plugin]) != 0
    return plugin.red or "no test: it cannot be imported" if is_red else GREEN


class _FromTheStart:
    """A pytest plugin: notes the red test, and keeps the first run's migrated, empty database for all that follow."""

    def __init__(self, folder: Path) -> None:
        self.red = ""
        self.kept = folder / "kept.db"
        self.folder = folder

    def pytest_collection_finish(self) -> None:
        if self.kept.exists():
            path = self.folder / "shop.db"
            shutil.copy(self.kept, path.with_suffix(".template"))
            shutil.copy(self.kept, path)
            sys.modules["tests.conftest"]._databases["sqlite"] = f"sqlite:///{path}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.red = report.nodeid

    def pytest_sessionfinish(self) -> None:
        url = sys.modules["tests.conftest"]._databases.get("sqlite") if "tests.conftest" in sys.modules else None
        if url and not self.kept.exists():
            shutil.copy(Path(url.removeprefix("sqlite:///")).with_suffix(".template"), self.kept)


# -- inside of functions ----------------------------------------------------------------------------------------------


class _Judge:
    """A pytest plugin: runs all tests once and notes what each calls; then tries mutants instead of ending."""

    def __init__(self, modules: Sequence[str], tasks: Any, answers: Any) -> None:
        self.files = {str(ROOT / module): module for module in modules}
        self.tasks, self.answers = tasks, answers
        self.calls: dict[tuple[str, str], set[pytest.Item]] = {}
        self.seconds: dict[pytest.Item, float] = {}
        self.kills: Counter[tuple[str, str]] = Counter()  # by function and test
        self.has_finished = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = session.items
        for number, item in enumerate(items):
            started = time.monotonic()
            with self._noting(item):
                # Never the end: what lives as long as the session is still needed in the forks.
                is_red = _is_red(item, items[(number + 1) % len(items)])
            self.seconds[item] = time.monotonic() - started
            if is_red:
                print(f"red without a mistake: {item.nodeid}", file=sys.stderr)
                return True
        functions = _ready_to_fork(self.files)
        for task in iter(self.tasks.get, None):
            tree, mutant = _find(task)
            tests = sorted(
                self.calls.get((task.module, mutant.function), ()),
                key=functools.partial(self._order, task, mutant),
            )
            began = time.monotonic()
            limit = max(LEAST_SECONDS, 5 * sum(self.seconds[item] for item in tests))
            killer = _in_fork(functools.partial(_try, mutant, tree, tests, functions), limit) if tests else GREEN
            self.kills[mutant.function, killer] += 1
            self.answers.put(Answer(task, killer, time.monotonic() - began))
        self.has_finished = True
        return True

    def _order(self, task: Task, mutant: Mutant, item: pytest.Item) -> tuple[bool, int, float]:
        """First the test that found the mistake before, then those that found others there, then the quick ones."""
        return item.nodeid != task.killer, -self.kills[mutant.function, item.nodeid], self.seconds[item]

    @contextmanager
    def _noting(self, item: pytest.Item) -> Iterator[None]:
        def note(frame: FrameType, _event: str, _argument: Any) -> None:
            module = self.files.get(frame.f_code.co_filename)
            if module is not None:
                function = frame.f_code.co_qualname.partition(".<locals>")[0]
                self.calls.setdefault((module, function), set()).add(item)

        threading.settrace(note)
        sys.settrace(note)
        try:
            yield
        finally:
            sys.settrace(None)
            threading.settrace(None)  # type: ignore[arg-type]


def _is_red(item: pytest.Item, after: pytest.Item) -> bool:
    from _pytest.runner import runtestprotocol

    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=after))


def _ready_to_fork(files: Collection[str]) -> list[FunctionType]:
    """The functions of these files, behind whatever decorators; what was worked out by them is forgotten."""
    things = gc.get_objects()
    for thing in things:
        if isinstance(thing, functools._lru_cache_wrapper) and thing.__module__.startswith("shop."):
            thing.cache_clear()
    gc.freeze()  # a collection in a fork would copy every page
    gc.disable()
    return [each for each in things if isinstance(each, FunctionType) and each.__code__.co_filename in files]


def _try(mutant: Mutant, tree: ast.Module, tests: Sequence[pytest.Item], functions: Sequence[FunctionType]) -> str:
    """The first of the tests that is red with the mistake in place."""
    mistaken, path = code_of(mutant.code(tree), mutant.function), str(ROOT / mutant.module)
    for each in functions:
        if each.__code__.co_filename == path and each.__code__.co_qualname == mutant.function:
            each.__code__ = mistaken
    # The test after the last is any other, so that only what lives as long as one test ends with it.
    red = (item.nodeid for number, item in enumerate(tests) if _is_red(item, tests[(number + 1) % len(tests)]))
    return next(red, GREEN)
