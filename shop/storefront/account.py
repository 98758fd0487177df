"""Signing in and out, and the customer's own page."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_limiter.util import get_remote_address
from flask_login import current_user, login_user, logout_user
from pydantic import Field

from shop.domain.carts.operations import join_carts
from shop.domain.carts.queries import price_cart
from shop.domain.customers.operations import Credentials, authenticate
from shop.domain.inputs import Input, read_form, read_query
from shop.domain.orders.queries import list_orders_of
from shop.errors import Invalid, Unauthenticated
from shop.extensions import SIGN_IN, limiter, settings, terms
from shop.policies import current_shopper, policy
from shop.storefront.errors import status_of
from shop.storefront.filled import FilledForm
from shop.storefront.htmx import go_to
from shop.storefront.orders import STATUS_WORDS
from shop.storefront.own_cart import forget_cart, named_cart_id, remember_count
from shop.storefront.redirects import safe_next
from shop.storefront.rendering import render_page

blueprint = Blueprint("account", __name__)

ORDERS_PER_PAGE = 20


class AccountQuery(Input):
    """How the account page's address is written."""

    page: int = Field(default=1, ge=1, le=100_000)


@blueprint.get("/sign-in")
@policy("guest")
def show_sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return go_to(_wanted_page())
    return render_page("account/sign_in.html", form=FilledForm(), next_page=_wanted_page())


def _address_and_email() -> str:
    return f"{get_remote_address()} {request.form.get('email', '').strip().lower()[:254]}"


def _has_failed(response: Response) -> bool:
    return response.status_code == 401


@blueprint.post("/sign-in")
@limiter.shared_limit(lambda: settings.ratelimit_sign_in, SIGN_IN, key_func=_address_and_email, deduct_when=_has_failed)
@limiter.shared_limit(lambda: settings.ratelimit_sign_in_per_address, SIGN_IN, deduct_when=_has_failed)
@policy("guest")
def sign_in() -> ResponseReturnValue:
    try:
        user = authenticate(read_form(Credentials, request.form.items()))
    except (Invalid, Unauthenticated) as refusal:
        form = FilledForm.refused({"email": request.form.get("email", "")}, refusal)
        return render_page("account/sign_in.html", form=form, next_page=_wanted_page()), status_of(refusal)
    session.renew()  # type: ignore[attr-defined]
    login_user(user)
    session["is_staff"] = user.is_staff
    own = join_carts(named_cart_id(), current_shopper(), terms)
    count = price_cart(own, terms).item_count
    return remember_count(forget_cart(go_to(_wanted_page())), count)


@blueprint.post("/sign-out")
@policy("guest")
def sign_out() -> ResponseReturnValue:
    logout_user()
    session.clear()
    session.renew()  # type: ignore[attr-defined]
    return forget_cart(go_to(url_for("catalog.home")))


@blueprint.get("/account")
@policy("customer")
def show_account() -> ResponseReturnValue:
    asked = read_query(AccountQuery, request.args)
    orders, total = list_orders_of(current_user.id, asked.page, ORDERS_PER_PAGE)
    total_pages = -(-total // ORDERS_PER_PAGE)
    return make_response(
        render_page(
            "account/account.html",
            orders=orders,
            page=asked.page,
            status_words=STATUS_WORDS,
            total_pages=total_pages,
            user=current_user,
        )
    )


def _wanted_page() -> str:
    return safe_next(request.values.get("next"), url_for("account.show_account"))
