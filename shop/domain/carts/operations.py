"""Changing carts. The cart's row is locked first; its lines are then this operation's alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import joinedload

from shop.db import changed_rows, db, insert_unless_there, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.addresses import Destination
from shop.domain.carts.models import Cart, CartLineItem
from shop.domain.carts.queries import ended_cart, find_open_cart_of, get_cart, price_cart
from shop.domain.catalog.models import Product, Variant
from shop.domain.idempotency import Claim, attach_resource
from shop.domain.inputs import Input, Line, PublicId, Quantity
from shop.domain.inventory.queries import left_sentence
from shop.domain.promotions.models import DiscountCode
from shop.domain.promotions.queries import FIELD, find_code
from shop.domain.terms import CART_DAYS, MAX_LINES, MAX_QUANTITY, Terms
from shop.errors import CartOrdered, Conflict, Detail, Gone, Invalid, NotFound, OutOfStock, Unknown

KEEP_ENDED = timedelta(days=30)


class AddToCart(Input):
    """What adding asks for."""

    product_id: PublicId = Field(title="a product id")
    variant_id: PublicId = Field(title="a variant id")
    quantity: Quantity


class ApplyCode(Input):
    """What entering a discount code asks for."""

    discount_code: Line = Field(min_length=1, max_length=40, title="a discount code")


class ChangeQuantity(Input):
    """What changing a line asks for."""

    quantity: Quantity


@operation
def create_cart(terms: Terms, actor: Actor) -> Cart:
    """Make an empty cart, or return the open one that the customer has already."""
    now = transaction_time()
    if actor.customer_id is not None and (own := find_open_cart_of(actor.customer_id)) is not None:
        if own.expires_at > now:
            return own
        _end_carts(Cart.id == own.id)  # housekeeping has not been by
    end = now + timedelta(days=CART_DAYS)
    made = insert_unless_there(Cart, {"user_id": actor.customer_id, "currency": terms.currency, "expires_at": end})
    if not made and actor.customer_id is not None and (other := find_open_cart_of(actor.customer_id)) is not None:
        return other  # made a moment ago in another tab
    return db.session.get_one(Cart, made[0])


def _end_carts(condition: ColumnElement[bool]) -> int:
    ended = db.session.execute(
        update(Cart)
        .where(condition, Cart.status == "open", Cart.expires_at <= transaction_time())
        .values(status="expired")
        .execution_options(synchronize_session=False)
    )
    return changed_rows(ended)


def lock_cart(public_id: str, actor: Actor) -> Cart:
    """Lock an open cart for the current operation and move its end 30 days on.

    Raises NotFound for a missing or foreign cart, Gone for an ended one, CartOrdered for one that is ordered.
    """
    now = transaction_time()
    cart = db.session.scalars(
        update(Cart)
        .where(Cart.public_id == public_id, Cart.status == "open", Cart.expires_at > now)
        .where(or_(Cart.user_id.is_(None), Cart.user_id == actor.customer_id))
        .values(updated_at=now, expires_at=now + timedelta(days=CART_DAYS))
        .returning(Cart)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).one_or_none()
    if cart is None:
        raise _why_not_open(get_cart(public_id, actor))
    return cart


def _why_not_open(cart: Cart) -> CartOrdered | Gone:
    if cart.status == "ordered":
        return CartOrdered("This cart is ordered already. Make a new one.", cart.order_public_id or "")
    return ended_cart(cart)


@operation
def add_to_new_cart(wanted: AddToCart, actor: Actor, terms: Terms) -> Cart:
    """Make a cart (or take the customer's) and add to it, in one: a refusal leaves no empty cart behind."""
    return add_to_cart(create_cart(terms, actor).public_id, wanted, actor)


@operation
def add_to_cart(cart_id: str, wanted: AddToCart, actor: Actor, *, claim: Claim | None = None) -> Cart:
    """Add units of a variant to a cart; a variant that is in it already gets more of them.

    `claim` is the request's idempotency key, kept together with its effect. Raises Unknown for ids that name nothing
    on sale, Invalid over 99 of a variant or 100 lines, OutOfStock naming what is left, and what lock_cart raises.
    A cart reserves nothing.
    """
    cart = lock_cart(cart_id, actor)
    if claim is not None:
        attach_resource(claim, cart.public_id)
    variant = _variant_on_sale(wanted.product_id, wanted.variant_id, cart.currency)
    line = db.session.scalars(
        select(CartLineItem).filter_by(cart_id=cart.id, variant_id=variant.id).execution_options(populate_existing=True)
    ).one_or_none()
    quantity = wanted.quantity + (line.quantity if line else 0)
    _check_quantity(variant, quantity, in_cart=line.quantity if line else 0)
    if line is not None:
        line.quantity = quantity
        return cart
    lines = db.session.scalar(select(func.count()).select_from(CartLineItem).filter_by(cart_id=cart.id)) or 0
    if lines >= MAX_LINES:
        message = f"A cart holds {MAX_LINES} different articles at most. Order these first."
        raise Invalid(message, [Detail("variantId", message)])
    db.session.add(
        CartLineItem(cart_id=cart.id, variant_id=variant.id, quantity=quantity, seen_price_amount=variant.price_amount)
    )
    return cart


def _variant_on_sale(product_id: str, variant_id: str, currency: str) -> Variant:
    variant = db.session.scalars(
        select(Variant)
        .join(Variant.product)
        .options(joinedload(Variant.product), joinedload(Variant.stock))
        .where(Product.public_id == product_id, Product.status == "active")
        .where(Variant.public_id == variant_id, Variant.is_active.is_(True), Variant.currency == currency)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if variant is None:
        raise Unknown(
            "This article is not on sale. Choose another.", [Detail("variantId", "Nothing on sale has this id.")]
        )
    return variant


def _check_quantity(variant: Variant, quantity: int, in_cart: int = 0) -> None:
    if quantity > MAX_QUANTITY:
        message = f"At most {MAX_QUANTITY} of one article can be ordered at a time."
        raise Invalid(message, [Detail("quantity", message)])
    available = max(variant.stock.available, 0)
    if quantity > available:
        left = left_sentence(available)
        have = f" Your cart has {in_cart}." if in_cart else ""
        raise OutOfStock(left + have, [Detail("quantity", left + have, available=available)])


@operation
def change_quantity(cart_id: str, line_id: str, wanted: ChangeQuantity, actor: Actor) -> Cart:
    """Set how many of a line's variant the cart has. Raises NotFound, Invalid, OutOfStock and what lock_cart raises."""
    cart = lock_cart(cart_id, actor)
    line = db.session.scalars(
        select(CartLineItem)
        .filter_by(cart_id=cart.id, public_id=line_id)
        .options(joinedload(CartLineItem.variant).joinedload(Variant.stock))
        .execution_options(populate_existing=True)
    ).one_or_none()
    if line is None:
        raise NotFound("This line is not in the cart any more.")
    if wanted.quantity > line.quantity:
        _check_quantity(line.variant, wanted.quantity, in_cart=line.quantity)
    line.quantity = wanted.quantity
    return cart


@operation
def remove_from_cart(cart_id: str, line_id: str, actor: Actor) -> Cart:
    """Take a line out. Raises NotFound when it is gone already, and what lock_cart raises."""
    cart = lock_cart(cart_id, actor)
    gone = db.session.execute(
        delete(CartLineItem).where(CartLineItem.cart_id == cart.id, CartLineItem.public_id == line_id)
    )
    if changed_rows(gone) != 1:
        raise NotFound("This line is not in the cart any more.")
    return cart


@operation
def clear_cart(cart_id: str, actor: Actor) -> Cart:
    """Take all lines and the discount code out; the cart's id stays usable."""
    cart = lock_cart(cart_id, actor)
    cart.discount_code_id = None
    db.session.execute(delete(CartLineItem).where(CartLineItem.cart_id == cart.id))
    return cart


@operation
def set_destination(cart_id: str, destination: Destination, actor: Actor) -> Cart:
    """Keep where the cart is to be sent: from then on its totals have shipping and tax. Only the place is kept."""
    cart = lock_cart(cart_id, actor)
    place: dict[str, Any] = destination.model_dump(include={"country", "region", "city", "postal_code"})
    cart.destination = place
    return cart


@operation
def apply_code(cart_id: str, wanted: ApplyCode, actor: Actor, terms: Terms) -> Cart:
    """Keep a discount code with the cart; what it takes off is worked out anew whenever the cart is read.

    Raises Conflict where this or another code is applied already, Unknown for no such code or one that has not begun,
    Gone for one that has ended or is used up, Invalid where the cart is not what it is for; and what lock_cart raises.
    """
    cart = lock_cart(cart_id, actor)
    code = find_code(wanted.discount_code)
    before = price_cart(cart, terms)
    if before.verdict is not None and before.verdict.refusal is None:
        raise _applied_already(before.verdict.code, code)
    cart.discount_code_id = code.id
    verdict = price_cart(cart, terms).verdict
    if verdict is not None and verdict.refusal is not None:
        raise verdict.refusal
    return cart


def _applied_already(present: DiscountCode, wanted: DiscountCode) -> Conflict:
    if present.id == wanted.id:
        message = f"The code {present.code} is applied already."
    else:
        message = f"The code {present.code} is applied already. Remove it first to use {wanted.code}."
    return Conflict(message, [Detail(FIELD, message)])


@operation
def remove_code(cart_id: str, actor: Actor) -> Cart:
    """Take the discount code off the cart, if it has one. Raises what lock_cart raises."""
    cart = lock_cart(cart_id, actor)
    cart.discount_code_id = None
    return cart


@operation
def acknowledge_prices(cart_id: str, actor: Actor) -> None:
    """Note that the shopper was shown the present prices; the notices about them are over."""
    cart = lock_cart(cart_id, actor)
    items = db.session.scalars(
        select(CartLineItem).filter_by(cart_id=cart.id).options(joinedload(CartLineItem.variant))
    )
    for item in items:
        item.seen_price_amount = item.variant.price_amount


@operation
def join_carts(guest_cart_id: str, actor: Actor, terms: Terms) -> Cart:
    """Move a guest's lines into the customer's cart at sign-in: quantities added, clipped to 99 and to what is left.

    The guest's cart is empty and ended afterwards. Without one, the customer's cart is returned as it is.
    """
    own = create_cart(terms, actor)
    guest = db.session.scalars(
        select(Cart)
        .where(Cart.public_id == guest_cart_id, Cart.status == "open", Cart.user_id.is_(None))
        .with_for_update()
    ).one_or_none()
    if guest is None:
        return own
    own = lock_cart(own.public_id, actor)
    mine = {line.variant_id: line for line in db.session.scalars(select(CartLineItem).filter_by(cart_id=own.id))}
    theirs = db.session.scalars(
        select(CartLineItem)
        .filter_by(cart_id=guest.id)
        .options(joinedload(CartLineItem.variant).joinedload(Variant.stock))
        .order_by(CartLineItem.id)
    ).all()
    for line in theirs:
        _join_line(own, mine, line)
    db.session.execute(delete(CartLineItem).where(CartLineItem.cart_id == guest.id))
    guest.status = "expired"
    if own.discount_code_id is None:
        own.discount_code_id = guest.discount_code_id
    return own


def _join_line(own: Cart, mine: dict[int, CartLineItem], line: CartLineItem) -> None:
    present = mine.get(line.variant_id)
    wished = line.quantity + (present.quantity if present else 0)
    quantity = max(min(wished, MAX_QUANTITY, line.variant.stock.available), present.quantity if present else 1)
    if present is not None:
        present.quantity = quantity
    elif len(mine) < MAX_LINES:
        mine[line.variant_id] = CartLineItem(
            cart_id=own.id, variant_id=line.variant_id, quantity=quantity, seen_price_amount=line.seen_price_amount
        )
        db.session.add(mine[line.variant_id])


@operation
def expire_carts(limit: int = 500) -> int:
    """End open carts past their end (their lines are kept 30 more days, then deleted); returns how many ended."""
    now = transaction_time()
    due = select(Cart.id).where(Cart.status == "open", Cart.expires_at <= now).order_by(Cart.id).limit(limit)
    ended = _end_carts(Cart.id.in_(db.session.scalars(due).all()))
    old = select(Cart.id).where(Cart.status == "expired", Cart.expires_at < now - KEEP_ENDED)
    db.session.execute(delete(CartLineItem).where(CartLineItem.cart_id.in_(old)))
    return ended
