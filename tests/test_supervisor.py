"""`make run` as a person meets it: it answers, says what it did, repairs itself, and leaves nothing behind."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shop import ROOT
from shop.demo import valkey
from tests.servers import free_port

FIRST_START = 90  # seconds, with the demo data to be made; a later start takes a few
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc"),
    pytest.mark.skipif(valkey.find_binary() is None, reason=valkey.HOW_TO_GET_ONE),
]


class Run:
    """One `make run` on a folder of its own."""

    def __init__(self, var: Path, **environment: str) -> None:
        self.var = var
        self.port = free_port()
        self.output = var.parent / f"output-{self.port}"
        inherited = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}}
        self.environment = {
            **inherited,
            "VAR_DIR": str(var),
            "SHOP_ENV": "development",
            "PORT": str(self.port),
            "WEB_CONCURRENCY": "1",
            **environment,
        }
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "shop.demo.run"], cwd=ROOT, env=self.environment, stdout=output, stderr=output
            )

    def said(self) -> str:
        return self.output.read_text()

    def wait_until_open(self, within: float) -> None:
        wait_for(lambda: "Ctrl-C" in self.said() or self.process.poll() is not None, within)
        assert self.process.poll() is None, self.said()

    def health(self, port: int | None = None) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def processes(self, containing: str = "") -> list[int]:
        """Every living process that has this run's VAR_DIR in its environment, whoever its parent is by now."""
        mark = f"VAR_DIR={self.var}".encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (entry / "environ").read_bytes() and containing in (entry / "cmdline").read_text():
                    found.append(int(entry.name))
            except OSError:
                continue  # gone meanwhile
        return found

    def again(self, module: str) -> subprocess.CompletedProcess[str]:
        """Run another command on the same folder."""
        command = [sys.executable, "-m", module]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=60)

    def kill(self) -> None:
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


def wait_for(condition: Callable[[], bool], within: float) -> None:
    give_up = time.monotonic() + within
    while not condition():
        assert time.monotonic() < give_up, f"it did not happen within {within} seconds"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all runs here, so that the demo data is made once."""
    return tmp_path_factory.mktemp("run") / "var"


@pytest.fixture
def start(var: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def started(*, opens: bool = True, **environment: str) -> Run:
        runs.append(Run(var, **environment))
        if opens:
            runs[-1].wait_until_open(FIRST_START)
        return runs[-1]

    yield started
    for run in runs:
        run.kill()


def test_it_answers_and_says_all_a_newcomer_needs(start: Callable[..., Run]) -> None:
    run = start()

    assert run.health() == 200
    words = run.said()
    assert f"http://127.0.0.1:{run.port}" in words
    for needed in ("admin@example.com", "lina@example.com", "/dev/mail", "openapi.json", "make reset", "curl '"):
        assert needed in words
    assert len(words.splitlines()) <= 20


def test_a_taken_port_is_said_and_the_next_one_is_used(start: Callable[..., Run]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        run = start(PORT=str(taken))

    assert f"Port {taken} is taken; using " in run.said()
    used = int(run.said().split("is taken; using ")[1].split(".")[0])
    assert run.health(used) == 200


def test_a_second_run_or_reset_is_refused_and_says_where_the_first_one_is(start: Callable[..., Run]) -> None:
    run = start()

    second, reset = run.again("shop.demo.run"), run.again("shop.demo.reset")

    for refused in (second, reset):
        assert refused.returncode == 1
        assert f"http://127.0.0.1:{run.port} (process {run.process.pid})" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert run.health() == 200


def test_a_dead_child_is_started_again(start: Callable[..., Run]) -> None:
    run = start()
    killed = {name: run.processes(name) for name in ("gunicorn", "worker", "scheduler", "valkey.sock")}
    killed = {name: pids for name, pids in killed.items() if pids}
    assert len(killed) >= 3

    for pids in killed.values():
        os.kill(min(pids), signal.SIGKILL)

    for name, pids in killed.items():
        wait_for(lambda name=name, pids=pids: bool(set(run.processes(name)) - set(pids)), 20)  # type: ignore[misc]
    wait_for(lambda: run.health() == 200, 20)
    assert run.said().count("The web process ended and is started again") == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_within_fifteen_seconds_and_leaves_no_process(start: Callable[..., Run], number: int) -> None:
    run = start()
    assert len(run.processes()) >= 5

    run.process.send_signal(number)

    assert run.process.wait(15) == 0
    assert run.processes() == []
    assert "had to be killed" not in run.said()
    assert run.health() == 0


def test_nothing_survives_a_killed_supervisor(start: Callable[..., Run]) -> None:
    run = start()

    run.process.kill()
    run.process.wait()

    wait_for(lambda: run.processes() == [], 15)


def test_a_failed_preparation_is_quoted_and_nothing_keeps_running(start: Callable[..., Run]) -> None:
    run = start(opens=False, SHOP_CURRENCY="not a currency")

    assert run.process.wait(60) == 1

    assert "`flask db upgrade` failed" in run.said()
    assert "SHOP_CURRENCY" in run.said()
    assert run.processes() == []
