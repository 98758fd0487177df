"""Which cart is the visitor's: a customer's open one, or the one that a guest's cookie names."""

from __future__ import annotations

import re
from typing import Any

from flask import Response, request
from flask_login import current_user

from shop.db import transaction_time
from shop.domain.carts.models import Cart
from shop.domain.carts.queries import find_last_cart_of, find_open_cart_of, get_cart, has_ended, price_cart
from shop.domain.terms import CART_DAYS
from shop.errors import NotFound
from shop.extensions import settings, terms
from shop.policies import current_shopper

COUNT_COOKIE = "cart_count"  # readable by the script that fills the badge: public pages are the same for everyone
_cart_id = re.compile(r"cart_[A-Za-z0-9]{1,40}", re.ASCII)


def find_own_cart() -> Cart | None:
    """The visitor's open cart."""
    if not current_user.is_authenticated:
        return find_open_cart(named_cart_id())
    cart = find_open_cart_of(current_user.id)
    return cart if cart and _is_open(cart) else None


def named_cart_id() -> str:
    """The id in the guest's cookie; empty where there is none or it is no id."""
    named = request.cookies.get(cookie_name(), "")
    return named if _cart_id.fullmatch(named) else ""


def find_open_cart(public_id: str) -> Cart | None:
    """The open cart of this id, if the visitor may have it."""
    if not _cart_id.fullmatch(public_id):
        return None
    try:
        cart = get_cart(public_id, current_shopper())
    except NotFound:
        return None
    return cart if _is_open(cart) else None


def find_ended_cart() -> Cart | None:
    """The visitor's cart that was left for too long, where that is their last one and something was in it."""
    cart = find_last_cart_of(current_user.id) if current_user.is_authenticated else _find_named_cart()
    return cart if cart and has_ended(cart) and price_cart(cart, terms).lines else None


def _find_named_cart() -> Cart | None:
    try:
        return get_cart(named_cart_id(), current_shopper())
    except NotFound:
        return None


def _is_open(cart: Cart) -> bool:
    return cart.status == "open" and cart.expires_at > transaction_time()


def remember_cart(response: Response, public_id: str, item_count: int) -> Response:
    """Keep a guest's cart for 30 days, and how many items the badge shows."""
    if not current_user.is_authenticated:
        response.set_cookie(cookie_name(), public_id, httponly=True, **_kept())
    return remember_count(response, item_count)


def remember_count(response: Response, item_count: int) -> Response:
    """Keep how many items the badge shows; who never had one is given no cookie."""
    if not item_count and COUNT_COOKIE not in request.cookies:
        return response
    response.set_cookie(COUNT_COOKIE, str(item_count), **_kept())
    return response


def forget_cart(response: Response) -> Response:
    """The cart is ordered, joined or left behind: forget it and show no number."""
    response.delete_cookie(cookie_name(), path="/", secure=settings.is_https, httponly=True, samesite="Lax")
    return remember_count(response, 0)


def cookie_name() -> str:
    """The name of the cookie with a guest's cart; bound to this host where there is TLS."""
    return "__Host-cart" if settings.is_https else "cart"


def _kept() -> dict[str, Any]:
    return {"max_age": CART_DAYS * 24 * 3600, "path": "/", "secure": settings.is_https, "samesite": "Lax"}
