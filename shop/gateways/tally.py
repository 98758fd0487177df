"""Counting what is searched for, in Redis: best effort, bounded, one round trip; without Redis nothing is counted."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

import redis
import structlog

log = structlog.get_logger()

KEY = "{shop:searches}:"  # both hashes in one slot of a cluster
MOST_TEXTS = 2000  # between two collections; further ones are not counted
KEPT = 2 * 24 * 3600  # seconds
QUIET = 5.0  # seconds without an attempt after Redis did not answer
# One hash of times and one of products last found, by day and text.
_COUNT = """
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return 1
"""
_TAKE = """
local times, found = redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2])
redis.call('DEL', KEYS[1], KEYS[2])
return {times, found}
"""


class SearchTally:
    """Counts searches. No method raises for a Redis that is away."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection
        self._quiet_until = 0.0

    def count(self, text: str, found: int) -> None:
        """Count one search for this text, which found so many products; nothing where there is no text."""
        if text:
            self._ask(_COUNT, f"{datetime.now(UTC):%Y-%m-%d} {text}", found, MOST_TEXTS, KEPT)

    def take(self) -> list[tuple[date, str, int, int]]:
        """All that was counted, as (day, text, times, products last found); it is counted no more."""
        taken = self._ask(_TAKE)
        if not taken:
            return []
        times, found = (_as_dict(part) for part in taken)
        rows = []
        for field, count in times.items():
            day, _, text = field.partition(" ")
            rows.append((date.fromisoformat(day), text, int(count), int(found.get(field, "0"))))
        return rows

    def _ask(self, script: str, *arguments: str | int) -> list[list[bytes]] | None:
        if time.monotonic() < self._quiet_until:
            return None
        try:
            return self._redis.eval(script, 2, f"{KEY}times", f"{KEY}found", *arguments)  # type: ignore[return-value]
        except redis.RedisError as error:
            self._quiet_until = time.monotonic() + QUIET
            log.info("searches_uncounted", error=type(error).__name__)
            return None


def _as_dict(flat: list[bytes]) -> dict[str, str]:
    words = [part.decode() for part in flat]
    return dict(zip(words[::2], words[1::2], strict=True))
