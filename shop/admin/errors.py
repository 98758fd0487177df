"""Errors as pages of the admin: one table of families, in plain words, with a way on."""

from __future__ import annotations

import structlog
from flask import Response, g, make_response, render_template, url_for
from flask_limiter import RateLimitExceeded
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from shop import errors
from shop.admin.rendering import navigation
from shop.db import cause_of, is_unreachable
from shop.edge import logged_path
from shop.errors import ShopError, Unauthenticated
from shop.extensions import seconds_until_free
from shop.htmx import go_to, is_htmx
from shop.redirects import asked_page
from shop.refusals import RETRY_AFTER, STALE_FORM, STATUS, answer_http, status_in, wait_in_words

log = structlog.get_logger("shop.admin")

ADMIN_STATUS = {**STATUS, errors.Unknown: 422}  # what a form names is a field of it
HEADINGS = {
    400: "That could not be read",
    403: "You may not do this",
    404: "Nothing is here",
    405: "That does not work here",
    409: "Something changed meanwhile",
    410: "No longer here",
    413: "That is too large",
    422: "This needs a small change",
    429: "Too many tries",
    500: "Something went wrong",
    503: "Back in a moment",
}
SENTENCES = {
    404: "There is no page of the admin at this address. It may have been deleted, or the link has a typing mistake.",
    405: "This address cannot be opened in this way. Start from the home page of the admin.",
    413: "What was sent is larger than the shop takes. Send less.",
    500: "It is in the log under the name below. Nothing was half saved. Try again in a moment.",
    503: "The database cannot be reached right now. Nothing is lost; try again in a moment.",
}


def status_of(error: ShopError) -> int:
    """The HTTP status of a refusal's family in the admin."""
    return status_in(ADMIN_STATUS, error)


def sign_in_address() -> str:
    """The staff's sign-in page, which leads back to the page that was asked for."""
    here = asked_page("")
    return url_for("admin_entry.show_sign_in", next=here) if here else url_for("admin_entry.show_sign_in")


def answer_error(error: Exception) -> Response:
    """Any error as a page of the admin."""
    if isinstance(error, Unauthenticated):
        return go_to(sign_in_address())
    if isinstance(error, ShopError):
        return _answer(status_of(error), error.message, [each.message for each in error.details], error.retry_after)
    if isinstance(error, CSRFError):
        return _answer(400, STALE_FORM)
    if isinstance(error, RateLimitExceeded):
        return _locked_out(seconds_until_free())
    if isinstance(error, HTTPException) and error.code != 500:
        return answer_http(error, _answer_code)
    if is_unreachable(error):
        log.warning("database_unreachable", error=cause_of(error))
        return _answer(503, SENTENCES[503], retry_after=RETRY_AFTER)
    log.error("unhandled_error", path=logged_path(), exc_info=error)
    return _answer(500, SENTENCES[500])


def _locked_out(seconds: int) -> Response:
    wait = wait_in_words(seconds)
    sentence = f"There were too many tries that failed. Signing in is locked for {wait}; then you can try again."
    return _answer(429, sentence, retry_after=seconds)


def _answer_code(code: int) -> Response:
    return _answer(code, SENTENCES.get(code, "This cannot be done in this way."))


def _answer(status: int, message: str, details: list[str] | None = None, retry_after: int | None = None) -> Response:
    context = {
        "status": status,
        "heading": HEADINGS.get(status, "That did not work"),
        "message": message,
        "details": [each for each in details or [] if each != message],
        "request_id": g.get("request_id", ""),
        "is_staff": False,
        "sections": [],
        "staff_name": "",
    }
    if is_htmx():
        return Response(f"{message}\n", status, mimetype="text/plain")
    if status < 500:
        context |= _for_staff()
    response = make_response(render_template("admin/error.html", **context), status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _for_staff() -> dict[str, object]:
    """The navigation around the error, where there is somebody to use it."""
    try:
        if not (current_user.is_authenticated and current_user.is_staff):
            return {}
        return {
            "is_staff": True,
            "sections": list(navigation()),
            "staff_name": current_user.first_name or current_user.email,
        }
    except (SQLAlchemyError, RuntimeError):  # the database is away, or the address has no session
        return {}
