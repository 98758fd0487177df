"""Webhooks of the payment provider: what came, what became of it, and those parked until somebody tries again.

The bodies are shown nowhere: they bear secrets of payments, and what they are about is always asked for anew.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import defer

from shop.admin.resource import Act, Card, Column, Detail, Fact, Filter, Resource, Tab, words_in
from shop.db import db
from shop.domain.payments.models import ProviderEvent
from shop.domain.payments.provider_events import retry_parked_event


def without_bodies() -> Select[tuple[ProviderEvent]]:
    return select(ProviderEvent).options(defer(ProviderEvent.payload, raiseload=True))


def of_status(status: str) -> ColumnElement[bool]:
    return ProviderEvent.status == status


def types() -> list[tuple[str, str]]:
    """Every type that has come."""
    return [
        (each, each) for each in db.session.scalars(select(ProviderEvent.type).distinct().order_by(ProviderEvent.type))
    ]


def facts(row: ProviderEvent) -> tuple[Fact, ...]:
    return (
        Fact("Status", row.status, "badge"),
        Fact("Object", row.object_id, "code"),
        Fact("Event", row.event_id, "code"),
        Fact("Provider", row.provider.capitalize()),
        Fact("Attempts", row.attempts, "number"),
        Fact("Happened", row.happened_at, "time"),
        Fact("Received", row.received_at, "time"),
        *([Fact("Next attempt", row.due_at, "time")] if row.status == "received" else []),
        *([Fact("Applied", row.applied_at, "time")] if row.applied_at else []),
    )


WEBHOOKS = Resource(
    name="webhooks",
    title="Webhooks",
    singular="webhook",
    section="Payments",
    read="orders:read",
    write="refunds:write",
    icon="list",
    audit_kind="provider_event",
    model=ProviderEvent,
    select=without_bodies,
    row_name=lambda row: row.type,
    version=lambda row: None,
    columns=(
        Column("type", "Type", lambda row: row.type, "main", sort=ProviderEvent.type, on_phone="lead"),
        Column("object", "Object", lambda row: row.object_id, "code"),
        Column("status", "Status", lambda row: row.status, "badge", sort=ProviderEvent.status, on_phone="end"),
        Column("attempts", "Attempts", lambda row: row.attempts, "number", sort=ProviderEvent.attempts),
        Column("error", "Last error", lambda row: row.last_error, "clipped"),
        Column("received", "Received", lambda row: row.received_at, "moment", sort=ProviderEvent.received_at),
    ),
    search=words_in(ProviderEvent.type, ProviderEvent.object_id, ProviderEvent.event_id),
    search_hint="by type, object or event",
    sort="-received",
    tabs=(
        Tab("parked", "Parked", lambda: of_status("parked"), todo="Webhooks parked"),
        Tab("received", "Received", lambda: of_status("received")),
        Tab("applied", "Applied", lambda: of_status("applied")),
        Tab("ignored", "Ignored", lambda: of_status("ignored")),
        Tab("all", "All"),
    ),
    filters=(Filter("type", "Type", lambda text: ProviderEvent.type == text, types),),
    detail=Detail((Card("What became of it", "admin/payments/_webhook.html"),)),
    facts=facts,
    acts=(
        Act(
            "retry",
            "Try again",
            lambda public_id, wish, actor: retry_parked_event(public_id, actor),
            "It is tried again in a moment.",
            is_possible=lambda row: row.status == "parked",
            hint="Once what kept it from being applied is mended.",
            is_main=True,
        ),
    ),
    is_empty_text="No webhook is here.",
)
