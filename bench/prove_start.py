"""Proof of the first minute: a fresh clone, `make run`, the first page; bought by browser with and without JavaScript
and over the API; the three e-mails read in the mailbox; stopped by Ctrl-C without a process left.

With --services the same against PostgreSQL and Redis by settings alone.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from bench.browser_shopper import buy_in_browser
from bench.record import ROOT, Record
from bench.shopper import Shopper
from tests import servers


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=["embedded", "services"])
    asked = parser.parse_args()
    record = Record("start", fresh=True)
    for kind in [asked.only] if asked.only else ["embedded", "services"]:
        record.keep(kind, prove(kind))
        print(f"{kind}: {record.results[kind]}", flush=True)
    print(record.table())
    record.publish(
        "First minute (`make prove-start`)", "A fresh clone, cold: packages are installed by `make run` itself."
    )
    return 0 if all(result["verdict"] == "ok" for result in record.results.values()) else 1


def prove(kind: str) -> dict:
    clone = Path(tempfile.mkdtemp(prefix="shop-clone-")) / "shop"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    environment = {**os.environ, "PORT": str(servers.free_port()), **_services(kind)}
    try:
        with _make_run(clone, environment) as (shop, url, cold):
            memory = _memory_of(shop.pid)
            numbers = _buy_three_times(url)
            letters = _letters(url, numbers)
        left = _processes_in(clone)
        with _make_run(clone, environment) as (_shop, _url, warm):
            pass
    finally:
        shutil.rmtree(clone.parent, ignore_errors=True)
    # Ctrl-C reaches make too, which then reports the interruption; the shop itself ends in order.
    ok = len(set(numbers)) == 3 and letters == 3 and not left and shop.returncode in {0, 2, 130, -signal.SIGINT}
    return {
        "first page, cold": f"{cold:.1f} s",
        "again": f"{warm:.1f} s",
        "memory (PSS)": f"{memory} MiB",
        "orders": ", ".join(numbers),
        "e-mails read": letters,
        "processes left": len(left),
        "verdict": "ok" if ok else "FAILED",
    }


def _services(kind: str) -> dict[str, str]:
    if kind == "embedded":
        return {"DATABASE_URL": "", "REDIS_URL": ""}
    server, redis = servers.postgres_url(), servers.redis_url()
    assert server and redis, "PostgreSQL and Redis are needed for this"
    return {"DATABASE_URL": servers.new_postgres_database(server), "REDIS_URL": redis}


@contextlib.contextmanager
def _make_run(clone: Path, environment: dict[str, str]):
    """`make run` until its first page; (process, url, seconds). Ended by Ctrl-C, as a person would."""
    started = time.monotonic()
    log = clone.parent / "run.log"
    with log.open("wb") as output:
        shop = subprocess.Popen(
            ["make", "run"], cwd=clone, env=environment, stdout=output, stderr=output, process_group=0
        )
    try:
        url = _wait_for(log, shop)
        assert urllib.request.urlopen(url, timeout=30).status == 200  # noqa: S310 (our own server)
        yield shop, url, time.monotonic() - started
    finally:
        with contextlib.suppress(ProcessLookupError):  # it may have ended by itself, and then says why in its log
            os.killpg(shop.pid, signal.SIGINT)
        shop.wait(30)


def _wait_for(log: Path, shop: subprocess.Popen, patience: float = 180) -> str:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and shop.poll() is None:
        found = re.search(r"is open: (http://\S+)", log.read_text(errors="replace"))
        if found:
            return found.group(1)
        time.sleep(0.1)
    raise RuntimeError(log.read_text(errors="replace"))


def _buy_three_times(url: str) -> list[str]:
    numbers = [buy_in_browser(url, f"browser-{js}@example.com".lower(), javascript=js) for js in (True, False)]
    shopper = Shopper(urlsplit(url).port or 80, 1)
    rows = shopper.api("GET", "/products?inStock=true&limit=5").json()["data"]
    variant = next(variant for variant in rows[0]["variants"] if variant["available"])
    order = shopper.place(shopper.fill_cart(rows[0]["id"], variant["id"])).json()["data"]
    assert shopper.pay(order).status == 200
    return [*numbers, order["orderNumber"]]


def _letters(url: str, numbers: list[str], patience: float = 60) -> int:
    """How many of the orders have their e-mail in the mailbox page."""
    deadline = time.monotonic() + patience
    while True:
        page = urllib.request.urlopen(f"{url}/dev/mail", timeout=30).read().decode()  # noqa: S310
        found = sum(number in page for number in numbers)
        if found == len(numbers) or time.monotonic() > deadline:
            return found
        time.sleep(0.5)


def _tree_of(pid: int) -> list[int]:
    """A process and all below it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(below for child in children for below in _tree_of(int(child)))]


def _memory_of(pid: int) -> int:
    """Proportional set size of the whole tree in MiB."""
    total = 0
    for member in _tree_of(pid):
        with contextlib.suppress(OSError):
            rollup = Path(f"/proc/{member}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.M).group(1))
    return total // 1024


def _processes_in(clone: Path) -> list[str]:
    """Processes that still work in the clone."""
    left = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if str(clone) in str((entry / "cwd").readlink()) or str(clone) in (entry / "cmdline").read_text():
                left.append(entry.name)
    return left


if __name__ == "__main__":
    raise SystemExit(main())
