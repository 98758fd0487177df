"""What both faces of HTML share about refusals: the status of each family, the limits of signing in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Response, make_response
from werkzeug.exceptions import HTTPException

from shop import errors
from shop.errors import ShopError

F = TypeVar("F", bound=Callable[..., Any])

STATUS: Mapping[type[ShopError], int] = {
    errors.NotFound: 404,
    errors.Unknown: 400,
    errors.Invalid: 422,
    errors.Malformed: 400,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.PaymentRefused: 402,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}
RETRY_AFTER = 30  # seconds, where nothing says when it will be better
STALE_FORM = "This page was open for too long. Go back, reload the page and try again."


def status_of(error: ShopError) -> int:
    """The HTTP status of a refusal's family."""
    return status_in(STATUS, error)


def status_in(table: Mapping[type[ShopError], int], error: ShopError) -> int:
    """The status that a table of families has for a refusal."""
    return next(table[family] for family in type(error).__mro__ if family in table)


def answer_http(error: HTTPException, page: Callable[[int], Response]) -> Response:
    """Werkzeug's own: redirects stay as they are, refusals become pages and keep their headers (Allow and the like)."""
    if error.code is None or error.code < 400 or error.response is not None:
        return make_response(error.get_response())
    response = page(error.code)
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response
