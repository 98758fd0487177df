"""Alembic's environment: our engine, batch mode on SQLite with its two traps closed (foreign keys, triggers)."""

from alembic import context
from flask import current_app
from sqlalchemy import Connection, text

config = context.config
extension = current_app.extensions["migrate"]
database = extension.db


def include_object(_object, name: str, kind: str, is_reflected: bool, _compared: object) -> bool:
    """Leave alone what migrations make for one engine only: FTS5 tables with their shadows, tsvectors, trigrams."""
    if not is_reflected or kind not in {"table", "column", "index"}:
        return True
    return not ("_fts" in name or name in {"names_vector", "vector"} or name.endswith(("_vector", "_trigrams")))


def run_online() -> None:
    """Run the migrations in one transaction on the application's engine."""
    with database.engine.connect() as connection:
        _prepare(connection)
        context.configure(
            connection=connection,
            target_metadata=database.metadata,
            include_object=include_object,
            **extension.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()
        _check(connection)


def _prepare(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # A batch rebuild of a parent table would delete its children; a no-op inside a transaction, hence here.
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
    else:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("SET idle_in_transaction_session_timeout = 0"))
        connection.commit()


def _check(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.execute(text("PRAGMA foreign_key_check")).fetchall()
    connection.rollback()
    connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")
    if broken:
        raise RuntimeError(f"the migration broke foreign keys: {broken[:5]}")


def run_offline() -> None:
    """Print the SQL instead of running it."""
    context.configure(
        url=str(database.engine.url), target_metadata=database.metadata, literal_binds=True, **extension.configure_args
    )
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
