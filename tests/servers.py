"""Real servers for the tests, started when first asked for and thrown away at the end.

Each function answers None where its server is missing, and `skip_reasons()` then says in plain words what was left out.
With REQUIRE_ALL=1, as in .ci/run, a missing server is an error instead.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from shop.demo import processes, valkey

_numbers = itertools.count(1)

CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def skip_reasons() -> list[str]:
    """One sentence for each server that is not to be had here, for the end of the test report."""
    return [
        f"{name} was not found, so its tests were skipped: {cure}." for name, cure in CURES.items() if not FIND[name]()
    ]


@functools.cache
def postgres_url() -> str | None:
    """A PostgreSQL server in which databases may be made: TEST_DATABASE_URL, else a throw-away one."""
    if given := os.environ.get("TEST_DATABASE_URL"):
        return given
    return _start_postgres() if _is_here("PostgreSQL") else None


def new_postgres_database(server: str) -> str:
    """A new, empty database in that server, gone at the end."""
    name = f"shop_test_{os.getpid()}_{next(_numbers)}"
    run_in(server, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    atexit.register(drop, server, name)
    return urlsplit(server)._replace(path=f"/{name}").geturl()


@functools.cache
def redis_url() -> str | None:
    """An empty Redis: TEST_REDIS_URL (it is flushed!), else a throw-away server's."""
    if given := os.environ.get("TEST_REDIS_URL"):
        return given
    if not _is_here("Redis"):
        return None
    server = valkey.start(_temporary_folder("valkey"))
    atexit.register(processes.stop, server.process, 5)
    return server.url


def nginx_binary() -> str | None:
    """The nginx program."""
    return _find_nginx() if _is_here("Nginx") else None


def chromium_binary(*, whole: bool = False) -> str | None:
    """The Chromium program: its headless shell where there is one, which needs half of the processor for the same.

    `whole=True`: never the shell, for what it does not have (pages kept in memory, Lighthouse).
    """
    found = _find_chromium(whole) if _is_here("Chromium") else None
    if whole and found is None and os.environ.get("REQUIRE_ALL") == "1":
        raise RuntimeError(f"Chromium was not found and REQUIRE_ALL=1: {CURES['Chromium']}.")
    return found


def free_port() -> int:
    """A port of the loopback address that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_here(name: str) -> bool:
    found = bool(FIND[name]())
    if not found and os.environ.get("REQUIRE_ALL") == "1":
        raise RuntimeError(f"{name} was not found and REQUIRE_ALL=1: {CURES[name]}.")
    return found


def _find_nginx() -> str | None:
    """Nginx, with the openssl that makes its test certificate."""
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    return found if shutil.which("openssl") else None


def _find_chromium(whole: bool = False) -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    shell = () if whole else ("chromium-headless-shell",)
    return next((found for name in (*shell, *names) if (found := shutil.which(name))), None)


def _temporary_folder(name: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"shop-{name}-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _postgres_binaries() -> Path | None:
    """The folder with initdb and postgres, the newest version first."""
    installed = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    newest = sorted(installed, key=lambda path: float(path.parts[-3]), reverse=True)
    on_path = shutil.which("initdb")
    for initdb in [*newest, *([Path(on_path)] if on_path else [])]:
        if (initdb.parent / "postgres").exists():
            return initdb.parent
    return None


def _start_postgres() -> str:
    """Start a server on a free port that trusts everyone on loopback and never waits for the disk."""
    server = OwnPostgres(synchronous_commit="off")
    server.start()
    return server.url


class OwnPostgres:
    """A throw-away PostgreSQL on a free port, which its owner can stop and start again; ended at the end.

    It never waits for the disk, so it survives its own death and not the machine's.
    """

    def __init__(self, **settings: object) -> None:
        binaries = _postgres_binaries()
        assert binaries is not None
        self._binary, self._folder, self._user = (
            binaries / "postgres",
            _temporary_folder("postgres"),
            _unprivileged_user(),
        )
        if self._user:
            shutil.chown(self._folder, self._user)
        self._log, data, self.port = self._folder / "log", self._folder / "data", free_port()
        initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "shop", "-E", "UTF8", "-A", "trust"]
        made = processes.start(
            [*initdb, "--no-sync", f"--locale={_locale()}"], self._log, cwd=self._folder, user=self._user
        )
        if made.wait(60):
            raise RuntimeError(f"initdb failed; it wrote:\n{processes.last_lines(self._log)}")
        self._settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": 100,
            "shared_buffers": "64MB",
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://shop@127.0.0.1:{self.port}/postgres"
        atexit.register(self.stop)

    def start(self) -> None:
        """Start it and wait until it answers."""
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        command = [self._binary, "-D", self._folder / "data", *options]
        self._process = processes.start(
            command, self._log, cwd=self._folder, user=self._user, last_signal=signal.SIGQUIT
        )
        _wait_for_postgres(self.url, self._process, self._log)

    def stop(self, way: signal.Signals = signal.SIGINT) -> None:
        """Stop it by INT, which does not wait for clients, or by QUIT, which leaves everything as it stands."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(way)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            processes.stop(self._process, 5)


def _locale() -> str:
    """Unicode letters, sorted by code point; macOS has no such locale."""
    return "C.UTF-8" if sys.platform == "linux" else "C"


def run_in(server: str, statement: str) -> None:
    import psycopg

    plain = server.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(plain, autocommit=True, connect_timeout=5) as connection:
        connection.execute(statement.encode())


def drop(server: str, name: str) -> None:
    import psycopg

    with contextlib.suppress(psycopg.OperationalError):  # a server that is gone keeps nothing
        run_in(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _wait_for_postgres(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    import psycopg

    give_up = time.monotonic() + 30
    while True:
        try:
            psycopg.connect(url, connect_timeout=2).close()
            return
        except psycopg.OperationalError:
            if server.poll() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"PostgreSQL did not start; it wrote:\n{processes.last_lines(log)}") from None
            time.sleep(0.05)


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root; the user it runs as then."""
    if os.geteuid() != 0:
        return None
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return next((name for name in ("postgres", "nobody") if name in names), None)


CURES = {
    "PostgreSQL": "install the package postgresql or set TEST_DATABASE_URL",
    "Redis": "install the package redis-server or set TEST_REDIS_URL",
    "Nginx": "install the packages nginx and openssl",
    "Chromium": "install the package chromium",
}
FIND: dict[str, Callable[[], object]] = {
    "PostgreSQL": lambda: os.environ.get("TEST_DATABASE_URL") or _postgres_binaries(),
    "Redis": lambda: os.environ.get("TEST_REDIS_URL") or valkey.find_binary(),
    "Nginx": _find_nginx,
    "Chromium": _find_chromium,
}
