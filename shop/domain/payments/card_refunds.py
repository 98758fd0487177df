"""Sending refunds of card payments: claimed, sent outside any transaction by their own key, noted (D19, 5.1).

Until it is known that the money did not go, a refund keeps its part of the payment: nothing is given back twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy import ColumnElement, and_, or_, select, update

from shop.db import changed_rows, db, new_public_id, operation, transaction_time
from shop.domain.actors import SYSTEM
from shop.domain.events import record_event
from shop.domain.orders.changes import lock_order
from shop.domain.orders.models import Order
from shop.domain.payments.differences import end_difference, note_difference
from shop.domain.payments.models import Payment, Refund
from shop.domain.payments.refunds import move_payment
from shop.errors import NotFound
from shop.money import Money
from shop.payment_provider import OutcomeUnknown, PaymentProvider, ProviderRefund, ProviderRefused

log = structlog.get_logger()
T = TypeVar("T", Payment, Refund)

LEASE = timedelta(seconds=60)  # longer than a call takes; whoever was killed is taken over from
ASK_AGAIN = (timedelta(minutes=1), timedelta(hours=1))  # of what is under way: in its first hour, and later
IN_DOUBT = timedelta(minutes=10)
KEY_LASTS = timedelta(hours=20)  # the provider forgets keys after 24 hours; then only its list tells
UNFINISHED = ("requested", "sent", "unknown")


@dataclass(frozen=True)
class _Claim:
    id: int
    public_id: str
    key: str
    reference: str | None
    intent_id: str
    amount: Money
    created_at: datetime
    is_in_doubt: bool  # it was sent before, and asking by its key has told nothing for minutes
    is_old: bool


def refunds_to_send(limit: int = 50) -> list[int]:
    """Ids of refunds to send, and of those whose outcome is to be asked for, the oldest first."""
    now = transaction_time()
    soon, seldom = (now - each for each in ASK_AGAIN)
    asked = or_(Refund.asked_at < seldom, and_(Refund.asked_at < soon, Refund.created_at > seldom))
    waiting = or_(Refund.status == "requested", and_(Refund.status.in_(("sent", "unknown")), asked))
    return list(db.session.scalars(select(Refund.id).where(waiting).order_by(Refund.id).limit(limit)))


def send_refund(refund_id: int, provider: PaymentProvider) -> None:
    """Have the provider give the money back, or ask what became of it. Called twice or late it does no second harm."""
    claim = _claim_refund(refund_id)
    if claim is None:
        return
    try:
        answer = _ask(claim, provider)
    except OutcomeUnknown:
        _note_unknown(refund_id)
        log.warning("refund_unknown", refund=claim.public_id)
    except ProviderRefused as error:
        log.warning("refund_refused", refund=claim.public_id, code=error.code)
        _fail(refund_id, str(error))
    else:
        take_refund(answer)


def _ask(claim: _Claim, provider: PaymentProvider) -> ProviderRefund:
    if claim.reference is not None:
        return provider.fetch_refund(claim.reference)
    if claim.is_in_doubt and (found := _find(claim, provider)):
        return found
    if claim.is_old:
        raise ProviderRefused("The provider never had it, and it is too old to be sent again.", "never_made")
    return provider.create_refund(claim.intent_id, claim.amount, claim.public_id, claim.key)


def _find(claim: _Claim, provider: PaymentProvider) -> ProviderRefund | None:
    """The refund in the provider's list, which tells also where its key is forgotten or keeps a failure."""
    since = claim.created_at - timedelta(minutes=10)
    return next((each for each in provider.list_refunds(since) if each.refund_id == claim.public_id), None)


@operation
def _claim_refund(refund_id: int) -> _Claim | None:
    now = transaction_time()
    was_sent = db.session.scalar(select(Refund.asked_at.is_not(None)).where(Refund.id == refund_id).with_for_update())
    refund = db.session.scalars(
        update(Refund)
        .where(Refund.id == refund_id, Refund.key.is_not(None) | Refund.provider_reference.is_not(None))
        .where(or_(Refund.status == "requested", and_(Refund.status.in_(("sent", "unknown")), _was_asked_before(now))))
        .values(status="sent", asked_at=now, updated_at=now)
        .returning(Refund)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).one_or_none()
    if refund is None:
        return None
    reference = db.session.scalars(select(Payment.provider_reference).where(Payment.id == refund.payment_id)).one()
    return _Claim(
        id=refund.id,
        public_id=refund.public_id,
        key=refund.key or "",
        reference=refund.provider_reference,
        intent_id=reference or "",
        amount=Money(refund.amount, refund.currency),
        created_at=refund.created_at,
        is_in_doubt=bool(was_sent) and refund.created_at < now - IN_DOUBT,
        is_old=bool(was_sent) and refund.created_at < now - KEY_LASTS,
    )


def _was_asked_before(now: datetime) -> ColumnElement[bool]:
    return or_(Refund.asked_at.is_(None), Refund.asked_at < now - LEASE + timedelta(seconds=1))


@operation
def _note_unknown(refund_id: int) -> None:
    db.session.execute(
        update(Refund)
        .where(Refund.id == refund_id, Refund.status == "sent")
        .values(status="unknown", updated_at=transaction_time())
        .execution_options(synchronize_session=False)
    )


@operation
def _fail(refund_id: int, reason: str) -> None:
    order, payment, refund = _lock_refund(refund_id)
    _set_failed(order, payment, refund, reason)


def _lock_refund(refund_id: int) -> tuple[Order, Payment, Refund]:
    """The order, its payment and the refund, locked in this order."""
    order_id, payment_id = db.session.execute(
        select(Refund.order_id, Refund.payment_id).where(Refund.id == refund_id)
    ).one()
    order = lock_order(order_id)
    return order, _lock(Payment, payment_id), _lock(Refund, refund_id)


def _lock(table: type[T], row_id: int) -> T:
    rows = select(table).filter_by(id=row_id).with_for_update().execution_options(populate_existing=True)
    return db.session.scalars(rows).one()


# -- what the provider says --------------------------------------------------------------------------------------------


@operation
def take_refund(answer: ProviderRefund) -> None:
    """Make our books what the provider says of a refund, also of one that was made at the provider (5.2.2).

    Raises NotFound where it is of no payment of this shop.
    """
    known = or_(Refund.provider_reference == answer.id, Refund.public_id == (answer.refund_id or None))
    refund_id = db.session.scalar(select(Refund.id).where(known).order_by(Refund.provider_reference.is_(None)).limit(1))
    if refund_id is None:
        _take_in(answer)
        return
    order, payment, refund = _lock_refund(refund_id)
    if (answer.amount, answer.intent_id) != (order.money(refund.amount), payment.provider_reference):
        sentence = f"Order {order.number}: {answer.amount.format()} were given back by {answer.id}, not as asked for."
        note_difference("other_refund", answer.id, sentence, order_id=order.id)
        return
    refund.provider_reference, refund.asked_at = answer.id, transaction_time()
    if answer.status == "failed":
        _set_failed(order, payment, refund, answer.failure)
    elif refund.status == "failed":
        if answer.status == "succeeded" and _reserve(payment, refund.amount):
            _set_succeeded(refund)
            _follow(order, payment)
    elif answer.status == "succeeded":
        _set_succeeded(refund)
    elif refund.status != "succeeded":
        refund.status, refund.updated_at = "sent", transaction_time()


def _set_succeeded(refund: Refund) -> None:
    if refund.status == "succeeded":
        return
    refund.status, refund.failure, refund.updated_at = "succeeded", "", transaction_time()
    end_difference("refund_failed", refund.public_id, "The provider gave it back after all.")
    record_event("payment.refunded", refund.public_id)


def _set_failed(order: Order, payment: Payment, refund: Refund, reason: str) -> None:
    """The money did not go: its part of the payment is free again, and staff are told."""
    if refund.status == "failed":
        return
    refund.status, refund.failure, refund.updated_at = "failed", reason[:300], transaction_time()
    payment.refunded_amount -= refund.amount
    _follow(order, payment)
    amount = order.money(refund.amount).format()
    sentence = f"Order {order.number}: {amount} could not be given back. {reason}"
    note_difference("refund_failed", refund.public_id, sentence, order_id=order.id)


def _follow(order: Order, payment: Payment) -> None:
    """Have the order say what its payment does."""
    given, taken = payment.refunded_amount, payment.captured_amount
    move_payment(order, "paid" if given == 0 else "refunded" if given == taken else "partially_refunded", SYSTEM)
    order.updated_at = payment.updated_at = transaction_time()
    db.session.flush()


def _reserve(payment: Payment, amount: int) -> bool:
    db.session.flush()
    raised = db.session.execute(
        update(Payment)
        .where(Payment.id == payment.id, Payment.refunded_amount + amount <= Payment.captured_amount)
        .values(refunded_amount=Payment.refunded_amount + amount)
        .execution_options(synchronize_session=False)
    )
    db.session.refresh(payment)
    return changed_rows(raised) == 1


def _take_in(answer: ProviderRefund) -> None:
    """Write down a refund that was made at the provider, for no unit in particular."""
    found = select(Payment.id, Payment.order_id).where(
        Payment.provider_reference == answer.intent_id, Payment.status == "succeeded"
    )
    row = db.session.execute(found).one_or_none()
    if row is None:
        raise NotFound(f"The refund {answer.id} is of no payment that this shop has taken.")
    if answer.status == "failed":
        return
    order, payment = lock_order(row.order_id), _lock(Payment, row.id)
    if answer.amount.currency != payment.currency or not _reserve(payment, answer.amount.amount):
        sentence = f"Order {order.number}: {answer.amount.format()} given back at the provider do not fit our books."
        note_difference("other_refund", answer.id, sentence, order_id=order.id)
        return
    now, is_done = transaction_time(), answer.status == "succeeded"
    refund = Refund(
        public_id=new_public_id("ref"),
        order_id=order.id,
        payment_id=payment.id,
        provider_reference=answer.id,
        status="succeeded" if is_done else "sent",
        asked_at=now,
        amount=answer.amount.amount,
        other_amount=answer.amount.amount,
        currency=payment.currency,
        reason="Given back at the payment provider",
        created_at=now,
        updated_at=now,
        line_items=[],
    )
    db.session.add(refund)
    _follow(order, payment)
    end_difference("other_refund", answer.id, "It fits our books now.")
    if is_done:
        record_event("payment.refunded", refund.public_id)
