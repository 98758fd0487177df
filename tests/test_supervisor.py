"""`make run` as a person meets it: it answers, says what it did, repairs itself, and leaves nothing behind."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shop import ROOT
from shop.demo import processes, valkey
from tests.servers import free_port

PATIENCE = 120  # seconds for what takes a few on a free machine
CHILDREN = ("gunicorn", "worker", "scheduler", "shop.demo.bank", "valkey.sock")  # words of their command lines
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
        command = [sys.executable, "-m", "shop.demo.run"]
        self.process = processes.start(command, self.output, env=self.environment, cwd=ROOT)

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
        """Every living process of this run, whoever its parent is by now, by its VAR_DIR or (Valkey) its title."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                environment, title = (entry / "environ").read_bytes(), (entry / "cmdline").read_text()
            except OSError:
                continue  # gone meanwhile
            if containing in title and (str(self.var) in title or f"VAR_DIR={self.var}".encode() in environment):
                found.append(int(entry.name))
        return found

    def again(self, module: str) -> subprocess.CompletedProcess[str]:
        """Run another command on the same folder."""
        command = [sys.executable, "-m", module]
        return subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=PATIENCE)

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

    def started(folder: Path = var, **environment: str) -> Run:
        runs.append(Run(folder, **environment))
        return runs[-1]

    yield started
    for run in runs:
        run.kill()


@pytest.fixture(scope="class")
def run(var: Path) -> Iterator[Run]:
    run = Run(var)
    run.wait_until_open(PATIENCE)
    yield run
    run.kill()


class TestWhileItRuns:
    """One run for all of these: a start costs seconds."""

    @pytest.mark.thorough
    def test_it_answers_and_says_all_a_newcomer_needs(self, run: Run) -> None:
        assert run.health() == 200
        words = run.said()
        assert f"http://127.0.0.1:{run.port}" in words
        for needed in ("admin@example.com", "lina@example.com", "/dev/mail", "openapi.json", "make reset", "curl '"):
            assert needed in words
        assert len(words.splitlines()) <= 20

    def test_a_shop_without_keys_has_an_account_at_the_bank_of_the_demo(self, run: Run) -> None:
        bank = run.said().partition("the bank of the demo: ")[2].split()[0]
        (web, *_) = run.processes("gunicorn")

        with urllib.request.urlopen(bank, timeout=10) as page:  # noqa: S310 (our own server)
            assert b"Ledger" in page.read()
        assert f"STRIPE_API_BASE={bank}".encode() in Path(f"/proc/{web}/environ").read_bytes()

    def test_a_second_run_or_reset_is_refused_and_says_where_the_first_one_is(self, run: Run) -> None:
        second, reset = run.again("shop.demo.run"), run.again("shop.demo.reset")

        for refused in (second, reset):
            assert refused.returncode == 1
            assert f"http://127.0.0.1:{run.port} (process {run.process.pid})" in refused.stderr
            assert "Traceback" not in refused.stderr
        assert run.health() == 200

    def test_a_dead_child_is_started_again(self, run: Run) -> None:
        killed = {name: run.processes(name) for name in CHILDREN}
        assert all(killed.values()), killed

        for pids in killed.values():
            os.kill(min(pids), signal.SIGKILL)

        for name, pids in killed.items():
            wait_for(lambda name=name, pids=pids: bool(set(run.processes(name)) - set(pids)), PATIENCE)  # type: ignore[misc]
        wait_for(lambda: run.health() == 200, PATIENCE)
        assert run.said().count("The web process ended and is started again") == 1


def test_it_stops_within_fifteen_seconds_and_leaves_no_process(start: Callable[..., Run]) -> None:
    run = start()
    run.wait_until_open(PATIENCE)
    wait_for(lambda: all(run.processes(name) for name in CHILDREN), PATIENCE)

    run.process.terminate()

    assert run.process.wait(15) == 0
    assert run.processes() == []
    assert run.health() == 0


def test_nothing_survives_a_killed_supervisor(start: Callable[..., Run]) -> None:
    run = start()
    run.wait_until_open(PATIENCE)

    run.process.kill()
    run.process.wait()

    wait_for(lambda: run.processes() == [], 15)
    assert run.processes() == []


def test_ctrl_c_while_it_still_starts_ends_it_at_once(start: Callable[..., Run], tmp_path: Path) -> None:
    run = start(tmp_path / "var")
    wait_for(lambda: bool(run.processes("shop.demo.prepare")), PATIENCE)

    run.process.send_signal(signal.SIGINT)

    assert run.process.wait(10) == 0
    assert run.processes() == []


def test_a_taken_port_is_said_and_another_one_is_used(start: Callable[..., Run]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]

        run = start(PORT=str(taken))
        wait_for(lambda: "\n" in run.said(), PATIENCE)

    assert run.said().startswith(f"Port {taken} is taken; using ")
    used = int(run.said().split("is taken; using ")[1].split(".")[0])
    wait_for(lambda: f"http://127.0.0.1:{used}" in (run.var / "run.lock").read_text(), PATIENCE)


@pytest.mark.parametrize("is_prepared", [False, True])
def test_mistakes_in_the_settings_are_told_and_nothing_keeps_running(
    start: Callable[..., Run], tmp_path: Path, var: Path, is_prepared: bool
) -> None:
    run = start(var if is_prepared else tmp_path / "var", SHOP_CURRENCY="not a currency")

    assert run.process.wait(PATIENCE) == 1

    assert "SHOP_CURRENCY" in run.said()
    assert "Traceback" not in run.said()
    assert run.processes() == []
