"""Sending visitors on: to the sign-in page and back (D47), and from former addresses."""

from __future__ import annotations

from flask import redirect, request, url_for
from werkzeug import Response

from shop.redirects import asked_page, safe_next

__all__ = ["moved_permanently", "safe_next", "sign_in_address"]


def sign_in_address() -> str:
    """The sign-in page, which leads back to the page that was asked for."""
    here = asked_page(url_for("account.show_account"))
    return url_for("account.show_sign_in", next=here) if here else url_for("account.show_sign_in")


def moved_permanently(endpoint: str, **values: str) -> Response:
    """301 to where the thing is now, with the rest of what was asked for."""
    query = request.query_string.decode("latin-1")
    return redirect(url_for(endpoint, **values) + (f"?{query}" if query else ""), 301)
