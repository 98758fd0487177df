"""Writing very many rows at once: COPY on PostgreSQL, one prepared statement on SQLite; several times an ORM's pace."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from shop.db import Base, db

Row = Mapping[str, Any]


def write_rows(model: type[Base], rows: Sequence[Row]) -> None:
    """Insert rows that name the same columns, in the operation that is running.

    Columns that are not named get the model's default where it is a plain value, an empty one where it is made by a
    call (a dict or list), and what the table says otherwise. Raises what the database's driver raises.
    """
    if not rows:
        return
    table: Any = model.__table__
    named = list(rows[0])
    defaults = {column.name: _default_of(column) for column in table.columns if _has_default(column, named)}
    columns = [*named, *defaults]
    values = ((*(row[name] for name in named), *defaults.values()) for row in rows)
    connection = db.session.connection()
    if connection.dialect.name == "postgresql":
        _copy(connection.connection.driver_connection, table.name, columns, values)
    else:
        _execute_many(connection.connection.driver_connection, table.name, columns, values)


def _has_default(column: Any, named: Sequence[str]) -> bool:
    return column.name not in named and column.default is not None and not column.primary_key


def _default_of(column: Any) -> Any:
    if column.default.is_scalar:
        return column.default.arg
    if column.type.python_type in (dict, list):
        return column.type.python_type()
    raise ValueError(f"{column.table.name}.{column.name} has to be given")


def _copy(connection: Any, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([json.dumps(value) if isinstance(value, dict | list) else value for value in row])


def _execute_many(connection: Any, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    words = f"INSERT INTO {table} ({names}) VALUES ({marks})"
    connection.executemany(words, ([_for_sqlite(value) for value in row] for row in rows))


def _for_sqlite(value: Any) -> Any:
    """The value as the shop's column types keep it there."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value) if isinstance(value, dict | list) else value
