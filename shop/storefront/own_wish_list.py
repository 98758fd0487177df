"""Which wish list is the visitor's: a customer's, or the one whose key a guest's cookie holds."""

from __future__ import annotations

import re

from flask import Response, request
from flask_login import current_user

from shop.domain.wishlists.models import WishList
from shop.domain.wishlists.operations import KEEP_GUESTS
from shop.domain.wishlists.queries import find_wish_list_of, find_wish_list_with, saved_product_ids
from shop.extensions import settings

# Readable by the scripts that fill the number and the hearts: public pages are the same for everyone.
COUNT_COOKIE, HEARTS_COOKIE = "wish_count", "wished"
HEART_DIGITS = 6  # of a product's id, by which its heart is known
_key = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


def find_own_wish_list() -> WishList | None:
    """The visitor's list."""
    if current_user.is_authenticated:
        return find_wish_list_of(current_user.id)
    key = named_key()
    return find_wish_list_with(key) if key else None


def named_key() -> str:
    """The key in the guest's cookie; empty where there is none or it is no key."""
    named = request.cookies.get(cookie_name(), "")
    return named if _key.fullmatch(named) else ""


def heart_of(product_id: str) -> str:
    """By what the script knows a product's heart."""
    return product_id.removeprefix("prod_")[:HEART_DIGITS]


def remember_key(response: Response, key: str) -> Response:
    """Keep a guest's key for a year from the last change; a customer's list needs none."""
    if key:
        _keep(response, cookie_name(), key, is_readable=False)
    return response


def remember_saved(response: Response, wish_list: WishList | None) -> Response:
    """Keep the number on the link and which hearts are full; who never saved anything is given no cookie."""
    saved = saved_product_ids(wish_list) if wish_list else []
    if saved or COUNT_COOKIE in request.cookies:
        _keep(response, COUNT_COOKIE, str(len(saved)), is_readable=True)
        _keep(response, HEARTS_COOKIE, ".".join(map(heart_of, saved)), is_readable=True)
    return response


def forget_wish_list(response: Response) -> Response:
    """The list was joined or left behind: forget it, show no number and no full heart."""
    if cookie_name() in request.cookies:
        response.delete_cookie(cookie_name(), path="/", secure=settings.is_https, httponly=True, samesite="Lax")
    for name in (COUNT_COOKIE, HEARTS_COOKIE):
        if name in request.cookies:
            response.delete_cookie(name, path="/", secure=settings.is_https, samesite="Lax")
    return response


def cookie_name() -> str:
    """The name of the cookie with a guest's key; bound to this host where there is TLS."""
    return "__Host-wish-list" if settings.is_https else "wish-list"


def _keep(response: Response, name: str, text: str, *, is_readable: bool) -> None:
    response.set_cookie(
        name,
        text,
        max_age=int(KEEP_GUESTS.total_seconds()),
        path="/",
        secure=settings.is_https,
        httponly=not is_readable,
        samesite="Lax",
    )
