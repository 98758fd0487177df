"""The scheduler: every task at its turn, none stops another, and a database that is away is waited for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from shop.db import db, frozen_time, transaction_time
from shop.domain.carts.models import Cart
from shop.domain.customers.operations import find_session, open_session
from shop.domain.idempotency import claim_key
from shop.domain.orders.models import Order
from shop.domain.outbox import unasked_emails, undispatched_events
from shop.domain.terms import Terms
from shop.jobs.housekeeping import Task, keep_house
from shop.jobs.schedule import SWEEP, Scheduler
from tests.conftest import cart_with, make_product, placed_order, stock_of, variants_of
from tests.jobs.conftest import confirmed_order


def counting(every: float, calls: list[str], name: str, fails: Callable[[], None] | None = None) -> Task:
    def run() -> int:
        calls.append(name)
        if fails is not None:
            fails()
        return 0

    return Task(name, every, run)


def test_each_task_runs_at_once_and_then_at_its_turn(app: Flask) -> None:
    calls: list[str] = []
    scheduler = Scheduler(app, (counting(2, calls, "sweep"), counting(10, calls, "house")))

    for second in range(12):
        scheduler.run_due(float(second))

    assert calls.count("sweep") == 6
    assert calls.count("house") == 2


def test_a_task_that_fails_stops_no_other_and_is_tried_again(app: Flask) -> None:
    calls: list[str] = []

    def fail() -> None:
        raise ZeroDivisionError

    scheduler = Scheduler(app, (counting(2, calls, "broken", fail), counting(2, calls, "sound")))
    with capture_logs() as logs:
        scheduler.run_due(0)
        scheduler.run_due(2)

    assert calls == ["broken", "sound", "broken", "sound"]
    assert [line["event"] for line in logs] == ["task_failed", "task_failed"]


def test_a_database_that_is_away_is_told_once_and_its_return_too(app: Flask) -> None:
    is_away = [True]

    def connect() -> None:
        if is_away[0]:
            raise OperationalError("SELECT 1", {}, ConnectionRefusedError("refused"))

    scheduler = Scheduler(app, (counting(1, [], "task", connect),))
    with capture_logs() as logs:
        scheduler.run_due(0)
        scheduler.run_due(1)
        is_away[0] = False
        scheduler.run_due(2)
        scheduler.run_due(3)

    assert [line["event"] for line in logs] == ["database_away", "database_back"]


def test_stop_ends_the_loop_and_what_has_not_begun_is_left(app: Flask) -> None:
    calls: list[str] = []
    scheduler = Scheduler(app, ())
    stopping = counting(1, calls, "first", lambda: scheduler.stop())
    scheduler = Scheduler(app, (stopping, counting(1, calls, "second")))

    scheduler.run()

    assert calls == ["first"]


def test_the_sweep_dispatches_without_redis(app: Flask, terms: Terms) -> None:
    confirmed_order(terms)

    Scheduler(app, (SWEEP,)).run_due(0)

    assert undispatched_events() == []
    assert len(unasked_emails()) == 1


def test_two_schedulers_at_once_do_no_harm(app: Flask, terms: Terms) -> None:
    confirmed_order(terms)
    schedulers = [Scheduler(app), Scheduler(app)]

    for moment in (0.0, 2.0):
        for scheduler in schedulers:
            scheduler.run_due(moment)

    assert len(unasked_emails()) == 1


def test_housekeeping_gives_back_what_nobody_paid_for_in_time(app: Flask, terms: Terms) -> None:
    variant = variants_of(make_product(stock=5))[0]
    order = placed_order(terms, (variant, 2))
    held = stock_of(variant)

    with frozen_time(transaction_time() + terms.hold + timedelta(seconds=1)):
        keep_house()

    assert (held, stock_of(variant)) == ((5, 2), (5, 0))
    assert db.session.get_one(Order, order.id).status == "cancelled"


@pytest.mark.parametrize("days", [29, 31])
def test_housekeeping_ends_carts_sessions_and_keys_in_their_time(app: Flask, terms: Terms, days: int) -> None:
    variant = variants_of(make_product())[0]
    cart_id = cart_with(terms, (variant, 1))
    open_session("token", {"a": 1}, user_id=None, is_staff=False)
    claim_key("cart", "key", "print")

    with frozen_time(transaction_time() + timedelta(days=days)):
        keep_house()

    status = db.session.scalars(db.select(Cart.status).filter_by(public_id=cart_id)).one()
    assert status == ("open" if days < 30 else "expired")
    assert find_session("token") is None
    assert claim_key("cart", "key", "another print").answer is None
