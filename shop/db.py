"""The database: engine recipes for SQLite and PostgreSQL, column types, and `@operation`, the one transaction.

`commit()` is written in this file and nowhere else. Reads begin deferred; an operation begins IMMEDIATE on SQLite,
so that a read never turns into a write half-way (reliability.md D01-D03, D07).
"""

from __future__ import annotations

import functools
import random
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import structlog
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    JSON,
    BigInteger,
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    event,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, registry
from sqlalchemy.types import TypeDecorator

from shop.errors import Conflict, Unavailable

log = structlog.get_logger()
P = ParamSpec("P")
R = TypeVar("R")

NAMING_CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
TRIES = 3
LAST_TRY_STARTS_WITHIN = 7.0  # seconds; with a busy timeout of 5 s all tries end within 12 s (reliability.md F11)
SQLITE_BUSY_MS = 5000


# -- column types -----------------------------------------------------------------------------------------------------


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time: timestamptz on PostgreSQL, naive UTC text on SQLite. Refuses naive values."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("times are aware UTC (architecture.md, Money, time, ids)")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# 64-bit on PostgreSQL; SQLite's own rowid integers are 64-bit as they are.
BigInt = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    registry = registry(
        metadata=metadata,
        type_annotation_map={
            int: BigInt,
            datetime: UtcDateTime,
            dict[str, Any]: JSON,
            list[str]: JSON,
            list[int]: JSON,
            list[dict[str, Any]]: JSON,
        },
    )


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})

if TYPE_CHECKING:

    class Model(Base):
        """The base of every table; mypy reads this, Python reads `db.Model`."""

        __abstract__ = True
else:
    Model = db.Model


def new_public_id(prefix: str) -> str:
    """A name for the outside world: the prefix and 128 random bits in hexadecimal."""
    return f"{prefix}_{secrets.token_hex(16)}"


def public_id_column(prefix: str) -> Mapped[str]:
    """The column that names a row outside the program, such as `order_…`; unique-indexed."""
    return mapped_column(String(40), unique=True, default=functools.partial(new_public_id, prefix))


# -- engines ----------------------------------------------------------------------------------------------------------

_inside: ContextVar[_Operation | None] = ContextVar("operation", default=None)
_frozen: ContextVar[datetime | None] = ContextVar("frozen_time", default=None)
# One writer at a time inside a process: threads queue here in order instead of polling SQLite's lock.
_sqlite_writer = threading.Lock()


def engine_options(url: str, pool_min: int, pool_max: int) -> dict[str, Any]:
    """The engine options for a DATABASE_URL: timeouts and pool as reliability.md D02 has them."""
    if url.startswith("sqlite"):
        connect = {"timeout": SQLITE_BUSY_MS / 1000, "check_same_thread": False}
        return {"connect_args": connect, "pool_size": pool_max, "hide_parameters": True}
    timeouts = (
        "-c statement_timeout=5000 -c lock_timeout=2000 -c idle_in_transaction_session_timeout=5000 -c timezone=UTC"
    )
    return {
        "hide_parameters": True,  # they are people's names and addresses, and errors are logged
        "pool_size": pool_min,
        "max_overflow": pool_max - pool_min,
        "pool_timeout": 2,
        "pool_recycle": 1800,
        "pool_pre_ping": True,
        "pool_use_lifo": True,
        "connect_args": {"connect_timeout": 5, "application_name": "shop", "options": timeouts},
    }


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # the driver must not open transactions by itself
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={SQLITE_BUSY_MS}",
        "cache_size=-32000",
        "temp_store=MEMORY",
    ):
        connection.execute("PRAGMA " + pragma)


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: Any) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _inside.get() else "BEGIN")


# -- operations -------------------------------------------------------------------------------------------------------


class _Operation:
    """The state of the outermost running operation."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rollback_only = False
        self.after_commit: list[Callable[[], None]] = []
        self.time: datetime | None = None


def operation(function: Callable[P, R]) -> Callable[P, R]:
    """Mark a function as an operation: the outermost owns the one transaction, inner ones join it.

    An error anywhere makes the whole rollback-only. A lost lock (serialisation failure, deadlock, lock timeout, busy
    SQLite) runs the outermost again, at most three times, with jitter; so operations take ids and values, load
    everything inside, and hold no outside effect. Raises Unavailable when the lock outlasted the tries or the
    database cannot be reached; Conflict where a UNIQUE constraint refused what a check before had found free.
    """

    @functools.wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        outer = _inside.get()
        if outer is not None:
            try:
                return function(*args, **kwargs)
            except BaseException:
                outer.rollback_only = True
                raise
        started = time.monotonic()
        for attempt in range(1, TRIES + 1):
            try:
                return _run_as_transaction(function, args, kwargs, started + LAST_TRY_STARTS_WITHIN)
            except DBAPIError as error:
                if is_taken(error):
                    constraint = broken_constraint(error)
                    log.warning("lost_race", operation=function.__name__, constraint=constraint)
                    raise Conflict("Somebody else saved the same a moment ago. Look again and retry.") from error
                if not is_lost_lock(error):
                    raise
                late = time.monotonic() - started > LAST_TRY_STARTS_WITHIN
                if attempt == TRIES or late:
                    raise Unavailable("The shop is very busy. Try again in a few seconds.", retry_after=2) from error
                log.info("operation_retried", operation=function.__name__, attempt=attempt)
                time.sleep(random.uniform(0.01, 0.05) * attempt)  # noqa: S311 (jitter, not a secret)
        raise AssertionError("unreachable")

    run.__operation__ = True  # type: ignore[attr-defined]
    return run


def _run_as_transaction(function: Callable[..., R], args: Any, kwargs: Any, begins_by: float) -> R:
    session = db.session()
    if session.new or session.dirty or session.deleted:
        raise RuntimeError(f"unsaved changes before operation {function.__name__}: change rows inside operations only")
    session.rollback()  # ends the read of the face; what it loaded is expired and read anew inside
    current = _Operation(function.__name__)
    token = _inside.set(current)
    try:
        with _writer_turn(session, begins_by):
            result = function(*args, **kwargs)
            if current.rollback_only:
                raise RuntimeError(f"{function.__name__} went on after an error inside it; nothing was saved")
            session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        _inside.reset(token)
    _run_after_commit(current)
    return result


@contextmanager
def _writer_turn(session: Session, begins_by: float) -> Iterator[None]:
    if session.get_bind().dialect.name != "sqlite":
        yield
        return
    if not _sqlite_writer.acquire(timeout=max(begins_by - time.monotonic(), 0)):
        raise Unavailable("The shop is very busy. Try again in a few seconds.", retry_after=2)
    try:
        yield
    finally:
        _sqlite_writer.release()


def _run_after_commit(current: _Operation) -> None:
    for callback in current.after_commit:
        try:
            callback()
        except Exception:  # the commit stands whatever happens here; the sweep takes what a failed nudge left
            log.exception("after_commit_failed", operation=current.name)


def on_commit(callback: Callable[[], None]) -> None:
    """Run `callback` once the current operation has committed; never when it rolls back. Best effort."""
    current = _inside.get()
    if current is None:
        raise RuntimeError("on_commit() is for use inside an operation")
    if callback not in current.after_commit:
        current.after_commit.append(callback)


def refuse_inside_operation(what: str) -> None:
    """Raise when called inside an operation: gateways call this first, since no network call may hold a transaction."""
    current = _inside.get()
    if current is not None:
        raise RuntimeError(f"{what} inside operation {current.name}: network calls come before or after it")


def end_read() -> None:
    """End the face's open read, so that no transaction stays open while something slow is waited for."""
    if _inside.get() is None:
        db.session().rollback()


def end_session(_error: BaseException | None = None) -> None:
    """Give the session's connection back at the end of a request or job; the answer stands if it is dead by then."""
    try:
        db.session.remove()
    except SQLAlchemyError as error:
        log.warning("session_not_ended", error=cause_of(error))
        db.session.registry.clear()  # the pool throws the connection away


def insert_unless_there(model: type[Model], values: Any) -> list[int]:
    """Insert rows, passing over those that a UNIQUE constraint has already; the keys of the new ones."""
    insert = postgresql.insert if db.session().get_bind().dialect.name == "postgresql" else sqlite.insert
    statement = insert(model).values(values).on_conflict_do_nothing().returning(model.__table__.c.id)
    return list(db.session.scalars(statement))


def lock_names(*names: str) -> None:
    """Wait until no other operation holds these names, and hold them to the end of this one.

    For rules that count rows before adding one. SQLite has one writer, so there is nothing to wait for.
    """
    if db.session().get_bind().dialect.name == "postgresql":
        for name in sorted(names):
            db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def exactly_one(result: Any, message: str = "Somebody else changed this a moment ago. Look again and retry.") -> None:
    """Assert that a deciding UPDATE changed exactly one row; raises Conflict otherwise (reliability.md D05)."""
    if changed_rows(result) != 1:
        raise Conflict(message)


def changed_rows(result: Any) -> int:
    """How many rows an UPDATE or DELETE changed."""
    assert isinstance(result, CursorResult)
    return result.rowcount


def transaction_time() -> datetime:
    """The time for leases, holds and expiry: the database's clock, read once per operation (reliability.md D07)."""
    frozen = _frozen.get()
    if frozen is not None:
        return frozen
    current = _inside.get()
    if current is not None and current.time is not None:
        return current.time
    session = db.session()
    if session.get_bind().dialect.name == "sqlite":
        now = datetime.now(UTC)  # the file is on this machine, so is its clock
    else:
        now = session.execute(select(func.clock_timestamp())).scalar_one().astimezone(UTC)
    if current is not None:
        current.time = now
    return now


@contextmanager
def frozen_time(moment: datetime) -> Iterator[None]:
    """Make `transaction_time()` answer `moment`, for tests and for the demo's past orders."""
    token = _frozen.set(moment)
    try:
        yield
    finally:
        _frozen.reset(token)


# -- reading database errors ------------------------------------------------------------------------------------------


def is_lost_lock(error: DBAPIError) -> bool:
    """Whether a retry may help: SQLSTATE 40001, 40P01, 55P03, or a busy SQLite.

    57014 too: in a queue for one row each wait can be within lock_timeout, and all of them longer than a statement may.
    """
    sqlstate = getattr(error.orig, "sqlstate", None)
    return sqlstate in {"40001", "40P01", "55P03", "57014"} or "database is locked" in str(error.orig)


def is_taken(error: DBAPIError) -> bool:
    """Whether a UNIQUE constraint or primary key refused a write: another had the same first."""
    if not isinstance(error, IntegrityError):
        return False
    of_sqlite = {"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}
    return getattr(error.orig, "sqlstate", None) == "23505" or getattr(error.orig, "sqlite_errorname", "") in of_sqlite


def is_unreachable(error: BaseException) -> bool:
    """Whether the database is away, too busy to give a connection, or shutting down."""
    if isinstance(error, PoolTimeout | InterfaceError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate is None:
        if not isinstance(error, OperationalError):
            return False
        text = str(error.orig)
        return not isinstance(error.orig, sqlite3.Error) or "unable to open" in text or "locked" in text
    return sqlstate[:2] in {"08", "53", "57"} or sqlstate == "25P03"


def cause_of(error: BaseException) -> str:
    """What the driver calls it, such as ConnectionTimeout or QueryCanceled; for a log, so without its words."""
    return type(getattr(error, "orig", None) or error).__name__


def broken_constraint(error: DBAPIError) -> str:
    """The name of the constraint that refused a write (PostgreSQL), or SQLite's own words naming table and column."""
    diagnostic = getattr(error.orig, "diag", None)
    return str(getattr(diagnostic, "constraint_name", None) or error.orig)
