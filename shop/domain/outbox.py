"""The outbox: events become durable e-mails, and each e-mail is claimed, sent, put off or given up (D24-D26).

Several relays and workers at once are safe: every change is conditional, and UNIQUE(event_id, kind) stands behind.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, and_, or_, select, update

from shop.db import changed_rows, db, exactly_one, insert_unless_there, new_public_id, operation, transaction_time
from shop.domain.events import Email, OutboxEvent

log = structlog.get_logger()

# event type -> the kinds of e-mail that follow from it, one each
EFFECTS: dict[str, tuple[str, ...]] = {
    "order.confirmed": ("order_confirmed",),
    "order.cancelled": ("order_cancelled",),
    "order.delivered": ("order_delivered", "review_request"),
    "payment.refunded": ("order_refunded",),
    "shipment.sent": ("shipment_sent",),
    "order_link.requested": ("order_link",),
    "registration.requested": ("registration",),
    "registration.repeated": ("account_exists",),
    "password_reset.requested": ("password_reset",),
    "password.changed": ("password_changed",),
    "refresh_token.reused": ("sign_in_ended",),
}
# kinds of which one thing may get several: people ask for them, or they happen to an account again and again
ASKED_FOR = ("order_link", "password_changed", "sign_in_ended")

LEASE = timedelta(seconds=55)  # longer than a sending job may take; a killed one is tried again within a minute (F03)
ASK_AGAIN = timedelta(seconds=30)  # after which a job that was asked for counts as lost
BACK_OFF = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
MAX_ATTEMPTS = 8
LATE = timedelta(minutes=5)

NO_DELAYS: Mapping[str, timedelta] = {}

FindRecipients = Callable[[Collection[str]], Mapping[str, str]]
Follow = Callable[[Sequence[OutboxEvent]], None]  # writes rows that follow from events, in the same transaction


@dataclass(frozen=True)
class ClaimedEmail:
    """An e-mail that is the caller's to send until `lease_until`; `attempt` names this claim of it."""

    id: int
    public_id: str
    kind: str
    recipient: str
    subject_id: str
    attempt: int
    lease_until: datetime
    request_id: str
    created_at: datetime


# -- from events to effects -------------------------------------------------------------------------------------------


def undispatched_events(limit: int = 100) -> list[int]:
    """Ids of events whose effects have no rows yet, oldest first."""
    waiting = select(OutboxEvent.id).where(OutboxEvent.dispatched_at.is_(None)).order_by(OutboxEvent.id)
    return list(db.session.scalars(waiting.limit(limit)))


@operation
def dispatch_events(
    event_ids: Sequence[int],
    find_recipients: FindRecipients,
    *follow: Follow,
    delays: Mapping[str, timedelta] = NO_DELAYS,
) -> int:
    """Write one row per effect of these events and mark them dispatched; returns how many were still to do.

    `find_recipients` gives the e-mail address for each subject's public id. Without one the row is dead at once.
    Each of `follow` is given the events too, and writes what else is to be done about them. `delays` says by kind how
    long after its event an e-mail is due; the others are due at once.
    """
    events = db.session.scalars(
        select(OutboxEvent)
        .where(OutboxEvent.id.in_(event_ids), OutboxEvent.dispatched_at.is_(None))
        .order_by(OutboxEvent.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    with_effects = [event for event in events if event.type in EFFECTS]
    if with_effects:
        _write_emails(with_effects, find_recipients({event.subject_id for event in with_effects}), delays)
    for write in follow:
        write(events)
    now = transaction_time()
    for event in events:
        event.dispatched_at = now
    return len(events)


def _write_emails(
    events: Sequence[OutboxEvent], recipients: Mapping[str, str], delays: Mapping[str, timedelta]
) -> None:
    now = transaction_time()
    rows = [
        {
            "public_id": new_public_id("mail"),
            "event_id": event.id,
            "kind": kind,
            "recipient": recipients.get(event.subject_id, ""),
            "subject_id": event.subject_id,
            "status": "due" if event.subject_id in recipients else "dead",
            "due_at": now + delays.get(kind, timedelta(0)),
            "last_error": "" if event.subject_id in recipients else "nobody to send it to",
            "request_id": event.request_id,
            "created_at": now,
        }
        for event in events
        for kind in EFFECTS[event.type]
    ]
    for row in rows:
        if row["status"] == "dead":
            log.error("email_dead", email=row["public_id"], kind=row["kind"], reason=row["last_error"])
    insert_unless_there(Email, rows)


# -- asking workers ---------------------------------------------------------------------------------------------------


def _is_due(now: datetime) -> ColumnElement[bool]:
    """Due, or leased by somebody who did not come back in time."""
    return or_(
        and_(Email.status == "due", Email.due_at <= now), and_(Email.status == "leased", Email.lease_until < now)
    )


def _is_unasked(now: datetime) -> ColumnElement[bool]:
    return or_(Email.enqueued_at.is_(None), Email.enqueued_at < now - ASK_AGAIN)


def unasked_emails(limit: int = 100) -> list[int]:
    """Ids of e-mails that are due and that no worker was asked to send lately, the longest due first."""
    now = transaction_time()
    waiting = select(Email.id).where(_is_due(now), _is_unasked(now)).order_by(Email.due_at, Email.id)
    return list(db.session.scalars(waiting.limit(limit)))


@operation
def take_to_ask(email_ids: Sequence[int]) -> list[int]:
    """Note that workers are asked for these e-mails now; returns those that nobody else has asked for meanwhile."""
    now = transaction_time()
    free = (
        select(Email.id)
        .where(Email.id.in_(email_ids), _is_due(now), _is_unasked(now))
        .order_by(Email.id)
        .with_for_update(skip_locked=True)
    )
    taken = db.session.scalars(
        update(Email)
        .where(Email.id.in_(db.session.scalars(free).all()), _is_due(now), _is_unasked(now))
        .values(enqueued_at=now)
        .returning(Email.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(taken)


@operation
def forget_asking(email_ids: Sequence[int]) -> None:
    """Undo `take_to_ask` for e-mails that no worker could be asked for."""
    db.session.execute(
        update(Email)
        .where(Email.id.in_(email_ids), Email.status == "due")
        .values(enqueued_at=None)
        .execution_options(synchronize_session=False)
    )


# -- the life of an e-mail --------------------------------------------------------------------------------------------


@operation
def claim_email(email_id: int) -> ClaimedEmail | None:
    """Lease an e-mail that is due to the caller; None when it is not due, another's, sent, or has failed too often."""
    now = transaction_time()
    row = db.session.scalars(
        update(Email)
        .where(Email.id == email_id, _is_due(now))
        .values(status="leased", lease_until=now + LEASE, attempts=Email.attempts + 1)
        .returning(Email)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).one_or_none()
    if row is None:
        return None
    if row.attempts > MAX_ATTEMPTS:  # its last sender was killed before it could say so
        _give_up(row, row.last_error or "the sender was killed again and again")
        return None
    return ClaimedEmail(
        id=row.id,
        public_id=row.public_id,
        kind=row.kind,
        recipient=row.recipient,
        subject_id=row.subject_id,
        attempt=row.attempts,
        lease_until=now + LEASE,
        request_id=row.request_id,
        created_at=row.created_at,
    )


@operation
def mark_sent(email_id: int) -> None:
    """Note that the mail server took the e-mail. That is a fact, whoever holds the lease by now."""
    sent = db.session.execute(
        update(Email)
        .where(Email.id == email_id)
        .values(status="done", sent_at=transaction_time(), lease_until=None, last_error="")
        .execution_options(synchronize_session=False)
    )
    exactly_one(sent)


@operation
def mark_failed(claim: ClaimedEmail, reason: str, *, for_good: bool = False) -> bool:
    """Put the e-mail back with a delay that grows, or give it up after 8 attempts or `for_good`.

    Returns whether it was given up. Nothing happens when the lease has gone to somebody else meanwhile.
    """
    row = db.session.scalars(
        select(Email)
        .where(Email.id == claim.id, Email.status == "leased", Email.attempts == claim.attempt)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        return False
    if for_good or row.attempts >= MAX_ATTEMPTS:
        _give_up(row, reason)
        return True
    row.status, row.lease_until, row.enqueued_at, row.last_error = "due", None, None, reason[:500]
    row.due_at = transaction_time() + BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1]
    return False


@operation
def withdraw_email(claim: ClaimedEmail, reason: str) -> None:
    """Never send the e-mail, since it is not meant any more; its recipient is forgotten, so that nothing revives it."""
    db.session.execute(
        update(Email)
        .where(Email.id == claim.id, Email.status == "leased", Email.attempts == claim.attempt)
        .values(status="dead", lease_until=None, recipient="", last_error=reason)
        .execution_options(synchronize_session=False)
    )


def _give_up(row: Email, reason: str) -> None:
    row.status, row.lease_until, row.last_error = "dead", None, reason[:500]
    log.error("email_dead", email=row.public_id, kind=row.kind, subject=row.subject_id, reason=row.last_error)


@operation
def revive_dead_emails() -> int:
    """Make every dead e-mail that has a recipient due again, with all its attempts; returns how many."""
    revived = db.session.execute(
        update(Email)
        .where(Email.status == "dead", Email.recipient != "")
        .values(status="due", attempts=0, due_at=transaction_time(), enqueued_at=None)
        .execution_options(synchronize_session=False)
    )
    return changed_rows(revived)


def list_emails_about(subject_ids: Collection[str]) -> list[Email]:
    """The e-mails about these things, the first one first."""
    return list(db.session.scalars(select(Email).where(Email.subject_id.in_(subject_ids)).order_by(Email.id)))


# -- how it goes ------------------------------------------------------------------------------------------------------


def is_behind() -> bool:
    """Whether an event or an e-mail has waited for minutes: the scheduler, the workers or the mail server are away."""
    late = transaction_time() - LATE
    undispatched = select(OutboxEvent.id).where(OutboxEvent.dispatched_at.is_(None), OutboxEvent.created_at < late)
    unsent = select(Email.id).where(
        or_(and_(Email.status == "due", Email.due_at < late), and_(Email.status == "leased", Email.lease_until < late))
    )
    return any(db.session.scalar(waiting.limit(1)) is not None for waiting in (undispatched, unsent))
