"""Counting what is searched for, in Redis: best effort, bounded, one round trip; without Redis nothing is counted."""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, date, datetime

import redis
import structlog

log = structlog.get_logger()

KEY = "{shop:searches}:"  # both hashes in one slot of a cluster
MOST_TEXTS = 2000  # between two collections; further ones are not counted
KEPT = 2 * 24 * 3600  # seconds
ONCE = 3600  # seconds in which the same client's same search counts once
QUIET = 5.0  # seconds without an attempt after Redis did not answer
# One hash of times and one of products last found, by day and text.
_COUNT = """
if not redis.call('SET', KEYS[3], 1, 'NX', 'EX', ARGV[5]) then return 0 end
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

    def __init__(self, connection: redis.Redis, secret: str) -> None:
        """`secret` keeps whoever reads Redis from telling who searched for what."""
        self._redis = connection
        self._quiet_until = 0.0
        self._secret = secret

    def count(self, text: str, found: int, who: str) -> None:
        """Count one search for this text, which found so many products; nothing where there is no text.

        `who` asks stands for a client and can be of any form; the same client and text count once an hour.
        """
        if text:
            once = hashlib.blake2b(f"{who} {text}".encode(), key=self._secret.encode()[:64], digest_size=12).hexdigest()
            self._ask(_COUNT, [f"by:{once}"], f"{datetime.now(UTC):%Y-%m-%d} {text}", found, MOST_TEXTS, KEPT, ONCE)

    def take(self) -> list[tuple[date, str, int, int]]:
        """All that was counted, as (day, text, times, products last found); it is counted no more."""
        taken = self._ask(_TAKE, [])
        if not taken:
            return []
        times, found = (_as_dict(part) for part in taken)
        rows = []
        for field, count in times.items():
            day, _, text = field.partition(" ")
            rows.append((date.fromisoformat(day), text, int(count), int(found.get(field, "0"))))
        return rows

    def _ask(self, script: str, more_keys: list[str], *arguments: str | int) -> list[list[bytes]] | None:
        if time.monotonic() < self._quiet_until:
            return None
        try:
            keys = [f"{KEY}{name}" for name in ("times", "found", *more_keys)]
            return self._redis.eval(script, len(keys), *keys, *arguments)  # type: ignore[return-value]
        except redis.RedisError as error:
            self._quiet_until = time.monotonic() + QUIET
            log.info("searches_uncounted", error=type(error).__name__)
            return None


def _as_dict(flat: list[bytes]) -> dict[str, str]:
    words = [part.decode() for part in flat]
    return dict(zip(words[::2], words[1::2], strict=True))
