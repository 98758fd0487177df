"""Lives of card orders at random: whatever comes in whatever order and however often, the end is the one that it
would be had everything come at its time, each audit check holds, and the provider's ledger is ours."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.db import db, frozen_time
from shop.domain.checkout import cancel_order, cancel_unpaid_orders
from shop.domain.payments.cards import pay_in_cash
from shop.domain.payments.models import Payment, Refund
from shop.domain.payments.operations import CashOnDelivery
from shop.domain.payments.reconcile import (
    attempts_to_ask,
    attempts_to_cancel,
    compare_books,
    forget_unbegun_attempts,
    poll,
)
from shop.domain.payments.refunds import RefundPayment, refund_payment
from shop.domain.payments.settle import settle
from shop.errors import ShopError
from tests.conftest import SHOPPER, assert_invariants, empty_database, make_product, make_staff, variants_of
from tests.domain.payments.conftest import card_order
from tests.domain.payments.fake_provider import DECLINED, GOOD, SECURE, SLOW, FakeProvider
from tests.domain.payments.stories import apply_all, pay, send_all, states, tell

LIVES = int(os.environ.get("SHOP_CARD_LIVES", "12"))
STEPS = st.one_of(
    st.tuples(st.just("pay"), st.sampled_from([GOOD, DECLINED, SECURE, SLOW, ""])),
    st.tuples(st.just("finish"), st.sampled_from(["succeeded", "declined", "cancelled"])),
    st.tuples(st.just("lose"), st.sampled_from(["create_intent", "confirm_intent", "cancel_intent", "create_refund"]),
              st.sampled_from(["before", "after"])),
    st.tuples(st.just("tell"), st.integers(0, 9), st.integers(1, 3)),
    st.tuples(st.just("wait"), st.sampled_from([1, 8, 20])),
    st.tuples(st.sampled_from(
        ["return", "poll", "cancel", "sweep", "cash", "refund", "refund there", "send refunds", "take stock"])),
)  # fmt: skip


class Life:
    """One order and all that may happen to it."""

    def __init__(self, terms):
        self.terms, self.now = terms, datetime(2026, 11, 2, 9, tzinfo=UTC)
        self.provider = FakeProvider(lambda: self.now)
        self.staff = make_staff(email="machine@example.com")
        self.variant = variants_of(make_product(stock=3))[0]
        with frozen_time(self.now):
            self.order = card_order(terms, (self.variant, 2))

    def do(self, work, *args, **more):
        db.session.remove()
        with frozen_time(self.now):
            try:
                work(*args, **more)
            except ShopError:
                pass
            finally:
                db.session.remove()

    def step(self, name, *values):
        provider, terms, order_id = self.provider, self.terms, self.order.id
        match name:
            case "pay":
                self.do(pay, self.order, terms, provider, card=values[0] or None)
            case "finish":
                for intent_id in provider.intents:
                    provider.finish(intent_id, values[0])
            case "lose":
                provider.fail_next(*values)
            case "tell":
                for event in provider.events[values[0] :: 10] * values[1]:
                    self.do(tell, event, provider, terms)
                self.do(apply_all, provider, terms)
            case "wait":
                self.now += timedelta(minutes=values[0])
            case "return":
                self.do(settle, order_id, provider, terms)
            case "poll":
                self.poll()
            case "cancel":
                self.do(cancel_order, order_id, SHOPPER)
            case "sweep":
                self.do(cancel_unpaid_orders)
            case "cash":
                self.do(pay_in_cash, order_id, CashOnDelivery(), SHOPPER, terms, provider)
            case "refund":
                self.do(refund_payment, order_id, self.staff, RefundPayment(otherAmount=500))
            case "refund there":
                for intent in list(provider.intents.values()):
                    if intent.captured.amount >= intent.refunded.amount + 300:
                        provider.refund_elsewhere(intent.id, 300)
            case "send refunds":
                self.do(send_all, provider)
            case "take stock":
                self.do(lambda: card_order(terms, (self.variant, 1), email="other@example.com"))

    def poll(self):
        def ask():
            waiting = attempts_to_ask() + attempts_to_cancel()
            db.session.rollback()
            for payment_id in waiting:
                poll(payment_id, self.provider, self.terms)

        self.do(ask)

    def drain(self):
        """Let all processes do their work until nothing is left to do, as they would in a day."""
        self.provider._failures.clear()
        for _ in range(3):
            for event in self.provider.events:
                self.do(tell, event, self.provider, self.terms)
            self.do(apply_all, self.provider, self.terms)
            self.now += timedelta(minutes=2)
            self.poll()
            self.do(send_all, self.provider)
            self.do(cancel_unpaid_orders)
            self.do(forget_unbegun_attempts)
            self.now += timedelta(hours=1, minutes=1)
            for intent_id in self.provider.intents:  # no bank looks for ever
                if self.provider.intents[intent_id].status == "processing":
                    self.provider.finish(intent_id, "cancelled")

    def check(self):
        db.session.remove()
        provider = self.provider
        with frozen_time(self.now):
            assert compare_books(provider, self.terms) == []
        db.session.remove()
        assert_invariants()
        assert len(provider.charges) == len(set(provider.charges))
        ours = db.session.execute(
            db.select(db.func.sum(Payment.captured_amount), db.func.sum(Payment.refunded_amount)).filter_by(
                provider="stripe"
            )
        ).one()
        assert (int(ours[0] or 0), int(ours[1] or 0)) == (provider.taken, provider.given)
        unfinished = db.select(Refund.id).where(Refund.status.in_(("requested", "sent", "unknown")))
        assert db.session.scalar(unfinished) is None
        (status, payment_status), attempts = states(self.order)
        mine = [each for each in provider.intents.values() if each.order_id == self.order.public_id]
        kept = sum(each.captured.amount - each.refunded.amount for each in mine)
        assert len([each for each in mine if each.status == "succeeded"]) <= 1
        if status == "cancelled":
            assert kept == 0, (status, payment_status, attempts)
        if any(each.status == "succeeded" for each in mine) and status != "cancelled":
            assert status == "confirmed" and payment_status in ("paid", "partially_refunded", "refunded")
        assert status != "pending" and not set(attempts) & {"created", "sent", "processing", "unknown"}


@pytest.fixture
def machine_database(application, database):
    with application.app_context():
        yield database
        db.session.remove()


def test_any_life_ends_as_it_should(machine_database, application):
    shop_terms = application.extensions["shop_terms"]
    many = {name: 1000 for name in vars(shop_terms.card_limits)}
    terms = replace(shop_terms, takes_cards=True, card_limits=type(shop_terms.card_limits)(**many))

    @settings(max_examples=LIVES, deadline=None, derandomize=True, database=None,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.lists(STEPS, min_size=4, max_size=16))
    def live(steps):
        empty_database(machine_database)
        life = Life(terms)
        for step in [("pay", ""), *steps]:
            life.step(*step)
        life.drain()
        life.check()

    live()
