"""`flask shop audit` runs every invariant on both engines (D57).

Each query gives one text a broken row. It is one statement, so what it compares is of one moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import TextClause, bindparam, text

from shop.db import UtcDateTime, db, end_read, transaction_time
from shop.domain.audit_checks.cards import CARDS
from shop.domain.audit_checks.catalog import CATALOG
from shop.domain.audit_checks.check import LATE, Check, Finding
from shop.domain.audit_checks.discounts import DISCOUNTS
from shop.domain.audit_checks.messages import MESSAGES
from shop.domain.audit_checks.money import MONEY, PAYMENTS
from shop.domain.audit_checks.orders import ORDERS
from shop.domain.audit_checks.records import RECORDS
from shop.domain.audit_checks.stock import STOCK
from shop.domain.audit_checks.taxes import TAXES

CHECKS = (*MONEY, *PAYMENTS, *CARDS, *STOCK, *ORDERS, *DISCOUNTS, *MESSAGES, *CATALOG, *TAXES, *RECORDS)
EXAMPLES = 5


def run_audit(
    *,
    with_lateness: bool = True,
    checks: Iterable[Check] = CHECKS,
    on_finding: Callable[[Finding], object] = lambda finding: None,
) -> list[Finding]:
    """Check these invariants, all of them unless told otherwise, and return how each stands, in their order.

    Without `with_lateness`, events and e-mails that wait too long are not counted. `on_finding` is called with each as
    it is known.
    """
    end_read()
    findings = []
    with _time_and_memory():
        for check in checks:
            if with_lateness or not check.is_about_time:
                findings.append(run_check(check))
                on_finding(findings[-1])
    return findings


@contextmanager
def _time_and_memory() -> Iterator[None]:
    """Let the database think longer than for a page, and in more memory; the read that is open ends with it."""
    is_sqlite = db.session.get_bind().dialect.name == "sqlite"
    usual = db.session.scalar(text("PRAGMA cache_size")) if is_sqlite else None
    # Compiling such queries takes PostgreSQL longer than it saves.
    many = ("statement_timeout = '10min'", "work_mem = '64MB'", "jit = off")
    try:
        for words in ("PRAGMA cache_size = -256000",) if is_sqlite else [f"SET LOCAL {setting}" for setting in many]:
            db.session.execute(text(words))
        yield
    finally:
        if is_sqlite:
            db.session.execute(text(f"PRAGMA cache_size = {usual}"))
        end_read()


def run_check(check: Check) -> Finding:
    """Check one invariant, in the transaction that is open."""
    if callable(check.sql):
        broken = list(check.sql())
        return Finding(check.id, check.promise, len(broken), tuple(broken[:EXAMPLES]))
    words = check.words_for(db.session.get_bind().dialect.name)
    # Materialised: a LIMIT right behind the query has PostgreSQL plan for the first few rows of a result that is empty.
    whole = f"WITH broken(example) AS MATERIALIZED ({words}) SELECT example, (SELECT count(*) FROM broken) FROM broken"
    found = db.session.execute(_bound(f"{whole} LIMIT {EXAMPLES}")).all()
    rows = found[0][1] if found else 0
    return Finding(check.id, check.promise, rows, tuple(str(example) for example, _ in found))


def _bound(words: str) -> TextClause:
    statement = text(words)
    if ":late" in words:
        statement = statement.bindparams(bindparam("late", transaction_time() - LATE, type_=UtcDateTime()))
    return statement
