"""Errors as pages: one table of families, plain words, the right status; toasts for HTMX."""

from __future__ import annotations

import structlog
from flask import Response, g, make_response, render_template, request, url_for
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from shop import errors
from shop.db import cause_of, is_unreachable
from shop.domain.catalog.queries import find_archived_product, list_categories
from shop.domain.related import list_related
from shop.edge import logged_path
from shop.errors import ShopError, TooMany, Unauthenticated, Unavailable
from shop.extensions import seconds_until_free
from shop.htmx import go_to, is_htmx
from shop.refusals import RETRY_AFTER, STALE_FORM, answer_http, status_of, wait_in_words
from shop.storefront.offers import Card, card_of
from shop.storefront.redirects import sign_in_address
from shop.storefront.rendering import render_page, render_plain_page

log = structlog.get_logger("shop.storefront")

HEADINGS = {
    400: "We could not read that",
    403: "That was refused",
    404: "Page not found",
    405: "That does not work here",
    409: "Something changed meanwhile",
    410: "No longer here",
    413: "That is too large",
    422: "This address needs a small change",
    429: "Too many tries",
    500: "Something went wrong on our side",
    503: "Back in a moment",
}
SENTENCES = {
    404: "There is no page at this address. It may have moved, or the link may have a typing mistake.",
    405: "This address cannot be opened in this way. Start from the home page.",
    413: "What was sent is larger than this shop takes. Send less.",
    500: "We have been told about it. Nothing you ordered is lost. Try again in a moment.",
    503: "The shop cannot answer right now. Nothing you did is lost: your cart and your orders are safe.",
}
RELATED = 4  # as many as fill a row


def answer_error(error: Exception) -> Response:
    """Any error as a page, or as a toast where HTMX asked."""
    if isinstance(error, Unauthenticated):
        return go_to(sign_in_address())
    if isinstance(error, ShopError):
        return _answer(status_of(error), error.message, _details_of(error), error.retry_after)
    if isinstance(error, CSRFError):
        return _answer(400, STALE_FORM)
    if isinstance(error, RateLimitExceeded):
        return answer_error(_too_many())
    if isinstance(error, HTTPException) and error.code != 500:
        return answer_http(error, _answer_code)
    if is_unreachable(error):
        log.warning("database_unreachable", error=cause_of(error))
        return answer_error(Unavailable(SENTENCES[503], retry_after=RETRY_AFTER))
    log.error("unhandled_error", path=logged_path(), exc_info=error)
    return _answer(500, SENTENCES[500])


def _details_of(error: ShopError) -> list[str]:
    """What is wrong, each in a sentence; of an address, with the name of its part."""
    if request.method == "GET" and isinstance(error, errors.Invalid):
        return [f"{detail.field.capitalize()}: {detail.message}" for detail in error.details]
    return [detail.message for detail in error.details]


def _too_many() -> TooMany:
    """The limit that was reached, with the seconds until it ends."""
    seconds = seconds_until_free()
    wait = wait_in_words(seconds)
    return TooMany(f"That was tried too often in a short time. Wait {wait} and try again.", (), seconds)


def _answer_code(code: int) -> Response:
    return _answer(code, SENTENCES.get(code, "This cannot be done in this way."))


def _answer(status: int, message: str, details: list[str] | None = None, retry_after: int | None = None) -> Response:
    context = {
        "details": [detail for detail in details or [] if detail != message],
        "heading": HEADINGS.get(status, "That did not work"),
        "is_order": request.blueprint == "orders",
        "message": message,
        "request_id": g.get("request_id", ""),
        "status": status,
    }
    if is_htmx():
        response = make_response(render_template("components/_toast.html", **context), status)
        response.headers["HX-Retarget"] = "#toasts"
        response.headers["HX-Reswap"] = "innerHTML"
    else:
        response = make_response(_page(status, context), status)
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def _page(status: int, context: dict[str, object]) -> str:
    if status not in {404, 410}:
        return render_plain_page("errors/error.html", start=_start(status), **context)
    slug = (request.view_args or {}).get("slug", "")
    context |= {"cards": [], "looked_for": slug.replace("-", " ")}
    try:
        if status == 410:
            context["cards"] = _cards_instead(slug)
        return render_page("errors/not_found.html", categories=list_categories(), **context)
    except SQLAlchemyError:
        return render_plain_page("errors/not_found.html", **context | {"cards": []})


def _cards_instead(slug: str) -> list[Card]:
    """What is sold now in place of a product that is not sold any more."""
    gone = find_archived_product(slug)
    return [card_of(product) for product in list_related(gone, limit=RELATED)] if gone else []


def _start(status: int) -> str:
    """Where to go on: a listing without what could not be read of its address, else the home page."""
    return request.path if status == 422 and request.method == "GET" else url_for("catalog.home")
