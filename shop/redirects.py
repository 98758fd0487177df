"""Where to go after signing in: only ever to an address of this shop (reliability.md D47)."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from flask import request

LONGEST = 500
_own_path = re.compile(r"/(?!/)[!-\[\]-~]*", re.ASCII)  # printable ASCII but the backslash


def safe_next(wanted: str | None, otherwise: str) -> str:
    """The wanted address when it is a path of this shop, else the other one."""
    if not wanted or len(wanted) > LONGEST or not _own_path.fullmatch(wanted):
        return otherwise
    parts = urlsplit(wanted)
    return otherwise if parts.scheme or parts.netloc else wanted


def asked_page(otherwise: str) -> str | None:
    """The page that is being asked for, to come back to after signing in; None where a form was sent."""
    if request.method != "GET":
        return None
    return safe_next(request.full_path if request.query_string else request.path, otherwise)
