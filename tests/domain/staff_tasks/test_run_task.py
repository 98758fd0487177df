"""A task is carried on after any crash, and no change of it is made twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from structlog.contextvars import bound_contextvars

from shop.db import db, frozen_time, transaction_time
from shop.domain.audit.models import AuditEntry
from shop.domain.bulk_changes import NothingToSay
from shop.domain.catalog.bulk import ARCHIVE, PRICES, PriceWish
from shop.domain.catalog.models import Variant
from shop.domain.customers.operations import save_staff_role
from shop.domain.staff_tasks import operations
from shop.domain.staff_tasks.models import StaffTask
from shop.domain.staff_tasks.operations import claim_task, queue_task, release_task, run_task, waiting_tasks
from shop.errors import Conflict, Forbidden, Invalid, Unavailable
from tests.conftest import make_product, make_staff


@pytest.fixture
def staff(app):
    return make_staff("catalog:write")


def a_task(staff, count=4, key="key"):
    products = [make_product(price="10.00") for _ in range(count)]
    return queue_task(PRICES.kind, PriceWish(percent=10), [each.public_id for each in products], staff, key)


def prices():
    db.session.rollback()
    db.session.expire_all()
    return sorted(db.session.scalars(db.select(Variant.price_amount)))


def state_of(task):
    db.session.rollback()
    row = db.session.get(StaffTask, task.id, populate_existing=True)
    return row.status, row.done_count, row.failed_count


def test_a_task_changes_each_thing_once(staff):
    task = a_task(staff)
    assert run_task(task.id, 10)
    assert run_task(task.id, 10)
    assert prices() == [1100] * 4 and state_of(task) == ("done", 4, 0)


def test_after_a_crash_it_goes_on_where_it_was(staff, monkeypatch):
    task = a_task(staff)
    real, calls = operations.change_next, []

    def dies_at_the_third(place, actor):
        calls.append(place.position)
        if len(calls) == 3:
            raise KeyboardInterrupt  # the process is killed
        real(place, actor)

    monkeypatch.setattr(operations, "change_next", dies_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        run_task(task.id, 10)
    monkeypatch.undo()
    assert state_of(task) == ("running", 2, 0)
    assert waiting_tasks() == [] and not run_task(task.id, 10)  # its lease holds

    with frozen_time(transaction_time() + timedelta(minutes=1)):
        assert waiting_tasks() == [task.id]
        assert run_task(task.id, 10)

    assert prices() == [1100] * 4 and state_of(task) == ("done", 4, 0)


class TimeIsUp(Exception):
    """As a queue tells a job."""


GONE = OperationalError("SELECT 1", {}, Exception("the connection was lost"))


@pytest.mark.parametrize("fault", [GONE, Unavailable("Busy."), TimeIsUp()], ids=["connection", "busy", "time"])
def test_a_fault_that_passes_is_no_refusal_and_the_thing_is_done_later(staff, monkeypatch, fault):
    task = a_task(staff, count=2)

    def fails(place, actor):
        raise fault

    monkeypatch.setattr(operations, "change_next", fails)
    with pytest.raises(type(fault)):
        run_task(task.id, 10, passing=(TimeIsUp,))
    monkeypatch.undo()
    assert state_of(task) == ("running", 0, 0)

    with frozen_time(transaction_time() + timedelta(minutes=1)):
        assert run_task(task.id, 10)
    assert state_of(task) == ("done", 2, 0)


def test_a_bug_in_one_change_keeps_no_other_from_its_own(staff, monkeypatch):
    task = a_task(staff, count=2)
    real = operations.change_next

    def fails_at_the_first(place, actor):
        if place.position == 0:
            raise KeyError("a bug")
        real(place, actor)

    monkeypatch.setattr(operations, "change_next", fails_at_the_first)
    assert run_task(task.id, 10)
    assert state_of(task) == ("done", 1, 1)


def test_a_slow_one_and_its_successor_change_nothing_twice(staff):
    task = a_task(staff, count=2)
    claim_task(task.id)
    ids = operations.subjects_of(task.id)
    slow = operations.next_place(task.id, ids)
    operations.change_next(slow, staff)
    operations.change_next(slow, staff)
    assert prices() == [1000, 1100] and state_of(task) == ("running", 1, 0)


def test_what_a_worker_changes_is_audited_under_the_request_that_asked(staff):
    with bound_contextvars(request_id="req-1"):
        task = a_task(staff, count=1)
    with bound_contextvars(request_id="another"):
        run_task(task.id, 10)
    changed = select(AuditEntry.request_id).filter_by(action="product.changed")
    assert db.session.scalars(changed).all() == ["req-1"]


def test_out_of_time_it_lets_go(staff):
    task = a_task(staff)
    assert not run_task(task.id, 0)
    assert state_of(task)[0] == "running" and waiting_tasks() == [task.id]
    release_task(task.id)
    assert run_task(task.id, 10)


def test_who_lost_the_right_meanwhile_changes_nothing(staff):
    task = a_task(staff)
    save_staff_role("Test role", [])
    assert run_task(task.id, 10)
    assert state_of(task)[0] == "failed" and prices() == [1000] * 4


def test_the_same_form_makes_one_task(staff):
    first = a_task(staff)
    again = queue_task(PRICES.kind, PriceWish(percent=10), operations.subjects_of(first.id), staff, "key")
    assert first.id == again.id


def test_a_form_that_was_sent_before_does_nothing_else(staff):
    ids = operations.subjects_of(a_task(staff).id)
    other = make_staff("catalog:write", email="b@example.com")
    for kind, wish, things, actor in [
        (PRICES.kind, PriceWish(percent=20), ids, staff),
        (PRICES.kind, PriceWish(percent=10), ids[:1], staff),
        (PRICES.kind, PriceWish(percent=10), ids, other),
        (ARCHIVE.kind, NothingToSay(), ids, staff),
    ]:
        with pytest.raises(Conflict, match="sent before"):
            queue_task(kind, wish, things, actor, "key")


def test_a_task_needs_things_and_the_right(staff):
    with pytest.raises(Invalid):
        queue_task(PRICES.kind, PriceWish(percent=10), [], staff, "a")
    with pytest.raises(Forbidden):
        queue_task(PRICES.kind, PriceWish(percent=10), ["x"], make_staff("orders:read", email="b@example.com"), "b")


def test_what_is_gone_is_reported(staff):
    task = queue_task(PRICES.kind, PriceWish(percent=10), ["prod_gone"], staff, "key")
    run_task(task.id, 10)
    assert state_of(task) == ("done", 0, 1)
    row = db.session.get(StaffTask, task.id)
    assert row.rows == [["prod_gone", "prod_gone", "There is no such product any more.", False]]
