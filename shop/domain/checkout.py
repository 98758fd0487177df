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
from shop.domain.address_forms import wrong_parts, wrongly_written_parts
from shop.domain.addresses import Address, BillingAddress, Destination, comparable_phone
from shop.domain.carts.models import Cart
from shop.domain.carts.operations import set_destination
from shop.domain.carts.queries import CartLine, PricedCart, ended_cart, get_cart, price_cart, unknown_cart
from shop.domain.customers.queries import check_own_customer
from shop.domain.events import record_event
from shop.domain.explanations import explain, kept
from shop.domain.idempotency import Claim, attach_resource
from shop.domain.inputs import Input, Line, PublicId, Text
from shop.domain.inventory.models import Reservation
from shop.domain.inventory.operations import orders_with_overdue_holds, promise_reservations, reserve_stock
from shop.domain.orders.changes import NO_FORM, OrderChange, is_repeat, lock_order
from shop.domain.orders.models import Order, OrderLineItem
from shop.domain.orders.operations import close_order, move_status, pending_orders_without_hold, record_move
from shop.domain.payments.cards import refuse_small_total
from shop.domain.payments.operations import (
    CARD,
    CashOnDelivery,
    cancel_open_payments,
    confirm_cash_on_delivery,
    refuse_cards,
)
from shop.domain.payments.refunds import refund_what_was_paid
from shop.domain.places import Place
from shop.domain.promotions.operations import redeem_code
from shop.domain.promotions.queries import customer_names
from shop.domain.shipping import ShippingMethod, grams_in_words
from shop.domain.shipping_zones.queries import methods_to
from shop.domain.tax import PlaceTax
from shop.domain.terms import Terms
from shop.errors import CartOrdered, Conflict, Detail, Invalid, NotFound, OutOfStock, TooMany
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
    """One way to send this cart there: its price, the order's tax and total with it, and how the place taxes."""

    method: ShippingMethod
    price: Money
    tax: Money
    total: Money
    is_default: bool
    place_tax: PlaceTax


class TotalChanged(Conflict):
    """The total is another than the shopper saw; `now` is what it is."""

    def __init__(self, expected: Money, now: Money) -> None:
        message = f"The total changed from {expected.format()} to {now.format()}. Look at it and order again."
        super().__init__(message, [Detail("expectedTotal", message)])
        self.now = now


# -- quote ------------------------------------------------------------------------------------------------------------


def quote_methods(cart: Cart, place: Place, terms: Terms) -> list[ShippingQuote]:
    """Every method that delivers this cart to a place with what the order would cost; the first is the default.

    Raises Invalid when there is none: nothing goes there, or nothing that goes there takes what the cart weighs.
    """
    methods = methods_to(place, terms)
    quotes: list[ShippingQuote] = []
    for method in methods:
        tax = quotes[0].place_tax if quotes else None
        priced = price_cart(cart, terms, method, place=place, tax=tax)
        if method.takes(priced.weight):
            paid, is_first = priced.receipt, not quotes
            quotes.append(ShippingQuote(method, paid.shipping, paid.tax, paid.total, is_first, priced.tax))
    if not quotes:
        raise _too_heavy(methods)
    return quotes


@operation
def quote_shipping(wanted: QuoteShipping, actor: Actor, terms: Terms) -> list[ShippingQuote]:
    """Keep the destination with the cart and quote every method for it.

    Raises Unknown for a cart that is not the caller's, Invalid where we do not deliver, and what lock_cart raises.
    """
    place = Place.of(wanted.shipping_address.model_dump())
    methods_to(place, terms)
    try:
        cart = set_destination(wanted.cart_id, wanted.shipping_address, actor)
    except NotFound as error:
        raise unknown_cart() from error
    return quote_methods(cart, place, terms)


def _too_heavy(methods: Sequence[ShippingMethod]) -> Invalid:
    most = grams_in_words(max(method.max_weight or 0 for method in methods))
    message = f"What is in the cart is too heavy to be sent there so in one order: at most {most} can be."
    return Invalid(message, [Detail("shippingMethod", message)])


# -- place ------------------------------------------------------------------------------------------------------------


@operation
def place_order(
    wanted: PlaceOrder, actor: Actor, terms: Terms, *, claim: Claim | None = None, placement_key: str | None = None
) -> Order:
    """Make the cart an order: priced now, its stock held for 15 minutes, the cart `ordered`. All or nothing.

    Raises Invalid (empty cart, address, method), Unknown (cart, customer), OutOfStock by line, TotalChanged,
    CartOrdered when the cart is an order already, TooMany with too many open holds, Gone for an ended cart or a
    discount code whose last use somebody else had.
    """
    method = _check_wish(wanted, actor, terms)
    order_id = new_public_id("order")
    cart = _take_cart(wanted.cart_id, actor, order_id)
    address = wanted.shipping_address
    place = Place.of(address.model_dump())
    priced = price_cart(cart, terms, method, place=place, email=address.email)
    if not method.takes(priced.weight):
        raise _too_heavy([method])
    _check_cart(priced, wanted, terms)
    _check_open_holds(cart, actor, terms)
    order = _write_order(priced, wanted, method, actor, terms, placement_key)
    if priced.code is not None and order.discount_code is not None:
        names = customer_names(cart.user_id, order.email)
        redeem_code(priced.code, order.id, priced.receipt.spared.amount, names)
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
def cancel_order(order_id: int, actor: Actor, *, reason: str = "", wanted: OrderChange = NO_FORM) -> Order:
    """Cancel an order, give its stock and its money back and close what was due. Raises Conflict when it is too late.

    A customer cannot cancel what is paid in cash already: that needs somebody who hands the money over.
    """
    order = lock_order(order_id)
    if is_repeat(order, wanted):
        return order
    order = close_order(order_id, actor, reason=reason)
    cancel_open_payments(order_id)
    refund_what_was_paid(order_id, actor, "The order was cancelled")
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
    methods = methods_to(Place.of(wanted.shipping_address.model_dump()), terms)
    wrong = _wrong_parts(wanted)
    if wrong:
        raise Invalid("The address is not complete.", wrong)
    chosen = next((method for method in methods if method.id == wanted.shipping_method), None)
    if chosen is None:
        offered = ", ".join(method.id for method in methods)
        raise Invalid("Choose a delivery method.", [Detail("shippingMethod", f"Choose one of: {offered}.")])
    if not terms.takes_cards:
        refuse_cards(wanted.payment_method)
    return chosen


def _wrong_parts(wanted: PlaceOrder) -> list[Detail]:
    """What the countries' addresses need: all of it where it is delivered, for the invoice what is there."""
    address, billing = wanted.shipping_address, wanted.billing_address
    wrong = wrong_parts(address.country, region=address.region, postal_code=address.postal_code)
    details = [Detail(f"shippingAddress.{name}", sentence) for name, sentence in wrong.items()]
    if billing != "same":
        wrong = wrongly_written_parts(billing.country, postal_code=billing.postal_code)
        details += [Detail(f"billingAddress.{name}", sentence) for name, sentence in wrong.items()]
    return details


def _take_cart(public_id: str, actor: Actor, order_id: str) -> Cart:
    """Lock the cart by making it `ordered`: whoever comes second waits here and finds the order."""
    now = transaction_time()
    cart = db.session.scalars(
        update(Cart)
        .where(Cart.public_id == public_id, Cart.status == "open", Cart.expires_at > now)
        .where(or_(Cart.user_id.is_(None), Cart.user_id == actor.customer_id))
        .values(status="ordered", order_public_id=order_id, updated_at=now)
        .returning(Cart)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).one_or_none()
    if cart is not None:
        return cart
    try:
        cart = get_cart(public_id, actor)
    except NotFound as error:
        raise unknown_cart() from error
    if cart.order_public_id is not None:
        raise CartOrdered("This cart is ordered already.", cart.order_public_id)
    raise ended_cart(cart)


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
    if wanted.expected_total is None and priced.verdict is not None and priced.verdict.refusal is not None:
        raise priced.verdict.refusal  # nobody has seen the total without it
    if wanted.expected_total is not None and wanted.expected_total != total.amount:
        raise TotalChanged(Money(wanted.expected_total, total.currency), total)
    if wanted.payment_method == CARD:
        refuse_small_total(total)


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
    delivery, names = _snapshot(address), [line.variant.full_name for line in priced.lines]
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
        discount_code=receipt.applied.code if receipt.applied else None,
        shipping_amount=receipt.shipping.amount,
        tax_amount=receipt.tax.amount,
        tax_included_amount=receipt.tax_included.amount,
        total_amount=receipt.total.amount,
        shipping_address=delivery,
        billing_address=delivery if wanted.billing_address == "same" else _snapshot(wanted.billing_address, delivery),
        shipping_method=_method_as_sold(method, receipt.shipping),
        payment_method=wanted.payment_method,
        receipt_steps=kept(explain(receipt, priced.tax.rule, names, method.name), priced.tax.names),
        estimated_delivery=method.arrives(now, address.country)[1],
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
    move_status(order.id, "confirmed", actor, allowed_from=("pending",))
    record_move(order.id, "payment", order.payment_status, "paid", actor)
    order.status, order.payment_status = "confirmed", "paid"
    promise_reservations(order.id, sum(line.quantity for line in order.line_items))
    record_event("order.confirmed", order.public_id)
