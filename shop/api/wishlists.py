"""GET and POST /me/wishlist, DELETE /me/wishlist/{productId}: a customer's own."""

from __future__ import annotations

from flask import Blueprint

from shop.api.callers import current_customer
from shop.api.openapi import PREFIX, endpoint
from shop.api.presenters import present_wish_list_item
from shop.api.schemas import Data, WishListItemOut
from shop.domain.actors import Actor
from shop.domain.wishlists.models import WishList
from shop.domain.wishlists.operations import SaveForLater, add_to_new_wish_list, remove_from_wish_list
from shop.domain.wishlists.queries import find_wish_list_of, list_items
from shop.errors import NotFound
from shop.policies import policy

bp = Blueprint("api_wishlists", __name__, url_prefix=PREFIX)


@bp.get("/me/wishlist")
@policy("api")
@endpoint("Read the customer's wish list", answers={200: Data[list[WishListItemOut]]}, errors=(401,), by_token=True)
def get_wish_list_json() -> Data[list[WishListItemOut]]:
    return _present(_find_own(current_customer()))


@bp.post("/me/wishlist")
@policy("api")
@endpoint(
    "Save a product to the customer's wish list",
    body=SaveForLater,
    answers={201: Data[list[WishListItemOut]]},
    errors=(400, 401, 415, 422),
    by_token=True,
)
def add_to_wish_list_json(body: SaveForLater) -> tuple[Data[list[WishListItemOut]], int]:
    return _present(add_to_new_wish_list(body, current_customer(), "")), 201


@bp.delete("/me/wishlist/<product_id>")
@policy("api")
@endpoint("Take a product off the customer's wish list", answers={204: None}, errors=(401, 404), by_token=True)
def remove_from_wish_list_json(product_id: str) -> None:
    own = _find_own(current_customer())
    if own is None:
        raise NotFound("This is not on the wish list any more.")
    remove_from_wish_list(own.id, product_id=product_id)


def _find_own(customer: Actor) -> WishList | None:
    assert customer.user_id is not None
    return find_wish_list_of(customer.user_id)


def _present(own: WishList | None) -> Data[list[WishListItemOut]]:
    items = list_items(own) if own else []
    return Data[list[WishListItemOut]](data=[present_wish_list_item(item) for item in items])
