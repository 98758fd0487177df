"""`make run`: the whole shop under one command, for development. Web, worker, scheduler and, unless REDIS_URL or
STRIPE_* say otherwise, a Valkey and a bank of its own start together, are started again when they die, and stop
together.
"""

from __future__ import annotations

import contextlib
import errno
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from shop import ROOT
from shop.demo import bank_account, processes, stamp, valkey
from shop.demo.place import (
    AlreadyRunning,
    CannotRun,
    flask_command,
    gunicorn_command,
    only_one,
    prepare_command,
    reachable,
    read_environment,
    shown,
    var_folder,
)

START_WITHIN = 60.0  # seconds until the web process must answer
STEADY_AFTER = 60.0  # a child that lived this long starts its next restart without delay
LONGEST_DELAY = 30.0
# Seconds each child has for a clean end, in the order of stopping; together below 15.
PATIENCE = {"web": 6.0, "worker": 4.0, "scheduler": 2.0, "bank": 0.5, "valkey": 2.0}


class Stopped(Exception):
    """Somebody asked for the end while the shop was still starting."""


@dataclass
class Child:
    """One process that is kept running."""

    name: str
    launch: Callable[[], subprocess.Popen[bytes]]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    next_try: float | None = field(default=None)

    def start(self) -> None:
        """Start the process now."""
        self.next_try = None
        self.started = time.monotonic()
        self.process = self.launch()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Starts the children in order, watches over them, and stops them in reverse."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        self.var = var_folder(environment)
        self.logs = self.var / "log"
        self.children: list[Child] = []
        self.stop_asked_at: float | None = None

    def run(self) -> None:
        """Run until told to stop. Raises CannotRun when the shop does not come up."""
        self._listen_to_signals()
        self.logs.mkdir(parents=True, exist_ok=True)
        try:
            self._start_everything()
            say(welcome(self.environment, self.logs))
            while self.stop_asked_at is None:
                for child in self.children:
                    self._look_after(child)
                time.sleep(0.2)
        except Stopped:
            pass
        finally:
            self._stop_everything()

    def _start_everything(self) -> None:
        if not self.environment.get("REDIS_URL"):
            self._start(Child("valkey", self._launch_valkey, self.var / "valkey" / "valkey.log"))
        self._prepare()
        if bank_account.is_wanted(self.environment):
            self._open_bank()
        self._start(self._child("web", gunicorn_command()))
        self._wait_for_web()
        # After the first page can be seen: every Python takes seconds to load the shop.
        self._start(self._child("worker", flask_command("worker")))
        self._start(self._child("scheduler", flask_command("scheduler")))

    def _open_bank(self) -> None:
        """Give the shop an account at a bank that moves no money."""
        host, port = self.environment["HOST"], int(self.environment["PORT"])
        base_url = f"http://{reachable(host)}:{free_port(host, bank_account.wanted_port(port))}"
        self.environment |= bank_account.open_account(base_url)
        self._start(self._child("bank", bank_account.bank_command()))

    def _child(self, name: str, command: list[str]) -> Child:
        log = self.logs / f"{name}.log"
        log.write_bytes(b"")
        return Child(name, lambda: processes.start(command, log, env=self.environment, cwd=ROOT), log)

    def _start(self, child: Child) -> None:
        try:
            child.start()
        except valkey.ValkeyError as error:
            raise CannotRun(str(error)) from None
        self.children.append(child)

    def _launch_valkey(self) -> subprocess.Popen[bytes]:
        server = valkey.start(self.var / "valkey")
        self.environment["REDIS_URL"] = server.url
        return server.process

    def _prepare(self) -> None:
        if stamp.is_current(self.environment):
            return
        log = self.logs / "prepare.log"
        log.write_bytes(b"")
        process = processes.start(prepare_command(), log, env=self.environment, cwd=ROOT)
        try:
            while process.poll() is None:
                self._go_on_unless_stopped()
        finally:
            processes.kill(process)
        if process.returncode:
            raise CannotRun(f"The demo shop could not be prepared:\n{processes.last_lines(log)}")
        stamp.renew(self.environment)

    def _wait_for_web(self) -> None:
        web = next(child for child in self.children if child.name == "web")
        give_up = time.monotonic() + START_WITHIN
        while not answers(self.environment["HOST"], int(self.environment["PORT"])):
            self._go_on_unless_stopped()
            if not web.is_running() or time.monotonic() > give_up:
                raise CannotRun(f"The web process did not start; it wrote:\n{processes.last_lines(web.log)}")

    def _go_on_unless_stopped(self) -> None:
        if self.stop_asked_at is not None:
            raise Stopped
        time.sleep(0.05)

    def _look_after(self, child: Child) -> None:
        if child.is_running():
            return
        now = time.monotonic()
        if child.next_try is None:
            child.failures = 1 if now - child.started > STEADY_AFTER else child.failures + 1
            child.next_try = now + min(2.0 ** (child.failures - 2), LONGEST_DELAY)
            if child.failures == 1:
                say(f"The {child.name} process ended and is started again; see {shown(child.log)}.")
        elif now >= child.next_try:
            if child.process is not None:
                processes.kill(child.process)  # what it started must not run beside its successor
            try:
                child.start()
            except valkey.ValkeyError:
                child.process = None

    def _stop_everything(self) -> None:
        if self.stop_asked_at is not None:
            say("Stopping…")
        for name, patience in PATIENCE.items():
            for child in self.children:
                if child.name == name and child.process is not None and not processes.stop(child.process, patience):
                    say(f"The {name} process had to be killed.")

    def _listen_to_signals(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.stop_asked_at is None:
            self.stop_asked_at = now
        elif number == signal.SIGINT and now - self.stop_asked_at > 0.5:  # one Ctrl-C may arrive twice, through make
            for child in self.children:
                if child.process is not None:
                    processes.kill(child.process)
            os._exit(130)


def say(sentence: str) -> None:
    """Print a sentence; a terminal that has gone away must not keep the shop from stopping."""
    with contextlib.suppress(OSError):
        print(sentence, flush=True)


def free_port(host: str, wanted: int) -> int:
    """The wanted port, or the next free one. Raises CannotRun when there is none near it."""
    for port in range(wanted, min(wanted + 100, 65536)):
        if is_free(host, port):
            return port
    raise CannotRun(f"No free port between {wanted} and {wanted + 99}: set PORT.")


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there; raises CannotRun when the host is not one of this machine."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind(address)
        except PermissionError:
            return False
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise CannotRun(f"HOST={host} cannot be used here: {error.strerror}.") from None
    return True


def answers(host: str, port: int) -> bool:
    """Whether the shop's own health page answers 200."""
    connection = http.client.HTTPConnection(reachable(host), port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def shop_url(environment: dict[str, str]) -> str:
    """The address to open in a browser."""
    own = f"http://{reachable(environment['HOST'])}:{environment['PORT']}"
    return (environment.get("PUBLIC_BASE_URL") or own).rstrip("/")


def welcome(environment: dict[str, str], logs: Path) -> str:
    """What a newcomer needs to know, in fewer than twenty lines."""
    url = shop_url(environment)
    bank = environment.get("STRIPE_API_BASE", "")
    payment = f"cash on delivery; the bank of the demo: {bank}" if bank else "cash on delivery, cards by your own keys"
    return f"""
{environment["SHOP_NAME"]} is open: {url}

  Staff      {url}/admin    admin@example.com / demo-admin-password
  Customer   {url}/account  lina@example.com / demo-customer-password
  Mailbox    {url}/dev/mail
  API        {url}/api/v1/openapi.json
             curl '{url}/api/v1/products?limit=2'

  Payment    {payment}
  Demo data  make reset
  Logs       {shown(logs)}/web.log, worker.log, scheduler.log
  Stop       Ctrl-C
"""


def main() -> int:
    """Run the shop; 0 after a clean stop, 1 with a plain sentence when it cannot run."""
    try:
        environment = read_environment(os.environ)
        with only_one(var_folder(environment)) as lock:
            wanted = int(environment["PORT"])
            environment["PORT"] = str(free_port(environment["HOST"], wanted))
            environment.pop("GUNICORN_BIND", None)
            if environment["PORT"] != str(wanted):
                say(f"Port {wanted} is taken; using {environment['PORT']}.")
            lock.write(f"{shop_url(environment)} (process {os.getpid()})")
            lock.flush()
            Supervisor(environment).run()
    except AlreadyRunning as error:
        print(f"The shop is already running here: {error}. Stop it there with Ctrl-C first.", file=sys.stderr)
        return 1
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
