"""Breaking one row and looking whether the audit finds it.

Rows are broken in a transaction that is rolled back, with the constraints and triggers that guard them put aside.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench.damage_kinds import Damage
from shop.db import db
from shop.domain.audit_checks.check import Finding
from shop.domain.audit_checks.run import run_audit, run_check
from shop.domain.models import APPEND_ONLY


@contextmanager
def guards_put_aside() -> Iterator[None]:
    """Put CHECKs, references and the triggers of what is append-only aside, in a transaction that is rolled back."""
    is_sqlite = db.engine.dialect.name == "sqlite"
    db.session.rollback()
    try:
        if is_sqlite:
            db.session.execute(db.text("PRAGMA ignore_check_constraints = ON"))
            db.session.execute(db.text("PRAGMA defer_foreign_keys = ON"))
            for table in APPEND_ONLY:
                for verb in ("update", "delete"):
                    db.session.execute(db.text(f"DROP TRIGGER {table}_no_{verb}"))
        else:
            for setting in ("session_replication_role = replica", "statement_timeout = 0", "work_mem = '64MB'"):
                db.session.execute(db.text(f"SET LOCAL {setting}"))
            for table, name in db.session.execute(db.text(CHECK_CONSTRAINTS)).all():
                db.session.execute(db.text(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'))
        yield
    finally:
        if is_sqlite:
            db.session.execute(db.text("PRAGMA ignore_check_constraints = OFF"))
        db.session.rollback()


CHECK_CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname FROM pg_constraint
    WHERE contype = 'c' AND connamespace = current_schema()::regnamespace
"""


def find(damage: Damage) -> Finding:
    """What the invariant finds once the row is broken; for use with the guards put aside. The damage is undone."""
    words = damage.sql if isinstance(damage.sql, str) else damage.sql[db.engine.dialect.name]
    undo = db.session.begin_nested()
    try:
        changed = db.session.execute(db.text(words))
        if changed.rowcount == 0:
            raise LookupError(f"there is no row to break for: {damage.what}")
        return run_check(damage.check)
    finally:
        undo.rollback()


def broken_promises() -> set[str]:
    """The promises that the whole audit finds broken now."""
    return {finding.promise for finding in run_audit() if finding.rows}
