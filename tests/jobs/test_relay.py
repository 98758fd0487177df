"""The relay and the worker: events become sent e-mails, and losing the queue at any moment loses none."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from flask import Flask
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import select, text

from shop.db import db, frozen_time, operation, transaction_time
from shop.domain.catalog import pictures
from shop.domain.events import Email
from shop.domain.outbox import ASK_AGAIN, LEASE, undispatched_events
from shop.domain.terms import Terms
from shop.extensions import make_redis
from shop.gateways import images
from shop.jobs.doorbell import MAKE_PICTURE, SEND_EMAIL
from shop.jobs.outbox import ask_for_emails, dispatch_all, relay
from shop.jobs.worker import ShopWorker, run_worker
from tests.jobs.conftest import TestMailbox, confirmed_order

pytestmark = pytest.mark.redis


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    """A worker in the test's process takes TERM and INT over; they are given back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def waiting(server: redis.Redis, name: str = "mail") -> int:
    return int(server.llen(f"rq:queue:{name}"))


def work(app: Flask) -> None:
    db.session.rollback()
    run_worker(app, burst=True)


def statuses() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Email.status).order_by(Email.id)))


def test_a_confirmed_order_becomes_a_letter_by_nudge_relay_and_worker(
    app: Flask, terms: Terms, mailbox: TestMailbox, queue_server: redis.Redis
) -> None:
    confirmed_order(terms)
    assert waiting(queue_server, "default") == 1

    work(app)

    assert statuses() == ["done"]
    assert len(mailbox.list_ids()) == 1
    assert undispatched_events() == []


def test_a_flushed_queue_is_filled_again(
    app: Flask, terms: Terms, mailbox: TestMailbox, queue_server: redis.Redis
) -> None:
    confirmed_order(terms)
    relay()
    queue_server.flushall()

    relay()
    at_once = waiting(queue_server)
    with frozen_time(transaction_time() + ASK_AGAIN + timedelta(seconds=1)):
        relay()
    later = waiting(queue_server)
    work(app)

    assert (at_once, later) == (0, 1)
    assert statuses() == ["done"]


def test_a_nudge_lost_in_a_flush_is_made_good_by_the_sweep(
    app: Flask, terms: Terms, mailbox: TestMailbox, queue_server: redis.Redis
) -> None:
    confirmed_order(terms)
    queue_server.flushall()

    dispatched, asked = dispatch_all(), ask_for_emails()
    work(app)

    assert (dispatched, asked) == (2, 1)
    assert statuses() == ["done"]


def test_jobs_that_arrive_twice_send_once(
    app: Flask, terms: Terms, mailbox: TestMailbox, queue_server: redis.Redis
) -> None:
    confirmed_order(terms)
    dispatch_all()
    deadline = time.monotonic() + 30
    while not ask_for_emails() and time.monotonic() < deadline:
        time.sleep(0.2)  # the doorbell gives up quickly on a busy machine, and the sweep asks again
    queue_server.rpush("rq:queue:mail", *queue_server.lrange("rq:queue:mail", 0, -1) * 2)

    work(app)

    assert statuses() == ["done"]
    assert db.session.scalars(select(Email.attempts)).one() == 1


def test_without_redis_nothing_is_noted_as_asked(app: Flask, terms: Terms) -> None:
    confirmed_order(terms)

    relay()

    assert statuses() == ["due"]
    assert db.session.scalars(select(Email.enqueued_at)).one() is None


def test_jobs_carry_ids_and_are_json(app: Flask, terms: Terms, queue_server: redis.Redis) -> None:
    confirmed_order(terms)
    relay()

    (job,) = Queue("mail", connection=queue_server, serializer=JSONSerializer).jobs

    assert [type(argument) for argument in job.args] == [int]
    assert job.timeout < 55
    stored = queue_server.hget(job.key, "data")
    assert stored is not None
    assert b"lina@example.com" not in stored


def test_a_job_is_shorter_than_the_lease() -> None:
    assert SEND_EMAIL.timeout < LEASE.total_seconds()
    assert images.PATIENCE < MAKE_PICTURE.timeout < pictures.LEASE.total_seconds()


def test_a_worker_runs_no_function_but_the_shops_jobs(app: Flask, queue_server: redis.Redis) -> None:
    queue = Queue("mail", connection=queue_server, serializer=JSONSerializer)
    forged = queue.enqueue_call("os._exit", args=(7,))

    work(app)

    found = Job.fetch(forged.id, connection=queue_server, serializer=JSONSerializer)
    assert found.is_failed
    assert "no job of the shop" in str(found.latest_result().exc_string)


def test_a_killed_job_is_sent_after_its_lease(
    app: Flask, terms: Terms, mailbox: TestMailbox, queue_server: redis.Redis
) -> None:
    confirmed_order(terms)
    relay()
    mailbox.is_deadly = True

    work(app)
    after_the_kill = statuses()
    mailbox.is_deadly = False
    end_leases()
    relay()
    work(app)

    assert after_the_kill == ["leased"]
    assert statuses() == ["done"]


@operation
def end_leases() -> None:
    db.session.execute(text("UPDATE emails SET lease_until = '2020-01-01 00:00:00', enqueued_at = NULL"))


def test_the_worker_reads_json_and_the_mail_first(app: Flask, queue_server: redis.Redis) -> None:
    worker = ShopWorker(app, make_redis(app.config["REDIS_URL"]))

    assert worker.serializer is JSONSerializer
    assert worker.queue_names() == ["payments", "mail", "default", "pictures"]
