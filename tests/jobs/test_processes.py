"""`flask worker` and `flask scheduler` as processes: an order becomes a letter, whatever is killed or flushed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from flask import Flask
from sqlalchemy import select, text

from shop import ROOT
from shop.db import db, operation
from shop.demo import processes
from shop.domain.events import Email
from shop.domain.outbox import undispatched_events
from shop.domain.terms import Terms
from tests.jobs.conftest import confirmed_order

pytestmark = pytest.mark.redis
PATIENCE = 60.0  # for a machine that is busy; in practice it is one or two seconds


class Shop:
    """The processes of a shop whose web part is this test."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.environment, self.folder = environment, folder
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start `flask <name>` and wait until it says that it has started."""
        log = self.folder / f"{name}-{len(self.processes)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [sys.executable, "-m", "flask", "--app", "wsgi", name],
                cwd=ROOT,
                env=self.environment,
                stderr=file,
                start_new_session=True,
            )
        self.processes.append(process)
        wait_until(lambda: f"{name}_started" in log.read_text(), f"{name} did not start", log)
        return process

    def letters(self) -> list[str]:
        return sorted(path.stem for path in (self.folder / "mail").glob("*.eml"))

    def end(self) -> None:
        for process in self.processes:
            processes.kill(process)


@pytest.fixture
def shop(app: Flask, queue_server: redis.Redis, database: str, tmp_path: Path) -> Iterator[Shop]:
    environment = {
        **os.environ,
        "SHOP_ENV": "development",
        "DATABASE_URL": database,
        "REDIS_URL": app.config["REDIS_URL"],
        "VAR_DIR": str(tmp_path),
        "STORAGE_URL": f"file:{tmp_path}/media",
        "LOG_LEVEL": "INFO",
    }
    running = Shop({name: value for name, value in environment.items() if name != "MAIL_URL"}, tmp_path)
    yield running
    running.end()


def wait_until(is_so: Callable[[], Any], otherwise: str, log: Path | None = None) -> None:
    give_up = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > give_up:
            pytest.fail(f"{otherwise}: {log.read_text()[-2000:] if log else ''}")
        time.sleep(0.05)


def statuses() -> list[str]:
    db.session.rollback()
    found = list(db.session.scalars(select(Email.status)))
    db.session.rollback()
    return found


def all_sent() -> bool:
    return set(statuses()) == {"done"} and not undispatched_events()


@operation
def let_a_minute_pass() -> None:
    """As if leases and requests to workers were a minute old."""
    db.session.execute(text("UPDATE emails SET enqueued_at = NULL"))
    db.session.execute(text("UPDATE emails SET lease_until = '2020-01-01 00:00:00' WHERE status = 'leased'"))


def test_an_order_becomes_a_letter_and_both_processes_stop_when_told(shop: Shop, terms: Terms) -> None:
    worker, scheduler = shop.start("worker"), shop.start("scheduler")

    confirmed_order(terms)
    wait_until(all_sent, "not sent")
    worker.terminate()
    scheduler.send_signal(signal.SIGINT)

    assert (worker.wait(PATIENCE), scheduler.wait(PATIENCE)) == (0, 0)
    assert len(shop.letters()) == 1


def test_what_a_flush_took_is_sent_all_the_same(shop: Shop, terms: Terms, queue_server: redis.Redis) -> None:
    shop.start("scheduler")
    confirmed_order(terms)
    wait_until(lambda: queue_server.llen("rq:queue:mail"), "no worker was asked")
    queue_server.flushall()
    let_a_minute_pass()

    shop.start("worker")
    wait_until(all_sent, "not sent after the flush")
    queue_server.flushall()  # under the worker's feet
    confirmed_order(terms)
    wait_until(all_sent, "not sent after the second flush")

    assert len(shop.letters()) == 2


def test_a_worker_killed_while_it_sends_leaves_the_letter_to_another(shop: Shop, terms: Terms) -> None:
    with socket.socket() as deaf:  # a mail server that takes the connection and says nothing
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        shop.environment["MAIL_URL"] = f"smtp://127.0.0.1:{deaf.getsockname()[1]}"
        worker = shop.start("worker")
        confirmed_order(terms)
        wait_until(lambda: statuses() == ["leased"], "the worker did not begin")
        processes.kill(worker)  # with the job it had in hand
    del shop.environment["MAIL_URL"]

    let_a_minute_pass()
    shop.start("worker")
    shop.start("scheduler")
    wait_until(all_sent, "not sent after the kill")

    assert len(shop.letters()) == 1
    assert db.session.scalars(select(Email.attempts)).one() == 2
