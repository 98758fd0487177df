"""Reading carts, priced live."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from shop.db import db
from shop.domain.actors import Actor
from shop.domain.carts.models import Cart, CartLineItem
from shop.domain.catalog.models import Image, Product, Variant
from shop.domain.catalog.queries import first_images
from shop.domain.pricing import Receipt, price_lines
from shop.domain.shipping import ShippingMethod, methods_serving
from shop.domain.terms import Terms
from shop.errors import NotFound
from shop.money import Money


@dataclass(frozen=True)
class Notice:
    """Something about the cart that its owner should know before paying; `line` is the line's public id."""

    code: str
    message: str
    line: str


@dataclass(frozen=True)
class CartLine:
    """A line with what it shows: the catalogue's price now, and how many can be had."""

    item: CartLineItem
    variant: Variant
    product: Product
    image: Image | None
    total: Money

    @property
    def available(self) -> int:
        """Units that can be bought now; 0 when the product or variant is no longer offered."""
        is_offered = self.product.is_active and self.variant.is_active
        return self.variant.stock.available if is_offered else 0


@dataclass(frozen=True)
class PricedCart:
    """A cart as it is shown: lines, money, notices, and the default method once there is an address."""

    cart: Cart
    lines: tuple[CartLine, ...]
    receipt: Receipt
    shipping_method: ShippingMethod | None
    notices: tuple[Notice, ...]

    @property
    def item_count(self) -> int:
        return sum(line.item.quantity for line in self.lines)


def get_cart(public_id: str, actor: Actor) -> Cart:
    """The cart of this id: anybody's who holds the id of a guest's cart, a customer's own; else NotFound."""
    cart = db.session.scalars(select(Cart).filter_by(public_id=public_id)).one_or_none()
    if cart is None or (cart.user_id is not None and cart.user_id != actor.user_id):
        raise NotFound("There is no such cart. Make a new one.")
    return cart


def find_open_cart_of(user_id: int) -> Cart | None:
    """The customer's open cart."""
    return db.session.scalars(select(Cart).filter_by(user_id=user_id, status="open")).one_or_none()


def find_line(cart: Cart, line_id: str) -> CartLineItem | None:
    """The line of this cart with its variant."""
    statement = select(CartLineItem).filter_by(cart_id=cart.id, public_id=line_id)
    return db.session.scalars(statement.options(joinedload(CartLineItem.variant))).one_or_none()


def find_line_of_variant(cart: Cart, variant_id: str) -> CartLineItem | None:
    """The line in which this cart has the variant."""
    statement = select(CartLineItem).join(CartLineItem.variant).where(Variant.public_id == variant_id)
    return db.session.scalars(statement.filter(CartLineItem.cart_id == cart.id)).one_or_none()


def price_cart(cart: Cart, terms: Terms, method: ShippingMethod | None = None) -> PricedCart:
    """The cart priced now, sent by `method`, else by the default one for its address; without both neither shipping nor
    tax is in it."""
    items = db.session.scalars(
        select(CartLineItem)
        .filter_by(cart_id=cart.id)
        .order_by(CartLineItem.id)
        .options(joinedload(CartLineItem.variant).joinedload(Variant.product))
        .options(joinedload(CartLineItem.variant).joinedload(Variant.stock))
        .execution_options(populate_existing=True)
    ).all()
    images = first_images([item.variant.product_id for item in items]) if items else {}
    lines = tuple(
        CartLine(
            item=item,
            variant=item.variant,
            product=item.variant.product,
            image=images.get(item.variant.product_id),
            total=item.variant.price * item.quantity,
        )
        for item in items
    )
    if method is None and cart.destination:
        method = next(iter(methods_serving(terms.shipping_methods, cart.destination["country"])), None)
    goods = sum((line.total for line in lines), Money(0, cart.currency))
    shipping = method.price_for(goods) if method and lines else Money(0, cart.currency)
    receipt = price_lines(
        [(line.variant.price, line.item.quantity) for line in lines],
        shipping,
        terms.tax,
        tax_is_known=method is not None,
    )
    return PricedCart(cart, lines, receipt, method, tuple(notice for line in lines for notice in _notices(line)))


def _notices(line: CartLine) -> list[Notice]:
    notices = []
    if line.available < line.item.quantity:
        left = (
            "is sold out"
            if line.available == 0
            else f"has only {line.available} left; your cart has {line.item.quantity}"
        )
        notices.append(Notice("stock_changed", f"{line.product.name} {left}.", line.item.public_id))
    if line.variant.price_amount != line.item.seen_price_amount:
        before = Money(line.item.seen_price_amount, line.variant.currency).format()
        now = line.variant.price.format()
        message = f"The price of {line.product.name} changed from {before} to {now}."
        notices.append(Notice("price_changed", message, line.item.public_id))
    return notices
