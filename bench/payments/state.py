"""What a shop's tables hold, without what has no meaning, so that two shops can be compared."""

from __future__ import annotations

import collections
import json
import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, Table, create_engine

from tests.bank import RunningBank

# Each with the columns that may differ, besides ids of the row's own and times.
TABLES: dict[str, set[str]] = {
    "orders": set(),
    "order_events": {"seq"},
    "payments": set(),
    "refunds": {"provider_reference"},  # given by each bank to what the shop itself sent; the ledgers are compared
    "refund_line_items": {"refund_id"},
    "disputes": set(),
    "subscriptions": set(),
    "stock_items": set(),
    "stock_movements": set(),
    "reservations": set(),
    "card_refusals": {"fingerprint"},  # of the card that was charged last when it was counted
    "payment_differences": set(),
    "provider_events": {"attempts", "last_error"},
    "outbox_events": set(),
    "emails": {"event_id", "attempts", "last_error"},
    "audit_entries": set(),
}
OF_THE_ROW = {"id", "public_id", "key", "request_id", "lease_until"}
NEW_IDS = re.compile(r"\bref_\w+")  # of refunds, which each shop gives itself
Rows = collections.Counter[str]


def read_state(url: str) -> dict[str, Rows]:
    """The rows of each table, whatever their order."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    tables = MetaData()
    tables.reflect(engine, only=list(TABLES))
    try:
        with engine.connect() as connection:
            return {name: Rows(_rows(connection, tables.tables[name])) for name in TABLES}
    finally:
        engine.dispose()


def _rows(connection: Any, table: Table) -> Iterator[str]:
    left_out = TABLES[table.name] | OF_THE_ROW
    columns = [column for column in table.columns if column.name not in left_out and not column.name.endswith("_at")]
    for row in connection.execute(table.select().with_only_columns(*columns)):
        yield NEW_IDS.sub("ref", json.dumps(dict(row._mapping), default=str, sort_keys=True))


def read_mails(folder: Path) -> Rows:
    """Every e-mail of the mailbox folder: to whom, and what about. Its text tells how all stood when it was sent."""
    letters = (message_from_bytes(file.read_bytes(), policy=policy.default) for file in folder.glob("*.eml"))
    return Rows(f"{letter['To']} {letter['Subject']}" for letter in letters)


def read_ledger(bank: RunningBank) -> Rows:
    """Every movement of money at the bank: kind, sum, payment and order."""
    told = ("kind", "amount", "currency", "intent", "order_id", "payment_id")
    return Rows(" ".join(str(line[name]) for name in told) for line in bank.ledger())


def differences(one: dict[str, Rows], other: dict[str, Rows]) -> list[str]:
    """What is in one and not in the other, by table; each with a few examples."""
    found = []
    for name in one:
        for sign, rows in (("-", one[name] - other[name]), ("+", other[name] - one[name])):
            found += [f"{name} {sign} {row[:500]}" for row in list(rows)[:3]]
            found += [f"{name} {sign} and {rows.total() - 3} more"] if rows.total() > 3 else []
    return found
