"""Errors as JSON: the one table of families and statuses of this face, and the error envelope of api.md."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from flask import Response, g, request
from flask_limiter.errors import RateLimitExceeded
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException

from shop.api.schemas import ErrorAnswer, ErrorBody, ErrorDetail
from shop.db import cause_of, is_unreachable
from shop.errors import (
    Conflict,
    Detail,
    Forbidden,
    Gone,
    Invalid,
    Malformed,
    NotFound,
    PaymentRefused,
    ShopError,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unknown,
)
from shop.extensions import seconds_until_free

log = structlog.get_logger()

STATUSES: dict[type[ShopError], int] = {
    Malformed: 400,
    Unknown: 400,
    Unauthenticated: 401,
    PaymentRefused: 402,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    Gone: 410,
    Invalid: 422,
    TooMany: 429,
    Unavailable: 503,
}
HTTP_CODES = {
    400: ("VALIDATION_ERROR", "The request cannot be read. Check its address and body."),
    404: ("RESOURCE_NOT_FOUND", "There is nothing at this path. The paths are in /api/v1/openapi.json."),
    405: ("METHOD_NOT_ALLOWED", "This path takes another method; see the Allow header."),
    408: ("VALIDATION_ERROR", "The request came too slowly. Send it again."),
    413: ("PAYLOAD_TOO_LARGE", "The body is larger than 1 MB. Send less at a time."),
    415: ("UNSUPPORTED_MEDIA_TYPE", "Send the body as JSON with the header Content-Type: application/json."),
    429: ("RATE_LIMITED", "Too many requests. Wait as long as Retry-After says."),
}


def status_of(error: ShopError) -> int:
    """The status of an error's family."""
    return next(status for family, status in STATUSES.items() if isinstance(error, family))


def answer_error(error: Exception) -> Response:
    """Turn anything that was raised into the error envelope; what is not named here is a bug, answered with 500."""
    if isinstance(error, ShopError):
        response = envelope(status_of(error), error.code, error.message, error.details)
        if error.retry_after is not None or isinstance(error, Unavailable | TooMany):
            response.headers["Retry-After"] = str(error.retry_after or 2)
        if isinstance(error, Unauthenticated):
            response.headers["WWW-Authenticate"] = 'Bearer realm="shop", error="invalid_token"'
        return response
    if isinstance(error, RateLimitExceeded):
        response = envelope(429, *HTTP_CODES[429])
        response.headers["Retry-After"] = str(seconds_until_free())
        return response
    if isinstance(error, HTTPException):
        return _answer_http(error)
    if isinstance(error, SQLAlchemyError) and is_unreachable(error):
        log.error("database_unreachable", error=cause_of(error))
        response = envelope(503, "SERVICE_UNAVAILABLE", "The shop cannot answer now. Try again in a few seconds.")
        response.headers["Retry-After"] = "5"
        return response
    log.exception("unexpected_error")
    return envelope(500, "INTERNAL_ERROR", "Something went wrong here. Quote the requestId when you ask about it.")


def _answer_http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return Response(error.get_response())
    code, message = HTTP_CODES.get(status, ("VALIDATION_ERROR" if status < 500 else "INTERNAL_ERROR", error.name))
    response = envelope(status, code, message)
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def envelope(status: int, code: str, message: str, details: list[Detail] | tuple[()] = ()) -> Response:
    """The error answer of api.md."""
    body = ErrorAnswer(
        error=ErrorBody(
            code=code,
            message=message,
            details=[
                ErrorDetail(field=d.field, message=d.message, available=d.available, order_id=d.order_id)
                for d in details
            ],
            request_id=g.get("request_id", ""),
            status=status,
            path=request.path,
            method=request.method,
            timestamp=datetime.now(UTC),
        )
    )
    text = body.model_dump_json(by_alias=True, exclude_none=True)
    return Response(text, status, mimetype="application/json")
