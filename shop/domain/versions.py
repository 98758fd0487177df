"""Who saves must have seen the version that is there: nobody's work is overwritten unseen (ADM-4)."""

from __future__ import annotations

from datetime import datetime

from shop.errors import ChangedMeanwhile


def version_of(updated_at: datetime | None) -> str:
    """The version of a row, as a form carries it."""
    return updated_at.isoformat() if updated_at else ""


def refuse_if_changed(updated_at: datetime, seen: str | None) -> None:
    """Raise ChangedMeanwhile when the version seen is not the present one; None: the caller looks at none."""
    if seen is not None and seen != version_of(updated_at):
        raise ChangedMeanwhile("Somebody else saved this after you opened it. Nothing of yours was saved yet.")
