"""A whole shop for proofs and benchmarks: web, worker and scheduler on loopback, on the engine asked for.

Everything lives in a folder of its own and is stopped at the end by process id. The caps on holds and cash orders are
raised, and the limits on requests are off: proofs press harder than any shopper may.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.hands import Hands
from bench.slow_wire import slow_wire
from shop.demo import processes, valkey
from tests import servers

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
FLASK = [PYTHON, "-m", "flask", "--app", "wsgi"]


@dataclass
class RunningShop:
    """A shop that answers at `url`; `roles` are its processes by name."""

    engine: str
    folder: Path
    url: str
    port: int
    environment: dict[str, str]
    store: valkey.Valkey | None = None
    server: servers.OwnPostgres | None = None
    roles: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @functools.cached_property
    def hands(self) -> Hands:
        """Who makes products and the like for proofs, from the first time they are asked for something."""
        return Hands(self.environment, self.folder)

    def start(self, role: str) -> None:
        """Start web, worker or scheduler; its output goes to a file in the folder."""
        commands = {
            "web": [PYTHON, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"],
            "worker": [*FLASK, "worker"],
            "scheduler": [*FLASK, "scheduler"],
        }
        log = (self.folder / f"{role}.log").open("ab")
        self.roles[role] = subprocess.Popen(
            commands[role], cwd=ROOT, env=self.environment, stdout=log, stderr=log, start_new_session=True
        )

    def take_redis_away(self, *, with_data: bool = False) -> None:
        """Kill its Redis; with all that it had written down, when so told."""
        assert self.store is not None
        processes.kill(self.store.process)
        if with_data:
            shutil.rmtree(self.folder / "valkey" / "data")

    def bring_redis_back(self) -> None:
        self.store = valkey.start(self.folder / "valkey")

    def flask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a flask command on this shop's settings."""
        return subprocess.run(
            [*FLASK, *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )

    def python(self, *arguments: str) -> str:
        """Run Python on this shop's settings; what it printed."""
        done = subprocess.run(
            [PYTHON, *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def audit(self) -> str:
        """What `flask shop audit` says: "clean", or its findings."""
        done = self.flask("shop", "audit")
        return "clean" if done.returncode == 0 else done.stdout + done.stderr

    def get_json(self, path: str, timeout: float = 30) -> dict:
        with urllib.request.urlopen(self.url + path, timeout=timeout) as answer:  # noqa: S310 (our own server)
            return json.load(answer)

    def is_answering(self) -> bool:
        with contextlib.suppress(OSError, http.client.HTTPException):
            self.get_json("/healthz", timeout=1)
            return True
        return False

    def wait_until_it_answers(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.is_answering():
                return
            time.sleep(0.1)
        raise TimeoutError(f"the shop did not answer in {seconds} s; see {self.folder}/web.log")

    def children_of(self, role: str) -> list[int]:
        """The process ids below a role's process."""
        pid = self.roles[role].pid
        with contextlib.suppress(OSError):
            return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        return []

    def stop(self) -> None:
        if "hands" in vars(self):
            self.hands.stop()
        for process in self.roles.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        for process in self.roles.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


@contextlib.contextmanager
def running_shop(
    engine: str,
    *,
    roles: tuple[str, ...] = ("web",),
    workers: int = 2,
    redis: bool = True,
    delay_ms: float = 0,
    server: servers.OwnPostgres | None = None,
    **settings: str,
) -> Iterator[RunningShop]:
    """Start a migrated, empty shop on "sqlite" or "postgresql"; stop and remove it afterwards.

    With `delay_ms` all that is sent to PostgreSQL arrives so many milliseconds later. `server`: in which PostgreSQL the
    database is made, where it is not the usual one.
    """
    folder = Path(tempfile.mkdtemp(prefix="shop-proof-"))
    port = servers.free_port()
    database, wire = _new_database(engine, folder, server), contextlib.ExitStack()
    if delay_ms:
        database = wire.enter_context(slow_wire(database, delay_ms))
    store = valkey.start(folder / "valkey") if redis else None
    environment = {
        **os.environ,
        "SHOP_ENV": "development",
        "PORT": str(port),
        "PUBLIC_BASE_URL": f"http://127.0.0.1:{port}",
        "GUNICORN_BIND": f"127.0.0.1:{port}",
        "WEB_CONCURRENCY": str(workers),
        "DATABASE_URL": database,
        "REDIS_URL": store.url if store else f"unix://{folder}/no-redis",
        "STORAGE_URL": f"file:{folder}/media",
        "VAR_DIR": str(folder),
        "LOG_LEVEL": "WARNING",
        "RATELIMIT_ENABLED": "false",
        "MAX_OPEN_HOLDS_PER_ADDRESS": "100000",
        "MAX_OPEN_CASH_ORDERS": "100000",
        **settings,
    }
    shop = RunningShop(engine, folder, f"http://127.0.0.1:{port}", port, environment, store, server)
    try:
        migrated = shop.flask("db", "upgrade")
        if migrated.returncode:
            raise RuntimeError(migrated.stderr)
        for role in roles:
            shop.start(role)
        if "web" in roles:
            shop.wait_until_it_answers()
        yield shop
    finally:
        shop.stop()
        wire.close()
        if shop.store is not None:
            shop.store.process.terminate()
            shop.store.process.wait(10)
        if not os.environ.get("KEEP_PROOF_FOLDER"):
            shutil.rmtree(folder, ignore_errors=True)


def _new_database(engine: str, folder: Path, server: servers.OwnPostgres | None) -> str:
    if engine == "sqlite":
        return f"sqlite:///{folder}/shop.db"
    url = server.url if server else servers.postgres_url()
    if url is None:
        raise SystemExit("PostgreSQL is needed here: install its server or set TEST_DATABASE_URL")
    return servers.new_postgres_database(url)
