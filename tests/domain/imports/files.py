"""CSV files for the importer, on disk and made on the spot."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from shop.domain.actors import SYSTEM
from shop.domain.imports.operations import import_catalogue
from shop.domain.imports.report import ImportReport

DATA = Path(__file__).parents[2] / "data"
CANDLES = DATA / "shopify-candles.csv"
FAULTS = DATA / "shopify-faults.csv"
PICTURE = "https://pictures.example/"


def csv_of(*rows: dict[str, str]) -> io.BytesIO:
    """A CSV of these rows; its columns are those the rows have, the required ones first."""
    columns = list(dict.fromkeys(["Handle", "Title", "Variant Price", *(name for row in rows for name in row)]))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return io.BytesIO(text.getvalue().encode())


def row(handle: str = "tin", price: str = "5.00", **cells: str) -> dict[str, str]:
    """A row; underscores in names stand for spaces."""
    named = {name.replace("_", " "): text for name, text in cells.items()}
    return {"Handle": handle, "Title": handle.title(), "Variant Price": price, **named}


def imported(source: Any, **options: Any) -> ImportReport:
    return import_catalogue(source, actor=SYSTEM, currency="USD", **{"dry_run": False, **options})


def figures(report: ImportReport) -> tuple[int, int, int, int]:
    """Products created, changed, unchanged, refused."""
    return (
        report.products_created,
        report.products_changed,
        report.products_unchanged,
        report.products_refused,
    )
