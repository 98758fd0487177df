"""Webhook, browser, poller and cancelling at the same instant: the money is taken once, and everybody ends alike."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from shop.db import db
from shop.domain.checkout import cancel_order
from shop.domain.payments.card_refunds import send_refund
from shop.domain.payments.cards import pay_in_cash
from shop.domain.payments.models import Refund
from shop.domain.payments.operations import CashOnDelivery
from shop.domain.payments.provider_events import apply_provider_event
from shop.domain.payments.reconcile import poll
from shop.domain.payments.refunds import RefundPayment, refund_payment
from shop.domain.payments.settle import settle
from shop.errors import Conflict
from tests.conftest import SHOPPER, make_product, make_staff, stock_of, variants_of
from tests.domain.payments.conftest import card_order
from tests.domain.payments.fake_provider import FakeProvider
from tests.domain.payments.stories import pay, payment_of, refunds_of, states, tell
from tests.races.test_buyers import at_once

pytestmark = pytest.mark.both_databases
PAID = (("confirmed", "paid"), ["succeeded"])


@pytest.fixture
def terms(terms):
    many = {name: 1000 for name in vars(terms.card_limits)}
    return replace(terms, takes_cards=True, card_limits=type(terms.card_limits)(**many))


@pytest.fixture
def provider(app):
    return FakeProvider()


@pytest.fixture
def variant(app):
    return variants_of(make_product(stock=5))[0]


@pytest.fixture
def order(terms, variant):
    return card_order(terms, (variant, 2))


def meet(provider, method, count):
    """Have that many callers of a method meet before they go on, so that each has its answer in its hand."""
    barrier = threading.Barrier(count)

    def wait(called):
        if called == method:
            with suppress(threading.BrokenBarrierError):
                barrier.wait(1)

    provider.before = wait


def test_webhook_return_and_poller_settle_once(app, terms, provider, order, variant):
    begun = pay(order, terms, provider, card=None)
    provider.finish(begun.intent.id, "succeeded")
    events = [tell(("payment_intent.succeeded", begun.intent.id), provider, terms) for _ in range(2)]
    payment_id = payment_of(order).id
    db.session.remove()
    meet(provider, "fetch_intent", 8)

    results = at_once(
        app,
        [lambda: settle(order.id, provider, terms).payment_status] * 4
        + [lambda e=event: apply_provider_event(e, provider, terms) or "paid" for event in events]
        + [lambda: poll(payment_id, provider, terms) or "paid"] * 2,
    )

    assert results == ["paid"] * 8 and states(order) == PAID and stock_of(variant) == (5, 2)


def test_many_who_pay_one_order_at_once_charge_it_once(app, terms, provider, order):
    db.session.remove()
    meet(provider, "create_intent", 6)

    results = at_once(app, [lambda: pay(order, terms, provider).order.payment_status] * 6)

    assert all(result == "paid" or isinstance(result, Conflict) for result in results), results
    assert len(provider.charges) == 1 and states(order) == PAID


def test_settling_against_cancelling_keeps_or_gives_back(app, terms, provider, order, variant):
    begun = pay(order, terms, provider, card=None)
    provider.finish(begun.intent.id, "succeeded")
    db.session.remove()

    at_once(
        app,
        [lambda: settle(order.id, provider, terms).status] * 3 + [lambda: cancel_order(order.id, SHOPPER).status] * 3,
    )
    settle(order.id, provider, terms)

    assert states(order) == (("cancelled", "refunded"), ["succeeded"])
    assert refunds_of(order) == [("requested", order.total_amount)] and stock_of(variant) == (5, 0)


def test_card_against_cash_has_one_winner(app, terms, provider, order):
    pay(order, terms, provider, card=None)
    db.session.remove()

    at_once(
        app,
        [lambda: pay(order, terms, provider).order.status] * 3
        + [lambda: pay_in_cash(order.id, CashOnDelivery(), SHOPPER, terms, provider).status] * 3,
    )

    found, attempts = states(order)
    is_by_card = found == ("confirmed", "paid")
    assert is_by_card or found == ("confirmed", "pending")
    assert attempts[-1] == ("succeeded" if is_by_card else "due")  # one before may have been cancelled for cash
    assert set(attempts[:-1]) <= {"cancelled"} and len(provider.charges) == is_by_card


def test_a_refund_is_sent_once_however_many_send_it(app, terms, provider, order):
    pay(order, terms, provider)
    refund_payment(order.id, make_staff(), RefundPayment(otherAmount=100))
    refund_id = db.session.scalar(db.select(Refund.id))
    db.session.remove()

    at_once(app, [lambda: send_refund(refund_id, provider) or 1] * 6)

    assert refunds_of(order) == [("succeeded", 100)] and provider.given == 100
