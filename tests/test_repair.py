"""`flask shop audit --repair`: what other rows say how is put right, once; the rest is explained and left alone."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from shop.db import db, operation
from shop.domain.actors import SYSTEM
from shop.domain.audit.models import AuditEntry
from shop.domain.audit_checks.check import Finding
from shop.domain.audit_checks.repair import ADVICE, OTHERWISE, REPAIRABLE, advice_for, repair
from shop.domain.audit_checks.run import CHECKS, run_audit
from shop.domain.events import Email
from shop.domain.orders.models import Order
from tests.conftest import make_product
from tests.test_audit import lived_in  # noqa: F401 (a fixture)

pytestmark = [pytest.mark.both_databases, pytest.mark.breaks_invariants]

LONG_AGO = "'2020-01-01 00:00:00.000000'"
# What is broken -> (the promise that is broken by it, words of the sentence that says what was done)
REPAIRED = {
    "UPDATE stock_items SET reserved = reserved + 1 WHERE reserved > 0": (
        "Reserved units are those of the held and promised reservations",
        "units were counted as reserved; it is",
    ),
    "UPDATE reservations SET status = 'promised', ended_at = NULL WHERE status = 'released'": (
        "A hold has a pending order or open cart and ends within 60 minutes; a promise has a confirmed order",
        "they are for sale again",
    ),
    "UPDATE reservations SET expires_at = '2099-01-01 00:00:00.000000' WHERE status = 'held'": (
        "A hold has a pending order or open cart and ends within 60 minutes; a promise has a confirmed order",
        "ends 60 minutes after it began",
    ),
    "UPDATE carts SET status = 'open', order_public_id = NULL": (
        "A cart is ordered when, and only when, it has its one order",
        "the cart was open though it is order",
    ),
    "DELETE FROM emails": ("Every dispatched event has a row for each effect", "had no e-mail; it has one now"),
    f"UPDATE outbox_events SET dispatched_at = NULL, created_at = {LONG_AGO}": (
        "No event waits for its dispatch",
        "waited for the scheduler",
    ),
    "UPDATE emails SET status = 'leased', sent_at = NULL, lease_until = NULL": (
        "An e-mail is due, leased until a time, sent at a time, or given up",
        "was leased for ever; it is due again",
    ),
    "UPDATE emails SET status = 'due'": (
        "An e-mail is due, leased until a time, sent at a time, or given up",
        "was sent; it is marked so",
    ),
    f"UPDATE emails SET lease_until = {LONG_AGO}": (
        "An e-mail is due, leased until a time, sent at a time, or given up",
        "had a lease; that is ended",
    ),
    f"UPDATE emails SET status = 'leased', sent_at = NULL, lease_until = {LONG_AGO}": (
        "No e-mail is stuck beyond its lease or due time",
        "was stuck; it is due again",
    ),
    f"UPDATE emails SET status = 'due', sent_at = NULL, due_at = {LONG_AGO}": (
        "No e-mail is stuck beyond its lease or due time",
        "was stuck; it is due again",
    ),
    "UPDATE products SET from_price_amount = 1": (
        "A product's from-price is the lowest price of its variants on offer",
        "it was offered from $0.01",
    ),
    "UPDATE listings SET price_amount = 1": (
        "Lists have every product as it is, and can be narrowed by what it has",
        "its row was made anew",
    ),
    "DELETE FROM listings": (
        "A product's average and count are those of its approved reviews",
        "0 reviews were counted; it is 1",
    ),
    "UPDATE listings SET rating_count = 7, rating_sum = 30": (
        "A product's average and count are those of its approved reviews",
        "7 reviews were counted; it is 1",
    ),
}
# What is broken that no program may make fit -> words of what to look at
EXPLAINED = {
    "UPDATE stock_items SET on_hand = on_hand + 1": "Count the shelf",
    "UPDATE orders SET payment_status = 'paid' WHERE status = 'confirmed'": "Look at the payment",
    "UPDATE orders SET status = 'shipped' WHERE status = 'delivered'": "history does not fit",
    "UPDATE payments SET amount = amount + 1 WHERE status = 'due'": "Do not send the goods",
    "DELETE FROM outbox_events WHERE type = 'order.processing'": "find its request in the server log",
}


@operation
def run_operation(words: str) -> None:
    db.session.execute(text(words))


def broken(findings: list[Finding]) -> set[str]:
    return {finding.promise for finding in findings if finding.rows}


def entries() -> int:
    count = db.session.scalar(select(func.count()).select_from(AuditEntry)) or 0
    db.session.rollback()
    return count


@pytest.mark.parametrize("damage", REPAIRED)
def test_what_follows_from_other_rows_is_put_right_once(lived_in: Flask, damage: str) -> None:  # noqa: F811
    promise, words = REPAIRED[damage]
    run_operation(damage)
    found = run_audit()
    written = entries()

    sentences = list(repair(found, SYSTEM))

    assert promise in broken(found)
    assert any(words in sentence for sentence in sentences), sentences
    assert broken(run_audit()) == set()
    assert entries() - written >= len(sentences) > 0
    assert list(repair(found, SYSTEM)) == []


def test_an_email_written_anew_is_due_when_its_kind_is(lived_in: Flask) -> None:  # noqa: F811
    run_operation("DELETE FROM emails")

    list(repair(run_audit(), SYSTEM, delays={"review_request": timedelta(days=3)}))

    due = dict(db.session.execute(select(Email.kind, func.min(Email.due_at)).group_by(Email.kind)).all())
    assert due["review_request"] - due["order_confirmed"] >= timedelta(days=3)


@pytest.mark.parametrize("damage", EXPLAINED)
def test_what_people_must_look_at_is_explained_and_left_alone(lived_in: Flask, damage: str) -> None:  # noqa: F811
    orders = {order.id: (order.status, order.payment_status) for order in db.session.scalars(select(Order))}
    run_operation(damage)
    before = run_audit()
    runner = lived_in.test_cli_runner()

    result = runner.invoke(args=["shop", "audit", "--repair"])

    assert result.exit_code == 1
    assert "repaired  " not in result.output
    assert EXPLAINED[damage] in result.output
    assert broken(before) == broken(run_audit()) != set()
    assert orders.keys() == {order_id for order_id in db.session.scalars(select(Order.id))}


def test_the_command_says_what_it_did_and_ends_well(lived_in: Flask) -> None:  # noqa: F811
    run_operation("UPDATE listings SET price_amount = 1")
    runner = lived_in.test_cli_runner()

    first = runner.invoke(args=["shop", "audit", "--repair"])
    second = runner.invoke(args=["shop", "audit", "--repair", "--json"])

    assert first.exit_code == 0, first.output
    assert "repaired  prod_" in first.output and "X05  ok  " in first.output
    assert json.loads(second.output)["repairs"] == []


def test_stock_that_is_not_there_is_not_made_to_fit(lived_in: Flask) -> None:  # noqa: F811
    make_product()
    run_operation("UPDATE reservations SET quantity = 1000 WHERE status = 'held'")

    assert list(repair(run_audit(), SYSTEM)) == []
    assert "Reserved units are those of the held and promised reservations" in broken(run_audit())


def test_every_invariant_is_repaired_or_explained(app: Flask) -> None:
    unexplained = [check.id for check in CHECKS if check.promise not in REPAIRABLE and check.id not in ADVICE]

    assert unexplained == []
    assert {check.promise for check in CHECKS} >= REPAIRABLE
    assert advice_for(Finding("I99", "Something new", 1)) == OTHERWISE
