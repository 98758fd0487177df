"""What an invariant is, and how one stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

LATE = timedelta(minutes=10)  # a stopped scheduler is forgiven for so long (F04)


@dataclass(frozen=True)
class Finding:
    """How one invariant stands: what it promises, how many rows break it, and some of them."""

    id: str
    promise: str
    rows: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """An invariant and what finds whatever breaks it: a query (by dialect where the engines need different words), or,
    where SQL has no words for it, a function."""

    id: str
    promise: str
    sql: str | Mapping[str, str] | Callable[[], Iterable[str]]
    is_about_time: bool = False  # broken by processes that do not run, not by wrong rows

    def words_for(self, dialect: str) -> str:
        assert not callable(self.sql)
        return self.sql if isinstance(self.sql, str) else self.sql[dialect]


def listed(names: Iterable[str]) -> str:
    """The names as SQL lists them after IN."""
    return ", ".join(f"'{name}'" for name in names)
