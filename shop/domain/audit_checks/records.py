"""Records: what is written down stays, and leads to what it names."""

from __future__ import annotations

from collections.abc import Iterator

from shop.domain.audit_checks.check import Check
from shop.domain.models import APPEND_ONLY


def _values(rows: Iterator[str]) -> str:
    return " UNION ALL ".join(f"SELECT '{row}' AS name" for row in rows)


TRIGGERS = {
    "sqlite": "SELECT name FROM ("
    + _values(f"{table}_no_{verb}" for table in APPEND_ONLY for verb in ("update", "delete"))
    + ") AS wanted WHERE name NOT IN (SELECT name FROM sqlite_master WHERE type = 'trigger')",
    "postgresql": "SELECT name FROM ("
    + _values(f"{table}_append_only" for table in APPEND_ONLY)
    + ") AS wanted WHERE name NOT IN (SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D')",
}

RECORDS = (
    Check(
        "I44",
        "An audit row says what was done and who of the staff did it",
        """
        SELECT 'audit row ' || id FROM audit_entries
        WHERE action = '' OR subject_id = '' OR actor_kind NOT IN ('staff', 'system', 'customer')
           OR (actor_kind = 'staff' AND user_id IS NULL)
        """,
    ),
    Check("I44", "Triggers keep the audit log, the histories and the ledger as they were written", TRIGGERS),
    Check(
        "X02",
        "Every reference leads to a row",
        {
            "sqlite": "SELECT \"table\" || ' row ' || rowid || ' to ' || parent FROM pragma_foreign_key_check",
            "postgresql": "SELECT conrelid::regclass || ': ' || conname FROM pg_constraint"
            " WHERE contype = 'f' AND NOT convalidated",
        },
    ),
)
