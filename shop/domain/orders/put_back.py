"""Putting an earlier order's articles into the cart again, as far as they are there."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from shop.db import db, operation
from shop.domain.actors import Actor
from shop.domain.carts.models import Cart, CartLineItem
from shop.domain.carts.operations import create_cart, lock_cart
from shop.domain.catalog.models import Variant
from shop.domain.orders.changes import lines_of
from shop.domain.orders.models import OrderLineItem
from shop.domain.terms import MAX_LINES, MAX_QUANTITY, Terms
from shop.errors import Conflict


@dataclass(frozen=True)
class PutBack:
    """The cart with what was put into it, and a sentence for each article of which there is less or nothing."""

    cart: Cart
    notices: tuple[str, ...]


@operation
def put_back_in_cart(order_id: int, cart_id: str | None, actor: Actor, terms: Terms) -> PutBack:
    """Put the units of an order into the open cart of this id, or without one into the shopper's own or a new one.

    The cart then has as many of each article as the order, or more if it had more: a second press changes nothing.
    Clipped to what is left; prices are those of today, and the cart says which differ. Raises Conflict when nothing
    of it is on sale any more, and what lock_cart raises.
    """
    if cart_id is None:
        cart_id = create_cart(terms, actor).public_id
    cart = lock_cart(cart_id, actor)
    lines = lines_of(order_id)
    variants = _variants_on_sale(lines, cart.currency)
    items = select(CartLineItem).filter_by(cart_id=cart.id).execution_options(populate_existing=True)
    present = {item.variant_id: item for item in db.session.scalars(items)}
    notices = [_put_line(cart, present, line, variants.get(line.variant_id)) for line in lines]
    if not any(line.variant_id in present for line in lines):
        raise Conflict("Nothing of this order can be ordered any more. " + " ".join(filter(None, notices)))
    return PutBack(cart, tuple(filter(None, notices)))


def _variants_on_sale(lines: list[OrderLineItem], currency: str) -> dict[int, Variant]:
    rows = db.session.scalars(
        select(Variant)
        .where(Variant.id.in_([line.variant_id for line in lines]), Variant.is_active.is_(True))
        .where(Variant.currency == currency)
        .options(joinedload(Variant.product), joinedload(Variant.stock))
        .execution_options(populate_existing=True)
    )
    return {variant.id: variant for variant in rows if variant.product.is_active}


def _put_line(cart: Cart, present: dict[int, CartLineItem], line: OrderLineItem, variant: Variant | None) -> str:
    """Put one line into the cart; the sentence about it, empty where all of it is in."""
    named = line.variant_name and line.variant_name != "Default"
    name = f"{line.product_name}, {line.variant_name}" if named else line.product_name
    if variant is None:
        return f"{name} is not sold any more."
    item = present.get(variant.id)
    before = item.quantity if item else 0
    quantity = max(min(line.quantity, MAX_QUANTITY, variant.stock.available), before)
    if quantity == 0:
        return f"{name} is out of stock."
    if item is not None:
        item.quantity = quantity
    elif len(present) >= MAX_LINES:
        return f"{name} has no place: a cart holds {MAX_LINES} different articles at most."
    else:
        present[variant.id] = CartLineItem(
            cart_id=cart.id, variant_id=variant.id, quantity=quantity, seen_price_amount=line.unit_price_amount
        )
        db.session.add(present[variant.id])
    return "" if quantity >= line.quantity else f"{name}: only {quantity} of {line.quantity} can be ordered now."
