"""POST and DELETE /checkout/discount: a code is kept with the cart and judged anew whenever the cart is read."""

from __future__ import annotations

from flask import Blueprint
from pydantic import Field

from shop.api.openapi import PREFIX, endpoint
from shop.api.output import Output
from shop.api.presenters import present_cart
from shop.api.schemas import CartOut, Data
from shop.domain.carts.operations import ApplyCode, apply_code, remove_code
from shop.domain.carts.queries import PricedCart, price_cart, unknown_cart
from shop.domain.customers.queries import public_id_of
from shop.domain.inputs import Input, PublicId
from shop.errors import NotFound
from shop.extensions import terms
from shop.limits import counting_guesses, limit_codes
from shop.policies import current_caller, policy

bp = Blueprint("api_discounts", __name__, url_prefix=PREFIX)


class EnterCode(ApplyCode):
    """A code for a cart."""

    cart_id: PublicId = Field(title="a cart id")


class LeaveCode(Input):
    """The cart whose code is taken off."""

    cart_id: PublicId = Field(title="a cart id")


class CartOnly(Output):
    cart: CartOut


class AppliedCode(Output):
    """`value` is percent for a percentage, minor units for an amount, 0 for free shipping."""

    code: str
    type: str  # percentage, fixed_amount or free_shipping
    value: int | float
    discount_amount: int  # what it spares now, minor units; of free shipping what that spares
    cart: CartOut


@bp.post("/checkout/discount")
@limit_codes
@policy("api")
@endpoint(
    "Apply a discount code to a cart",
    body=EnterCode,
    answers={200: Data[AppliedCode]},
    errors=(400, 409, 410, 415, 422, 429),
)
def apply_code_json(body: EnterCode) -> Data[AppliedCode]:
    try:
        with counting_guesses():
            cart = apply_code(body.cart_id, body, current_caller(), terms)
    except NotFound as error:
        raise unknown_cart() from error
    return Data[AppliedCode](data=_present_applied(price_cart(cart, terms), public_id_of(cart.user_id)))


@bp.delete("/checkout/discount")
@policy("api")
@endpoint(
    "Take the discount code off a cart",
    body=LeaveCode,
    answers={200: Data[CartOnly]},
    errors=(400, 409, 410, 415, 422),
)
def remove_code_json(body: LeaveCode) -> Data[CartOnly]:
    try:
        cart = remove_code(body.cart_id, current_caller())
    except NotFound as error:
        raise unknown_cart() from error
    return Data[CartOnly](data=CartOnly(cart=present_cart(price_cart(cart, terms), public_id_of(cart.user_id))))


def _present_applied(priced: PricedCart, customer_id: str | None) -> AppliedCode:
    """A code that was just applied, with what it is worth and the cart with it."""
    code = priced.code
    assert code is not None
    percent = int(code.percent) if code.percent == int(code.percent) else float(code.percent)
    values = {"percentage": percent, "fixed_amount": code.amount, "free_shipping": 0}
    return AppliedCode(
        code=code.code,
        type=code.kind,
        value=values[code.kind],
        discount_amount=priced.receipt.spared.amount,
        cart=present_cart(priced, customer_id),
    )
