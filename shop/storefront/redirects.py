"""Sending visitors on: after signing in only ever to an address of this shop (D47), and from former addresses."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import redirect, request, url_for
from werkzeug import Response

LONGEST = 500
_own_path = re.compile(r"/(?!/)[!-\[\]-~]*", re.ASCII)  # printable ASCII but the backslash


def safe_next(wanted: str | None, otherwise: str) -> str:
    """The wanted address when it is a path of this shop, else the other one."""
    if not wanted or len(wanted) > LONGEST or not _own_path.fullmatch(wanted):
        return otherwise
    parts = urlsplit(wanted)
    return otherwise if parts.scheme or parts.netloc else wanted


def sign_in_address() -> str:
    """The sign-in page, which leads back to the page that was asked for."""
    if request.method != "GET":
        return url_for("account.show_sign_in")
    here = request.full_path if request.query_string else request.path
    return url_for("account.show_sign_in", next=safe_next(here, url_for("account.show_account")))


def moved_permanently(endpoint: str, **values: str) -> Response:
    """301 to where the thing is now, with the rest of what was asked for."""
    query = request.query_string.decode("latin-1")
    return redirect(url_for(endpoint, **values) + (f"?{query}" if query else ""), 301)
