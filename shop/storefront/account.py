"""Signing in and out, and the customer's own page."""

from __future__ import annotations

from flask import Blueprint, make_response, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user
from pydantic import Field

from shop.domain.carts.operations import join_carts
from shop.domain.carts.queries import price_cart
from shop.domain.customers.models import User
from shop.domain.customers.operations import Credentials, authenticate
from shop.domain.inputs import Input, read_form, read_query
from shop.domain.orders.queries import list_orders_of
from shop.domain.wishlists.models import WishList
from shop.domain.wishlists.operations import join_wish_lists
from shop.domain.wishlists.queries import find_wish_list_of
from shop.errors import Invalid, NotFound, Unauthenticated
from shop.extensions import terms
from shop.filled import FilledForm
from shop.htmx import go_to
from shop.limits import limit_sign_in
from shop.policies import current_shopper, policy
from shop.redirects import safe_next
from shop.refusals import status_of
from shop.storefront.orders import STATUS_WORDS
from shop.storefront.own_cart import forget_cart, named_cart_id, remember_count
from shop.storefront.own_wish_list import forget_wish_list, named_key, remember_saved
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
    is_changed = "changed" in request.args
    return render_page("account/sign_in.html", form=FilledForm(), next_page=_wanted_page(), is_changed=is_changed)


@blueprint.post("/sign-in")
@limit_sign_in
@policy("guest")
def sign_in() -> ResponseReturnValue:
    try:
        user = authenticate(read_form(Credentials, request.form.items()))
    except (Invalid, Unauthenticated) as refusal:
        form = FilledForm.refused({"email": request.form.get("email", "")}, refusal)
        page = render_page("account/sign_in.html", form=form, next_page=_wanted_page(), is_changed=False)
        return page, status_of(refusal)
    return enter(user, _wanted_page())


def enter(user: User, page: str) -> ResponseReturnValue:
    """Begin the user's session, let the guest's cart and wish list join theirs, and go to a page."""
    session.renew()  # type: ignore[attr-defined]
    login_user(user)
    session["is_staff"] = user.is_staff
    own = join_carts(named_cart_id(), current_shopper(), terms)
    count = price_cart(own, terms).item_count
    wishes = _join_wish_lists()
    response = remember_count(forget_cart(go_to(page)), count)
    return remember_saved(forget_wish_list(response), wishes)


def _join_wish_lists() -> WishList | None:
    try:
        return join_wish_lists(named_key(), current_shopper())
    except NotFound:  # joined a moment ago, in another tab
        return find_wish_list_of(current_user.id)


@blueprint.post("/sign-out")
@policy("guest")
def sign_out() -> ResponseReturnValue:
    logout_user()
    session.clear()
    session.renew()  # type: ignore[attr-defined]
    return forget_wish_list(forget_cart(go_to(url_for("catalog.home"))))


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
