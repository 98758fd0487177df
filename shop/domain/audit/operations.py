"""Writing the audit log."""

from __future__ import annotations

from typing import Any

import structlog

from shop.db import db
from shop.domain.actors import Actor
from shop.domain.audit.models import AuditEntry

PERSONAL = frozenset(
    {"email", "first_name", "last_name", "phone", "password_hash", "shipping_address", "billing_address"}
)


def record_change(
    actor: Actor, action: str, subject_kind: str, subject_id: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Write one audit row in the current operation. Personal values are recorded as changed, never as they are."""
    db.session.add(
        AuditEntry(
            actor_kind=actor.kind,
            user_id=actor.user_id,
            api_key_id=actor.api_key_id,
            address=actor.address or "",
            action=action,
            subject_kind=subject_kind,
            subject_id=subject_id,
            before=_without_persons(before),
            after=_without_persons(after),
            request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
        )
    )


def _without_persons(values: dict[str, Any]) -> dict[str, Any]:
    return {name: "(changed)" if name in PERSONAL else value for name, value in values.items()}
