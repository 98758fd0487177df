"""Giving card money back: requested with its key, sent once, known by asking; what the dashboard does is taken in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shop.db import db, frozen_time
from shop.domain.events import OutboxEvent
from shop.domain.payments.card_refunds import refunds_to_send, send_refund
from shop.domain.payments.models import PaymentDifference, Refund
from shop.domain.payments.refunds import RefundPayment, refund_payment
from shop.errors import Conflict
from shop.payment_provider import OutcomeUnknown
from tests.domain.payments.stories import apply_all, pay, payment_of, refunds_of, send_all, states, tell

LATER = [timedelta(minutes=minutes) for minutes in (2, 4, 6)]


@pytest.fixture
def paid(order, terms, provider):
    pay(order, terms, provider)
    return order


def ask(order, staff, amount):
    return refund_payment(order.id, staff, RefundPayment(otherAmount=amount))


def letters():
    db.session.rollback()
    return db.session.scalar(db.select(db.func.count()).select_from(OutboxEvent).filter_by(type="payment.refunded"))


def differences():
    db.session.rollback()
    return list(db.session.scalars(db.select(PaymentDifference.kind).filter_by(resolved_at=None)))


def test_a_refund_is_requested_reserves_and_is_sent_once(app, terms, provider, staff, paid):
    ask(paid, staff, 1000)
    assert refunds_of(paid) == [("requested", 1000)] and letters() == 0
    assert states(paid)[0] == ("confirmed", "partially_refunded")
    with pytest.raises(Conflict, match="more than there is"):
        ask(paid, staff, paid.total_amount)

    for _ in range(3):
        send_all(provider)
    send_refund(db.session.scalar(db.select(Refund.id)), provider)

    assert refunds_of(paid) == [("succeeded", 1000)] and (provider.given, letters()) == (1000, 1)
    assert payment_of(paid).refunded_amount == 1000


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_keeps_the_reservation_until_it_is_known(app, terms, provider, staff, paid, when):
    ask(paid, staff, 1000)
    provider.fail_next("create_refund", when)
    send_all(provider)
    assert refunds_of(paid) == [("unknown", 1000)] and payment_of(paid).refunded_amount == 1000
    assert refunds_to_send() == []  # not at once again

    with frozen_time(datetime.now(UTC) + LATER[0]):
        send_all(provider)

    assert refunds_of(paid) == [("succeeded", 1000)] and (len(provider.refunds), letters()) == (1, 1)


def test_a_killed_sender_is_taken_over_from(app, terms, provider, staff, paid):
    ask(paid, staff, 1000)

    def die(_method):
        raise KeyboardInterrupt

    provider.before = die
    with pytest.raises(KeyboardInterrupt):
        send_all(provider)
    provider.before = lambda method: None
    assert refunds_of(paid) == [("sent", 1000)]
    with frozen_time(datetime.now(UTC) + LATER[0]):
        send_all(provider)
    assert refunds_of(paid) == [("succeeded", 1000)] and provider.given == 1000


def test_a_refund_whose_key_keeps_a_failure_is_found_in_the_list(app, terms, provider, staff, paid):
    ask(paid, staff, 1000)
    provider.fail_next("create_refund", "after")
    send_all(provider)
    key = db.session.scalar(db.select(Refund.key))
    provider._answers[key] = (provider._answers[key][0], OutcomeUnknown("an error"))
    for minutes, status in ((2, "unknown"), (12, "succeeded")):
        with frozen_time(datetime.now(UTC) + timedelta(minutes=minutes)):
            send_all(provider)
        assert refunds_of(paid) == [(status, 1000)]
    assert provider.given == 1000


@pytest.mark.parametrize(("is_there", "status"), [(True, "succeeded"), (False, "failed")])
def test_after_a_day_the_list_tells_since_keys_are_forgotten(app, terms, provider, staff, paid, is_there, status):
    ask(paid, staff, 1000)
    provider.fail_next("create_refund", "after" if is_there else "before")
    send_all(provider)
    with frozen_time(datetime.now(UTC) + timedelta(days=2)):
        send_all(provider)
    assert refunds_of(paid) == [(status, 1000)] and provider.given == (1000 if is_there else 0)


def test_a_refund_that_nobody_sent_for_a_day_is_sent_all_the_same(app, terms, provider, staff, paid):
    ask(paid, staff, 1000)
    with frozen_time(datetime.now(UTC) + timedelta(days=2)):
        send_all(provider)
    assert refunds_of(paid) == [("succeeded", 1000)] and provider.given == 1000


def test_a_refused_refund_frees_its_amount_and_tells_staff(app, terms, provider, staff, paid):
    ask(paid, staff, 1000)
    provider.fail_next("create_refund", "refused")
    send_all(provider)
    assert refunds_of(paid) == [("failed", 1000)] and differences() == ["refund_failed"]
    assert states(paid)[0] == ("confirmed", "paid") and payment_of(paid).refunded_amount == 0
    ask(paid, staff, paid.total_amount)
    send_all(provider)
    assert states(paid)[0] == ("confirmed", "refunded") and letters() == 1


def test_a_refund_under_way_is_asked_for_and_may_fail_later(app, terms, provider, staff, paid):
    provider.refund_status = "processing"
    ask(paid, staff, 1000)
    send_all(provider)
    assert refunds_of(paid) == [("sent", 1000)] and letters() == 0
    (name,) = provider.refunds
    provider.finish_refund(name, "succeeded")
    with frozen_time(datetime.now(UTC) + LATER[0]):
        send_all(provider)
    assert refunds_of(paid) == [("succeeded", 1000)] and letters() == 1

    provider.finish_refund(name, "failed")
    tell(("refund.failed", name), provider, terms)
    apply_all(provider, terms)

    assert refunds_of(paid) == [("failed", 1000)] and differences() == ["refund_failed"]
    assert states(paid)[0] == ("confirmed", "paid")


@pytest.mark.parametrize("kind", ["charge.refunded", "refund.updated"])
def test_a_refund_made_at_the_provider_is_taken_in_once(app, terms, provider, staff, paid, kind):
    made = provider.refund_elsewhere(payment_of(paid).provider_reference, 700)
    for _ in range(3):
        tell((kind, made.intent_id if kind == "charge.refunded" else made.id), provider, terms)
        apply_all(provider, terms)
    assert refunds_of(paid) == [("succeeded", 700)] and letters() == 1
    assert states(paid)[0] == ("confirmed", "partially_refunded")


def test_a_refund_there_and_one_here_of_the_whole_are_one(app, terms, provider, staff, paid):
    refund_payment(paid.id, staff, RefundPayment(everything=True))
    made = provider.refund_elsewhere(payment_of(paid).provider_reference, paid.total_amount)
    tell(("refund.updated", made.id), provider, terms)
    apply_all(provider, terms)
    assert differences() == ["other_refund"]  # both do not fit; ours is about to be refused

    send_all(provider)
    tell(("refund.updated", made.id), provider, terms)
    apply_all(provider, terms)

    assert refunds_of(paid) == [("failed", paid.total_amount), ("succeeded", paid.total_amount)]
    assert states(paid)[0] == ("confirmed", "refunded") and "other_refund" not in differences()
