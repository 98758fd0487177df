"""What staff must look at: where the provider's books and ours differ, disputes, refunds that failed (5.2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import Field
from sqlalchemy import select, update

from shop.db import changed_rows, db, insert_unless_there, new_public_id, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.inputs import Input, Text
from shop.domain.payments.models import PaymentDifference
from shop.errors import Conflict, NotFound

DEADLINE = timedelta(days=2)
KINDS = {  # in words, for staff
    "books_payment": "A payment differs",
    "books_refund": "A refund differs",
    "missing_intent": "A payment is missing at the provider",
    "other_payment": "Not the payment that was asked for",
    "other_refund": "Not the refund that was asked for",
    "refund_failed": "A refund failed",
    "dispute": "A dispute to answer",
}


class SettleDifference(Input):
    """What settling a difference asks for."""

    note: Text = Field(min_length=1, max_length=500, title="what you did about it")


@operation
def note_difference(
    kind: str, reference: str, sentence: str, *, order_id: int | None = None, due_at: datetime | None = None
) -> bool:
    """Write down what differs, once as long as it is open; returns whether it is new. `reference` is the provider's."""
    now = transaction_time()
    row = {
        "public_id": new_public_id("dif"),
        "kind": kind,
        "provider_reference": reference,
        "order_id": order_id,
        "sentence": sentence[:500],
        "due_at": due_at or now + DEADLINE,
        "resolution": "",
        "created_at": now,
    }
    return bool(insert_unless_there(PaymentDifference, row))


@operation
def end_difference(kind: str, reference: str, resolution: str) -> int:
    """Note that it differs no more, where it did; returns how many rows were open."""
    ended = db.session.execute(
        update(PaymentDifference)
        .where(
            PaymentDifference.kind == kind,
            PaymentDifference.provider_reference == reference,
            PaymentDifference.resolved_at.is_(None),
        )
        .values(resolved_at=transaction_time(), resolution=resolution)
        .execution_options(synchronize_session=False)
    )
    return changed_rows(ended)


@operation
def resolve_difference(public_id: str, resolution: str, actor: Actor) -> PaymentDifference:
    """Staff say what they did about it. Raises NotFound, Conflict where somebody else did already."""
    row = db.session.scalars(select(PaymentDifference).filter_by(public_id=public_id).with_for_update()).one_or_none()
    if row is None:
        raise NotFound("There is no such difference.")
    if row.resolved_at is not None:
        raise Conflict("Somebody has settled this already.")
    row.resolved_at, row.resolution, row.user_id = transaction_time(), resolution[:500], actor.user_id
    record_change(actor, "payment.difference_resolved", "payment_difference", public_id, {}, {"resolution": resolution})
    return row


def list_open_differences(limit: int = 100) -> Sequence[PaymentDifference]:
    """What nobody has settled yet, the nearest deadline first."""
    waiting = select(PaymentDifference).where(PaymentDifference.resolved_at.is_(None))
    return db.session.scalars(waiting.order_by(PaymentDifference.due_at, PaymentDifference.id).limit(limit)).all()
