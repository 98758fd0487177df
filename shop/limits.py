"""Limits that the storefront and the API count together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response

from shop.extensions import limiter, settings

F = TypeVar("F", bound=Callable[..., Any])


def limit_codes(view: F) -> F:
    """Limit tries of discount codes that came to nothing, of one address: codes cannot be guessed (S07)."""
    limit = limiter.shared_limit(lambda: settings.ratelimit_codes, "discount codes", deduct_when=_was_refused)
    limited: F = limit(view)
    return limited


def _was_refused(response: Response) -> bool:
    return response.status_code in {400, 410}
