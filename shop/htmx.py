"""Telling HTMX's requests from a browser's own, and answering each with what it can use."""

from __future__ import annotations

from flask import Response, make_response, redirect, request
from flask.typing import ResponseReturnValue

VARY = ("HX-Request", "HX-Request-Type")


def is_htmx() -> bool:
    """Whether HTMX sent the request."""
    return request.headers.get("HX-Request") == "true"


def is_partial() -> bool:
    """Whether HTMX asks for a piece of the page rather than the whole."""
    return is_htmx() and request.headers.get("HX-Request-Type") == "partial"


def vary_by_htmx(answer: ResponseReturnValue) -> Response:
    """Say that this address has a page and a piece, so that a cache keeps them apart."""
    response = make_response(answer)
    response.vary.update(VARY)
    return response


def go_to(address: str) -> Response:
    """Send the browser to another page: 303, or HTMX's own way of it."""
    if not is_htmx():
        return make_response(redirect(address, 303))
    response = make_response("", 204)
    response.headers["HX-Redirect"] = address
    return response
