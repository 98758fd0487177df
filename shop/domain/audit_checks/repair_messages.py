"""Putting messages right: events get the rows of their effects, e-mails that nobody sends are due again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update

from shop.db import db, end_read, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.audit_checks.check import LATE
from shop.domain.events import Email, OutboxEvent
from shop.domain.orders.queries import email_addresses_of
from shop.domain.outbox import EFFECTS, dispatch_events
from shop.domain.search.index import queue_what_changed

BATCH = 100
Delays = Mapping[str, timedelta]


def write_missing_emails(actor: Actor, delays: Delays) -> Iterator[str]:
    """Dispatch those events again that lack an e-mail of a kind that follows from them; the others stay as they are."""
    incomplete: list[int] = []
    for event_type, kinds in EFFECTS.items():
        for kind in kinds:
            has_one = select(Email.id).where(Email.event_id == OutboxEvent.id, Email.kind == kind).exists()
            settled = OutboxEvent.dispatched_at > OutboxEvent.created_at  # the demo's past has no e-mails
            incomplete += db.session.scalars(
                select(OutboxEvent.id).where(OutboxEvent.type == event_type, settled, ~has_one)
            )
    end_read()
    yield from _dispatch_in_parts(sorted(set(incomplete)), actor, delays, "had no e-mail; it has one now, to be sent")


def dispatch_waiting_events(actor: Actor, delays: Delays) -> Iterator[str]:
    """Dispatch the events that have waited for too long."""
    late = transaction_time() - LATE
    waiting = select(OutboxEvent.id).where(OutboxEvent.dispatched_at.is_(None), OutboxEvent.created_at < late)
    ids = list(db.session.scalars(waiting.order_by(OutboxEvent.id)))
    end_read()
    words = "waited for the scheduler; what follows from it is written. See that `flask scheduler` runs"
    yield from _dispatch_in_parts(ids, actor, delays, words)


def _dispatch_in_parts(event_ids: Sequence[int], actor: Actor, delays: Delays, words: str) -> Iterator[str]:
    for start in range(0, len(event_ids), BATCH):
        yield from _dispatch(event_ids[start : start + BATCH], actor, delays, words)


@operation
def _dispatch(event_ids: Sequence[int], actor: Actor, delays: Delays, words: str) -> list[str]:
    """Dispatch these events, again where they were; UNIQUE(event_id, kind) keeps what is there from being doubled."""
    again = update(OutboxEvent).where(OutboxEvent.id.in_(event_ids)).values(dispatched_at=None)
    db.session.execute(again.execution_options(synchronize_session=False))
    dispatch_events(event_ids, email_addresses_of, queue_what_changed, delays=delays)
    named = select(OutboxEvent.type, OutboxEvent.subject_id, OutboxEvent.public_id)
    sentences = []
    for event_type, subject_id, public_id in db.session.execute(named.where(OutboxEvent.id.in_(event_ids))).all():
        record_change(actor, "event.dispatched", "event", public_id, {}, {"type": event_type})
        sentences.append(f"{event_type} of {subject_id} {words}.")
    return sentences


def free_stuck_emails(actor: Actor) -> Iterator[str]:
    """Make e-mails due again whose sender did not come back or that nobody was asked to send."""
    late = transaction_time() - LATE
    stuck = or_(
        (Email.status == "leased") & (Email.lease_until < late), (Email.status == "due") & (Email.due_at < late)
    )
    yield from _make_due(stuck, actor, "was stuck; it is due again. See that `flask worker` runs and mail goes out")


def set_straight_emails(actor: Actor) -> Iterator[str]:
    """Make e-mails due that are leased without an end, end leases of those that are not, and believe what was sent."""
    yield from _make_due(
        (Email.status == "leased") & Email.lease_until.is_(None), actor, "was leased for ever; it is due again"
    )
    sent = Email.sent_at.is_not(None) & (Email.status != "done")
    yield from _set(sent, {"status": "done", "lease_until": None}, actor, "was sent; it is marked so")
    idle = Email.lease_until.is_not(None) & (Email.status != "leased")
    yield from _set(idle, {"lease_until": None}, actor, "was not leased, but had a lease; that is ended")


def _make_due(condition: ColumnElement[bool], actor: Actor, words: str) -> Iterator[str]:
    now = transaction_time()
    unsent = condition & Email.sent_at.is_(None)
    values = {"status": "due", "due_at": now, "lease_until": None, "enqueued_at": None}
    yield from _set(unsent, values, actor, words)


@operation
def _set(condition: ColumnElement[bool], values: dict[str, Any], actor: Actor, words: str) -> list[str]:
    changed = db.session.execute(
        update(Email)
        .where(condition)
        .values(**values)
        .returning(Email.public_id, Email.kind, Email.subject_id)
        .execution_options(synchronize_session=False)
    ).all()
    for public_id, kind, _ in changed:
        record_change(actor, "email.set_straight", "email", public_id, {}, {"kind": kind, "what": words})
    return [f"The {kind} e-mail of {subject_id} {words}." for _, kind, subject_id in changed]
