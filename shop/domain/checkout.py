"""The one flow that composes carts, shipping, stock, orders and payments (reliability.md D15)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import structlog
from pydantic import Discriminator, Field, Tag
from sqlalchemy import func, or_, select, update

from shop.db import db, new_public_id, operation, transaction_time
from shop.domain.actors import SYSTEM, Actor
from shop.domain.addresses import Address, BillingAddress, Destination, comparable_phone, country_names, missing_parts
from shop.domain.carts.models import Cart
from shop.domain.carts.operations import set_destination
from shop.domain.carts.queries import CartLine, PricedCart, get_cart, price_cart
from shop.domain.customers.queries import check_own_customer
from shop.domain.events import record_event
from shop.domain.idempotency import Claim, attach_resource
from shop.domain.inputs import Input, Line, PublicId, Text
from shop.domain.inventory.models import Reservation
from shop.domain.inventory.operations import orders_with_overdue_holds, promise_reservations, reserve_stock
from shop.domain.orders.models import Order, OrderLineItem
from shop.domain.orders.operations import close_order, move_status, pending_orders_without_hold, record_move
from shop.domain.payments.operations import CashOnDelivery, cancel_open_payments, confirm_cash_on_delivery, refuse_cards
from shop.domain.shipping import ShippingMethod, add_working_days, methods_serving
from shop.domain.terms import Terms
from shop.errors import CartOrdered, Conflict, Detail, Gone, Invalid, NotFound, OutOfStock, TooMany, Unknown
from shop.money import Money

log = structlog.get_logger()


def _same_or_address(value: object) -> str:
    return "Same" if isinstance(value, str) else "Address"


Billing = Annotated[
    Annotated[Literal["same"], Tag("Same")] | Annotated[BillingAddress, Tag("Address")], Discriminator(_same_or_address)
]


class PlaceOrder(Input):
    """What placing an order asks for. No price in it: `expected_total` (minor units) only guards against surprise."""

    cart_id: PublicId = Field(title="a cart id")
    shipping_address: Address = Field(title="a delivery address")
    billing_address: Billing = Field(default="same", title="same, or a billing address")
    shipping_method: Line = Field(min_length=1, max_length=40, title="a delivery method")
    payment_method: Literal["stripe", "cash_on_delivery"] = Field(title="a payment method")
    customer_id: PublicId | None = None
    notes: Text | None = Field(default=None, max_length=1000)
    expected_total: int | None = Field(default=None, ge=0, le=10**15)


class QuoteShipping(Input):
    """What a shipping quote asks for."""

    cart_id: PublicId = Field(title="a cart id")
    shipping_address: Destination = Field(title="where to deliver")


@dataclass(frozen=True)
class ShippingQuote:
    """One way to send this cart there: its price, the order's tax and total with it."""

    method: ShippingMethod
    price: Money
    tax: Money
    total: Money
    is_default: bool


class TotalChanged(Conflict):
    """The total is another than the shopper saw; `now` is what it is."""

    def __init__(self, expected: Money, now: Money) -> None:
        message = f"The total changed from {expected.format()} to {now.format()}. Look at it and order again."
        super().__init__(message, [Detail("expectedTotal", message)])
        self.now = now


# -- quote ------------------------------------------------------------------------------------------------------------


def quote_methods(cart: Cart, country: str, terms: Terms) -> list[ShippingQuote]:
    """Every method that delivers to a country with what the order would cost. Raises Invalid when there is none."""
    methods = _methods_for(country, terms)
    quotes = []
    for method in methods:
        receipt = price_cart(cart, terms, method).receipt
        quotes.append(ShippingQuote(method, receipt.shipping, receipt.tax, receipt.total, method is methods[0]))
    return quotes


@operation
def quote_shipping(wanted: QuoteShipping, actor: Actor, terms: Terms) -> list[ShippingQuote]:
    """Keep the destination with the cart and quote every method for it.

    Raises Unknown for a cart that is not the caller's, Invalid where we do not deliver, and what lock_cart raises.
    """
    _methods_for(wanted.shipping_address.country, terms)
    try:
        cart = set_destination(wanted.cart_id, wanted.shipping_address, actor)
    except NotFound as error:
        raise _unknown_cart() from error
    return quote_methods(cart, wanted.shipping_address.country, terms)


def _methods_for(country: str, terms: Terms) -> Sequence[ShippingMethod]:
    methods = methods_serving(terms.shipping_methods, country)
    if not methods:
        names = country_names()
        served = ", ".join(names[code] for code in terms.countries)
        message = f"We do not deliver to {names.get(country, country)}. We deliver to {served}."
        raise Invalid(message, [Detail("shippingAddress.country", message)])
    return methods


# -- place ------------------------------------------------------------------------------------------------------------


@operation
def place_order(
    wanted: PlaceOrder, actor: Actor, terms: Terms, *, claim: Claim | None = None, placement_key: str | None = None
) -> Order:
    """Make the cart an order: priced now, its stock held for 15 minutes, the cart `ordered`. All or nothing.

    Raises Invalid (empty cart, address, method), Unknown (cart, customer), OutOfStock by line, TotalChanged,
    CartOrdered when the cart is an order already, TooMany with too many open holds, Gone for an ended cart.
    """
    method = _check_wish(wanted, actor, terms)
    order_id = new_public_id("order")
    cart = _take_cart(wanted.cart_id, actor, order_id)
    priced = price_cart(cart, terms, method)
    _check_cart(priced, wanted, terms)
    _check_open_holds(cart, actor, terms)
    order = _write_order(priced, wanted, method, actor, terms, placement_key)
    reserve_stock(
        {line.variant.id: line.item.quantity for line in priced.lines},
        order_id=order.id,
        expires_at=transaction_time() + terms.hold,
        names={line.variant.id: f"items.{line.item.public_id}" for line in priced.lines},
    )
    if claim is not None:
        attach_resource(claim, order.public_id)
    record_event("order.placed", order.public_id)
    if order.total_amount == 0:
        _confirm_free_order(order, actor)
    return order


@operation
def check_out_with_cash(wanted: PlaceOrder, actor: Actor, terms: Terms, *, placement_key: str | None = None) -> Order:
    """Place an order and confirm it to be paid at the door, in one step (the checkout page)."""
    order = place_order(wanted, actor, terms, placement_key=placement_key)
    if order.status == "pending":
        order = confirm_cash_on_delivery(order.id, CashOnDelivery(), actor, terms)
    return order


@operation
def cancel_order(order_id: int, actor: Actor, *, reason: str = "") -> Order:
    """Cancel an order, give its stock back and close what was due. Raises Conflict when it is too late."""
    order = close_order(order_id, actor, reason=reason)
    cancel_open_payments(order_id)
    return order


def cancel_unpaid_orders() -> int:
    """Cancel pending orders whose hold is over, each in its own operation; returns how many."""
    cancelled = 0
    for order_id in orders_with_overdue_holds() + pending_orders_without_hold():
        try:
            _cancel_unpaid_order(order_id)
            cancelled += 1
        except Conflict:
            log.info("order_not_cancelled", order=order_id)  # confirmed or cancelled a moment ago, which is as good
        except RuntimeError:
            log.exception("order_not_cancelled", order=order_id)
    return cancelled


@operation
def _cancel_unpaid_order(order_id: int) -> None:
    close_order(order_id, SYSTEM, reason="Not confirmed in time", because_unpaid=True)
    cancel_open_payments(order_id)


def _check_wish(wanted: PlaceOrder, actor: Actor, terms: Terms) -> ShippingMethod:
    """The chosen method, once all that can be known without the cart is right."""
    check_own_customer(wanted.customer_id, actor)
    address = wanted.shipping_address
    missing = missing_parts(address.country, region=address.region, postal_code=address.postal_code)
    if missing:
        details = [Detail(f"shippingAddress.{name}", sentence) for name, sentence in missing.items()]
        raise Invalid("The address is not complete.", details)
    methods = _methods_for(wanted.shipping_address.country, terms)
    chosen = next((method for method in methods if method.id == wanted.shipping_method), None)
    if chosen is None:
        offered = ", ".join(method.id for method in methods)
        raise Invalid("Choose a delivery method.", [Detail("shippingMethod", f"Choose one of: {offered}.")])
    refuse_cards(wanted.payment_method)
    return chosen


def _take_cart(public_id: str, actor: Actor, order_id: str) -> Cart:
    """Lock the cart by making it `ordered`: whoever comes second waits here and finds the order."""
    now = transaction_time()
    cart = db.session.scalars(
        update(Cart)
        .where(Cart.public_id == public_id, Cart.status == "open", Cart.expires_at > now)
        .where(or_(Cart.user_id.is_(None), Cart.user_id == actor.user_id))
        .values(status="ordered", order_public_id=order_id, updated_at=now)
        .returning(Cart)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).one_or_none()
    if cart is not None:
        return cart
    try:
        cart = get_cart(public_id, actor)
    except NotFound as error:
        raise _unknown_cart() from error
    if cart.order_public_id is not None:
        raise CartOrdered("This cart is ordered already.", cart.order_public_id)
    raise Gone("This cart has ended. Make a new one.")


def _unknown_cart() -> Unknown:
    return Unknown("There is no such cart. Make a new one.", [Detail("cartId", "No cart has this id.")])


def _check_cart(priced: PricedCart, wanted: PlaceOrder, terms: Terms) -> None:
    if not priced.lines:
        raise Invalid("The cart is empty. Put something in it first.", [Detail("cartId", "The cart is empty.")])
    gone = [
        Detail(f"items.{line.item.public_id}", f"{line.product.name}: no longer on sale.", available=0)
        for line in priced.lines
        if not (line.product.is_active and line.variant.is_active)
    ]
    if gone:
        raise OutOfStock("Not everything in the cart is available any more. Change the lines that are marked.", gone)
    total = priced.receipt.total
    if wanted.expected_total is not None and wanted.expected_total != total.amount:
        raise TotalChanged(Money(wanted.expected_total, total.currency), total)


def _check_open_holds(cart: Cart, actor: Actor, terms: Terms) -> None:
    """Nobody hoards stock: few open holds a customer, and a few more a network address (reliability.md S08)."""
    held = select(func.count(func.distinct(Reservation.order_id))).join(Order, Reservation.order_id == Order.id)
    held = held.where(Reservation.status == "held", Reservation.expires_at > transaction_time())
    wait = int(terms.hold.total_seconds())
    message = "Too many unfinished orders are open. Finish or cancel one of them, or wait until they end by themselves."
    if actor.address and (
        (db.session.scalar(held.where(Order.placed_from == actor.address)) or 0) >= terms.max_open_holds_per_address
    ):
        raise TooMany(message, retry_after=wait)
    if cart.user_id is not None and (
        (db.session.scalar(held.where(Order.user_id == cart.user_id)) or 0) >= terms.max_open_holds_per_customer
    ):
        raise TooMany(message, retry_after=wait)


def _write_order(
    priced: PricedCart,
    wanted: PlaceOrder,
    method: ShippingMethod,
    actor: Actor,
    terms: Terms,
    placement_key: str | None,
) -> Order:
    now, receipt, address = transaction_time(), priced.receipt, wanted.shipping_address
    delivery = _snapshot(address)
    order = Order(
        public_id=priced.cart.order_public_id,
        cart_id=priced.cart.id,
        user_id=priced.cart.user_id,
        email=address.email,
        phone=comparable_phone(address.phone),
        placement_key=placement_key,
        placed_from=actor.address or "",
        currency=priced.cart.currency,
        subtotal_amount=receipt.subtotal.amount,
        discount_amount=receipt.discount.amount,
        shipping_amount=receipt.shipping.amount,
        tax_amount=receipt.tax.amount,
        tax_included_amount=receipt.tax_included.amount,
        total_amount=receipt.total.amount,
        shipping_address=delivery,
        billing_address=delivery if wanted.billing_address == "same" else _snapshot(wanted.billing_address, delivery),
        shipping_method=_method_as_sold(method, receipt.shipping),
        payment_method=wanted.payment_method,
        estimated_delivery=add_working_days(now.date(), method.max_days),
        notes=wanted.notes or "",
        line_items=[_line_as_sold(position, line, priced) for position, line in enumerate(priced.lines, start=1)],
        created_at=now,
        updated_at=now,
    )
    db.session.add(order)
    db.session.flush()
    order.number = f"{terms.order_prefix}-{now.year}-{order.id:06d}"
    db.session.flush()
    record_move(order.id, "status", None, "pending", actor)
    return order


def _method_as_sold(method: ShippingMethod, price: Money) -> dict[str, Any]:
    return {
        "id": method.id,
        "name": method.name,
        "price_amount": price.amount,
        "min_days": method.min_days,
        "max_days": method.max_days,
    }


def _snapshot(address: Address, fallback: dict[str, Any] | None = None) -> dict[str, Any]:
    values = address.model_dump(by_alias=True, exclude_none=True)
    for name in ("email", "phone"):
        if fallback is not None:
            values.setdefault(name, fallback[name])
    return values


def _line_as_sold(position: int, line: CartLine, priced: PricedCart) -> OrderLineItem:
    money = priced.receipt.lines[position - 1]
    return OrderLineItem(
        variant_id=line.variant.id,
        position=position,
        product_public_id=line.product.public_id,
        variant_public_id=line.variant.public_id,
        product_name=line.product.name,
        product_slug=line.product.slug,
        variant_name=line.variant.name,
        sku=line.variant.sku,
        image_file=line.image.file_name if line.image else None,
        quantity=money.quantity,
        unit_price_amount=money.unit_price.amount,
        subtotal_amount=money.subtotal.amount,
        discount_amount=money.discount.amount,
        tax_amount=money.tax.amount,
        total_amount=money.total.amount,
        currency=money.total.currency,
    )


def _confirm_free_order(order: Order, actor: Actor) -> None:
    """An order of 0 is confirmed and paid at once (reliability.md D20)."""
    move_status(order.id, "confirmed", actor)
    record_move(order.id, "payment", order.payment_status, "paid", actor)
    order.status, order.payment_status = "confirmed", "paid"
    promise_reservations(order.id, sum(line.quantity for line in order.line_items))
    record_event("order.confirmed", order.public_id)
