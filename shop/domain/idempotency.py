"""Idempotency keys: the same key and body of the same caller is one effect and one answer (reliability.md D23)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, String, UniqueConstraint, delete, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model, changed_rows, db, insert_unless_there, operation, transaction_time
from shop.errors import Conflict, Detail, Invalid

KEPT = timedelta(hours=24)
LOCKED = timedelta(seconds=15)  # as long as a request may take (reliability.md D44)


class IdempotencyKey(Model):
    """A key of a caller with the fingerprint of its request, the thing it made and the answer it got."""

    __tablename__ = "idempotency_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    principal: Mapped[str] = mapped_column(String(80))
    key: Mapped[str] = mapped_column(String(255))
    fingerprint: Mapped[str] = mapped_column(String(64))
    locked_until: Mapped[datetime | None]
    resource_id: Mapped[str | None] = mapped_column(String(40))
    status_code: Mapped[int | None]
    answer: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)

    __table_args__ = (
        UniqueConstraint("principal", "key"),
        Index("ix_idempotency_keys_created_at", "created_at"),
    )


@dataclass(frozen=True)
class Claim:
    """What a caller holds after claiming a key: run anew; or replay `answer`; or answer for what was made already."""

    id: int
    status_code: int | None = None
    answer: dict[str, Any] | None = None
    resource_id: str | None = None


@operation
def claim_key(principal: str, key: str, fingerprint: str) -> Claim:
    """Take the key for this request, or return the first answer to replay.

    Raises Conflict while an equal request is running, Invalid when the key was used for another body.
    A claim whose lock has passed is taken over. `resource_id` names what a first run made that never answered.
    """
    now = transaction_time()
    values = {
        "principal": principal,
        "key": key,
        "fingerprint": fingerprint,
        "locked_until": now + LOCKED,
        "created_at": now,
    }
    if new_ids := insert_unless_there(IdempotencyKey, values):
        return Claim(new_ids[0])
    row = db.session.scalars(
        select(IdempotencyKey).filter_by(principal=principal, key=key).execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:  # given back by a refusal between the two statements above
        raise _still_running()
    if row.fingerprint != fingerprint:
        raise Invalid(
            "This Idempotency-Key was used for another request. Use a new key for a new request.",
            [Detail("Idempotency-Key", "Used before with another body.")],
        )
    if row.status_code is not None or row.resource_id is not None:  # what is attached is committed with its effect
        return Claim(row.id, row.status_code, row.answer, row.resource_id)
    taken = db.session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.id == row.id, IdempotencyKey.status_code.is_(None))
        .where(or_(IdempotencyKey.locked_until.is_(None), IdempotencyKey.locked_until < now))
        .values(locked_until=now + LOCKED)
    )
    if changed_rows(taken) != 1:
        raise _still_running()
    return Claim(row.id)


def _still_running() -> Conflict:
    return Conflict("A request with this Idempotency-Key is still running. Ask again in a moment.", retry_after=1)


@operation
def use_form_key(principal: str, key: str, resource_id: str) -> bool:
    """Note in the operation of its effect that a form's one-time key was used; False when it had been before.

    The caller holds the lock of what the form changes, so that the second press of a button waits for the first.
    """
    values = {"principal": principal, "key": key, "fingerprint": "form", "resource_id": resource_id}
    return bool(insert_unless_there(IdempotencyKey, {**values, "created_at": transaction_time()}))


@operation
def attach_resource(claim: Claim, resource_id: str) -> None:
    """Note what the request made, in the operation that makes it."""
    db.session.execute(update(IdempotencyKey).where(IdempotencyKey.id == claim.id).values(resource_id=resource_id))


@operation
def store_answer(claim: Claim, status_code: int, answer: dict[str, Any]) -> None:
    """Keep the answer (without secrets) for replays of the next 24 hours."""
    db.session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.id == claim.id)
        .values(status_code=status_code, answer=answer, locked_until=None)
    )


@operation
def drop_claim(claim: Claim) -> None:
    """Give the key back after a refusal that changed nothing; a claim that made something stays."""
    db.session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.id == claim.id, IdempotencyKey.resource_id.is_(None))
    )


@operation
def forget_old_keys() -> int:
    """Delete keys older than 24 hours; returns how many."""
    old = delete(IdempotencyKey).where(IdempotencyKey.created_at < transaction_time() - KEPT)
    return changed_rows(db.session.execute(old))
