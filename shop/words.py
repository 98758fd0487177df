"""How days, times and names are written for people: the same on a page, in a letter and on paper."""

from __future__ import annotations

from datetime import date, datetime

from babel.dates import format_date, format_datetime


def words(name: str) -> str:
    """A lower snake case name as people read it: skin_types is Skin types."""
    return name.replace("_", " ").capitalize()


def day(value: date) -> str:
    """A date in words, such as Thu 26 Nov 2026."""
    return format_date(value, "EEE d MMM y", locale="en")


def moment(value: datetime) -> str:
    """A time in words, such as Thu 26 Nov 2026, 14:05 UTC."""
    return format_datetime(value, "EEE d MMM y, HH:mm 'UTC'", locale="en")


def wait_in_words(seconds: int) -> str:
    """How long to wait, such as "20 seconds" or "3 minutes"."""
    if seconds < 60:
        return "a minute" if seconds > 30 else f"{seconds} seconds"
    minutes = -(-seconds // 60)
    return "a minute" if minutes == 1 else f"{minutes} minutes"
