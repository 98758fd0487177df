"""Limits that the storefront and the API count together, and how they say what is limited."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from flask import Response, g, request
from flask_limiter import RateLimitExceeded
from flask_limiter.util import get_remote_address

from shop.domain.promotions.queries import UnknownCode
from shop.extensions import limiter, settings

F = TypeVar("F", bound=Callable[..., Any])

SIGN_IN = "sign in"  # the scope in which failed sign-ins are counted, whichever door they were tried at
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


def limit_sign_in(view: F) -> F:
    """Limit tries that fail: of one account from one address, and of one address; all doors count together."""
    by_account = limiter.shared_limit(
        lambda: settings.ratelimit_sign_in, SIGN_IN, key_func=_address_and_email, deduct_when=_has_failed
    )
    by_address = limiter.shared_limit(lambda: settings.ratelimit_sign_in_per_address, SIGN_IN, deduct_when=_has_failed)
    limited: F = by_account(by_address(view))
    return limited


def _address_and_email() -> str:
    sent = request.get_json(silent=True) if request.is_json else request.form
    email = sent.get("email", "") if isinstance(sent, Mapping) else ""
    return f"{get_remote_address()} {str(email).strip().lower()[:254]}"


def _has_failed(response: Response) -> bool:
    return response.status_code == 401


def what_is_limited(error: RateLimitExceeded) -> str:
    """The sentence of a limit that has one of its own; empty for others."""
    return str(error.limit.error_message or "")
