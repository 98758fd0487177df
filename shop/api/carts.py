"""POST, GET, PUT and DELETE of carts and their lines."""

from __future__ import annotations

from flask import Blueprint, Response
from pydantic import Field

from shop.api.idempotency import HEADER, once
from shop.api.openapi import PREFIX, endpoint
from shop.api.presenters import present_cart
from shop.api.schemas import CartOut, Data, Message
from shop.domain.carts.models import Cart
from shop.domain.carts.operations import (
    AddToCart,
    ChangeQuantity,
    add_to_cart,
    change_quantity,
    clear_cart,
    create_cart,
    remove_from_cart,
)
from shop.domain.carts.queries import get_cart, get_kept_cart, price_cart
from shop.domain.customers.queries import check_own_customer, public_id_of
from shop.domain.inputs import Input, PublicId
from shop.errors import Detail, Invalid
from shop.extensions import terms
from shop.policies import current_caller, policy

bp = Blueprint("api_carts", __name__, url_prefix=PREFIX)


class NewCart(Input):
    """What making a cart may ask for."""

    currency: str | None = Field(default=None, max_length=3)
    customer_id: PublicId | None = None


@bp.post("/cart")
@policy("api")
@endpoint("Make a cart", body=NewCart, body_required=False, answers={201: Data[CartOut]}, errors=(400, 415, 422))
def create_cart_json(body: NewCart) -> tuple[Data[CartOut], int]:
    if body.currency not in (None, terms.currency):
        raise Invalid(
            "This shop sells in one currency.", [Detail("currency", f"Use {terms.currency} or leave it out.")]
        )
    caller = current_caller()
    check_own_customer(body.customer_id, caller)
    return present(create_cart(terms, caller)), 201


@bp.get("/cart/<cart_id>")
@policy("api")
@endpoint("Read a cart", answers={200: Data[CartOut]}, errors=(404, 410))
def get_cart_json(cart_id: str) -> Data[CartOut]:
    return present(get_kept_cart(cart_id, current_caller()))


@bp.post("/cart/<cart_id>/items")
@policy("api")
@endpoint(
    "Put a variant into a cart",
    body=AddToCart,
    answers={200: Data[CartOut]},
    errors=(400, 404, 409, 410, 415, 422),
    headers=HEADER,
)
def add_item_json(cart_id: str, body: AddToCart) -> Response:
    caller = current_caller()

    def answer(cart: Cart) -> Response:
        return Response(present(cart).model_dump_json(by_alias=True), mimetype="application/json")

    return once(
        f"cart:{cart_id}"[:80],
        lambda claim: answer(add_to_cart(cart_id, body, caller, claim=claim)),
        resume=lambda made: answer(get_cart(made, caller)),
    )


@bp.put("/cart/<cart_id>/items/<item_id>")
@policy("api")
@endpoint("Set how many", body=ChangeQuantity, answers={200: Data[CartOut]}, errors=(400, 404, 409, 410, 415, 422))
def change_quantity_json(cart_id: str, item_id: str, body: ChangeQuantity) -> Data[CartOut]:
    return present(change_quantity(cart_id, item_id, body, current_caller()))


@bp.delete("/cart/<cart_id>/items/<item_id>")
@policy("api")
@endpoint("Take a line out", answers={200: Data[CartOut]}, errors=(404, 409, 410))
def remove_item_json(cart_id: str, item_id: str) -> Data[CartOut]:
    return present(remove_from_cart(cart_id, item_id, current_caller()))


@bp.delete("/cart/<cart_id>")
@policy("api")
@endpoint("Empty a cart; its id stays usable", answers={200: Message}, errors=(404, 409, 410))
def clear_cart_json(cart_id: str) -> Message:
    clear_cart(cart_id, current_caller())
    return Message(message="The cart is empty.")


def present(cart: Cart) -> Data[CartOut]:
    """The cart priced now, in its envelope."""
    return Data[CartOut](data=present_cart(price_cart(cart, terms), public_id_of(cart.user_id)))
