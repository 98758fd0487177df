"""The staff's tasks get done: by a worker, and by the scheduler where Redis is away."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from flask import Flask

from shop.db import db, frozen_time, transaction_time
from shop.domain.catalog.bulk import ADD_TAG, TagWish
from shop.domain.catalog.models import Product
from shop.domain.staff_tasks.models import StaffTask
from shop.domain.staff_tasks.operations import ASK_AGAIN, AT_ONCE, claim_task, queue_task
from shop.jobs.outbox import relay
from shop.jobs.staff_tasks import ask_for_staff_tasks, sweep_staff_tasks
from shop.jobs.worker import run_worker
from tests.conftest import make_product, make_staff


@pytest.fixture(autouse=True)
def own_signals() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def a_task(count: int = 3) -> StaffTask:
    staff = make_staff()
    ids = [make_product().public_id for _ in range(count)]
    return queue_task(ADD_TAG.kind, TagWish(tag="new"), ids, staff, "key")


def status_of(task: StaffTask) -> tuple[str, int]:
    db.session.rollback()
    row = db.session.get(StaffTask, task.id, populate_existing=True)
    return row.status, row.done_count


def tagged() -> int:
    db.session.rollback()
    return sum("new" in tags for tags in db.session.scalars(db.select(Product.tags)))


def test_without_redis_the_scheduler_does_it(app: Flask) -> None:
    task = a_task()
    assert sweep_staff_tasks() == 1
    assert status_of(task) == ("done", 3) and tagged() == 3
    assert sweep_staff_tasks() == 0


def test_what_a_killed_worker_left_is_taken_up_by_the_scheduler(app: Flask) -> None:
    task = a_task()
    claim_task(task.id)
    assert sweep_staff_tasks() == 0
    with frozen_time(transaction_time() + timedelta(minutes=1)):
        sweep_staff_tasks()
    assert status_of(task) == ("done", 3)


@pytest.mark.redis
def test_a_large_task_is_asked_for_by_the_relay_and_done_by_a_worker(app: Flask, queue_server: redis.Redis) -> None:
    task = a_task(AT_ONCE + 1)
    relay()
    assert int(queue_server.llen("rq:queue:default")) >= 1
    db.session.rollback()
    run_worker(app, burst=True)
    assert status_of(task) == ("done", AT_ONCE + 1)


@pytest.mark.redis
def test_a_worker_is_asked_once_and_again_when_it_never_came(app: Flask, queue_server: redis.Redis) -> None:
    a_task()
    assert ask_for_staff_tasks() == 1
    assert ask_for_staff_tasks() == 0
    with frozen_time(transaction_time() + ASK_AGAIN + timedelta(seconds=1)):
        assert ask_for_staff_tasks() == 1
