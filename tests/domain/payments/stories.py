"""What tests of card payments do and look at."""

from __future__ import annotations

from datetime import UTC, datetime

from shop.db import db, operation
from shop.domain.orders.models import Order
from shop.domain.payments.card_refunds import refunds_to_send, send_refund
from shop.domain.payments.cards import PayByCard, begin_card_payment
from shop.domain.payments.followers import take_dispute
from shop.domain.payments.models import Payment, ProviderEvent, Refund
from shop.domain.payments.provider_events import apply_provider_event, store_event, waiting_events
from shop.money import Money
from shop.payment_provider import ProviderDispute, SignedEvent
from tests.conftest import SHOPPER
from tests.domain.payments.fake_provider import GOOD


def pay(order, terms, provider, card=GOOD, actor=SHOPPER, **more):
    wanted = PayByCard(paymentMethodId=card, **more) if card else PayByCard(**more)
    return begin_card_payment(order.id, wanted, actor, terms, provider, return_url="http://localhost/return")


def states(order):
    """(status, payment status) of the order, and the statuses of its attempts."""
    db.session.rollback()
    row = db.session.execute(db.select(Order.status, Order.payment_status).filter_by(id=order.id)).one()
    attempts = db.session.scalars(db.select(Payment.status).filter_by(order_id=order.id).order_by(Payment.id)).all()
    return tuple(row), list(attempts)


def payment_of(order):
    db.session.rollback()
    found = db.session.scalars(db.select(Payment).filter_by(order_id=order.id).order_by(Payment.id.desc())).first()
    db.session.expunge_all()
    return found


def refunds_of(order):
    db.session.rollback()
    rows = db.select(Refund.status, Refund.amount).filter_by(order_id=order.id).order_by(Refund.id)
    return [tuple(row) for row in db.session.execute(rows)]


def send_all(provider):
    waiting = refunds_to_send()
    db.session.rollback()
    for refund_id in waiting:
        send_refund(refund_id, provider)


def make_event(name="evt_1", status="parked", error="It cannot be asked.", **values):
    """A webhook that came and is so now; the public id of its row."""
    given = {"type": "payment_intent.succeeded", "object_id": "pi_1", **values}
    signed = SignedEvent(name, given["type"], given["object_id"], datetime.now(UTC))
    key = store_event(signed, '{"client_secret": "pi_1_secret_x"}', "stripe")
    attempts = 8 if status == "parked" else 1
    run("UPDATE provider_events SET status = :status, last_error = :error, attempts = :attempts WHERE id = :id",
        status=status, error=error, attempts=attempts, id=key)  # fmt: skip
    if status == "applied":
        run("UPDATE provider_events SET applied_at = received_at WHERE id = :id", id=key)
    return db.session.scalars(db.select(ProviderEvent.public_id).filter_by(id=key)).one()


def make_dispute(order, name="dp_1", **changes):
    """A customer's bank wants 5.00 of the order's payment back; one in cash is given a reference for it."""
    reference = payment_of(order).provider_reference or f"pi_of_{order.id}"
    run("UPDATE payments SET provider_reference = :name WHERE order_id = :id", name=reference, id=order.id)
    values = {"status": "needs_response", "reason": "fraudulent", "evidence_due_at": None, "is_closed": False}
    amount = Money(500, order.currency)
    take_dispute(ProviderDispute(id=name, amount=amount, intent_id=reference, **values | changes))


_numbers = iter(range(1, 10**9))


def tell(event, provider, terms, number=None, payload="{}"):
    """Have a webhook stored; the id of its row."""
    kind, object_id = event
    signed = SignedEvent(f"evt_{number or next(_numbers)}", kind, object_id, provider.clock())
    return store_event(signed, payload, provider.name)


def apply_all(provider, terms):
    waiting = waiting_events()
    db.session.rollback()
    for event_id in waiting:
        apply_provider_event(event_id, provider, terms)


def tell_everything(provider, terms):
    for event in list(provider.events):
        tell(event, provider, terms)
    apply_all(provider, terms)


@operation
def run(words, **values):
    db.session.execute(db.text(words), values)
