"""Where to go after signing in: only ever to an address of this shop (reliability.md D47)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import request, url_for

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
