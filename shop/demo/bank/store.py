"""What the bank keeps: its objects, the answers it gave to keys, the events it owes, and a ledger that only grows."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Thing = dict[str, Any]
TABLES = """
CREATE TABLE IF NOT EXISTS objects (
    number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, kind TEXT NOT NULL, created INTEGER NOT NULL,
    due_at REAL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS ix_objects_kind ON objects (kind, number);
CREATE INDEX IF NOT EXISTS ix_objects_due_at ON objects (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS answers (
    key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS deliveries (
    event_id TEXT PRIMARY KEY, attempts INTEGER NOT NULL DEFAULT 0, due_at REAL, last_status TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS ledger (
    number INTEGER PRIMARY KEY, happened_at REAL NOT NULL, kind TEXT NOT NULL, amount INTEGER NOT NULL,
    currency TEXT NOT NULL, intent TEXT NOT NULL, reference TEXT UNIQUE NOT NULL, order_id TEXT NOT NULL,
    payment_id TEXT NOT NULL, refund_id TEXT NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS uq_ledger_capture ON ledger (intent) WHERE kind = 'capture';
CREATE TRIGGER IF NOT EXISTS ledger_stays BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER IF NOT EXISTS ledger_keeps BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'append only'); END;
"""


class Store:
    """One SQLite file behind one lock: every effect, its events, its ledger line and its answer commit together."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.clock = clock
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + TABLES)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing, one at a time."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _rows(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    # -- objects -----------------------------------------------------------------------------------------------------

    def add(self, kind: str, prefix: str, **fields: Any) -> Thing:
        """A new object with an id of its own."""
        thing: Thing = {
            "id": f"{prefix}_{secrets.token_hex(12)}",
            "object": kind,
            "created": int(self.clock()),
            "livemode": False,
            **fields,
        }
        self._rows(
            "INSERT INTO objects (id, kind, created, due_at, body) VALUES (?, ?, ?, ?, ?)",
            *(thing["id"], kind, thing["created"], thing.get("_due_at"), json.dumps(thing)),
        )
        return thing

    def save(self, thing: Thing) -> None:
        """Keep the object as it is now. `_due_at`: when something is to happen to it by itself."""
        self._rows(
            "UPDATE objects SET body = ?, due_at = ? WHERE id = ?", json.dumps(thing), thing.get("_due_at"), thing["id"]
        )

    def find(self, kind: str, object_id: str) -> Thing | None:
        found = self._rows("SELECT body FROM objects WHERE id = ? AND kind = ?", object_id, kind)
        return json.loads(found[0]["body"]) if found else None

    def list_after(self, kind: str, since: int = 0, after: str = "") -> Iterator[Thing]:
        """The newest first; `after`: only those older than this one."""
        rows = self._rows(
            "SELECT body FROM objects WHERE kind = ? AND created >= ? AND number < coalesce("
            "(SELECT number FROM objects WHERE id = ?), 1 << 62) ORDER BY number DESC",
            *(kind, since, after),
        )
        return (json.loads(row["body"]) for row in rows)

    def list_due(self) -> list[Thing]:
        """What something is to happen to by now, the earliest first."""
        rows = self._rows("SELECT body FROM objects WHERE due_at <= ? ORDER BY due_at, number", self.clock())
        return [json.loads(row["body"]) for row in rows]

    # -- answers by key ----------------------------------------------------------------------------------------------

    def find_answer(self, key: str) -> tuple[str, int, Thing] | None:
        """What was asked and answered under this key: fingerprint, status, body."""
        found = self._rows("SELECT * FROM answers WHERE key = ?", key)
        return (found[0]["fingerprint"], found[0]["status"], json.loads(found[0]["body"])) if found else None

    def keep_answer(self, key: str, fingerprint: str, status: int, body: Thing) -> None:
        self._rows("INSERT INTO answers VALUES (?, ?, ?, ?)", key, fingerprint, status, json.dumps(body))

    # -- events ------------------------------------------------------------------------------------------------------

    def emit(self, type_: str, thing: Thing, version: str) -> None:
        """Owe the shop an event about the object as it is now."""
        told = {name: value for name, value in thing.items() if not name.startswith("_")}
        event = self.add(
            "event",
            "evt",
            api_version=version,
            type=type_,
            data={"object": told},
            pending_webhooks=1,
            request={"id": None, "idempotency_key": None},
        )
        self._rows("INSERT INTO deliveries (event_id, due_at) VALUES (?, ?)", event["id"], self.clock())

    def list_owed(self) -> list[tuple[Thing, int]]:
        """The events to deliver now, with how often that was tried."""
        rows = self._rows(
            "SELECT body, attempts FROM deliveries JOIN objects ON id = event_id"
            " WHERE deliveries.due_at <= ? ORDER BY deliveries.due_at, number LIMIT 50",
            self.clock(),
        )
        return [(json.loads(row["body"]), row["attempts"]) for row in rows]

    def note_delivery(self, event_id: str, status: str, due_at: float | None) -> None:
        """One more attempt, and when the next is due; None: no other."""
        self._rows(
            "UPDATE deliveries SET attempts = attempts + 1, last_status = ?, due_at = ? WHERE event_id = ?",
            *(status, due_at, event_id),
        )

    def list_deliveries(self, limit: int) -> list[sqlite3.Row]:
        """The newest events and how their delivery stands."""
        return self._rows(
            "SELECT event_id, attempts, last_status, deliveries.due_at, json_extract(body, '$.type') AS type"
            " FROM deliveries JOIN objects ON id = event_id ORDER BY number DESC LIMIT ?",
            limit,
        )

    # -- the ledger --------------------------------------------------------------------------------------------------

    def write(self, kind: str, thing: Thing, reference: str, intent: Thing, refund_id: str = "") -> None:
        """One line of money that moved. `reference` makes it happen once."""
        metadata = intent["metadata"]
        self._rows(
            "INSERT INTO ledger (happened_at, kind, amount, currency, intent, reference, order_id, payment_id,"
            " refund_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(self.clock(), kind, thing["amount"], thing["currency"], intent["id"], reference),
            *(metadata.get("order_id", ""), metadata.get("payment_id", ""), refund_id),
        )

    def read_ledger(self) -> list[Thing]:
        """Every line, the oldest first."""
        return [dict(row) for row in self._rows("SELECT * FROM ledger ORDER BY number")]
