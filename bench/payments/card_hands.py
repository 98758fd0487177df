"""The hands behind a shop that takes cards: orders whose payment has begun, refunds sent, webhooks worked off."""

from __future__ import annotations

import contextlib
import functools
from datetime import timedelta
from typing import Any

from bench import hands
from bench.products import make_product
from bench.shopper import ADDRESS
from shop.db import db, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit_checks.run import run_audit
from shop.domain.carts.operations import AddToCart, add_to_cart, create_cart
from shop.domain.checkout import PlaceOrder, cancel_order, place_order
from shop.domain.customers.operations import create_user, save_staff_role
from shop.domain.events import Email
from shop.domain.orders.models import Order
from shop.domain.payments.card_refunds import refunds_to_send, send_refund
from shop.domain.payments.cards import PayByCard, begin_card_payment
from shop.domain.payments.models import Payment, ProviderEvent
from shop.domain.payments.refunds import RefundPayment, refund_payment
from shop.errors import PaymentRefused
from shop.extensions import payment_provider, terms
from shop.jobs.emails import send_email
from shop.jobs.payments import sweep_payments
from shop.jobs.schedule import sweep_outbox

EMAILS_AT_ONCE = 50


def begin_orders(first: int, cards: list[str]) -> list[tuple[str, str]]:
    """An order for each card, charged by it at once, or only begun for "": public id of the order, and its intent."""
    return [_begin_order(first + number, card) for number, card in enumerate(cards)]


def _begin_order(number: int, card: str) -> tuple[str, str]:
    shopper = Actor("customer", address=f"127.3.{number // 250 % 250}.{number % 250}")
    cart = create_cart(terms, shopper)
    product_id, variant_id = _wares()[number % len(_wares())]
    wish = {"productId": product_id, "variantId": variant_id, "quantity": 1 + number % 3}
    add_to_cart(cart.public_id, AddToCart.model_validate(wish), shopper)
    order = place_order(_order_of(cart.public_id, number), shopper, terms)
    provider = payment_provider()
    assert provider is not None
    wanted = PayByCard.model_validate({"paymentMethodId": card} if card else {})
    with contextlib.suppress(PaymentRefused):
        begin_card_payment(order.id, wanted, shopper, terms, provider, return_url="http://127.0.0.1/return")
    db.session.rollback()
    intent = db.session.scalars(db.select(Payment.provider_reference).filter_by(order_id=order.id)).one()
    return order.public_id, intent or ""


@functools.cache
def _wares() -> list[tuple[str, str]]:
    return [make_product(10**5, f"{price}.00") for price in (9, 24, 50)]


def _order_of(cart_id: str, number: int) -> PlaceOrder:
    there = {**ADDRESS, "email": f"buyer-{number}@example.com"}
    ways = {"shippingMethod": "standard", "paymentMethod": "stripe"}
    return PlaceOrder.model_validate({"cartId": cart_id, "shippingAddress": there, **ways})


def _orders(public_ids: list[str]) -> list[int]:
    return list(db.session.scalars(db.select(Order.id).where(Order.public_id.in_(public_ids)).order_by(Order.id)))


def give_back(orders: list[str], amount: int) -> None:
    """Staff give so much of each order back, and the bank is told of it."""
    save_staff_role("Proofs", ["all"])
    staff = Actor("staff", create_user(email="refunds@example.com", password=hands.PASSWORD, staff_role="Proofs").id,
                  permissions=frozenset({"all"}))  # fmt: skip
    for order_id in _orders(orders):
        refund_payment(order_id, staff, RefundPayment(otherAmount=amount))
    provider = payment_provider()
    while provider is not None and (waiting := refunds_to_send()):
        db.session.rollback()
        for refund_id in waiting:
            send_refund(refund_id, provider)


def cancel_orders(orders: list[str]) -> None:
    """Their customers change their minds."""
    for order_id in _orders(orders):
        cancel_order(order_id, Actor("customer", address="127.0.0.1"))


@operation
def forget_references(orders: list[str]) -> None:
    """As if the shop had died before it could write down by what name the bank has their payments."""
    forgotten = db.update(Payment).where(Payment.order_id.in_(_orders(orders)))
    values = forgotten.values(provider_reference=None, status="unknown", asked_at=transaction_time())
    db.session.execute(values.execution_options(synchronize_session=False))


def work_left() -> dict[str, int]:
    """Webhooks that are due, those put off until later, refunds to send and e-mails to be sent; rings for all."""
    waiting = db.select(db.func.count()).select_from(ProviderEvent).where(ProviderEvent.status == "received")
    due = db.session.scalar(waiting.where(ProviderEvent.due_at <= transaction_time())) or 0
    put_off = (db.session.scalar(waiting) or 0) - due
    left = {"due": due, "put off": put_off, "refunds": len(refunds_to_send()), "e-mails": hands.unsent_emails()}
    db.session.rollback()
    sweep_payments()
    sweep_outbox()
    _send_some_emails()
    return left


def _send_some_emails() -> None:
    """As another worker would, without a process for each."""
    waiting = db.select(Email.id).where(Email.status == "due", Email.due_at <= transaction_time())
    ids = list(db.session.scalars(waiting.order_by(Email.id.desc()).limit(EMAILS_AT_ONCE)))
    db.session.rollback()
    for email_id in ids:
        send_email(email_id)


@operation
def press_webhooks() -> None:
    """Let the time of every webhook that was put off be now."""
    waiting = db.update(ProviderEvent).where(ProviderEvent.status == "received").values(due_at=transaction_time())
    db.session.execute(waiting.execution_options(synchronize_session=False))


def audit_besides_parked_webhooks() -> str:
    """What the audit finds, but for webhooks that are parked, as those of strangers should be."""
    broken = [finding for finding in run_audit() if finding.rows and "none is parked" not in finding.promise]
    return "; ".join(f"{each.id} {each.promise}: {each.examples}" for each in broken) or "clean"


@operation
def let_payments_be_old() -> None:
    """Let all that was paid so far have been paid two hours ago."""
    before = transaction_time() - timedelta(hours=2)
    for table in (Order, Payment):
        moved = db.update(table).values(created_at=before, updated_at=before)
        db.session.execute(moved.execution_options(synchronize_session=False))


WORKS: dict[str, Any] = {
    work.__name__: work
    for work in (
        begin_orders,
        give_back,
        cancel_orders,
        forget_references,
        work_left,
        press_webhooks,
        audit_besides_parked_webhooks,
        let_payments_be_old,
    )
}


if __name__ == "__main__":
    hands.WORKS.update(WORKS)
    raise SystemExit(hands.main())
