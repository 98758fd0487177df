"""Webhooks of the provider: stored once, then applied by fetching what they are about, in any order (D27).

An event says only that something moved: what it is now is always asked for, so that copies and old events do no harm.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, func, select, update

from shop.db import changed_rows, db, end_read, insert_unless_there, new_public_id, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.events import nudge_relay
from shop.domain.payments.card_refunds import take_refund
from shop.domain.payments.cards import cancel_attempt
from shop.domain.payments.followers import take_dispute, take_subscription
from shop.domain.payments.models import CardRefusal, Payment, ProviderEvent
from shop.domain.payments.settle import lock_payment, settle_payment, take_intent
from shop.domain.payments.shield import is_refused_for_good, write_refusal
from shop.domain.terms import Terms
from shop.errors import Conflict, NotFound, ShopError
from shop.payment_provider import OutcomeUnknown, PaymentProvider, ProviderRefund, ProviderRefused, SignedEvent

log = structlog.get_logger()

LEASE = timedelta(seconds=60)
BACK_OFF = (
    timedelta(seconds=10),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
MAX_ATTEMPTS = 8
KEPT = timedelta(days=30)
MOST_KEPT = 100_000  # characters of a body
CLIENT_SECRET = re.compile(r'(client_secret(?:"\s*:\s*"|=))[^"&]*')  # with it anybody could pay by an open payment


@dataclass(frozen=True)
class _Claim:
    """An event that is the caller's to apply until its lease ends."""

    id: int
    type: str
    object_id: str
    payload: str
    attempt: int
    happened_at: datetime


@operation
def store_event(event: SignedEvent, payload: str, provider: str) -> int | None:
    """Keep an event whose signature is right; its row's key, or None when it was there already."""
    now = transaction_time()
    row = {
        "public_id": new_public_id("whk"),
        "provider": provider,
        "event_id": event.id,
        "type": event.type[:80],
        "object_id": event.object_id[:120],
        "payload": CLIENT_SECRET.sub(r"\1", payload)[:MOST_KEPT],
        "status": "received",
        "attempts": 0,
        "last_error": "",
        "due_at": now,
        "happened_at": event.created_at,
        "received_at": now,
    }
    nudge_relay()
    return next(iter(insert_unless_there(ProviderEvent, row)), None)


def waiting_events(limit: int = 50) -> list[int]:
    """Ids of events that are due, the longest due first."""
    due = select(ProviderEvent.id).where(ProviderEvent.status == "received", ProviderEvent.due_at <= transaction_time())
    return list(db.session.scalars(due.order_by(ProviderEvent.due_at, ProviderEvent.id).limit(limit)))


def apply_provider_event(event_row_id: int, provider: PaymentProvider, terms: Terms) -> None:
    """Do what an event is for. Called twice, late or for one that is done, it does nothing.

    What cannot be done now is put off, longer each time, and parked at last; no other event waits for it.
    """
    claim = _claim_event(event_row_id)
    if claim is None:
        return
    try:
        follow = _FOLLOW.get(claim.type)
        is_ours = follow is not None and follow(claim, provider, terms)
    except (OutcomeUnknown, ProviderRefused, ShopError) as error:
        _put_off(claim, str(error))
    except Exception as error:
        log.exception("provider_event_failed", type=claim.type)
        _put_off(claim, type(error).__name__)
    else:
        _end(claim.id, "applied" if is_ours else "ignored")


@operation
def retry_parked_events() -> int:
    """Make every parked event due again, with all its attempts; returns how many."""
    revived = update(ProviderEvent).where(ProviderEvent.status == "parked")
    values = revived.values(_all_attempts())
    return changed_rows(db.session.execute(values.execution_options(synchronize_session=False)))


@operation
def retry_parked_event(public_id: str, actor: Actor) -> None:
    """Have one parked event tried again, with all its attempts. Raises NotFound, Conflict where it is not parked."""
    row = select(ProviderEvent.status, ProviderEvent.type).where(ProviderEvent.public_id == public_id)
    found = db.session.execute(row.with_for_update()).one_or_none()
    if found is None:
        raise NotFound("There is no such webhook.")
    if found.status != "parked":
        raise Conflict(f"It is {found.status} already; only what is parked is tried again.")
    one = update(ProviderEvent).where(ProviderEvent.public_id == public_id, ProviderEvent.status == "parked")
    db.session.execute(one.values(_all_attempts()).execution_options(synchronize_session=False))
    after = {"status": "received", "type": found.type}
    record_change(actor, "provider_event.retried", "provider_event", public_id, {"status": "parked"}, after)
    nudge_relay()


def _all_attempts() -> dict[str, Any]:
    return {"status": "received", "attempts": 0, "due_at": transaction_time()}


@operation
def forget_old_events() -> int:
    """Empty the bodies of events that are done or parked, and forget refused cards, after 30 days; how many."""
    old = transaction_time() - KEPT
    done = update(ProviderEvent).where(ProviderEvent.status != "received", ProviderEvent.payload != "")
    emptied = done.where(ProviderEvent.received_at < old).values(payload="")
    forgotten = delete(CardRefusal).where(CardRefusal.created_at < old)
    return sum(
        changed_rows(db.session.execute(each.execution_options(synchronize_session=False)))
        for each in (emptied, forgotten)
    )


# -- the life of an event ----------------------------------------------------------------------------------------------


@operation
def _claim_event(event_row_id: int) -> _Claim | None:
    now = transaction_time()
    row = db.session.scalars(
        update(ProviderEvent)
        .where(ProviderEvent.id == event_row_id, ProviderEvent.status == "received", ProviderEvent.due_at <= now)
        .values(attempts=ProviderEvent.attempts + 1, due_at=now + LEASE)
        .returning(ProviderEvent)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).one_or_none()
    if row is None:
        return None
    if row.attempts > MAX_ATTEMPTS:  # whoever applied it last was killed
        row.status, row.last_error = "parked", row.last_error or "applying it was cut short again and again"
        return None
    return _Claim(row.id, row.type, row.object_id, row.payload, row.attempts, row.happened_at)


@operation
def _end(event_row_id: int, status: str) -> None:
    db.session.execute(
        update(ProviderEvent)
        .where(ProviderEvent.id == event_row_id, ProviderEvent.status == "received")
        .values(status=status, applied_at=transaction_time() if status == "applied" else None, last_error="")
        .execution_options(synchronize_session=False)
    )


@operation
def _put_off(claim: _Claim, reason: str) -> None:
    is_last = claim.attempt >= MAX_ATTEMPTS
    log.log(40 if is_last else 30, "provider_event_not_applied", type=claim.type, attempt=claim.attempt, reason=reason)
    values: dict[str, Any] = {"last_error": reason[:300]}
    if is_last:
        values["status"] = "parked"
    else:
        values["due_at"] = transaction_time() + BACK_OFF[min(claim.attempt, len(BACK_OFF)) - 1]
    db.session.execute(
        update(ProviderEvent)
        .where(ProviderEvent.id == claim.id, ProviderEvent.status == "received")
        .where(ProviderEvent.attempts == claim.attempt)
        .values(values)
        .execution_options(synchronize_session=False)
    )


# -- what follows from each type; each says whether it was for this shop -----------------------------------------------


def _follow_payment(claim: _Claim, provider: PaymentProvider, terms: Terms) -> bool:
    payment_id = _payment_of(claim.object_id)
    if payment_id is None:
        return _is_begun_here(claim.object_id, provider, terms)
    order = settle_payment(payment_id, provider, terms)
    if claim.type == "payment_intent.payment_failed":
        _count_refusal(payment_id)
        end_read()
        if order.status == "pending" and is_refused_for_good(order.id, terms.card_limits):
            cancel_attempt(payment_id, provider, terms)
    return True


def _is_begun_here(reference: str, provider: PaymentProvider, terms: Terms) -> bool:
    """A payment whose reference is not kept: of somebody else, or begun here a moment before a crash."""
    intent = provider.fetch_intent(reference)
    if not intent.payment_id:
        return False
    payment_id = db.session.scalar(select(Payment.id).where(Payment.public_id == intent.payment_id))
    end_read()
    if payment_id is None:
        raise NotFound(f"The payment {reference} is of an order that this shop does not have.")
    take_intent(payment_id, intent, terms)
    return True


def _follow_charge_refund(claim: _Claim, provider: PaymentProvider, terms: Terms) -> bool:
    """Of a charge it is told that it was refunded, not by which refund: look through those since then."""
    reference = claim.object_id if _payment_of(claim.object_id) else _named(claim.payload, "payment_intent")
    if not _settle_by_name(reference, provider, terms):
        return False
    for refund in provider.list_refunds(claim.happened_at - timedelta(hours=1)):
        if refund.intent_id == reference:
            take_refund(refund)
    return True


def _follow_refund(claim: _Claim, provider: PaymentProvider, terms: Terms) -> bool:
    refund = provider.fetch_refund(claim.object_id)
    if not _settle_by_name(refund.intent_id, provider, terms):
        return False
    take_refund(refund)
    return True


def _settle_by_name(reference: str, provider: PaymentProvider, terms: Terms) -> bool:
    """Settle a payment before what follows from it, also one whose reference is not kept; False where not ours."""
    payment_id = _payment_of(reference)
    if payment_id is None:
        return bool(reference) and _is_begun_here(reference, provider, terms)
    settle_payment(payment_id, provider, terms)
    return True


def take_refund_after_payment(refund: ProviderRefund, provider: PaymentProvider, terms: Terms) -> bool:
    """Take a refund into the books, its payment first; False for one of a payment that is not this shop's."""
    payment_id = _payment_of(refund.intent_id)
    if payment_id is None:
        return False
    settle_payment(payment_id, provider, terms)
    take_refund(refund)
    return True


def _follow_dispute(claim: _Claim, provider: PaymentProvider, _terms: Terms) -> bool:
    take_dispute(provider.fetch_dispute(claim.object_id))
    return True


def _follow_subscription(claim: _Claim, provider: PaymentProvider, _terms: Terms) -> bool:
    take_subscription(provider.fetch_subscription(claim.object_id))
    return True


def _follow_invoice(claim: _Claim, provider: PaymentProvider, _terms: Terms) -> bool:
    reference = _named(claim.payload, "subscription")
    if not reference:
        return False
    take_subscription(provider.fetch_subscription(reference))
    return True


def _follow_kept_card(_claim: _Claim, _provider: PaymentProvider, _terms: Terms) -> bool:
    """Cards that are kept are listed by asking the provider, so there is nothing to write down."""
    return True


_FOLLOW: dict[str, Callable[[_Claim, PaymentProvider, Terms], bool]] = {
    "payment_intent.succeeded": _follow_payment,
    "payment_intent.payment_failed": _follow_payment,
    "payment_intent.processing": _follow_payment,
    "payment_intent.canceled": _follow_payment,
    "payment_intent.requires_action": _follow_payment,
    "charge.refunded": _follow_charge_refund,
    "refund.updated": _follow_refund,
    "refund.failed": _follow_refund,
    "charge.dispute.created": _follow_dispute,
    "charge.dispute.updated": _follow_dispute,
    "charge.dispute.closed": _follow_dispute,
    "invoice.payment_succeeded": _follow_invoice,
    "customer.subscription.created": _follow_subscription,
    "customer.subscription.updated": _follow_subscription,
    "customer.subscription.deleted": _follow_subscription,
    "setup_intent.succeeded": _follow_kept_card,
}


def _payment_of(reference: str) -> int | None:
    """The key of the payment that the provider knows by this name."""
    found = db.session.scalar(select(Payment.id).where(Payment.provider_reference == reference)) if reference else None
    end_read()
    return found


def _named(payload: str, field: str) -> str:
    """The id of another object that the event's object names; only to know what to fetch."""
    try:
        thing = json.loads(payload)["data"]["object"]
        details = (thing.get("parent") or {}).get("subscription_details") or {}
        name = thing.get(field) or details.get(field)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return name if isinstance(name, str) else ""


@operation
def _count_refusal(payment_id: int) -> None:
    """Count a card that was refused in the browser. What was refused here was counted here, and its event comes too."""
    order, payment = lock_payment(payment_id)
    told = (
        select(func.count())
        .select_from(ProviderEvent)
        .join(Payment, Payment.provider_reference == ProviderEvent.object_id)
        .where(Payment.order_id == order.id, ProviderEvent.type == "payment_intent.payment_failed")
    )
    counted = select(func.count()).select_from(CardRefusal).where(CardRefusal.order_id == order.id)
    if (db.session.scalar(told) or 0) > (db.session.scalar(counted) or 0):
        write_refusal(order, payment, payment.failure_code, None)
