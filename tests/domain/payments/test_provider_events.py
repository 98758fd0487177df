"""Webhooks: stored once, applied in any order, put off and parked without blocking others; what each type does."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest

from shop.db import db, frozen_time
from shop.domain.audit.models import AuditEntry
from shop.domain.checkout import cancel_order
from shop.domain.payments.models import CardRefusal, Dispute, PaymentDifference, ProviderEvent, Subscription
from shop.domain.payments.provider_events import (
    BACK_OFF,
    apply_provider_event,
    forget_old_events,
    retry_parked_event,
    retry_parked_events,
)
from shop.errors import Conflict, NotFound, TooMany
from shop.payment_provider import ProviderDispute, ProviderSubscription
from tests.conftest import SHOPPER
from tests.domain.payments.fake_provider import DECLINED
from tests.domain.payments.stories import (
    apply_all,
    make_event,
    pay,
    payment_of,
    refunds_of,
    run,
    send_all,
    states,
    tell,
    tell_everything,
)

PAID = ("confirmed", "paid")


def rows():
    db.session.rollback()
    found = db.select(ProviderEvent.status, ProviderEvent.attempts).order_by(ProviderEvent.id)
    return [tuple(row) for row in db.session.execute(found)]


def test_an_event_is_stored_and_applied_once(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    provider.finish(begun.intent.id, "succeeded")
    event = ("payment_intent.succeeded", begun.intent.id)
    stored = [tell(event, provider, terms, number="one") for _ in range(5)]
    assert stored[0] is not None and stored[1:] == [None] * 4
    for _ in range(3):
        apply_provider_event(stored[0], provider, terms)
    assert rows() == [("applied", 1)] and states(order) == (PAID, ["succeeded"])


def test_any_order_of_events_ends_as_the_right_one(app, terms, provider, variant, staff):
    from tests.domain.payments.conftest import card_order

    ends = set()
    for turn in itertools.permutations(range(3)):
        order = card_order(terms, (variant, 1))
        begun = pay(order, terms, provider, card=None)
        provider.events.clear()
        provider.finish(begun.intent.id, "declined")
        provider.finish(begun.intent.id, "succeeded")
        provider.refund_elsewhere(begun.intent.id, 300)
        events = [provider.events[0], provider.events[1], provider.events[3]]
        for number in (*turn, *turn):
            tell(events[number], provider, terms)
            apply_all(provider, terms)
        ends.add((states(order)[0], tuple(states(order)[1]), tuple(refunds_of(order))))
        run("UPDATE card_refusals SET created_at = '2020-01-01 00:00:00.000000'")
        cancel_order(order.id, staff)  # so that there is stock for the next
        send_all(provider)
    assert ends == {(("confirmed", "partially_refunded"), ("succeeded",), (("succeeded", 300),))}
    assert provider.given == provider.taken


def test_unknown_types_are_ignored_and_unknown_objects_parked_alone(app, terms, provider, order):
    tell(("price.created", "price_1"), provider, terms)
    tell(("payment_intent.succeeded", "pi_stranger"), provider, terms)
    now = datetime.now(UTC)
    for attempt in range(8):
        with frozen_time(now):
            apply_all(provider, terms)
        now += BACK_OFF[min(attempt, len(BACK_OFF) - 1)] + timedelta(seconds=1)
    assert rows() == [("ignored", 1), ("parked", 8)]

    pay(order, terms, provider)
    tell_everything(provider, terms)
    assert rows()[-1] == ("applied", 1)
    assert retry_parked_events() == 1 and rows()[1] == ("received", 0)
    run("DELETE FROM provider_events WHERE status = 'received'")


def test_staff_have_one_parked_event_tried_again_and_no_other(app, terms, provider, order, staff):
    first, _ = make_event("evt_1"), make_event("evt_2")
    retry_parked_event(first, staff)
    assert rows() == [("received", 0), ("parked", 8)]

    with pytest.raises(Conflict, match="It is received already"):
        retry_parked_event(first, staff)
    with pytest.raises(NotFound):
        retry_parked_event("whk_x", staff)
    apply_all(provider, terms)
    assert rows() == [("received", 1), ("parked", 8)]  # its object is not there: it is put off as at first
    assert db.session.scalars(db.select(AuditEntry.subject_id).filter_by(subject_kind="provider_event")).all() == [
        first
    ]


def test_an_event_of_somebody_else_on_the_same_account_is_ignored(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    provider.intents["pi_other"] = provider.intents[begun.intent.id]
    provider.change("pi_other", order_id="", payment_id="")
    tell(("payment_intent.succeeded", "pi_other"), provider, terms)
    apply_all(provider, terms)
    assert rows() == [("ignored", 1)]


def test_a_provider_that_is_away_is_asked_again(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    provider.finish(begun.intent.id, "succeeded")
    tell(("payment_intent.succeeded", begun.intent.id), provider, terms)
    provider.fail_next("fetch_intent", "before")
    apply_all(provider, terms)
    assert rows() == [("received", 1)]
    apply_all(provider, terms)
    assert rows() == [("received", 1)]  # it is not due yet
    with frozen_time(datetime.now(UTC) + timedelta(minutes=1)):
        apply_all(provider, terms)
    assert rows() == [("applied", 2)] and states(order)[0] == PAID


def test_a_crash_before_the_name_was_kept_is_found_by_the_event(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    run("UPDATE payments SET provider_reference = NULL, status = 'created'")
    provider.finish(begun.intent.id, "succeeded")
    tell(("payment_intent.succeeded", begun.intent.id), provider, terms)
    apply_all(provider, terms)
    assert states(order) == (PAID, ["succeeded"])


def test_a_second_payment_for_an_attempt_is_for_staff(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    provider.intents["pi_second"] = provider.intents[begun.intent.id]
    provider.change("pi_second", id="pi_second")
    provider.finish("pi_second", "succeeded")
    tell(("payment_intent.succeeded", "pi_second"), provider, terms)
    apply_all(provider, terms)
    row = db.session.scalars(db.select(PaymentDifference)).one()
    assert (row.kind, row.provider_reference, row.order_id) == ("other_payment", "pi_second", order.id)
    assert states(order)[0] == ("pending", "processing")


@pytest.mark.parametrize("kind", ["charge.refunded", "refund.updated"])
def test_a_refund_told_before_the_payment_whose_name_was_not_kept_is_taken(app, terms, provider, order, kind):
    begun = pay(order, terms, provider, card=None)
    run("UPDATE payments SET provider_reference = NULL, status = 'created'")
    provider.finish(begun.intent.id, "succeeded")
    made = provider.refund_elsewhere(begun.intent.id, 250)
    payload = json.dumps({"data": {"object": {"payment_intent": begun.intent.id}}})
    tell((kind, "ch_1" if kind == "charge.refunded" else made.id), provider, terms, payload=payload)
    apply_all(provider, terms)
    assert refunds_of(order) == [("succeeded", 250)]


def test_refusals_in_the_browser_are_counted_and_end_the_payment_at_last(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    for _ in range(5):
        provider.finish(begun.intent.id, "declined")
        tell(provider.events[-1], provider, terms)
        apply_all(provider, terms)
    assert db.session.scalar(db.select(db.func.count()).select_from(CardRefusal)) == 5
    assert provider.intents[begun.intent.id].status == "cancelled" and states(order)[1] == ["cancelled"]
    with pytest.raises(TooMany):
        pay(order, terms, provider)


def test_a_refusal_that_was_counted_here_is_not_counted_by_its_event(app, terms, provider, order):
    with pytest.raises(Exception, match="declined"):
        pay(order, terms, provider, card=DECLINED)
    tell_everything(provider, terms)
    assert db.session.scalar(db.select(db.func.count()).select_from(CardRefusal)) == 1


def test_a_dispute_is_a_row_an_audit_entry_and_a_to_do_until_it_is_closed(app, terms, provider, order):
    pay(order, terms, provider)
    due = datetime(2030, 1, 2, tzinfo=UTC)
    intent_id = payment_of(order).provider_reference
    dispute = ProviderDispute("dp_1", "needs_response", "fraudulent", order.total, intent_id, due, False)
    provider.disputes["dp_1"] = dispute
    for _ in range(2):
        tell(("charge.dispute.created", "dp_1"), provider, terms)
        apply_all(provider, terms)
    row = db.session.scalars(db.select(Dispute)).one()
    assert (row.order_id, row.status, row.amount) == (order.id, "needs_response", order.total_amount)
    to_do = db.session.scalars(db.select(PaymentDifference)).one()
    assert (to_do.kind, to_do.due_at, to_do.resolved_at) == ("dispute", due, None)

    provider.disputes["dp_1"] = ProviderDispute("dp_1", "lost", "fraudulent", order.total, intent_id, due, True)
    tell(("charge.dispute.closed", "dp_1"), provider, terms)
    tell(("charge.dispute.created", "dp_1"), provider, terms)  # late
    apply_all(provider, terms)

    db.session.rollback()
    assert db.session.scalars(db.select(Dispute)).one().is_closed
    assert db.session.scalars(db.select(PaymentDifference)).one().resolved_at is not None
    actions = db.session.scalars(db.select(AuditEntry.action)).all()
    assert actions.count("payment.disputed") == 2


def test_a_charge_names_its_payment_and_old_bodies_are_emptied(app, terms, provider, order):
    pay(order, terms, provider)
    made = provider.refund_elsewhere(payment_of(order).provider_reference, 250)
    charge = json.dumps({"data": {"object": {"id": "ch_1", "payment_intent": made.intent_id}}})
    tell(("charge.refunded", "ch_1"), provider, terms, payload=charge)
    tell(("charge.refunded", "ch_2"), provider, terms)
    apply_all(provider, terms)
    assert refunds_of(order) == [("succeeded", 250)] and [status for status, _ in rows()] == ["applied", "ignored"]
    make_event("evt_parked")
    assert forget_old_events() == 0
    with frozen_time(datetime.now(UTC) + timedelta(days=31)):
        db.session.rollback()
        assert forget_old_events() == 3
    assert set(db.session.scalars(db.select(ProviderEvent.payload))) == {""}


def test_subscriptions_are_as_the_provider_has_them(app, terms, provider):
    ends = datetime(2030, 1, 2, tzinfo=UTC)
    provider.subscriptions["sub_1"] = ProviderSubscription("sub_1", "active", "cus_1", ends, False)
    tell(("customer.subscription.updated", "sub_1"), provider, terms)
    tell(("customer.subscription.created", "sub_1"), provider, terms)
    apply_all(provider, terms)
    provider.subscriptions["sub_1"] = ProviderSubscription("sub_1", "canceled", "cus_1", None, True)
    invoice = json.dumps({"data": {"object": {"id": "in_1", "subscription": "sub_1"}}})
    tell(("invoice.payment_succeeded", "in_1"), provider, terms, payload=invoice)
    tell(("invoice.payment_succeeded", "in_2"), provider, terms, payload="[1")
    tell(("setup_intent.succeeded", "seti_1"), provider, terms)
    apply_all(provider, terms)
    row = db.session.scalars(db.select(Subscription)).one()
    assert (row.status, row.customer_reference, row.ends_with_period) == ("canceled", "cus_1", True)
    assert [status for status, _ in rows()] == ["applied"] * 3 + ["ignored", "applied"]


def test_an_event_for_a_cancelled_order_gives_the_money_back(app, terms, provider, order):
    begun = pay(order, terms, provider, card=None)
    cancel_order(order.id, SHOPPER)
    provider.finish(begun.intent.id, "succeeded")
    tell_everything(provider, terms)
    tell_everything(provider, terms)
    send_all(provider)
    assert refunds_of(order) == [("succeeded", order.total_amount)] and provider.given == provider.taken
