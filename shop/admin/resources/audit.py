"""The audit log: who changed what, from what to what, from where. It is read and exported, never edited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, false, or_, select

from shop.admin.resource import Card, Column, Detail, Fact, Filter, Resource, words_in
from shop.db import db
from shop.domain.audit.models import AuditEntry
from shop.domain.audit.queries import Entry, actor_names, with_actors
from shop.domain.customers.models import User
from shop.words import words


def prepare(rows: Sequence[AuditEntry]) -> list[Entry]:
    """The entries with the names of who acted."""
    return with_actors(rows, actor_names(rows))


def by_actor(text: str) -> ColumnElement[bool]:
    """Entries of the people with these words in their name or address; `the shop`: what it did by itself."""
    if text.casefold() == "the shop":
        return AuditEntry.actor_kind == "system"
    named = words_in(User.email, User.first_name, User.last_name)(text)
    return AuditEntry.user_id.in_(select(User.id).where(named))


LAST_DAY = datetime(9999, 12, 30, tzinfo=UTC)  # the day after it is still a date


def since(text: str) -> ColumnElement[bool]:
    """Entries of this day and later; none for what is no day."""
    day = _day(text)
    return AuditEntry.created_at >= day if day else false()


def until(text: str) -> ColumnElement[bool]:
    """Entries of this day and before."""
    day = _day(text)
    return AuditEntry.created_at < day + timedelta(days=1) if day else false()


def _day(text: str) -> datetime | None:
    try:
        return min(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC), LAST_DAY)
    except ValueError:
        return None


def distinct(column: object) -> list[tuple[str, str]]:
    """Every value of a column of the log, by its index."""
    return [(value, value) for value in db.session.scalars(select(column).distinct().order_by(column))]  # type: ignore[call-overload]


def change_of(entry: Entry) -> str:
    """All changes of an entry in one text, for the CSV."""
    return "; ".join(f"{name}: {before} → {after}" for name, before, after in entry.changes)


def object_of(entry: Entry) -> tuple[str, str]:
    """What an entry is about, whole and as the list shows it."""
    kind, subject_id = entry.row.subject_kind, entry.row.subject_id
    return f"{kind} {subject_id}", f"{words(kind)} {subject_id.partition('_')[2][:6]}".strip()


AUDIT = Resource(
    name="audit",
    title="Audit log",
    singular="audit entry",
    section="The shop",
    read="audit:read",
    icon="history",
    model=AuditEntry,
    prepare=prepare,
    row_name=lambda entry: entry.what,
    row_id=lambda entry: str(entry.row.id),
    row_key=AuditEntry.id,
    version=lambda entry: None,
    columns=(
        Column("when", "When", lambda entry: entry.row.created_at, "moment", sort=AuditEntry.id),
        Column("what", "What", lambda entry: entry.what, "main", on_phone="lead"),
        Column("who", "Who", lambda entry: entry.actor_name),
        Column("object", "Object", object_of, "brief", on_phone="none"),
        Column("changes", "Changes", change_of, "clipped"),
        Column("address", "Address", lambda entry: entry.row.address, on_phone="none"),
        Column("request", "Request", lambda entry: entry.row.request_id, in_list=False),
    ),
    search=lambda text: or_(
        AuditEntry.subject_id == text, AuditEntry.request_id == text, AuditEntry.address == text, by_actor(text)
    ),
    search_hint="by object, request, address or person",
    sort="-when",
    filters=(
        Filter("who", "Who", by_actor),
        Filter("what", "What", lambda text: AuditEntry.action == text, lambda: distinct(AuditEntry.action)),
        Filter(
            "object", "Object", lambda text: AuditEntry.subject_kind == text, lambda: distinct(AuditEntry.subject_kind)
        ),
        Filter("since", "Since", since, kind="date"),
        Filter("until", "Until", until, kind="date"),
    ),
    detail=Detail((Card("Changes", "admin/audit/_changes_of_entry.html"),)),
    facts=lambda entry: (
        Fact("When", entry.row.created_at, "time"),
        Fact("Who", entry.actor_name),
        Fact("As", entry.row.actor_kind),
        Fact("Object", entry.row.subject_kind),
        Fact("Its id", entry.row.subject_id, "code"),
        Fact("Address", entry.row.address or "none"),
        Fact("Request", entry.row.request_id or "none", "code"),
    ),
    is_empty_text="Nothing was changed yet.",
)
