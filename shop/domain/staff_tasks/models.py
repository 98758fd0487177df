"""The table of the staff's tasks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model, public_id_column, transaction_time


class StaffTask(Model):
    """One change of many things that a member of staff asked for: queued -> running -> done, or failed.

    How far it is stands in the row and moves in the transaction of each change, so that after any crash it goes on
    where it was, and no change is made twice. `subject_ids` are the public ids of what is to be changed, in order.
    """

    __tablename__ = "staff_tasks"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("task")
    kind: Mapped[str] = mapped_column(String(80))  # of a BulkChange
    form_key: Mapped[str] = mapped_column(String(64), unique=True)  # of the form that asked: a repeat finds this task
    parameters: Mapped[dict[str, Any]] = mapped_column(default=dict)  # the wish, by its JSON names
    subject_ids: Mapped[list[str]] = mapped_column(default=list, deferred=True)  # up to thousands; asked for apart
    status: Mapped[str] = mapped_column(String(16), default="queued")
    total_count: Mapped[int] = mapped_column(default=0)
    done_count: Mapped[int] = mapped_column(default=0)
    failed_count: Mapped[int] = mapped_column(default=0)
    report: Mapped[dict[str, Any]] = mapped_column(default=dict)  # "rows": the first of [subject id, name, words, ok]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    address: Mapped[str] = mapped_column(String(64), default="")
    request_id: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]  # of whoever runs it; past that, another may go on
    asked_at: Mapped[datetime | None]  # when a worker was last asked to run it

    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'done', 'failed')", name="status"),
        CheckConstraint(
            "done_count >= 0 AND failed_count >= 0 AND done_count + failed_count <= total_count", name="counts_add_up"
        ),
        Index("ix_staff_tasks_status", "status", "id"),
        Index("ix_staff_tasks_created_at", "created_at"),
    )

    @property
    def position(self) -> int:
        """How many of its things were looked at; the next one's place among them."""
        return self.done_count + self.failed_count

    @property
    def is_open(self) -> bool:
        return self.status in {"queued", "running"}

    @property
    def rows(self) -> list[list[Any]]:
        """What the report kept: [subject id, name, words, whether it went well]."""
        return list(self.report.get("rows", []))

    @property
    def reason(self) -> str:
        """Why the task as a whole ended before its time; empty for the others."""
        return str(self.report.get("reason", ""))
