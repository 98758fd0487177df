"""The table of catalogue files that staff uploaded."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model, public_id_column, transaction_time


class CatalogueFile(Model):
    """A catalogue as it was uploaded, and what came of its rehearsal and of its import.

    Both are tasks of staff, one product at a time (shop/domain/imports/uploads.py); `figures` moves with each.
    """

    __tablename__ = "catalogue_files"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("imp")
    name: Mapped[str] = mapped_column(String(120))
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # None: forgotten after its time
    sets_stock: Mapped[bool] = mapped_column(default=False)
    row_count: Mapped[int] = mapped_column(default=0)
    product_count: Mapped[int] = mapped_column(default=0)
    # "rows": thousands of [row, handle, column, message, value]; asked for apart
    problems: Mapped[dict[str, Any]] = mapped_column(default=dict, deferred=True)
    # "rehearsal" and "import": outcome -> products; "upload": how many problems were kept
    figures: Mapped[dict[str, Any]] = mapped_column(default=dict)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)

    __table_args__ = (Index("ix_catalogue_files_created_at", "created_at"),)

    @property
    def problem_rows(self) -> list[list[Any]]:
        return list(self.problems.get("rows", []))

    @property
    def problem_count(self) -> int:
        """How many problems were kept, without reading them."""
        return self.figure("upload", "problems") if "upload" in self.figures else len(self.problem_rows)

    def figure(self, stage: str, outcome: str) -> int:
        """How many products came out so: created, changed or unchanged, in the rehearsal or the import."""
        return int(self.figures.get(stage, {}).get(outcome, 0))
