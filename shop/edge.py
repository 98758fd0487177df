"""The web edge: what every request passes before and after its view (reliability.md D41-D43).

Order: host allow-list (Flask's TRUSTED_HOSTS), size limits, request id, origin, session and user, policy, body.
"""

from __future__ import annotations

import re
import secrets
import time
from contextlib import suppress
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, abort, g, request

from shop.errors import Forbidden, Malformed
from shop.extensions import csrf, settings
from shop.patience import be_patient_for, take_time
from shop.policies import current_policy, enforce_policy

log = structlog.get_logger("shop.request")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
PUBLIC_CACHE = "public, max-age=0, s-maxage=5, stale-while-revalidate=30"
SECRET_PATHS = ("/reviews/", "/wish-lists/")  # whoever knows the rest may act; nginx.conf masks the same
WAITS = 11.0  # seconds of a request's 15 for neighbours in all (reliability.md D44); the rest is the database's
MOST_BODY = 51 * 1024 * 1024  # bytes; nginx.conf sends none that is larger
SPECULATION_RULES = '"/speculation-rules.json"'  # what the browser may fetch ahead (storefront/browsers.py)
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        "connect-src 'self'; form-action 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-XSS-Protection": "0",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


def guard(app: Flask) -> None:
    """Put the hooks around every request, in their order."""
    for hook in (start_request, refuse_control_characters, check_origin, enforce_policy, check_form_token):
        app.before_request(hook)
    for finish in (take_the_rest, log_request, add_headers):  # Flask runs these in reverse
        app.after_request(finish)
    app.teardown_request(lambda _error: take_time())


def start_request() -> None:
    """Name the request, and let every log line and every event of it carry the name."""
    g.started = time.perf_counter()
    be_patient_for(WAITS)
    sent = request.headers.get("X-Request-ID", "")
    g.request_id = sent if REQUEST_ID.fullmatch(sent) else secrets.token_hex(12)
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def refuse_control_characters() -> None:
    """No address of the shop holds a NUL byte, and no database takes one."""
    if "\x00" in request.path:
        abort(404)
    if any("\x00" in value for values in request.args.lists() for value in (values[0], *values[1])):
        raise Malformed("This address holds a character that no address of this shop has. Open the page anew.")


def check_origin() -> None:
    """Every unsafe browser request comes from our own pages. Raises Forbidden (architecture.md, CSRF)."""
    if request.method in SAFE or _is_api():
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site == "same-origin" or (site is None and origin is not None and origin == _own_origin()):
        return
    raise Forbidden("This form was not sent from a page of this shop. Open the page again and retry.")


def _own_origin() -> str:
    base = urlsplit(settings.public_base_url)
    return f"{base.scheme}://{base.netloc}"


def _is_api() -> bool:
    return request.path.startswith(("/api/", "/webhooks/"))


def check_form_token() -> None:
    """Forms of private pages carry Flask-WTF's token, kept in the session row."""
    declared = current_policy()
    if request.method in SAFE or declared is None or _is_api():
        return
    if declared.max_body is not None:  # by now it is known that the caller may upload
        request.max_content_length = declared.max_body
    if declared.form_token and declared.kind not in {"public", "machine"}:
        csrf.protect()


def add_headers(response: Response) -> Response:
    """Security headers on everything; caching by policy: public views may be kept, everything else never."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if settings.is_https:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    declared = current_policy()
    is_public = declared is not None and declared.kind == "public"
    if is_public and request.method in SAFE and response.status_code in {200, 304}:
        response.headers.setdefault("Cache-Control", PUBLIC_CACHE)
        if response.mimetype == "text/html":
            response.headers["Speculation-Rules"] = SPECULATION_RULES
        if not response.is_streamed:
            response.add_etag()
            response.make_conditional(request)
        return response
    if request.endpoint == "static" and response.status_code == 200:
        kept = "public, max-age=31536000, immutable" if "v" in request.args else "public, max-age=300"
        response.headers["Cache-Control"] = kept
        return response
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store" if _is_api() else "private, no-store"
    response.headers["X-Request-ID"] = g.get("request_id", "")
    return response


def take_the_rest(response: Response) -> Response:
    """Read what a refusal left of the body: else the socket is reset, and the proxy never reads the answer."""
    if request.method not in SAFE and 0 < (request.content_length or 0) <= MOST_BODY:
        with suppress(OSError):  # whoever is gone needs no answer
            while request.environ["wsgi.input"].read(64 * 1024):
                pass
    return response


def logged_path() -> str:
    """The path for a log: where it bears a token, only what it is the path of."""
    if request.path.startswith(SECRET_PATHS):
        return request.url_rule.rule if request.url_rule else request.path.split("/")[1]
    return request.path[:200]


def log_request(response: Response) -> Response:
    """One line a request: no query, no body, no person."""
    fields = {
        "method": request.method,
        "path": logged_path(),
        "endpoint": request.endpoint,
        "status": response.status_code,
        "ms": round((time.perf_counter() - g.get("started", time.perf_counter())) * 1000, 1),
    }
    if "user_public_id" in g:  # nobody is looked up for a line of the log: the database may be away by now
        fields["user"] = g.user_public_id
    log.info("request", **fields)
    return response
