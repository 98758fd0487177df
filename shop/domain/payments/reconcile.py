"""Finding what no webhook brought: open attempts are asked for each minute, all books are compared each night (D21)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from sqlalchemy import ColumnElement, and_, or_, select, update

from shop.db import changed_rows, db, end_read, operation, transaction_time
from shop.domain.orders.models import Order
from shop.domain.payments.cards import cancel_attempt
from shop.domain.payments.differences import end_difference, note_difference
from shop.domain.payments.models import Payment, PaymentDifference, Refund
from shop.domain.payments.operations import OPEN_CARD
from shop.domain.payments.provider_events import take_refund_after_payment
from shop.domain.payments.settle import settle_payment, take_intent
from shop.domain.terms import Terms
from shop.errors import ShopError, Unavailable
from shop.money import Money
from shop.payment_provider import Intent, OutcomeUnknown, PaymentProvider, ProviderRefund, ProviderRefused

log = structlog.get_logger()
Booked = TypeVar("Booked", Payment, Refund)

LEFT_ALONE = timedelta(minutes=2)  # the shopper, and then the webhook, settle it themselves
ASK_AGAIN = (timedelta(seconds=50), timedelta(minutes=5))  # in an attempt's first two hours, and later
WHILE_YOUNG = timedelta(hours=2)
DAYS = 3
AT_ONCE = 500  # references in one question: databases limit how many values one may have
KINDS = ("books_payment", "books_refund")


@dataclass(frozen=True)
class Difference:
    """A payment or refund of which the two books say different things."""

    kind: str
    reference: str
    order_id: int | None
    number: str
    ours: str
    theirs: str

    @property
    def sentence(self) -> str:
        return f"Order {self.number or '?'}, {self.reference}: here {self.ours}, at the provider {self.theirs}."


# -- each minute -------------------------------------------------------------------------------------------------------


def attempts_to_ask(limit: int = 50) -> list[int]:
    """Ids of attempts that have been open for minutes, the longest unasked first."""
    now = transaction_time()
    often, seldom = (or_(Payment.asked_at.is_(None), Payment.asked_at < now - each) for each in ASK_AGAIN)
    is_young = Payment.created_at > now - WHILE_YOUNG
    waiting = (
        select(Payment.id)
        .where(Payment.status.in_(OPEN_CARD), Payment.provider_reference.is_not(None))
        .where(Payment.created_at <= now - LEFT_ALONE, or_(and_(is_young, often), seldom))
    )
    return list(db.session.scalars(waiting.order_by(Payment.asked_at, Payment.id).limit(limit)))


def attempts_to_cancel(limit: int = 50) -> list[int]:
    """Ids of attempts that are open at the provider though their order is cancelled."""
    asked, again = Payment.asked_at, transaction_time() - ASK_AGAIN[0]
    waiting = (
        select(Payment.id)
        .join(Order, Order.id == Payment.order_id)
        .where(Order.status == "cancelled", Payment.status.in_(OPEN_CARD), Payment.provider_reference.is_not(None))
        .where(or_(asked.is_(None), asked <= Order.updated_at, asked < again))
    )
    return list(db.session.scalars(waiting.order_by(Payment.id).limit(limit)))


@operation
def forget_unbegun_attempts() -> int:
    """End attempts of cancelled orders that the provider never named: no card can have been charged by them."""
    cancelled = select(Order.id).where(Order.status == "cancelled")
    ended = db.session.execute(
        update(Payment)
        .where(Payment.status.in_(OPEN_CARD), Payment.provider_reference.is_(None), Payment.order_id.in_(cancelled))
        .values(status="cancelled", updated_at=transaction_time())
        .execution_options(synchronize_session=False)
    )
    return changed_rows(ended)


def poll(payment_id: int, provider: PaymentProvider, terms: Terms) -> None:
    """Ask how an open attempt stands and settle its order; one whose order is cancelled is cancelled too."""
    status = db.session.scalar(
        select(Order.status).join(Payment, Payment.order_id == Order.id).where(Payment.id == payment_id)
    )
    end_read()
    try:
        if status == "cancelled":
            cancel_attempt(payment_id, provider, terms)
        else:
            settle_payment(payment_id, provider, terms)
    except ShopError as error:
        log.warning("payment_not_settled", payment=payment_id, reason=error.message)


# -- each night --------------------------------------------------------------------------------------------------------


def compare_books(provider: PaymentProvider, terms: Terms, *, days: int = DAYS) -> list[Difference]:
    """Compare the payments and refunds of these days both ways, first settling what was missed; what still differs.

    Each difference is a row with a deadline, until it is gone. Raises Unavailable when the provider cannot be asked.
    """
    since = transaction_time() - timedelta(days=days)
    end_read()
    try:
        intents = {each.id: each for each in provider.list_intents(since)}
        refunds = {each.id: each for each in provider.list_refunds(since)}
    except (OutcomeUnknown, ProviderRefused) as error:
        raise Unavailable(f"The payment provider cannot be asked now: {error}", retry_after=60) from error
    _catch_up_payments(intents, since, terms)
    _catch_up_refunds(refunds, since, provider, terms)
    found = [*_differing_payments(intents, since), *_differing_refunds(refunds, since)]
    end_read()
    for each in found:
        note_difference(each.kind, each.reference, each.sentence, order_id=each.order_id)
    still = {(each.kind, each.reference) for each in found}
    for kind, reference in _told_before():
        is_compared = reference in (intents if kind == "books_payment" else refunds)
        if is_compared and (kind, reference) not in still:
            end_difference(kind, reference, "The books agree.")
    return found


def _told_before() -> list[tuple[str, str]]:
    """The kinds and references of what differed when the books were compared before, and is not settled."""
    row = PaymentDifference
    waiting = select(row.kind, row.provider_reference).where(row.resolved_at.is_(None), row.kind.in_(KINDS))
    told = [(kind, reference) for kind, reference in db.session.execute(waiting)]
    end_read()
    return told


def _catch_up_payments(intents: dict[str, Intent], since: datetime, terms: Terms) -> None:
    """Settle what was paid or has ended there and is not known here; that does not change any more."""
    known = {reference: (row.id, row.status) for reference, (row, _) in _ours(Payment, intents, since).items()}
    end_read()
    for intent in intents.values():
        if intent.status not in ("succeeded", "cancelled"):
            continue
        payment_id, status = known.get(intent.id) or _find_unnamed(intent)
        if payment_id is None or status == intent.status or status not in (*OPEN_CARD, "cancelled"):
            continue
        try:
            take_intent(payment_id, intent, terms)
        except ShopError as error:
            log.warning("payment_not_settled", payment=payment_id, reason=error.message)


def _find_unnamed(intent: Intent) -> tuple[int | None, str]:
    """The attempt that a payment was begun for, where a crash came before its name was kept."""
    unnamed = select(Payment.id, Payment.status).where(Payment.provider_reference.is_(None))
    row = db.session.execute(unnamed.where(Payment.public_id == intent.payment_id)).one_or_none()
    end_read()
    return (row.id, row.status) if row is not None else (None, "")


def _catch_up_refunds(
    refunds: dict[str, ProviderRefund], since: datetime, provider: PaymentProvider, terms: Terms
) -> None:
    """Take in what was given back there and is not known here."""
    known = {reference: (row.status, row.amount) for reference, (row, _) in _ours(Refund, refunds, since).items()}
    end_read()
    for refund in refunds.values():
        if known.get(refund.id) == (_word(refund), refund.amount.amount):
            continue
        try:
            take_refund_after_payment(refund, provider, terms)
        except (ShopError, OutcomeUnknown, ProviderRefused) as error:
            log.warning("refund_not_taken_in", refund=refund.id, reason=str(error))


def _ours(model: type[Booked], theirs: Collection[str], since: datetime) -> dict[str, tuple[Booked, str]]:
    """Our rows that they name, and those of the time compared, by the provider's reference; with their order's number.

    Of the first hour only what they name: it may have been made there before the time that is compared began.
    """
    ended = and_(model.created_at >= since + timedelta(hours=1), model.provider_reference.is_not(None))
    ours = _by_reference(model, ended)
    others = [reference for reference in theirs if reference not in ours]
    for start in range(0, len(others), AT_ONCE):
        ours |= _by_reference(model, model.provider_reference.in_(others[start : start + AT_ONCE]))
    return ours


def _by_reference(model: type[Booked], which: ColumnElement[bool]) -> dict[str, tuple[Booked, str]]:
    rows = db.session.execute(select(model, Order.number).join(Order, Order.id == model.order_id).where(which)).all()
    return {row.provider_reference or "": (row, number or "") for row, number in rows}


def _differing_payments(intents: dict[str, Intent], since: datetime) -> Iterator[Difference]:
    ours = _ours(Payment, intents, since)
    for reference, (payment, number) in ours.items():
        captured = Money(payment.captured_amount, payment.currency)
        said = f"{payment.status}, {captured.format()} taken"
        intent, is_paid = intents.get(reference), payment.status == "succeeded"
        if intent is None:
            if is_paid:
                yield Difference("books_payment", reference, payment.order_id, number, said, "nothing")
        elif (intent.status == "succeeded") != is_paid or (is_paid and intent.captured != captured):
            theirs = f"{intent.status}, {intent.captured.format()} taken"
            yield Difference("books_payment", reference, payment.order_id, number, said, theirs)
    for intent in intents.values():
        if intent.order_id and intent.id not in ours and intent.status == "succeeded":
            found = db.session.execute(
                select(Order.id, Order.number).where(Order.public_id == intent.order_id)
            ).one_or_none()
            order_id, number = (found.id, found.number or "") if found else (None, "")
            theirs = f"{intent.captured.format()} taken"
            yield Difference("books_payment", intent.id, order_id, number, "nothing", theirs)


def _differing_refunds(refunds: dict[str, ProviderRefund], since: datetime) -> Iterator[Difference]:
    ours = _ours(Refund, refunds, since)
    for reference, (refund, number) in ours.items():
        amount = Money(refund.amount, refund.currency)
        said = f"{refund.status}, {amount.format()}"
        answer = refunds.get(reference)
        if answer is None:
            if refund.status == "succeeded":
                yield Difference("books_refund", reference, refund.order_id, number, said, "nothing")
        elif _word(answer) != refund.status or answer.amount != amount:
            theirs = f"{answer.status}, {answer.amount.format()}"
            yield Difference("books_refund", reference, refund.order_id, number, said, theirs)
    known = select(Payment.order_id, Order.number).join(Order, Order.id == Payment.order_id)
    for answer in refunds.values():
        if answer.id in ours or answer.status == "failed":
            continue
        found = db.session.execute(known.where(Payment.provider_reference == answer.intent_id)).one_or_none()
        if found is not None:
            theirs = f"{answer.status}, {answer.amount.format()}"
            yield Difference("books_refund", answer.id, found.order_id, found.number or "", "nothing", theirs)


def _word(answer: ProviderRefund) -> str:
    return "sent" if answer.status == "processing" else answer.status
