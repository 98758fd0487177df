"""The wish list: hearts on public pages, the list's own page, and what others see of one that is shared."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Literal

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from pydantic import Field

from shop.domain.carts.queries import get_cart, price_cart
from shop.domain.catalog.queries import get_product, list_best_selling
from shop.domain.inputs import Input, PublicId, read_form, read_query
from shop.domain.wishlists.models import WishList
from shop.domain.wishlists.operations import (
    MoveToCart,
    SaveForLater,
    add_to_new_wish_list,
    add_to_wish_list,
    end_sharing,
    move_to_cart,
    new_key,
    remove_from_wish_list,
    restore_to_wish_list,
    share_wish_list,
)
from shop.domain.wishlists.queries import find_removed, get_shared_wish_list, list_items, saved_product_ids
from shop.errors import Invalid, NotFound, OutOfStock, ShopError, Unknown
from shop.extensions import limiter, settings, terms
from shop.htmx import go_to, is_partial, vary_by_htmx
from shop.policies import current_shopper, policy
from shop.refusals import status_of
from shop.storefront.offers import card_of, offered_variants
from shop.storefront.own_cart import find_own_cart, remember_cart
from shop.storefront.own_wish_list import (
    find_own_wish_list,
    named_key,
    remember_key,
    remember_saved,
)
from shop.storefront.rendering import absolute_url, render_page

blueprint = Blueprint("wishlists", __name__)

SUGGESTED = 4  # best sellers, where the list is empty


class Heart(SaveForLater):
    """What a press on a heart asks for: to keep the product or, of a full heart, not to."""

    keep: Literal["0", "1"] = "1"


class RemovedItem(Input):
    """What is to be put back."""

    item_id: PublicId = Field(title="an item of this list")


class WishListQuery(Input):
    """How the list's address is written: `removed` names what was taken off just now."""

    removed: PublicId | None = None


# -- hearts: they stand on public pages, so they carry no token; their origin defends them -----------------------------


@blueprint.post("/wish-list/items")
@limiter.limit(lambda: settings.ratelimit_wish_list)
@policy("guest", form_token=False)
def press_heart() -> ResponseReturnValue:
    wanted = read_form(Heart, request.form.items())
    own, key = find_own_wish_list(), named_key()
    saving = SaveForLater(productId=wanted.product_id)
    if wanted.keep == "0":
        _remove_if_there(own, wanted.product_id)
    elif own is not None:
        add_to_wish_list(own.id, saving)
    else:
        key = new_key()  # one whose list has ended is not used again
        own = add_to_new_wish_list(saving, current_shopper(), key)
    if current_user.is_authenticated or own is None:
        key = ""
    if not is_partial():
        return remember_saved(remember_key(go_to(url_for("wishlists.show_wish_list")), key), own)
    name = get_product(wanted.product_id).name
    said = f"{name} is on your wish list." if wanted.keep == "1" else f"{name} is off your wish list."
    count = len(saved_product_ids(own)) if own else 0
    response = make_response(render_template("wishlists/_pressed.html", said=said, count=count))
    return remember_saved(remember_key(response, key), own)


def _remove_if_there(own: WishList | None, product_id: str) -> None:
    if own is None:
        return
    with suppress(NotFound):  # in another tab, a moment ago
        remove_from_wish_list(own.id, product_id=product_id)


# -- the list's own page -----------------------------------------------------------------------------------------------


@blueprint.get("/wish-list")
@policy("guest")
def show_wish_list() -> ResponseReturnValue:
    asked, own = read_query(WishListQuery, request.args), find_own_wish_list()
    gone = find_removed(own, asked.removed) if own and asked.removed else None
    page = render_page("wishlists/wish_list.html", **_shown(own) | {"gone": gone})
    return remember_saved(vary_by_htmx(page), own)


def _shown(own: WishList | None) -> dict[str, Any]:
    """What every view of the list shows."""
    items = list_items(own) if own else []
    suggested = [] if items else list_best_selling(SUGGESTED)
    return {
        "cards": {item.public_id: card_of(item.product) for item in items},
        "choices": {
            item.public_id: [each for each in offered_variants(item.product) if each.stock.available > 0]
            for item in items
        },
        "gone": None,
        "items": items,
        "share_url": absolute_url("wishlists.show_shared", share_id=own.share_id) if own and own.share_id else "",
        "suggested": [card_of(product) for product in suggested],
    }


@blueprint.post("/wish-list/items/<item_id>/removal")
@policy("guest")
def remove_item(item_id: str) -> ResponseReturnValue:
    own = _get_own()
    try:
        remove_from_wish_list(own.id, item_id=item_id)
    except NotFound as refusal:
        return _show_changed(own, message=refusal.message, status=404)
    if not is_partial():
        return remember_saved(go_to(url_for("wishlists.show_wish_list", removed=item_id)), own)
    return _show_changed(own, gone=find_removed(own, item_id))


@blueprint.post("/wish-list/restoration")
@policy("guest")
def restore_item() -> ResponseReturnValue:
    """Put back what was removed a moment ago, as it was saved."""
    own = _get_own()
    try:
        restore_to_wish_list(own.id, read_form(RemovedItem, request.form.items()).item_id)
    except (NotFound, Invalid) as refusal:
        return _show_changed(own, message=refusal.message, status=status_of(refusal))
    return _show_changed(own)


@blueprint.post("/wish-list/items/<item_id>/move")
@policy("guest")
def move_item(item_id: str) -> ResponseReturnValue:
    own, cart = _get_own(), find_own_cart()
    cart_id, actor = cart.public_id if cart else None, current_shopper()
    try:
        wanted = read_form(MoveToCart, request.form.items())
        cart_id, item = move_to_cart(own.id, item_id, wanted, actor, terms, cart_id)
    except (Invalid, OutOfStock, NotFound, Unknown) as refusal:
        return _show_changed(own, message=_sentence_of(refusal), status=status_of(refusal))
    count = price_cart(get_cart(cart_id, actor), terms).item_count
    if not is_partial():
        return remember_cart(remember_saved(go_to(url_for("cart.show_cart")), own), cart_id, count)
    moved = find_removed(own, item.public_id)
    response = _show_changed(own, moved=moved.product.name if moved else "", cart_count=count)
    return remember_cart(response, cart_id, count)


@blueprint.post("/wish-list/sharing")
@policy("guest")
def share() -> ResponseReturnValue:
    own = _get_own()
    share_wish_list(own.id)
    return _show_changed(own, shared=True)


@blueprint.post("/wish-list/sharing/end")
@policy("guest")
def stop_sharing() -> ResponseReturnValue:
    own = _get_own()
    end_sharing(own.id)
    return _show_changed(own, message="The link opens nothing any more.")


def _get_own() -> WishList:
    own = find_own_wish_list()
    if own is None:
        raise NotFound("This wish list has ended. Save something to begin a new one.")
    return own


def _sentence_of(refusal: ShopError) -> str:
    return refusal.details[0].message if refusal.details else refusal.message


def _show_changed(own: WishList, *, status: int = 200, **changes: Any) -> Response:
    """The list as it is now: its changed parts for HTMX, else the page; a plain success is seen by going there."""
    if status == 200 and not is_partial():
        return remember_saved(go_to(url_for("wishlists.show_wish_list")), own)
    shown = _shown(_get_own()) | {"cart_count": None, "moved": "", "message": "", "shared": False} | changes
    if is_partial():
        response = make_response(render_template("wishlists/_changed.html", **shown), status)
    else:
        response = make_response(render_page("wishlists/wish_list.html", **shown), status)
    return remember_saved(response, own)


# -- what others see ---------------------------------------------------------------------------------------------------


@blueprint.get("/wish-lists/<share_id>")
@policy("guest")
def show_shared(share_id: str) -> ResponseReturnValue:
    items = list_items(get_shared_wish_list(share_id))
    page = render_page("wishlists/shared.html", cards=[card_of(item.product) for item in items])
    response = make_response(page)
    response.headers["X-Robots-Tag"] = "noindex"
    return response
