"""The way to the sign-in page and back."""

from __future__ import annotations

from flask import url_for

from shop.redirects import asked_page, safe_next

__all__ = ["safe_next", "sign_in_address"]


def sign_in_address() -> str:
    """The sign-in page, which leads back to the page that was asked for."""
    here = asked_page(url_for("account.show_account"))
    return url_for("account.show_sign_in", next=here) if here else url_for("account.show_sign_in")
