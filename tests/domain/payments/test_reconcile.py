"""What no webhook brought is found by asking; the books are compared both ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shop.db import db, frozen_time
from shop.domain.payments import reconcile
from shop.domain.payments.differences import list_open_differences, resolve_difference
from shop.domain.payments.reconcile import attempts_to_ask, compare_books, poll
from shop.domain.payments.refunds import RefundPayment, refund_payment
from shop.errors import Conflict, NotFound, Unavailable
from tests.domain.payments.fake_provider import SLOW
from tests.domain.payments.stories import pay, payment_of, refunds_of, run, send_all, states

PAID = ("confirmed", "paid")


def in_minutes(minutes):
    return frozen_time(datetime.now(UTC) + timedelta(minutes=minutes))


def poll_all(provider, terms):
    waiting = attempts_to_ask()
    db.session.rollback()
    for payment_id in waiting:
        poll(payment_id, provider, terms)
    return len(waiting)


def test_the_poller_finds_a_payment_of_which_nothing_came(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    provider.finish(begun.intent.id, "succeeded")
    assert poll_all(provider, terms) == 0  # the shopper is still there
    with in_minutes(3):
        assert poll_all(provider, terms) == 1
        assert states(order) == (PAID, ["succeeded"])
        assert poll_all(provider, terms) == 0


def test_the_poller_asks_each_minute_and_old_ones_less_often(app, terms, provider, order):
    pay(order, terms, provider, card=SLOW)
    asked = []
    for minutes in (3, 3.5, 4, 5, 130, 131, 195):
        with in_minutes(minutes):
            asked.append(poll_all(provider, terms))
    assert asked == [1, 0, 1, 1, 1, 0, 1]


def test_a_provider_that_is_away_stops_no_polling(app, terms, provider, order):
    pay(order, terms, provider, card=SLOW)
    provider.fail_next("fetch_intent", "before")
    with in_minutes(3):
        assert poll_all(provider, terms) == 1
    assert states(order)[1] == ["unknown"]


def test_books_that_agree_differ_in_nothing(app, terms, provider, order, staff):
    pay(order, terms, provider)
    refund_payment(order.id, staff, RefundPayment(otherAmount=100))
    send_all(provider)
    assert compare_books(provider, terms) == [] and list_open_differences() == []


def test_what_was_missed_is_settled_by_comparing(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    run("UPDATE payments SET provider_reference = NULL")  # killed before it was kept
    provider.finish(begun.intent.id, "succeeded")
    provider.refund_elsewhere(begun.intent.id, 300)
    assert compare_books(provider, terms) == []
    assert states(order) == (("confirmed", "partially_refunded"), ["succeeded"])
    assert refunds_of(order) == [("succeeded", 300)]


def test_more_than_one_question_may_name_are_compared(app, terms, provider, order, monkeypatch):
    monkeypatch.setattr(reconcile, "AT_ONCE", 2)
    begun = pay(order, terms, provider)
    for number in range(5):
        provider.intents[f"pi_other{number}"] = provider.intents[begun.intent.id]
        provider.change(f"pi_other{number}", id=f"pi_other{number}", order_id="", payment_id="")
    assert compare_books(provider, terms) == []
    run("UPDATE payments SET created_at = '2020-01-01 00:00:00.000000'")  # so that it is found by their name alone
    assert compare_books(provider, terms) == []


def test_books_that_agree_ask_the_provider_for_its_lists_alone(app, terms, provider, order, staff):
    pay(order, terms, provider)
    refund_payment(order.id, staff, RefundPayment(otherAmount=100))
    send_all(provider)
    asked = []
    provider.before = asked.append
    assert compare_books(provider, terms) == [] and asked == ["list_intents", "list_refunds"]


def test_what_differs_is_a_row_until_it_is_gone(app, terms, provider, order, staff):
    pay(order, terms, provider)
    refund_payment(order.id, staff, RefundPayment(otherAmount=100))
    send_all(provider)
    name = payment_of(order).provider_reference
    intent, (refund,) = provider.intents.pop(name), provider.refunds.values()
    provider.refunds.clear()
    with in_minutes(90):
        found = compare_books(provider, terms)
    assert {each.kind for each in found} == {"books_payment", "books_refund"}
    assert all(order.number in each.sentence for each in found)
    assert len(list_open_differences()) == 2
    provider.intents[name], provider.refunds[refund.id] = intent, refund
    assert compare_books(provider, terms) == [] and list_open_differences() == []


def test_a_payment_for_an_order_that_is_not_here_is_told(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    provider.finish(begun.intent.id, "succeeded")
    provider.intents["pi_old"] = provider.intents.pop(begun.intent.id)
    provider.change("pi_old", id="pi_old", order_id="order_of_before", payment_id="pay_of_before")
    run("DELETE FROM payments")
    run("UPDATE orders SET payment_status = 'processing'")
    (found,) = compare_books(provider, terms)
    assert (found.kind, found.reference, found.order_id) == ("books_payment", "pi_old", None)


def test_staff_settle_a_difference_once(app, terms, provider, order, staff):
    begun = pay(order, terms, provider, card=None)
    del provider.intents[begun.intent.id]
    with in_minutes(3):
        poll_all(provider, terms)
    (row,) = list_open_differences()
    name = row.public_id
    resolve_difference(name, "It was a test.", staff)
    assert list_open_differences() == []
    with pytest.raises(Conflict):
        resolve_difference(name, "Again.", staff)
    with pytest.raises(NotFound):
        resolve_difference("dif_x", "", staff)


def test_a_provider_that_is_away_cannot_be_compared_with(app, terms, provider):
    provider.fail_next("list_refunds", "before")
    with pytest.raises(Unavailable):
        compare_books(provider, terms)
