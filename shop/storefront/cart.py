"""The cart: adding from a product's page, and the cart's own page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field

from shop.domain.carts.models import Cart
from shop.domain.carts.operations import (
    AddToCart,
    ApplyCode,
    ChangeQuantity,
    acknowledge_prices,
    add_to_cart,
    add_to_new_cart,
    apply_code,
    change_quantity,
    remove_code,
    remove_from_cart,
)
from shop.domain.carts.queries import find_line, find_line_of_variant, get_cart, price_cart
from shop.domain.catalog.models import Variant
from shop.domain.catalog.queries import find_variant, get_product
from shop.domain.inputs import Input, PublicId, read_form, read_query
from shop.domain.orders.put_back import put_back_in_cart
from shop.domain.orders.queries import get_order
from shop.domain.places import Place
from shop.domain.terms import CART_DAYS, MAX_QUANTITY
from shop.errors import CartOrdered, Conflict, Detail, Gone, Invalid, NotFound, OutOfStock, ShopError, Unknown
from shop.extensions import terms
from shop.htmx import go_to, is_partial, vary_by_htmx
from shop.limits import counting_guesses, limit_codes
from shop.policies import current_shopper, policy
from shop.refusals import status_of
from shop.storefront.catalog import render_product
from shop.storefront.delivery import home_country
from shop.storefront.offers import choose
from shop.storefront.own_cart import find_ended_cart, find_own_cart, remember_cart, remember_count
from shop.storefront.paying import find_waiting_order, page_of
from shop.storefront.rendering import render_page
from shop.storefront.taxes import note_of
from shop.words import day

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
    except Invalid as refusal:
        return _refuse_to_add(refusal)
    try:
        cart_id = _add_to_own_cart(wanted)
    except (Invalid, OutOfStock) as refusal:
        return _refuse_to_add(refusal, _find_rest(wanted, refusal))
    shown = _shown(get_cart(cart_id, current_shopper()))
    if is_partial():
        line = next((line for line in shown["priced"].lines if line.variant.public_id == wanted.variant_id), None)
        return _open_drawer(shown, added_id=line.item.public_id if line else "")
    return remember_cart(go_to(url_for("cart.show_cart")), cart_id, shown["priced"].item_count)


def _open_drawer(shown: dict[str, Any], *, added_id: str, status: int = 200) -> Response:
    """The cart beside the page, for HTMX; `added_id` is its line that was added to or set just now."""
    priced = shown["priced"]
    added = next((line.product.name for line in priced.lines if line.item.public_id == added_id), "")
    drawer = render_template("cart/_drawer.html", **shown, added=added, added_id=added_id)
    response = make_response(drawer, status)
    response.headers["HX-Retarget"] = "#drawer"
    return remember_cart(response, priced.cart.public_id, priced.item_count)


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


@dataclass(frozen=True)
class Rest:
    """What can be had where more was asked for; `item_id` is the cart's line of it, empty where it has none yet."""

    wanted: AddToCart
    left: int
    item_id: str


def _find_rest(wanted: AddToCart, refusal: ShopError) -> Rest | None:
    """What is left and not in the cart already; None where nothing is, or where stock is not what was wanting."""
    left = refusal.details[0].available or 0
    own = find_own_cart()
    line = find_line_of_variant(own, wanted.variant_id) if own else None
    if left <= (line.quantity if line else 0):
        return None
    return Rest(wanted, left, line.public_id if line else "")


def _refuse_to_add(refusal: ShopError, rest: Rest | None = None) -> ResponseReturnValue:
    sentence = _sentence_of(refusal)
    if is_partial():
        return render_template("cart/_not_added.html", refusal=sentence, rest=rest), status_of(refusal)
    product = get_product(read_form(ProductChoice, request.form.items()).product_id)
    quantity = request.form.get("quantity", "")
    page = render_product(product, choose(product, request.form), quantity=quantity, refusal=sentence, rest=rest)
    return page, status_of(refusal)


# -- the cart's own page -----------------------------------------------------------------------------------------------


class CartQuery(Input):
    """How the cart's address is written: `removed` and `quantity` name what was taken out just now."""

    view: Literal["drawer"] | None = None
    removed: PublicId | None = None
    quantity: int = Field(default=1, ge=1, le=MAX_QUANTITY)


@dataclass(frozen=True)
class Removed:
    """What was taken out of the cart, as it is put back."""

    variant: Variant
    quantity: int


@blueprint.get("/cart")
@policy("guest")
def show_cart() -> ResponseReturnValue:
    asked = read_query(CartQuery, request.args)
    shown = _shown(find_own_cart())
    if shown["priced"] is None and (ended := find_ended_cart()) is not None:
        shown["message"] = f"Your cart ended on {day(ended.expires_at)}, {CART_DAYS} days after you last changed it."
    in_cart = {line.variant.public_id for line in shown["priced"].lines} if shown["priced"] else set()
    if asked.removed not in in_cart:
        shown["gone"] = _find_removed(asked.removed, asked.quantity)
    count = shown["priced"].item_count if shown["priced"] else 0
    if asked.view == "drawer" and is_partial():
        return remember_count(vary_by_htmx(render_template("cart/_drawer.html", **shown, added="")), count)
    if (waiting := find_waiting_order()) is not None:
        shown |= {"waiting": waiting, "way_to_it": page_of(waiting)}
    return remember_count(vary_by_htmx(render_page("cart/cart.html", **shown)), count)


def _shown(cart: Cart | None) -> dict[str, Any]:
    """What every view of the cart shows. Delivery is worked out for its country, or for the shop's first one."""
    place = Place.of(cart.destination) if cart and cart.destination else Place(home_country())
    priced = price_cart(cart, terms, place=place) if cart else None
    shown = {
        "changed": "",
        "code_mistake": "",
        "country": place.country,
        "gone": None,
        "is_set": False,
        "message": "",
        "mistakes": {},
        "waiting": None,
        "moved": False,
        "priced": priced,
        "short": (),
        "typed_code": "",
    }
    if priced and priced.lines:
        shown["tax_note"] = note_of(priced.tax, place.country)  # was read with the cart
    return shown


def _find_removed(variant_id: str | None, quantity: int) -> Removed | None:
    variant = find_variant(variant_id) if variant_id else None
    return Removed(variant, quantity) if variant else None


@blueprint.post("/cart/items/<item_id>")
@policy("guest")
def change_item(item_id: str) -> ResponseReturnValue:
    cart_id = _get_own_cart().public_id
    try:
        change_quantity(cart_id, item_id, read_form(ChangeQuantity, request.form.items()), current_shopper())
    except (Invalid, OutOfStock) as refusal:
        short = (item_id,) if isinstance(refusal, OutOfStock) else ()
        mistakes = {item_id: _sentence_of(refusal)}
        return _show_changed(cart_id, mistakes=mistakes, short=short, status=status_of(refusal), changed=item_id)
    except NotFound as refusal:
        return _show_changed(cart_id, message=refusal.message, status=404)
    return _show_changed(cart_id, changed=item_id, is_set="set" in request.form)


@blueprint.post("/cart/items/<item_id>/removal")
@policy("guest")
def remove_item(item_id: str) -> ResponseReturnValue:
    own = _get_own_cart()
    line = find_line(own, item_id)
    taken = {"removed": line.variant.public_id, "quantity": line.quantity} if line else {}
    try:
        remove_from_cart(own.public_id, item_id, current_shopper())
    except NotFound as refusal:
        return _show_changed(own.public_id, message=refusal.message, status=404)
    if not is_partial():
        return go_to(url_for("cart.show_cart", **taken))
    gone = _find_removed(taken["removed"], taken["quantity"]) if taken else None
    return _show_changed(own.public_id, gone=gone, moved=True)


@blueprint.post("/cart/restoration")
@policy("guest")
def restore_item() -> ResponseReturnValue:
    """Put back what was removed a moment ago."""
    cart_id = _get_own_cart().public_id
    try:
        add_to_cart(cart_id, read_form(AddToCart, request.form.items()), current_shopper())
    except (Invalid, OutOfStock) as refusal:
        return _show_changed(cart_id, message=_sentence_of(refusal), status=status_of(refusal))
    return _show_changed(cart_id, moved=True)


@blueprint.post("/cart/acknowledgement")
@policy("guest")
def acknowledge() -> ResponseReturnValue:
    cart_id = _get_own_cart().public_id
    acknowledge_prices(cart_id, current_shopper())
    return _show_changed(cart_id, moved=True)


@blueprint.post("/cart/discount")
@limit_codes
@policy("guest")
def enter_code() -> ResponseReturnValue:
    cart_id = _get_own_cart().public_id
    try:
        with counting_guesses():
            apply_code(cart_id, read_form(ApplyCode, request.form.items()), current_shopper(), terms)
    except (Invalid, Unknown, Conflict, Gone) as refusal:
        typed, sentence = request.form.get("discountCode", ""), _sentence_of(refusal)
        return _show_changed(cart_id, code_mistake=sentence, typed_code=typed, status=status_of(refusal))
    return _show_changed(cart_id)


@blueprint.post("/cart/discount/removal")
@policy("guest")
def leave_code() -> ResponseReturnValue:
    cart_id = _get_own_cart().public_id
    remove_code(cart_id, current_shopper())
    return _show_changed(cart_id)


@blueprint.post("/orders/<order_id>/cart-items")
@policy("guest")
def put_order_back(order_id: str) -> ResponseReturnValue:
    """Put what an earlier order had into the cart again; the cart's page says of what there is less."""
    actor, own = current_shopper(), find_own_cart()
    order = get_order(order_id, actor, terms, request.form.get("token", ""))
    back = put_back_in_cart(order.id, own.public_id if own else None, actor, terms)
    shown = _shown(get_cart(back.cart.public_id, actor)) | {"message": " ".join(back.notices)}
    page = make_response(render_page("cart/cart.html", **shown)) if back.notices else go_to(url_for("cart.show_cart"))
    return remember_cart(page, back.cart.public_id, shown["priced"].item_count)


def _get_own_cart() -> Cart:
    own = find_own_cart()
    if own is None:
        raise NotFound("This cart has ended or was ordered. Look at your cart again.")
    return own


def _sentence_of(refusal: ShopError) -> str:
    return refusal.details[0].message if refusal.details else refusal.message


def _show_changed(cart_id: str, *, status: int = 200, **changes: Any) -> Response:
    """The cart as it is now: its changed parts for HTMX, else the page; a plain success is seen by going there."""
    if status == 200 and not is_partial():
        return go_to(url_for("cart.show_cart"))
    shown = _shown(get_cart(cart_id, current_shopper())) | changes
    if is_partial() and request.args.get("view") == "drawer":
        return _open_drawer(shown, added_id=shown["changed"] if status == 200 else "", status=status)
    if is_partial():
        response = make_response(render_template("cart/_changed.html", **shown), status)
    else:
        response = make_response(render_page("cart/cart.html", **shown), status)
    return remember_cart(response, cart_id, shown["priced"].item_count)
