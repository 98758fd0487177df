"""The cart: adding from a product's page, and the cart's own page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop.domain.carts.operations import (
    AddToCart,
    ChangeQuantity,
    acknowledge_prices,
    add_to_cart,
    add_to_new_cart,
    change_quantity,
    remove_from_cart,
)
from shop.domain.carts.queries import PricedCart, get_cart, price_cart
from shop.domain.catalog.queries import get_product
from shop.domain.inputs import Input, PublicId, read_form
from shop.errors import CartOrdered, Detail, Gone, Invalid, NotFound, OutOfStock, ShopError
from shop.extensions import terms
from shop.policies import current_shopper, policy
from shop.storefront.catalog import render_product
from shop.storefront.errors import status_of
from shop.storefront.htmx import go_to, is_partial
from shop.storefront.offers import choose
from shop.storefront.own_cart import find_own_cart, remember_cart, remember_count
from shop.storefront.rendering import render_page

blueprint = Blueprint("cart", __name__)


class ProductChoice(Input):
    """The product whose options a form names."""

    product_id: PublicId


# -- adding: the form stands on a public page, so it carries no token; its origin defends it ---------------------------


@blueprint.post("/cart/items")
@policy("guest", form_token=False)
def add_item() -> ResponseReturnValue:
    try:
        wanted = _read_wanted()
        cart_id = _add_to_own_cart(wanted)
    except (Invalid, OutOfStock) as refusal:
        return _refuse_to_add(refusal)
    priced = price_cart(get_cart(cart_id, current_shopper()), terms)
    if not is_partial():
        return remember_cart(go_to(url_for("cart.show_cart")), cart_id, priced.item_count)
    line = next(line for line in priced.lines if line.variant.public_id == wanted.variant_id)
    added = render_template("cart/_added.html", line=line, priced=priced, quantity=wanted.quantity)
    return remember_cart(make_response(added), cart_id, priced.item_count)


def _read_wanted() -> AddToCart:
    """What the form asks for. Where it names option values rather than a variant, the variant that has them."""
    fields = dict(request.form.items())
    if "variantId" not in fields and "o1" in fields:
        product = get_product(read_form(ProductChoice, fields.items()).product_id)
        variant = choose(product, fields).variant
        if variant is None:
            message = "This combination is not offered. Choose another."
            raise Invalid(message, [Detail("variantId", message)])
        fields["variantId"] = variant.public_id
    return read_form(AddToCart, fields.items())


def _add_to_own_cart(wanted: AddToCart) -> str:
    """Add to the visitor's cart, or to a new one where there is none or it has ended; returns its id."""
    actor, own = current_shopper(), find_own_cart()
    if own is not None:
        cart_id = own.public_id
        try:
            add_to_cart(cart_id, wanted, actor)
            return cart_id
        except (NotFound, Gone, CartOrdered):
            pass  # it was ordered or ended a moment ago
    return add_to_new_cart(wanted, actor, terms).public_id


def _refuse_to_add(refusal: ShopError) -> ResponseReturnValue:
    sentence = refusal.details[0].message if refusal.details else refusal.message
    if is_partial():
        return render_template("cart/_not_added.html", refusal=sentence), status_of(refusal)
    product = get_product(read_form(ProductChoice, request.form.items()).product_id)
    quantity = request.form.get("quantity", "")
    page = render_product(product, choose(product, request.form), quantity=quantity, refusal=sentence)
    return page, status_of(refusal)


# -- the cart's own page -----------------------------------------------------------------------------------------------


@blueprint.get("/cart")
@policy("guest")
def show_cart() -> ResponseReturnValue:
    own = find_own_cart()
    priced = price_cart(own, terms) if own else None
    page = render_page("cart/cart.html", priced=priced, mistakes={}, message="", changed="")
    return remember_count(make_response(page), priced.item_count if priced else 0)


@blueprint.post("/cart/items/<item_id>")
@policy("guest")
def change_item(item_id: str) -> ResponseReturnValue:
    cart_id = _get_own_cart_id()
    try:
        change_quantity(cart_id, item_id, read_form(ChangeQuantity, request.form.items()), current_shopper())
    except (Invalid, OutOfStock) as refusal:
        sentence = refusal.details[0].message if refusal.details else refusal.message
        return _show_changed(cart_id, mistakes={item_id: sentence}, status=status_of(refusal), changed=item_id)
    except NotFound as refusal:
        return _show_changed(cart_id, message=refusal.message, status=404)
    return _show_changed(cart_id, changed=item_id)


@blueprint.post("/cart/items/<item_id>/removal")
@policy("guest")
def remove_item(item_id: str) -> ResponseReturnValue:
    cart_id = _get_own_cart_id()
    try:
        remove_from_cart(cart_id, item_id, current_shopper())
    except NotFound as refusal:
        return _show_changed(cart_id, message=refusal.message, status=404)
    return _show_changed(cart_id, changed="removed")


@blueprint.post("/cart/acknowledgement")
@policy("guest")
def acknowledge() -> ResponseReturnValue:
    cart_id = _get_own_cart_id()
    acknowledge_prices(cart_id, current_shopper())
    return _show_changed(cart_id, changed="removed")


def _get_own_cart_id() -> str:
    own = find_own_cart()
    if own is None:
        raise NotFound("This cart has ended or was ordered. Look at your cart again.")
    return own.public_id


def _show_changed(
    cart_id: str,
    *,
    status: int = 200,
    mistakes: Mapping[str, str] | None = None,
    message: str = "",
    changed: str = "",
) -> Response:
    """The cart as it is now: its changed parts for HTMX, else the page; a plain success is seen by going there."""
    if status == 200 and not is_partial():
        return go_to(url_for("cart.show_cart"))
    priced: PricedCart = price_cart(get_cart(cart_id, current_shopper()), terms)
    context: dict[str, Any] = {"priced": priced, "mistakes": mistakes or {}, "message": message, "changed": changed}
    if is_partial():
        response = make_response(render_template("cart/_changed.html", **context), status)
    else:
        response = make_response(render_page("cart/cart.html", **context), status)
    return remember_cart(response, cart_id, priced.item_count)
