"""The outbox: one e-mail an effect, claimed by one sender at a time, put off, given up, never doubled."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
import structlog
from flask import Flask
from sqlalchemy import func, select, update

from shop.db import db, frozen_time, operation, transaction_time
from shop.domain.events import Email, OutboxEvent, record_event
from shop.domain.orders.queries import email_addresses_of
from shop.domain.outbox import (
    ASK_AGAIN,
    BACK_OFF,
    LEASE,
    MAX_ATTEMPTS,
    claim_email,
    dispatch_events,
    forget_asking,
    is_behind,
    mark_failed,
    mark_sent,
    revive_dead_emails,
    take_to_ask,
    unasked_emails,
    undispatched_events,
)
from shop.domain.terms import Terms
from tests.conftest import make_product, placed_order, variants_of

R = TypeVar("R")
MOMENT = timedelta(seconds=1)


@pytest.fixture
def email_id(app: Flask, terms: Terms) -> int:
    """A confirmed order's e-mail that is due."""
    confirm_orders(terms, 1)
    dispatch()
    return unasked_emails()[0]


def confirm_orders(terms: Terms, count: int) -> None:
    variant = variants_of(make_product(stock=count))[0]
    for _ in range(count):
        placed_order(terms, (variant, 1), confirm=True)


def dispatch() -> int:
    return dispatch_events(undispatched_events(), email_addresses_of)


def email(email_id: int) -> Email:
    db.session.rollback()
    return db.session.get_one(Email, email_id)


def count_of(table: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def at_once(app: Flask, times: int, action: Callable[[], R]) -> list[R]:
    """The results of running the action in so many threads at the same time."""

    def run(_: int) -> R:
        with app.app_context():
            try:
                return action()
            finally:
                db.session.remove()

    db.session.rollback()
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


# -- dispatching ------------------------------------------------------------------------------------------------------


def test_a_confirmed_order_gets_one_email_and_a_placed_one_none(app: Flask, terms: Terms) -> None:
    confirm_orders(terms, 1)

    dispatched = dispatch()

    row = db.session.scalars(select(Email)).one()
    assert dispatched == 2  # placed and confirmed
    assert (row.kind, row.recipient, row.status, row.attempts) == ("order_confirmed", "lina@example.com", "due", 0)
    assert undispatched_events() == []


def test_dispatching_again_makes_no_second_email(app: Flask, terms: Terms) -> None:
    confirm_orders(terms, 1)
    ids = undispatched_events()
    dispatch_events(ids, email_addresses_of)

    again = dispatch_events(ids, email_addresses_of)
    forget_dispatch()
    after_a_restored_backup = dispatch_events(ids, email_addresses_of)

    assert (again, after_a_restored_backup) == (0, 2)
    assert count_of(Email) == 1


@operation
def forget_dispatch() -> None:
    db.session.execute(update(OutboxEvent).values(dispatched_at=None))


def test_relays_at_the_same_time_double_nothing(app: Flask, terms: Terms) -> None:
    confirm_orders(terms, 6)
    ids = undispatched_events()

    dispatched = at_once(app, 4, lambda: dispatch_events(ids, email_addresses_of))

    assert sum(dispatched) == 12
    assert count_of(Email) == 6


def test_an_operation_that_fails_leaves_no_event(app: Flask) -> None:
    @operation
    def fail() -> None:
        record_event("order.placed", "order_x")
        raise ValueError

    with pytest.raises(ValueError):
        fail()

    assert count_of(OutboxEvent) == 0


@pytest.mark.breaks_invariants
def test_an_event_without_anybody_to_write_to_gives_a_dead_email(app: Flask) -> None:
    @operation
    def record() -> None:
        record_event("order.confirmed", "order_nobody")

    record()
    dispatch()

    row = db.session.scalars(select(Email)).one()
    assert (row.status, row.last_error) == ("dead", "nobody to send it to")


def test_the_request_id_travels_from_the_event_to_the_email(app: Flask, terms: Terms) -> None:
    with structlog.contextvars.bound_contextvars(request_id="req-1"):
        confirm_orders(terms, 1)
    dispatch()

    claim = claim_email(unasked_emails()[0])

    assert claim is not None
    assert claim.request_id == "req-1"


# -- asking workers ---------------------------------------------------------------------------------------------------


def test_an_email_is_asked_for_once_and_again_when_nobody_came(app: Flask, email_id: int) -> None:
    now = transaction_time()

    first = take_to_ask([email_id])
    second = take_to_ask([email_id])
    with frozen_time(now + ASK_AGAIN + 2 * MOMENT):
        waiting, third = unasked_emails(), take_to_ask([email_id])

    assert (first, second, waiting, third) == ([email_id], [], [email_id], [email_id])


def test_an_email_that_could_not_be_asked_for_is_asked_for_at_the_next_sweep(app: Flask, email_id: int) -> None:
    take_to_ask([email_id])

    forget_asking([email_id])

    assert unasked_emails() == [email_id]


def test_sweeps_at_the_same_time_ask_once(app: Flask, email_id: int) -> None:
    asked = at_once(app, 4, lambda: take_to_ask([email_id]))

    assert sorted(asked) == [[], [], [], [email_id]]


# -- claiming and sending ---------------------------------------------------------------------------------------------


def test_of_many_senders_one_gets_the_email(app: Flask, email_id: int) -> None:
    claims = at_once(app, 6, lambda: claim_email(email_id))

    assert len([claim for claim in claims if claim is not None]) == 1


def test_a_sent_email_is_never_claimed_again(app: Flask, email_id: int) -> None:
    claim_email(email_id)
    mark_sent(email_id)

    with frozen_time(transaction_time() + timedelta(days=1)):
        assert claim_email(email_id) is None
        assert unasked_emails() == []
    assert email(email_id).sent_at is not None


def test_an_email_whose_sender_was_killed_is_free_when_the_lease_ends(app: Flask, email_id: int) -> None:
    take_to_ask([email_id])
    claim_email(email_id)
    now = transaction_time()

    with frozen_time(now + LEASE - 5 * MOMENT):
        early = claim_email(email_id)
    with frozen_time(now + LEASE + 2 * MOMENT):
        waiting, late = unasked_emails(), claim_email(email_id)

    assert early is None
    assert waiting == [email_id]
    assert late is not None
    assert late.attempt == 2


def test_the_lease_ends_within_a_minute() -> None:
    assert LEASE + timedelta(seconds=2) < timedelta(seconds=60)  # reliability.md F03, with the sweep's two seconds


def test_a_failure_puts_the_email_off_longer_each_time_and_the_eighth_gives_it_up(app: Flask, email_id: int) -> None:
    now = transaction_time()
    delays = []

    for attempt in range(1, MAX_ATTEMPTS + 1):
        with frozen_time(now):
            claim = claim_email(email_id)
            assert claim is not None
            is_given_up = mark_failed(claim, "the mail server answered 451")
        assert is_given_up == (attempt == MAX_ATTEMPTS)
        delays.append(email(email_id).due_at - now)
        now = email(email_id).due_at

    assert delays[:-1] == [*BACK_OFF, BACK_OFF[-1], BACK_OFF[-1]]
    assert (email(email_id).status, email(email_id).last_error) == ("dead", "the mail server answered 451")


def test_a_failure_for_good_gives_the_email_up_at_once(app: Flask, email_id: int) -> None:
    claim = claim_email(email_id)
    assert claim is not None

    mark_failed(claim, "the mail server refused the recipient (550)", for_good=True)

    assert email(email_id).status == "dead"


def test_an_email_that_kills_every_sender_is_given_up(app: Flask, email_id: int) -> None:
    now = transaction_time()
    for _ in range(MAX_ATTEMPTS):
        with frozen_time(now):
            assert claim_email(email_id) is not None
        now += LEASE + MOMENT

    with frozen_time(now):
        assert claim_email(email_id) is None

    assert email(email_id).status == "dead"


def test_who_lost_the_lease_cannot_put_the_email_off(app: Flask, email_id: int) -> None:
    slow = claim_email(email_id)
    assert slow is not None
    with frozen_time(transaction_time() + LEASE + MOMENT):
        claim_email(email_id)

    mark_failed(slow, "too slow")

    assert (email(email_id).status, email(email_id).attempts) == ("leased", 2)


def test_who_lost_the_lease_but_sent_the_email_says_so(app: Flask, email_id: int) -> None:
    claim_email(email_id)
    with frozen_time(transaction_time() + LEASE + MOMENT):
        claim_email(email_id)

    mark_sent(email_id)

    assert email(email_id).status == "done"


def test_dead_emails_can_be_revived(app: Flask, email_id: int) -> None:
    claim = claim_email(email_id)
    assert claim is not None
    mark_failed(claim, "no", for_good=True)

    revived = revive_dead_emails()

    assert revived == 1
    assert unasked_emails() == [email_id]
    assert claim_email(email_id) is not None


def test_the_outbox_is_behind_once_something_waits_for_minutes(app: Flask, email_id: int) -> None:
    def is_behind_at(moment: datetime) -> bool:
        with frozen_time(moment):
            return is_behind()

    now = transaction_time()

    assert not is_behind_at(now + timedelta(minutes=4))
    assert is_behind_at(now + timedelta(minutes=6))
