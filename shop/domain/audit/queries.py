"""Reading the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from shop.db import db
from shop.domain.audit.models import AuditEntry
from shop.words import words


@dataclass(frozen=True)
class Entry:
    """An audit entry with the name of who acted, as it is shown."""

    row: AuditEntry
    actor_name: str

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """(field, before, after) of all that differs, as texts."""
        return list(_changes(self.row.before, self.row.after))

    @property
    def what(self) -> str:
        """What was done, in words: product.changed is Product changed."""
        return words(self.row.action.replace(".", " "))


def _changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name), after.get(name)
        if was != now or was is not None:
            yield name, as_words(was), as_words(now)


def as_words(value: Any) -> str:
    """A recorded value as people read it."""
    if value is None or value == "":
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(as_words, value)) or "nothing"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {as_words(part)}" for name, part in value.items())
    return str(value)


def with_actors(rows: Sequence[AuditEntry], names: dict[int, str]) -> list[Entry]:
    """The rows with who acted; `names` are those of the users, by key."""
    return [Entry(row, _actor_name(row, names)) for row in rows]


def _actor_name(row: AuditEntry, names: dict[int, str]) -> str:
    if row.user_id is not None:
        return names.get(row.user_id, "Somebody")
    return "The shop" if row.actor_kind == "system" else words(row.actor_kind)


def list_entries_of(kind: str, subject_id: str, limit: int) -> list[Entry]:
    """The last entries about one thing, the newest first."""
    rows = db.session.scalars(
        select(AuditEntry)
        .where(AuditEntry.subject_kind == kind, AuditEntry.subject_id == subject_id)
        .order_by(AuditEntry.id.desc())
        .limit(limit)
    ).all()
    return with_actors(rows, actor_names(rows))


def actor_names(rows: Iterable[AuditEntry]) -> dict[int, str]:
    """The names of who acted in these entries, by user key, in one statement."""
    users = AuditEntry.metadata.tables["users"]  # by its table: the log lies below the people in the domain's layers
    ids = {row.user_id for row in rows if row.user_id is not None}
    if not ids:
        return {}
    found = db.session.execute(
        select(users.c.id, users.c.first_name, users.c.last_name, users.c.email).where(users.c.id.in_(ids))
    )
    return {row.id: f"{row.first_name} {row.last_name}".strip() or row.email for row in found}
