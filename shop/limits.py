"""Limits that the storefront and the API count together, and how they say what is limited."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from flask import Response, g
from flask_limiter import RateLimitExceeded

from shop.domain.promotions.queries import UnknownCode
from shop.extensions import limiter, settings

F = TypeVar("F", bound=Callable[..., Any])

TOO_MANY_CODES = "Too many discount codes that do not exist were tried from your connection."


def limit_codes(view: F) -> F:
    """Limit the tries of codes that do not exist, of one address: codes cannot be guessed (S07).

    The view tries a code within `counting_guesses`.
    """
    limit = limiter.shared_limit(
        lambda: settings.ratelimit_codes, "discount codes", deduct_when=_was_guess, error_message=TOO_MANY_CODES
    )
    limited: F = limit(view)
    return limited


@contextmanager
def counting_guesses() -> Iterator[None]:
    """Whatever is refused here because there is no such code counts as a guess."""
    try:
        yield
    except UnknownCode:
        g.was_guess = True
        raise


def _was_guess(response: Response) -> bool:
    return bool(g.get("was_guess"))


def what_is_limited(error: RateLimitExceeded) -> str:
    """The sentence of a limit that has one of its own; empty for others."""
    return str(error.limit.error_message or "")
