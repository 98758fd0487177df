"""@operation: one transaction, all or nothing, run again on a lost lock."""

from __future__ import annotations

import contextlib
import threading
import time

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from shop.db import db, end_read, on_commit, operation, refuse_inside_operation, transaction_time
from shop.domain.actors import SYSTEM
from shop.domain.audit.operations import record_change
from shop.domain.catalog.models import Category
from shop.domain.inventory.models import StockItem
from shop.errors import Conflict, Unavailable
from tests.conftest import make_product, placed_order, variants_of


@operation
def add_category(slug):
    db.session.add(Category(slug=slug, name=slug))
    db.session.flush()


def slugs():
    end_read()
    return sorted(db.session.scalars(db.select(Category.slug)))


def test_inner_operations_join_the_outer_one(app):
    @operation
    def two_then_fail():
        add_category("a")
        add_category("b")
        raise Conflict("no")

    with pytest.raises(Conflict):
        two_then_fail()

    assert slugs() == []


def test_an_error_that_was_swallowed_still_saves_nothing(app):
    @operation
    def swallow():
        add_category("kept?")
        with contextlib.suppress(Conflict):
            add_and_fail()

    @operation
    def add_and_fail():
        raise Conflict("no")

    with pytest.raises(RuntimeError, match="nothing was saved"):
        swallow()
    assert slugs() == []


def test_what_another_saved_first_is_a_conflict_and_other_broken_rules_stay_bugs(app):
    add_category("a")

    with pytest.raises(Conflict, match="Somebody else saved the same"):
        add_category("a")
    with pytest.raises(IntegrityError):
        add_below_itself()
    assert slugs() == ["a"]


@operation
def add_below_itself():
    db.session.add(Category(id=7, slug="b", name="b", parent_id=7))
    db.session.flush()


def test_a_lost_lock_runs_the_outermost_again(app):
    tries = []

    @operation
    def busy_twice():
        tries.append(1)
        add_category(f"try-{len(tries)}")
        if len(tries) < 3:
            raise OperationalError("x", {}, Exception("database is locked"))

    busy_twice()

    assert slugs() == ["try-3"]


def test_a_lock_that_outlasts_three_tries_is_unavailable(app):
    tries = []

    @operation
    def always_busy():
        tries.append(1)
        raise OperationalError("x", {}, Exception("database is locked"))

    with pytest.raises(Unavailable) as caught:
        always_busy()
    assert len(tries) == 3 and caught.value.retry_after


def test_a_wait_for_a_row_that_takes_longer_than_a_statement_may_is_a_lost_lock(app):
    if db.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer, and no rows to wait for")
    variant = variants_of(make_product(stock=5))[0]
    is_held, tries = threading.Event(), []

    @operation
    def hold():
        _lock(variant.id)
        is_held.set()
        db.session.execute(db.text("SELECT pg_sleep(0.5)"))

    @operation
    def wait():
        tries.append(1)
        is_held.wait(10)
        db.session.execute(db.text("SET LOCAL statement_timeout = 300"))
        _lock(variant.id)

    def hold_elsewhere():
        with app.app_context():
            hold()
            db.session.remove()

    thread = threading.Thread(target=hold_elsewhere)
    thread.start()
    wait()
    thread.join()

    assert len(tries) > 1


def test_a_turn_to_write_is_waited_for_as_long_as_all_tries_may_take(app, monkeypatch):
    if db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL has many writers")
    monkeypatch.setattr("shop.db.SQLITE_BUSY_MS", 100)
    monkeypatch.setattr("shop.db.LAST_TRY_STARTS_WITHIN", 2.0)
    is_held = threading.Event()

    @operation
    def hold():
        is_held.set()
        time.sleep(0.5)

    def hold_elsewhere():
        with app.app_context():
            hold()
            db.session.remove()

    thread = threading.Thread(target=hold_elsewhere)
    thread.start()
    is_held.wait(10)
    add_category("after")
    thread.join()

    assert slugs() == ["after"]


def _lock(variant_id):
    db.session.execute(db.select(StockItem.variant_id).filter_by(variant_id=variant_id).with_for_update())


def test_callbacks_run_after_the_commit_only_once_and_their_failure_harms_nothing(app):
    seen = []

    def note():
        seen.append(slugs())
        raise ValueError("a nudge failed")

    @operation
    def add_and_nudge():
        add_category("a")
        on_commit(note)
        on_commit(note)

    add_and_nudge()

    assert seen == [["a"]]


def test_callbacks_of_what_was_rolled_back_never_run(app):
    seen = []

    @operation
    def fail():
        on_commit(lambda: seen.append(1))
        raise Conflict("no")

    with pytest.raises(Conflict):
        fail()
    assert seen == []


def test_network_calls_inside_an_operation_are_refused(app):
    @operation
    def call_out():
        refuse_inside_operation("sending mail")

    with pytest.raises(RuntimeError, match="sending mail inside operation call_out"):
        call_out()
    refuse_inside_operation("sending mail")


def test_unsaved_changes_before_an_operation_are_refused(app):
    db.session.add(Category(slug="stray", name="stray"))
    with pytest.raises(RuntimeError, match="unsaved changes"):
        add_category("a")
    db.session.rollback()


def test_the_time_is_read_once_an_operation_and_is_aware(app):
    @operation
    def two_times():
        return transaction_time(), transaction_time()

    first, second = two_times()
    assert first == second and first.tzinfo is not None


def test_two_hundred_increments_by_threads_lose_none(app):
    variant = variants_of(make_product(stock=0))[0]
    db.session.remove()

    @operation
    def increment():
        row = db.session.scalars(db.select(StockItem).filter_by(variant_id=variant.id).with_for_update()).one()
        row.low_stock_threshold += 1

    def work():
        with app.app_context():
            for _ in range(25):
                increment()

    threads = [threading.Thread(target=work) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]

    row = db.session.scalars(db.select(StockItem).filter_by(variant_id=variant.id)).one()
    assert row.low_stock_threshold == 10 + 200


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stock_items SET on_hand = -1",
        "UPDATE stock_items SET reserved = on_hand + 1",
        "UPDATE stock_items SET reserved = -1",
        "UPDATE variants SET price_amount = -1",
        "UPDATE orders SET total_amount = total_amount + 1",
        "UPDATE orders SET status = 'lost'",
        "UPDATE orders SET payment_status = 'maybe'",
        "UPDATE orders SET discount_amount = -1, total_amount = total_amount + 1",
        "UPDATE order_line_items SET quantity = 0, subtotal_amount = 0, total_amount = 0",
        "UPDATE order_line_items SET subtotal_amount = subtotal_amount + 1, total_amount = total_amount + 1",
        "UPDATE reservations SET status = 'forgotten'",
        "UPDATE reservations SET quantity = 0",
        "UPDATE reservations SET expires_at = NULL WHERE status = 'held'",
        "UPDATE reservations SET order_id = NULL",
        "UPDATE carts SET status = 'lost'",
        "UPDATE cart_line_items SET quantity = 100",
        "UPDATE stock_movements SET quantity = 5",
        "DELETE FROM stock_movements",
        "UPDATE order_events SET to_status = 'x'",
        "DELETE FROM order_events",
        "UPDATE audit_entries SET action = 'x'",
        "DELETE FROM audit_entries",
        "DELETE FROM variants",
        "INSERT INTO cart_line_items (public_id, cart_id, variant_id, quantity, seen_price_amount, created_at)"
        " SELECT 'item_x', cart_id, variant_id, 1, 1, created_at FROM cart_line_items",
        "INSERT INTO orders SELECT * FROM orders",
    ],
)
def test_every_wall_in_the_database_holds(app, terms, statement):
    variant = variants_of(make_product(stock=5))[0]
    placed_order(terms, (variant, 1))

    @operation
    def audit():
        record_change(SYSTEM, "test", "product", "prod_x", {}, {})

    audit()
    db.session.rollback()
    with pytest.raises(IntegrityError):
        db.session.execute(db.text(statement))
    db.session.rollback()
