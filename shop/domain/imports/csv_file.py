"""Reading a CSV file that anybody may have sent: every limit is checked before more of it is read."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeAlias

from shop.errors import Detail, Invalid, Malformed

Source: TypeAlias = str | Path | BinaryIO

MAX_BYTES = 64 * 1024 * 1024
MAX_ROWS = 200_000
MAX_CELL = 1_000_000  # characters
MAX_LINE = 4 * MAX_CELL

NOT_TEXT = "This file is not text in UTF-8. Save it as “CSV UTF-8 (comma separated)” and import that file."
TOO_LARGE = f"This file is larger than {MAX_BYTES // 1024 // 1024} MB. Split it, keeping each product's rows together."
CONTROL_CHARS = {code: None for code in (*range(32), 127) if chr(code) not in "\n\t"}


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row that are not empty, by column name; its number as a spreadsheet shows it."""

    number: int
    cells: dict[str, str]
    has_surplus: bool = False

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")


@dataclass(frozen=True)
class Table:
    """A file's known columns and its rows; rows without any text are left out."""

    columns: frozenset[str]
    rows: list[Row]


def read_table(source: Source, known: Sequence[str], required: Sequence[str]) -> Table:
    """Read a CSV file's known columns, whatever the case of their names.

    Raises Malformed for what is no CSV file, Invalid for one that is too large, has other columns or no rows.
    """
    csv.field_size_limit(MAX_CELL)  # process-wide, and nothing else here reads CSV
    with _opened(source) as stream:
        _refuse_large(stream)
        text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="strict", newline="")
        try:
            return _read(text, known, required)
        except UnicodeDecodeError:
            raise Malformed(NOT_TEXT) from None
        finally:
            text.detach()


@contextmanager
def _opened(source: Source) -> Iterator[BinaryIO]:
    if isinstance(source, str | Path):
        with Path(source).open("rb") as stream:
            yield stream
    else:
        yield source


def _refuse_large(stream: BinaryIO) -> None:
    if not stream.seekable():
        return  # counted while it is read
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if size > MAX_BYTES:
        raise Invalid(TOO_LARGE)


def _read(text: io.TextIOWrapper, known: Sequence[str], required: Sequence[str]) -> Table:
    number = 1
    reader = csv.reader(_lines(text), strict=True)
    try:
        header = [cell.strip() for cell in next(reader)]
        columns = _columns(header, known, required)
        rows: list[Row] = []
        for number, cells in enumerate(reader, start=2):  # noqa: B007 (read by the except below)
            row = _row(number, cells, columns, len(header))
            if row is not None:
                rows.append(row)
            if len(rows) > MAX_ROWS:
                raise Invalid(
                    f"This file has more than {MAX_ROWS} rows. Split it, keeping each product's rows together."
                )
    except StopIteration:
        raise Malformed("This file is empty. Export the products again and import that file.") from None
    except csv.Error as error:
        raise _unreadable(number + 1, str(error)) from None
    if not rows:
        raise Invalid("This file has column names and no products below them. Export the products again.")
    return Table(frozenset(columns.values()), rows)


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    characters = 0
    while line := text.readline(MAX_LINE + 1):
        characters += len(line)
        if "\0" in line:
            raise Malformed(NOT_TEXT)
        if len(line) > MAX_LINE:
            raise Malformed(f"A line is longer than {MAX_LINE // 1_000_000} MB: this is no list of products.")
        if characters > MAX_BYTES:
            raise Invalid(TOO_LARGE)
        yield line


def _columns(header: list[str], known: Collection[str], required: Sequence[str]) -> dict[int, str]:
    """Place in the row -> known column."""
    names = {name.casefold(): name for name in known}
    columns: dict[int, str] = {}
    for place, cell in enumerate(header):
        name = names.get(cell.casefold())
        if name is not None and name not in columns.values():
            columns[place] = name
    missing = [name for name in required if name not in columns.values()]
    if not missing:
        return columns
    if len(header) == 1 and ";" in header[0]:
        raise Invalid("The columns are separated by semicolons. Save the file with commas and import that file.")
    message = f"This is no Shopify product file: it has no column {' and no column '.join(missing)}."
    details = [Detail(name, f"The column {name} is missing.") for name in missing]
    raise Invalid(f"{message} Export the products from Shopify as CSV and import that file.", details)


def _row(number: int, cells: list[str], columns: dict[int, str], width: int) -> Row | None:
    values = {}
    for place, column in columns.items():
        text = _clean(cells[place]) if place < len(cells) else ""
        if text:
            values[column] = text
    has_surplus = any(cells[width:])
    return Row(number, values, has_surplus) if values or has_surplus else None


def _clean(cell: str) -> str:
    if cell.isprintable():
        return cell.strip()
    return cell.replace("\r\n", "\n").replace("\r", "\n").translate(CONTROL_CHARS).strip()


def _unreadable(number: int, reason: str) -> Malformed:
    if "field limit" in reason:
        return Malformed(f"Row {number} has a cell of more than 1 MB: this is no list of products.")
    return Malformed(f'Row {number} cannot be read: a quotation mark (") is missing or one too many. Correct it there.')
