"""Passwords: argon2id at OWASP's minimum, two at once, and the same work for an unknown account (D38)."""

from __future__ import annotations

import functools
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, 2 passes, 1 lane.
hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_at_once = threading.Semaphore(2)


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    with _at_once:
        return hasher.hash(password)


def password_matches(stored_hash: str | None, password: str) -> bool:
    """Whether the password is the one; costs the same when there is no account (`stored_hash` None)."""
    with _at_once:
        try:
            return hasher.verify(stored_hash or _nobody(), password) and stored_hash is not None
        except (VerificationError, InvalidHashError):
            return False


@functools.cache
def _nobody() -> str:
    return hasher.hash("nobody has this password")
