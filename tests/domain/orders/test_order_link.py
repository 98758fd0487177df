"""Asking for an order's link: mailed where number and address belong together, seldom, and telling nobody anything."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from shop.db import db, frozen_time, transaction_time
from shop.domain.audit_checks.run import run_audit
from shop.domain.events import Email, OutboxEvent
from shop.domain.orders.operations import LINK_PAUSE, LINKS_A_DAY, AskForLink, ask_for_order_link, forget_refused_links
from shop.domain.orders.queries import email_addresses_of
from shop.domain.outbox import dispatch_events, undispatched_events
from tests.conftest import make_product, placed_order, variants_of


@pytest.fixture
def order(terms):
    return placed_order(terms, (variants_of(make_product())[0], 1), confirm=True)


def ask(number, email="lina@example.com"):
    ask_for_order_link(AskForLink.model_validate({"number": number, "email": email}))


def link_emails():
    """(recipient, order) of every e-mail with a link, after a run of the relay."""
    dispatch_events(undispatched_events(), email_addresses_of)
    db.session.rollback()
    rows = db.session.execute(db.select(Email.recipient, Email.subject_id).filter_by(kind="order_link"))
    found = [tuple(row) for row in rows]
    db.session.rollback()
    return found


@pytest.mark.parametrize("email", ["lina@example.com", "LINA@Example.COM", "  lina@example.com "])
@pytest.mark.parametrize("spell", [str, str.lower, lambda number: f" {number} "])
def test_the_right_pair_gets_one_email_however_it_is_written(order, email, spell):
    ask(spell(order.number), email)
    assert link_emails() == [("lina@example.com", order.public_id)]


@pytest.mark.parametrize(
    ("number", "email"),
    [
        (None, "omar@example.com"),
        (None, "lina@example.com.evil.com"),
        ("SKN-2020-999999", "lina@example.com"),
        ("%", "lina@example.com"),
        ("' OR 1=1 --", "lina@example.com"),
    ],
)
def test_a_wrong_pair_gets_none(order, number, email):
    ask(number or order.number, email)
    assert link_emails() == []


def test_the_id_of_an_order_is_no_number(order):
    with pytest.raises(ValueError):
        AskForLink.model_validate({"number": "", "email": "lina@example.com"})
    ask(order.public_id[:32])
    assert link_emails() == []


def test_an_order_is_mailed_once_in_ten_minutes_and_again_after_them(order):
    start = transaction_time()
    for late in (timedelta(0), timedelta(minutes=1), LINK_PAUSE - timedelta(seconds=1)):
        with frozen_time(start + late):
            ask(order.number)
    assert len(link_emails()) == 1

    with frozen_time(start + LINK_PAUSE + timedelta(seconds=1)):
        ask(order.number)

    assert len(link_emails()) == 2
    assert [finding for finding in run_audit(with_lateness=False) if finding.rows] == []


def test_many_who_ask_at_once_get_one_email(app, order):
    number = order.number
    db.session.rollback()

    def run(_):
        with app.app_context():
            try:
                ask(number)
            finally:
                db.session.remove()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(run, range(6)))

    assert len(link_emails()) == 1


def test_right_wrong_and_too_often_read_and_write_alike(order, statements):
    counts = []
    number = order.number
    for pair in ((number,), (number,), (number, "omar@example.com"), ("SKN-2020-999999",)):
        db.session.rollback()
        with statements() as sent:
            ask(*pair)
        counts.append([statement.split()[0] for statement in sent])
    assert counts[0] == counts[1] == counts[2] == counts[3]


def test_a_refusal_keeps_nothing_of_what_was_typed(order):
    ask("SKN-2020-999999", "omar@example.com")
    db.session.rollback()
    row = db.session.scalars(db.select(OutboxEvent).filter_by(type="order_link.refused")).one()
    assert row.payload == {} and row.subject_id.startswith("order_") and row.subject_id != order.public_id


def test_five_a_day_are_the_most_whatever_the_pauses(order):
    start = transaction_time()
    for number in range(8):
        with frozen_time(start + number * timedelta(minutes=20)):
            ask(order.number)
    assert len(link_emails()) == LINKS_A_DAY
    with frozen_time(start + timedelta(days=1, minutes=1)):
        ask(order.number)
    assert len(link_emails()) == LINKS_A_DAY + 1


def test_what_came_to_nothing_is_forgotten_after_a_day(order):
    ask(order.number, "omar@example.com")
    ask(order.number)
    link_emails()
    assert forget_refused_links() == 0
    with frozen_time(transaction_time() + timedelta(days=1, minutes=1)):
        assert forget_refused_links() == 1
    types = set(db.session.scalars(db.select(OutboxEvent.type)))
    assert "order_link.requested" in types and "order_link.refused" not in types


def test_a_link_of_one_order_does_not_hold_up_another_s(terms, order):
    other = placed_order(terms, (variants_of(make_product())[0], 1), confirm=True)
    for each in (order, other):
        ask(each.number)
    assert {subject for _, subject in link_emails()} == {order.public_id, other.public_id}
