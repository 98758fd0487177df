"""Reading carts, priced live."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from shop.db import db, transaction_time
from shop.domain.actors import Actor
from shop.domain.carts.models import Cart, CartLineItem
from shop.domain.catalog.models import Image, Product, Variant
from shop.domain.catalog.queries import first_images
from shop.domain.places import Place
from shop.domain.pricing import Discount, LineToPrice, Receipt, price_lines
from shop.domain.promotions.models import DiscountCode
from shop.domain.promotions.queries import Goods, Verdict, customer_names, judge
from shop.domain.shipping import ShippingMethod
from shop.domain.shipping_zones.queries import read_shipping_table
from shop.domain.tax import NO_TAX, PlaceTax
from shop.domain.tax_zones.queries import has_active_zones, tax_for
from shop.domain.terms import Terms
from shop.errors import Detail, Gone, NotFound, Unknown
from shop.money import Money


@dataclass(frozen=True)
class Notice:
    """Something about the cart that its owner should know before paying; `line` is the line's public id, or empty."""

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
    """A cart as it is shown: lines, money, notices, the default method once there is an address, and its code."""

    cart: Cart
    lines: tuple[CartLine, ...]
    receipt: Receipt
    shipping_method: ShippingMethod | None
    notices: tuple[Notice, ...]
    tax: PlaceTax
    verdict: Verdict | None = None

    @property
    def code(self) -> DiscountCode | None:
        """The discount code that the cart has, whether it takes something off now or not."""
        return self.verdict.code if self.verdict else None

    @property
    def item_count(self) -> int:
        return sum(line.item.quantity for line in self.lines)

    @property
    def weight(self) -> int:
        """Grams of all that is sent."""
        return weight_of(self.lines)


def get_cart(public_id: str, actor: Actor) -> Cart:
    """The cart of this id: anybody's who holds the id of a guest's cart, a customer's own; else NotFound."""
    cart = db.session.scalars(select(Cart).filter_by(public_id=public_id)).one_or_none()
    if cart is None or (cart.user_id is not None and cart.user_id != actor.customer_id):
        raise NotFound("There is no such cart. Make a new one.")
    return cart


def get_kept_cart(public_id: str, actor: Actor) -> Cart:
    """As get_cart, of a cart that has not ended; else Gone. One that was ordered is still shown."""
    cart = get_cart(public_id, actor)
    if has_ended(cart):
        raise ended_cart(cart)
    return cart


def has_ended(cart: Cart) -> bool:
    """Whether nobody came back to the cart for so long that it is over, whether housekeeping has been by or not."""
    return cart.status != "ordered" and (cart.status != "open" or cart.expires_at <= transaction_time())


def ended_cart(cart: Cart) -> Gone:
    """What whoever names an ended cart is told."""
    return Gone(f"This cart ended on {cart.expires_at:%-d %B %Y}. Make a new one.")


def unknown_cart() -> Unknown:
    """What a body is refused with that names a cart which is not there, or is somebody else's."""
    return Unknown("There is no such cart. Make a new one.", [Detail("cartId", "No cart has this id.")])


def find_open_cart_of(user_id: int) -> Cart | None:
    """The customer's open cart."""
    return db.session.scalars(select(Cart).filter_by(user_id=user_id, status="open")).one_or_none()


def find_last_cart_of(user_id: int) -> Cart | None:
    """The customer's newest cart, whatever became of it."""
    return db.session.scalars(select(Cart).filter_by(user_id=user_id).order_by(Cart.id.desc()).limit(1)).one_or_none()


def find_line(cart: Cart, line_id: str) -> CartLineItem | None:
    """The line of this cart with its variant."""
    statement = select(CartLineItem).filter_by(cart_id=cart.id, public_id=line_id)
    return db.session.scalars(statement.options(joinedload(CartLineItem.variant))).one_or_none()


def find_line_of_variant(cart: Cart, variant_id: str) -> CartLineItem | None:
    """The line in which this cart has the variant."""
    statement = select(CartLineItem).join(CartLineItem.variant).where(Variant.public_id == variant_id)
    return db.session.scalars(statement.filter(CartLineItem.cart_id == cart.id)).one_or_none()


def price_cart(
    cart: Cart,
    terms: Terms,
    method: ShippingMethod | None = None,
    *,
    place: Place | None = None,
    tax: PlaceTax | None = None,
    email: str = "",
) -> PricedCart:
    """The cart priced now for `place`, else for its own destination; without both neither shipping nor tax is in it.

    It is sent by `method`, else by the default one there. `tax` is how the place taxes where that was read already.
    `email` is the buyer's, once it is known: a code may be for one order of each customer.
    """
    rows = db.session.execute(
        select(CartLineItem, has_active_zones())
        .filter_by(cart_id=cart.id)
        .order_by(CartLineItem.id)
        .options(joinedload(CartLineItem.variant).joinedload(Variant.product))
        .options(joinedload(CartLineItem.variant).joinedload(Variant.stock))
        .execution_options(populate_existing=True)
    ).all()
    items = [row[0] for row in rows]
    known = place or (Place.of(cart.destination) if cart.destination else None)
    if tax is None:
        where = known or Place(terms.home_country)
        tax = tax_for(where, terms, has_zones=bool(rows[0][1])) if rows else PlaceTax(NO_TAX)
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
    weight = weight_of(lines)
    if method is None and known is not None and lines:
        method = read_shipping_table(terms).default_for(known, weight)
    verdict = _judge_code(cart, lines, email)
    discount = verdict.code.discount() if verdict and verdict.refusal is None else None
    in_scope = verdict.in_scope if verdict else (True,) * len(lines)
    to_price = [
        LineToPrice(line.variant.price, line.item.quantity, tax.percent_for(line.product.category_id), is_meant)
        for line, is_meant in zip(lines, in_scope, strict=True)
    ]
    goods = _goods_after(discount, to_price, cart.currency)
    receipt = price_lines(
        to_price,
        method.price_for(goods, weight) if method and lines else Money(0, cart.currency),
        tax.rule,
        discount=discount,
        tax_is_known=method is not None,
    )
    notices = [notice for line in lines for notice in _notices(line)]
    if verdict is not None and verdict.refusal is not None:
        notices.append(Notice("discount_not_applied", verdict.refusal.message, ""))
    return PricedCart(cart, lines, receipt, method, tuple(notices), tax, verdict)


def _judge_code(cart: Cart, lines: tuple[CartLine, ...], email: str) -> Verdict | None:
    """What the cart's code is for, judged anew each time the cart is read."""
    if cart.discount_code_id is None:
        return None
    code = db.session.get_one(DiscountCode, cart.discount_code_id, populate_existing=True)
    goods = [Goods(line.product.id, line.total) for line in lines]
    return judge(code, goods, customer_names(cart.user_id, email), transaction_time())


def _goods_after(discount: Discount | None, lines: list[LineToPrice], currency: str) -> Money:
    """What the goods cost after the discount: shipping is free by that."""
    zero = Money(0, currency)
    whole = sum((line.unit_price * line.quantity for line in lines), zero)
    if discount is None:
        return whole
    return whole - discount.taken_off(sum((line.unit_price * line.quantity for line in lines if line.in_scope), zero))


def weight_of(lines: Iterable[CartLine]) -> int:
    """Grams of the lines that are sent; what needs no shipping weighs nothing."""
    return sum(line.variant.weight_grams * line.item.quantity for line in lines if line.variant.requires_shipping)


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
