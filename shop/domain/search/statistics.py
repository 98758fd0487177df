"""What is searched for, by day: enough to see what is wanted, nothing about who wanted it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from sqlalchemy import Date, bindparam, delete, text

from shop.db import changed_rows, db, operation, transaction_time
from shop.domain.search.models import SearchCount
from shop.domain.search.words import words_in

LONGEST = 80
KEPT = timedelta(days=400)
MOST_DIGITS = 6  # more may be a phone number, an order's number or a card's

_digit = re.compile(r"\d")


def countable(text_: str) -> str:
    """The folded words that may be counted; empty for what may be about a person, is too long, or says nothing."""
    if "@" in text_ or len(_digit.findall(text_)) > MOST_DIGITS:
        return ""
    folded = " ".join(words_in(text_))
    return folded if len(folded) <= LONGEST else ""


@operation
def record_searches(counted: Iterable[tuple[date, str, int, int]]) -> int:
    """Add (day, text, times, products last found) to what is counted; returns how many rows there were."""
    rows = [
        {"day": day, "query": query[:LONGEST], "times": times, "found": found}
        for day, query, times, found in sorted(counted)
        if times > 0
    ]
    if rows:
        db.session.execute(
            text(
                "INSERT INTO search_counts (day, query, times, found) VALUES (:day, :query, :times, :found)"
                " ON CONFLICT (day, query) DO UPDATE SET times = search_counts.times + excluded.times,"
                " found = excluded.found"
            ).bindparams(bindparam("day", type_=Date)),
            rows,
        )
    return len(rows)


@operation
def forget_old_searches() -> int:
    """Forget what was searched for more than 400 days ago."""
    old = (transaction_time() - KEPT).date()
    return changed_rows(db.session.execute(delete(SearchCount).where(SearchCount.day < old)))
