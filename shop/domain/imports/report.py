"""What an import did, row by row: rows read = rows imported + rows reported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing wrong with one row. `row` counts as a spreadsheet does: the line of column names is row 1."""

    row: int
    handle: str
    column: str
    message: str


@dataclass(frozen=True)
class ImportReport:
    """The figures of an import, or of a dry run of it, and every problem. A row with a problem is a reported row,
    also where the rest of it could be used; all others were imported wholly."""

    is_dry_run: bool
    rows_read: int
    rows_imported: int
    products_created: int
    products_changed: int
    products_unchanged: int
    products_refused: int
    pictures_recorded: int
    problems: tuple[RowProblem, ...]

    def __post_init__(self) -> None:
        if self.rows_read != self.rows_imported + self.rows_reported:
            raise AssertionError(
                f"{self.rows_read} rows read, {self.rows_imported} + {self.rows_reported} accounted for"
            )

    @property
    def rows_reported(self) -> int:
        return len({problem.row for problem in self.problems})

    @property
    def products(self) -> int:
        return self.products_created + self.products_changed + self.products_unchanged + self.products_refused

    def describe(self) -> list[str]:
        """The figures in sentences, for a terminal or a page."""
        would = "A dry run: nothing was written. These would be the figures." if self.is_dry_run else ""
        rows = f"{self.rows_read} rows read: {self.rows_imported} imported, {self.rows_reported} reported."
        products = (
            f"{self.products} products: {self.products_created} created, {self.products_changed} changed, "
            f"{self.products_unchanged} unchanged, {self.products_refused} refused."
        )
        pictures = (
            f"Pictures recorded by their address only: {self.pictures_recorded}. They are not fetched yet; "
            "pages show a placeholder until they are."
        )
        return [line for line in (would, rows, products, pictures if self.pictures_recorded else "") if line]


def in_row_order(problems: Iterable[RowProblem]) -> tuple[RowProblem, ...]:
    """The problems as the file has their rows."""
    return tuple(sorted(problems, key=lambda problem: problem.row))
