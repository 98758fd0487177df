"""The only code that marks an order paid by card: for the return of the browser, webhooks, poller and staff (D16).

The provider is asked first, in no transaction; then the order is locked, compared and moved. What came too late is
kept if all its articles are still there, and else given back (5.2.1). Whoever comes second finds it done.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import structlog
from sqlalchemy import func, select, update

from shop.db import db, end_read, operation, transaction_time
from shop.domain.actors import SYSTEM
from shop.domain.events import record_event
from shop.domain.inventory.models import Reservation
from shop.domain.inventory.operations import promise_reservations, release_reservations, reserve_stock
from shop.domain.orders.changes import by_variant, lines_of, lock_order
from shop.domain.orders.models import Order, OrderEvent
from shop.domain.orders.operations import close_order, move_status, reload_order
from shop.domain.payments.differences import note_difference
from shop.domain.payments.models import Payment
from shop.domain.payments.operations import CARD, OPEN_CARD
from shop.domain.payments.refunds import move_payment, refund_what_was_paid
from shop.domain.promotions.operations import retake_code
from shop.domain.terms import Terms
from shop.errors import Conflict, Gone, OutOfStock, Unavailable
from shop.payment_provider import Card, Intent, IntentStatus, OutcomeUnknown, PaymentProvider, ProviderRefused

log = structlog.get_logger()

LONGEST_HOLD = timedelta(minutes=60)  # from when it began, however long the bank takes (I20)
LATE = "Paid after its time had ended; all its articles were still there"
TOO_LATE = "Paid after its time had ended, and not all its articles were there any more"
STATUS_OF: dict[IntentStatus, str] = {
    "requires_payment_method": "sent",
    "requires_action": "requires_action",
    "processing": "processing",
    "cancelled": "cancelled",
}


def settle(order_id: int, provider: PaymentProvider, terms: Terms) -> Order:
    """Ask the provider how the order's card payment stands and make the order so; returns the order as it is then.

    Any number of calls in any order end alike. Raises Unavailable when the provider cannot be asked.
    """
    attempts = select(Payment.id).where(Payment.order_id == order_id, Payment.provider == provider.name)
    waiting = attempts.where(Payment.status.in_(OPEN_CARD), Payment.provider_reference.is_not(None))
    for payment_id in db.session.scalars(waiting.order_by(Payment.id)).all():
        settle_payment(payment_id, provider, terms)
    end_read()
    return reload_order(order_id)


def ask_bank(order_id: int, provider: PaymentProvider | None, terms: Terms) -> Order:
    """Settle the order because staff ask. Raises Conflict where no card payment is open, Unavailable as settle()."""
    if provider is None:
        raise Conflict("This shop has no payment provider to ask. Its keys are settings.")
    attempts = select(Payment.id).where(Payment.order_id == order_id, Payment.provider_reference.is_not(None))
    if db.session.scalar(attempts.where(Payment.status.in_(OPEN_CARD)).limit(1)) is None:
        raise Conflict("No card payment of this order is open: there is nothing to ask.")
    return settle(order_id, provider, terms)


def settle_payment(payment_id: int, provider: PaymentProvider, terms: Terms) -> Order:
    """Settle the order by this attempt to pay it, whatever became of it here. Raises what settle() raises."""
    reference, order_id = db.session.execute(
        select(Payment.provider_reference, Payment.order_id).where(Payment.id == payment_id)
    ).one()
    end_read()
    if reference is None:  # nothing can have been charged: a card is charged by its reference alone
        return reload_order(order_id)
    try:
        intent = provider.fetch_intent(reference)
    except OutcomeUnknown as error:
        note_unknown(payment_id, terms)
        raise checking() from error
    except ProviderRefused as error:
        log.error("intent_missing", payment=payment_id, code=error.code)
        _note_missing(payment_id)
        note_difference("missing_intent", reference, f"The provider has no payment {reference}: {error}",
                        order_id=order_id)  # fmt: skip
        return reload_order(order_id)
    return take_intent(payment_id, intent, terms)


def checking() -> Unavailable:
    """What is said while it is not known whether the card was charged."""
    return Unavailable("We are checking with the bank; do not pay again.", retry_after=5)


def take_intent(payment_id: int, intent: Intent, terms: Terms) -> Order:
    """Make the attempt and its order what the provider says of it now; returns the order."""
    try:
        return _take_intent(payment_id, intent, terms, may_reserve=True)
    except (OutOfStock, Gone):
        log.warning("late_money", payment=payment_id)
        return _take_intent(payment_id, intent, terms, may_reserve=False)


@operation
def _take_intent(payment_id: int, intent: Intent, terms: Terms, *, may_reserve: bool) -> Order:
    order, payment = lock_payment(payment_id)
    payment.asked_at = transaction_time()
    wrong = _what_differs(order, payment, intent)
    if wrong:
        note_difference("other_payment", intent.id, f"Order {order.number}: {wrong}", order_id=order.id)
        return order
    payment.provider_reference = intent.id
    keep_card(payment, intent.card)
    if intent.status != "succeeded":
        _move_attempt(order, payment, intent, terms)
    elif payment.status != "succeeded":
        _take_money(order, payment, intent, terms, may_reserve=may_reserve)
    return order


def lock_payment(payment_id: int) -> tuple[Order, Payment]:
    """The order and the payment, locked in this order."""
    order = lock_order(db.session.scalars(select(Payment.order_id).where(Payment.id == payment_id)).one())
    payment = db.session.scalars(
        select(Payment).filter_by(id=payment_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    return order, payment


def _what_differs(order: Order, payment: Payment, intent: Intent) -> str:
    """What is not as the shop asked for it, in words; empty where all is (I12)."""
    expected = order.money(payment.amount)
    if payment.provider_reference not in (None, intent.id):
        return f"its payment is {payment.provider_reference}, and not {intent.id}"
    if (intent.order_id, intent.payment_id) != (order.public_id, payment.public_id):
        return f"the payment {intent.id} is of the order {intent.order_id or 'of somebody else'}"
    if intent.amount != expected or payment.amount != order.total_amount:
        return f"the payment {intent.id} is of {intent.amount.format()}, the order of {order.total.format()}"
    if intent.status == "succeeded" and intent.captured != expected:
        return f"of the payment {intent.id} {intent.captured.format()} were taken, and not {expected.format()}"
    if intent.status == "succeeded" and order.status not in ("pending", "cancelled") and payment.status != "succeeded":
        return f"the payment {intent.id} was taken, and the order is paid in another way"
    return ""


def keep_card(payment: Payment, card: Card | None) -> None:
    """Note by which card it is paid, as far as that may be known."""
    if card is not None:
        payment.card_brand, payment.card_last4 = card.brand[:24], card.last4[:4]
        payment.card_fingerprint = card.fingerprint[:64]


# -- not paid yet ------------------------------------------------------------------------------------------------------


def _move_attempt(order: Order, payment: Payment, intent: Intent, terms: Terms) -> None:
    """An attempt that has not succeeded; one that has ended here is left as it is."""
    if payment.status not in OPEN_CARD:
        return
    if payment.status == "unknown" and intent.status == "requires_payment_method":
        payment.key = str(uuid4())  # no card was charged under the old one, whose lost answer may be a failure for good
    payment.status, payment.updated_at = STATUS_OF[intent.status], transaction_time()
    payment.failure, payment.failure_code = intent.failure[:300], intent.failure_code[:64]
    if intent.status == "processing":
        prolong_hold(order, terms)
    has_failed = intent.status == "cancelled" or (intent.status == "requires_payment_method" and intent.failure_code)
    if order.payment_method == CARD and order.payment_status in ("processing", "failed"):
        move_payment(order, "failed" if has_failed else "processing", SYSTEM)


@operation
def note_unknown(payment_id: int, terms: Terms) -> None:
    """Nobody knows what became of the attempt: it stays open, and its order's stock is kept, until asking tells."""
    order, payment = lock_payment(payment_id)
    if payment.status in OPEN_CARD:
        payment.status, payment.asked_at, payment.updated_at = "unknown", transaction_time(), transaction_time()
        prolong_hold(order, terms)


@operation
def _note_missing(payment_id: int) -> None:
    """The provider was asked and knew nothing; of an order that is cancelled it is not asked again."""
    order, payment = lock_payment(payment_id)
    payment.asked_at = transaction_time()
    if order.status == "cancelled" and payment.status in OPEN_CARD:
        payment.status, payment.updated_at = "cancelled", transaction_time()


def prolong_hold(order: Order, terms: Terms) -> None:
    """Keep a pending order's stock while the bank is asked: another hold's length from now, an hour in all at most."""
    if order.status != "pending":
        return
    held = select(Reservation.id, Reservation.created_at, Reservation.expires_at)
    for reservation_id, created_at, expires_at in db.session.execute(
        held.where(Reservation.order_id == order.id, Reservation.status == "held").with_for_update()
    ).all():
        until = min(transaction_time() + terms.hold, created_at + LONGEST_HOLD)
        if expires_at is not None and until > expires_at:
            db.session.execute(
                update(Reservation)
                .where(Reservation.id == reservation_id, Reservation.status == "held")
                .values(expires_at=until)
                .execution_options(synchronize_session=False)
            )


# -- paid --------------------------------------------------------------------------------------------------------------


def _take_money(order: Order, payment: Payment, intent: Intent, terms: Terms, *, may_reserve: bool) -> None:
    """The money is there: confirm the order if its stock can be had, else give all of it back, once."""
    payment.status, payment.captured_amount = "succeeded", intent.captured.amount
    payment.failure, payment.failure_code, payment.updated_at = "", "", transaction_time()
    db.session.flush()
    record_event("payment.captured", order.public_id)
    is_wanted = order.status == "pending" or _ended_unpaid(order.id)
    if is_wanted and may_reserve:
        _confirm(order, terms)
        return
    if order.status == "pending":
        close_order(order.id, SYSTEM, reason=TOO_LATE)
    order.payment_method = CARD
    move_payment(order, "paid", SYSTEM)
    db.session.flush()
    refund_what_was_paid(order.id, SYSTEM, TOO_LATE if is_wanted else "The order was cancelled before it was paid")


def _ended_unpaid(order_id: int) -> bool:
    """Whether a cancelled order was cancelled by nobody: its hold was over."""
    cancelled = select(OrderEvent.by).where(OrderEvent.order_id == order_id, OrderEvent.to_status == "cancelled")
    return db.session.scalar(cancelled.order_by(OrderEvent.seq.desc()).limit(1)) == SYSTEM.kind


def _confirm(order: Order, terms: Terms) -> None:
    """Confirm the order; what is not held for it any more is reserved anew. Raises OutOfStock, or Gone for its code."""
    lines = lines_of(order.id)
    units = {line.id: line.quantity for line in lines}
    held = db.session.scalar(
        select(func.sum(Reservation.quantity)).where(Reservation.order_id == order.id, Reservation.status == "held")
    )
    is_late = order.status == "cancelled" or int(held or 0) != sum(units.values())
    if order.status == "cancelled":
        retake_code(order.id)
    if is_late:
        release_reservations(order.id)
        names = {line.variant_id: f"items.{line.public_id}" for line in lines}
        until = transaction_time() + terms.hold
        reserve_stock(by_variant(lines, units), order_id=order.id, expires_at=until, names=names)
    move_status(order.id, "confirmed", SYSTEM, allowed_from=("pending", "cancelled"), note=LATE if is_late else "")
    promise_reservations(order.id, sum(units.values()))
    order.status, order.payment_method, order.updated_at = "confirmed", CARD, transaction_time()
    move_payment(order, "paid", SYSTEM)
    record_event("order.confirmed", order.public_id)
