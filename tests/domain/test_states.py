"""A shop lives at random: carts, orders, cash, cancelling, parcels, refunds, returns, codes, prices, time.

After each step the stock is what a model of it says, and at the end of each life every invariant of the audit holds.
Lives and steps: SHOP_STATES ("sqlite:200x50 postgresql:40x50"), a few by default, and the same ones in every run of the
tests; `make prove-states` runs many others.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shop.db import db, frozen_time, operation
from shop.domain.actors import Actor
from shop.domain.carts.operations import AddToCart, ApplyCode, add_to_cart, apply_code, expire_carts, remove_code
from shop.domain.carts.queries import get_cart, price_cart
from shop.domain.catalog.models import Product, Variant
from shop.domain.checkout import cancel_order, cancel_unpaid_orders, place_order
from shop.domain.inventory.models import StockItem
from shop.domain.inventory.operations import receive_stock
from shop.domain.orders.models import Order
from shop.domain.orders.operations import deliver_order, start_processing
from shop.domain.orders.queries import get_order
from shop.domain.orders.returns import ReceiveReturn, receive_return
from shop.domain.orders.shipments import ShipOrder, ship_order
from shop.domain.payments.operations import CashOnDelivery, collect_cash, confirm_cash_on_delivery
from shop.domain.payments.refunds import RefundPayment, refund_payment
from shop.domain.terms import Terms
from shop.errors import ShopError
from tests.conftest import (
    SHOPPER,
    assert_invariants,
    cart_with,
    empty_database,
    make_product,
    make_staff,
    order_wish,
    variants_of,
)
from tests.domain.promotions.codes import make_code

LIVES = dict(each.split(":") for each in os.environ.get("SHOP_STATES", "sqlite:15x25 postgresql:15x25").split())
CODES = ("QUARTER", "FIVER", "PARCEL")


class ShopMachine(RuleBasedStateMachine):
    """One life of a shop. What the shop refuses is as it should be; anything else that is raised is a fault."""

    app: Flask
    terms: Terms
    database: str

    carts: Bundle[str] = Bundle("carts")
    orders: Bundle[int] = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        empty_database(self.database)
        self.now = datetime(2026, 11, 2, 9, tzinfo=UTC)
        self.is_swept = True
        self.staff = make_staff(email="machine@example.com")
        few = make_product("Few", price="23.90", stock=3)
        many = make_product("Many", price="0.99", stock=8, variants=["S", "L"])
        self.variants: list[Variant] = [*variants_of(few), *variants_of(many)]
        make_code("QUARTER", maxUses=2)
        make_code("FIVER", "fixed_amount", "5.00", maxUsesPerCustomer=1)
        make_code("PARCEL", "free_shipping")
        self.on_hand = {variant.id: stock for variant, stock in zip(self.variants, (3, 8, 8), strict=True)}
        db.session.remove()

    def do(self, work: Any, *args: Any, **more: Any) -> Any:
        """Do it now; None where the shop refuses."""
        db.session.remove()
        with frozen_time(self.now):
            try:
                return work(*args, **more)
            except ShopError:
                return None
            finally:
                db.session.remove()

    def order(self, order_id: int) -> Order:
        found = get_order(db.session.get_one(Order, order_id).public_id, self.staff, self.terms)
        db.session.expunge_all()
        return found

    # -- shoppers

    @initialize(target=orders, buyer=st.integers(0, 2))
    def begin_with_an_order(self, buyer: int) -> Any:
        return self.buy(1, 2, buyer)

    @rule(target=orders, number=st.integers(0, 2), quantity=st.integers(1, 3), buyer=st.integers(0, 2))
    def buy(self, number: int, quantity: int, buyer: int) -> Any:
        """A cart of one line, ordered at once: without it most of a life would be carts that nobody buys."""
        cart = self.do(cart_with, self.terms, (self.variants[number], quantity))
        order = multiple() if cart is None else self.place(cart, buyer, "standard")
        if isinstance(order, int):
            self.pay_at_the_door(order)
        return order

    @rule(target=carts, number=st.integers(0, 2), quantity=st.integers(1, 4))
    def fill_cart(self, number: int, quantity: int) -> Any:
        cart = self.do(cart_with, self.terms, (self.variants[number], quantity))
        return multiple() if cart is None else cart

    @rule(cart=carts, number=st.integers(0, 2), quantity=st.integers(1, 9))
    def add(self, cart: str, number: int, quantity: int) -> None:
        variant = self.variants[number]
        wish = AddToCart(productId=variant.product.public_id, variantId=variant.public_id, quantity=quantity)
        self.do(add_to_cart, cart, wish, SHOPPER)

    @rule(cart=carts, code=st.sampled_from(CODES))
    def enter_code(self, cart: str, code: str) -> None:
        self.do(apply_code, cart, ApplyCode(discountCode=code), SHOPPER, self.terms)

    @rule(cart=carts)
    def leave_code(self, cart: str) -> None:
        self.do(remove_code, cart, SHOPPER)

    @rule(target=orders, cart=carts, buyer=st.integers(0, 2), method=st.sampled_from(["standard", "express"]))
    def place(self, cart: str, buyer: int, method: str) -> Any:
        wish = order_wish(cart, shippingMethod=method)
        address = wish.shipping_address.model_copy(update={"email": f"buyer{buyer}@example.com"})
        seen = self.do(lambda: price_cart(get_cart(cart, SHOPPER), self.terms, self.terms.shipping_methods[0]))
        order = self.do(place_order, wish.model_copy(update={"shipping_address": address}), SHOPPER, self.terms)
        if order is None:
            return multiple()
        if method == "standard":
            assert order.total_amount == seen.receipt.total.amount
        return order.id

    @rule(order=orders)
    def pay_at_the_door(self, order: int) -> None:
        self.do(confirm_cash_on_delivery, order, CashOnDelivery(), SHOPPER, self.terms)

    @rule(order=orders, by_staff=st.booleans())
    def cancel(self, order: int, by_staff: bool) -> None:
        self.do(cancel_order, order, self.staff if by_staff else SHOPPER)

    # -- staff

    @rule(order=orders)
    def pack(self, order: int) -> None:
        self.do(start_processing, order, self.staff)

    @rule(order=orders, some=st.none() | st.integers(1, 3))
    def ship(self, order: int, some: int | None) -> None:
        before = self.order(order)
        wish = ShipOrder() if some is None else ShipOrder(quantities={before.line_items[0].public_id: some})
        shelf = self.on_shelf()
        if self.do(ship_order, order, self.staff, wish) is not None:
            sent = {line.variant_id: line.quantity for line in before.line_items}
            for variant, units in self.on_shelf().items():
                gone = shelf[variant] - units
                assert 0 <= gone <= sent.get(variant, 0)
                assert some is None or gone == (some if variant == before.line_items[0].variant_id else 0)
                self.on_hand[variant] -= gone

    @rule(order=orders)
    def deliver(self, order: int) -> None:
        self.do(deliver_order, order, self.staff)

    @rule(order=orders)
    def collect(self, order: int) -> None:
        self.do(collect_cash, order, self.order(order).total, self.staff)

    @rule(order=orders, units=st.integers(0, 2), shipping=st.booleans(), amount=st.integers(0, 3000))
    def refund_some(self, order: int, units: int, shipping: bool, amount: int) -> None:
        line = self.order(order).line_items[-1].public_id
        quantities = {line: units} if units else {}
        wish = RefundPayment(quantities=quantities, shipping=shipping, otherAmount=amount)
        self.do(refund_payment, order, self.staff, wish)

    @rule(order=orders)
    def refund_the_rest(self, order: int) -> None:
        if self.do(refund_payment, order, self.staff, RefundPayment(everything=True)) is not None:
            done = self.order(order)
            assert done.payment_status == "refunded" and sum(each.amount for each in done.refunds) == done.total_amount

    @rule(order=orders, units=st.none() | st.integers(1, 2), restock=st.booleans())
    def take_back(self, order: int, units: int | None, restock: bool) -> None:
        line = self.order(order).line_items[0]
        wish = ReceiveReturn(quantities={line.public_id: units} if units else {}, restock=restock)
        shelf = self.on_shelf()
        if self.do(receive_return, order, self.staff, wish) is not None:
            for variant, now in self.on_shelf().items():
                assert now == shelf[variant] if not restock else now >= shelf[variant]
                self.on_hand[variant] = now

    @rule(number=st.integers(0, 2), units=st.integers(1, 5))
    def restock(self, number: int, units: int) -> None:
        variant = self.variants[number].id
        if self.do(_receive, variant, units, self.staff):
            self.on_hand[variant] += units

    @rule(number=st.integers(0, 2), amount=st.integers(1, 5000))
    def change_price(self, number: int, amount: int) -> None:
        self.do(_reprice, self.variants[number].id, amount)

    @rule(is_sold=st.booleans())
    def publish_or_withdraw(self, is_sold: bool) -> None:
        self.do(_publish, self.variants[0].product.id, "active" if is_sold else "archived")

    # -- time

    @rule(minutes=st.sampled_from([1, 14, 16, 60, 24 * 60, 31 * 24 * 60]))
    def wait(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.is_swept = False

    @precondition(lambda self: not self.is_swept)
    @rule()
    def sweep(self) -> None:
        self.is_swept = True
        self.do(cancel_unpaid_orders)
        self.do(expire_carts)

    # -- what always holds

    def on_shelf(self) -> dict[int, int]:
        db.session.remove()
        return dict(db.session.execute(db.select(StockItem.variant_id, StockItem.on_hand)).all())

    @invariant()
    def stock_is_as_the_model_says(self) -> None:
        assert self.on_shelf() == self.on_hand

    def teardown(self) -> None:
        db.session.remove()
        assert_invariants()


@operation
def _receive(variant_id: int, units: int, staff: Actor) -> bool:
    receive_stock(variant_id, units, reference="test", actor=staff)
    return True


@operation
def _reprice(variant_id: int, amount: int) -> None:
    variant = db.session.get_one(Variant, variant_id)
    variant.price_amount = amount
    db.session.flush()
    product = db.session.get_one(Product, variant.product_id)
    lowest = db.select(db.func.min(Variant.price_amount)).filter_by(product_id=product.id)
    product.from_price_amount = db.session.scalar(lowest)
    _refresh(product.id)


@operation
def _publish(product_id: int, status: str) -> None:
    db.session.get_one(Product, product_id).status = status
    db.session.flush()
    _refresh(product_id)


def _refresh(product_id: int) -> None:
    from shop.domain.catalog.listings import refresh_listings

    refresh_listings([product_id])


@pytest.mark.breaks_invariants  # checked at the end of each life
def test_nothing_is_lost_doubled_or_invented(
    app: Flask, terms: Terms, database: str, request: pytest.FixtureRequest
) -> None:
    lives, steps = (int(part) for part in LIVES[urlsplit(database).scheme.partition("+")[0]].split("x"))
    machine = type("Machine", (ShopMachine,), {"app": app, "terms": terms, "database": database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=lives,
            stateful_step_count=steps,
            derandomize=request.config.getoption("--hypothesis-seed") is None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
