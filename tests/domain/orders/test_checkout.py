"""Placing, confirming, cancelling and ending orders: stock, money, history and events stay in step."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from shop.db import db, frozen_time, operation, transaction_time
from shop.domain.actors import SYSTEM, Actor
from shop.domain.carts.queries import get_cart
from shop.domain.catalog.listings import refresh_all_listings
from shop.domain.catalog.models import Product, Variant
from shop.domain.checkout import (
    TotalChanged,
    cancel_order,
    cancel_unpaid_orders,
    check_out_with_cash,
    place_order,
    quote_methods,
)
from shop.domain.events import OutboxEvent
from shop.domain.inventory.models import Reservation
from shop.domain.orders.models import Order
from shop.domain.orders.operations import deliver_order, start_processing
from shop.domain.orders.queries import get_order
from shop.domain.orders.shipments import ship_order
from shop.domain.orders.tokens import order_token
from shop.domain.payments.operations import CashOnDelivery, collect_cash, confirm_cash_on_delivery
from shop.domain.places import Place
from shop.errors import CartOrdered, Conflict, Invalid, NotFound, OutOfStock, TooMany
from shop.money import Money
from tests.conftest import (
    SHOPPER,
    cart_with,
    make_customer,
    make_product,
    make_staff,
    order_wish,
    placed_order,
    stock_of,
    variants_of,
)


@pytest.fixture
def staff(app):
    return make_staff()


def variant_with(stock=5, price="20.00", **more):
    return variants_of(make_product(stock=stock, price=price, **more))[0]


def history(order_id):
    order = get_order(db.session.get_one(Order, order_id).public_id, SYSTEM, None)
    return [(move.track, move.from_status, move.to_status, move.by) for move in order.history]


def event_types():
    db.session.rollback()
    return list(db.session.scalars(db.select(OutboxEvent.type).order_by(OutboxEvent.id)))


def test_an_order_is_a_copy_that_later_changes_do_not_touch(app, terms):
    variant = variant_with()
    order = placed_order(terms, (variant, 2))

    @operation
    def rename_and_reprice():
        db.session.execute(db.update(Variant).values(price_amount=9999, name="Other"))
        db.session.execute(db.update(Product).values(name="Other", from_price_amount=9999))
        refresh_all_listings()

    rename_and_reprice()
    sold = get_order(order.public_id, SYSTEM, terms)
    assert (sold.line_items[0].unit_price_amount, sold.line_items[0].total_amount) == (2000, 4000)
    assert sold.line_items[0].product_name != "Other"
    assert sold.total_amount == 4490


def test_the_number_has_prefix_year_and_is_unique(app, terms):
    variant = variant_with()
    numbers = {placed_order(terms, (variant, 1)).number for _ in range(3)}
    assert len(numbers) == 3
    assert all(re.fullmatch(rf"SKN-{transaction_time().year}-\d{{6}}", number) for number in numbers)


def test_placing_holds_and_confirming_promises(app, terms):
    variant = variant_with(stock=5)
    order = placed_order(terms, (variant, 2))
    assert stock_of(variant) == (5, 2)

    confirm_cash_on_delivery(order.id, CashOnDelivery(), SHOPPER, terms)

    reservation = db.session.scalars(db.select(Reservation)).one()
    assert (reservation.status, reservation.expires_at) == ("promised", None)
    assert event_types() == ["order.placed", "order.confirmed"]
    assert history(order.id) == [
        ("status", None, "pending", "customer"),
        ("status", "pending", "confirmed", "customer"),
    ]


def test_confirming_twice_is_the_same_as_once(app, terms):
    order = placed_order(terms, (variant_with(), 1), confirm=True)
    confirm_cash_on_delivery(order.id, CashOnDelivery(), SHOPPER, terms)
    assert event_types().count("order.confirmed") == 1


def test_the_whole_life_of_an_order_moves_the_stock_once(app, terms, staff):
    variant = variant_with(stock=5)
    order = placed_order(terms, (variant, 2), confirm=True)

    start_processing(order.id, staff)
    ship_order(order.id, staff)
    assert stock_of(variant) == (3, 0)
    deliver_order(order.id, staff)
    collect_cash(order.id, Money(order.total_amount, "USD"), staff)

    order = get_order(order.public_id, SYSTEM, terms)
    assert (order.status, order.payment_status, order.shipping_status) == ("delivered", "paid", "delivered")
    with pytest.raises(Conflict):
        ship_order(order.id, staff)
    with pytest.raises(Conflict):
        collect_cash(order.id, Money(order.total_amount, "USD"), staff)


def test_cash_is_the_order_s_total_or_nothing(app, terms, staff):
    order = placed_order(terms, (variant_with(), 1), confirm=True)
    with pytest.raises(Invalid, match=r"\$24.90"):
        collect_cash(order.id, Money(1, "USD"), staff)


@pytest.mark.parametrize("steps", [0, 1])
def test_a_customer_cancels_while_pending_or_confirmed(app, terms, steps):
    variant = variant_with(stock=5)
    order = placed_order(terms, (variant, 2), confirm=bool(steps))
    cancel_order(order.id, SHOPPER, reason="changed my mind")
    assert stock_of(variant) == (5, 0)
    with pytest.raises(Conflict):
        cancel_order(order.id, SHOPPER)


def test_a_customer_is_too_late_once_staff_pack_and_staff_once_it_has_shipped(app, terms, staff):
    order = placed_order(terms, (variant_with(), 1), confirm=True)
    start_processing(order.id, staff)
    with pytest.raises(Conflict):
        cancel_order(order.id, SHOPPER)
    ship_order(order.id, staff)
    with pytest.raises(Conflict):
        cancel_order(order.id, staff)


def test_an_unconfirmed_order_is_cancelled_at_the_end_of_its_hold(app, terms):
    variant = variant_with(stock=2)
    order = placed_order(terms, (variant, 2))

    with frozen_time(transaction_time() + timedelta(minutes=16)):
        assert cancel_unpaid_orders() == 1
        assert cancel_unpaid_orders() == 0

    assert stock_of(variant) == (2, 0)
    assert get_order(order.public_id, SYSTEM, terms).status == "cancelled"
    assert db.session.scalars(db.select(Reservation.status)).one() == "expired"


def test_a_dead_sweeper_costs_nothing_the_next_buyer_ends_the_hold(app, terms):
    variant = variant_with(stock=2)
    first = placed_order(terms, (variant, 2))
    cart_id = cart_with_ignoring_stock(terms, variant, 2)

    with pytest.raises(OutOfStock):
        place_order(order_wish(cart_id), SHOPPER, terms)
    with frozen_time(transaction_time() + timedelta(minutes=16)):
        second = place_order(order_wish(cart_id), SHOPPER, terms)
        with pytest.raises(Conflict):
            confirm_cash_on_delivery(first.id, CashOnDelivery(), SHOPPER, terms)
        confirm_cash_on_delivery(second.id, CashOnDelivery(), SHOPPER, terms)
        assert cancel_unpaid_orders() == 1

    assert stock_of(variant) == (2, 2)


def cart_with_ignoring_stock(terms, variant, quantity):
    """A cart filled while there was enough: lines may ask for more than is left by now."""
    cart_id = cart_with(terms)
    cart = get_cart(cart_id, SHOPPER)

    @operation
    def put():
        from shop.domain.carts.models import CartLineItem

        db.session.add(
            CartLineItem(
                cart_id=cart.id, variant_id=variant.id, quantity=quantity, seen_price_amount=variant.price_amount
            )
        )

    put()
    return cart_id


def test_all_lines_or_none(app, terms):
    plenty, scarce = variant_with(stock=9), variant_with(stock=1)
    cart_id = cart_with(terms, (plenty, 3), (scarce, 1))
    placed_order(terms, (scarce, 1))

    with pytest.raises(OutOfStock) as caught:
        place_order(order_wish(cart_id), SHOPPER, terms)

    assert [detail.available for detail in caught.value.details] == [0]
    assert stock_of(plenty) == (9, 0)
    assert get_cart(cart_id, SHOPPER).status == "open"


def test_a_cart_is_ordered_once(app, terms):
    cart_id = cart_with(terms, (variant_with(), 1))
    order = place_order(order_wish(cart_id), SHOPPER, terms)
    with pytest.raises(CartOrdered) as caught:
        place_order(order_wish(cart_id), SHOPPER, terms)
    assert caught.value.order_id == order.public_id


def test_another_total_than_was_shown_stops_before_anything_is_written(app, terms):
    variant = variant_with()
    cart_id = cart_with(terms, (variant, 1))
    with pytest.raises(TotalChanged) as caught:
        place_order(order_wish(cart_id, expectedTotal=1), SHOPPER, terms)
    assert caught.value.now == Money(2490, "USD")
    assert stock_of(variant) == (5, 0)


def test_a_free_order_is_confirmed_and_paid_at_once(app, terms):
    variant = variant_with(price="0.00")
    free_shipping = terms.shipping_methods[0].__class__(
        **{**terms.shipping_methods[0].__dict__, "price": Money(0, "USD")}
    )
    free_terms = terms.__class__(**{**terms.__dict__, "shipping_methods": (free_shipping,)})
    order = place_order(order_wish(cart_with(free_terms, (variant, 1))), SHOPPER, free_terms)
    assert (order.status, order.payment_status, order.total_amount) == ("confirmed", "paid", 0)
    assert event_types() == ["order.placed", "order.confirmed"]


def test_page_checkout_places_and_confirms_in_one_step(app, terms):
    order = check_out_with_cash(order_wish(cart_with(terms, (variant_with(), 1))), SHOPPER, terms)
    assert order.status == "confirmed" and order.payment_status == "pending"


def test_three_cash_orders_on_their_way_are_enough(app, terms):
    strict = terms.__class__(**{**terms.__dict__, "max_open_cash_orders": 3})
    variant = variant_with(stock=10)
    for _ in range(3):
        check_out_with_cash(order_wish(cart_with(terms, (variant, 1))), SHOPPER, strict)
    with pytest.raises(TooMany):
        check_out_with_cash(order_wish(cart_with(terms, (variant, 1))), SHOPPER, strict)
    assert stock_of(variant) == (10, 3)


def test_holds_cannot_be_hoarded_from_one_address(app, terms):
    strict = terms.__class__(**{**terms.__dict__, "max_open_holds_per_address": 2})
    variant = variant_with(stock=10)
    for _ in range(2):
        place_order(order_wish(cart_with(terms, (variant, 1))), SHOPPER, strict)
    with pytest.raises(TooMany):
        place_order(order_wish(cart_with(terms, (variant, 1))), SHOPPER, strict)
    place_order(order_wish(cart_with(terms, (variant, 1))), Actor("customer", address="127.0.0.2"), strict)


def test_above_the_highest_sum_cash_is_refused(app, terms):
    variant = variant_with(price="1999.00")
    order = place_order(order_wish(cart_with(terms, (variant, 2))), SHOPPER, terms)
    with pytest.raises(Invalid, match="up to"):
        confirm_cash_on_delivery(order.id, CashOnDelivery(), SHOPPER, terms)


def test_an_order_opens_to_its_token_its_customer_and_staff_alone(app, terms, staff):
    customer = make_customer()
    order = placed_order(terms, (variant_with(), 1), actor=customer)
    token = order_token(order, terms.order_token_secrets)

    for actor, given in [(SHOPPER, token), (customer, None), (staff, None)]:
        assert get_order(order.public_id, actor, terms, given).id == order.id
        assert get_order(order.number, actor, terms, given).id == order.id
    for actor, given in [
        (SHOPPER, None),
        (SHOPPER, ""),
        (SHOPPER, token[:-1]),
        (SHOPPER, "é"),
        (make_customer("x@example.com"), None),
    ]:
        with pytest.raises(NotFound):
            get_order(order.public_id, actor, terms, given)


def test_raising_the_access_version_ends_the_token(app, terms):
    order = placed_order(terms, (variant_with(), 1))
    token = order_token(order, terms.order_token_secrets)

    @operation
    def raise_version():
        db.session.execute(db.update(Order).values(access_version=2))

    raise_version()
    with pytest.raises(NotFound):
        get_order(order.public_id, SHOPPER, terms, token)


def test_every_method_is_quoted_with_the_total_it_would_cost(app, terms):
    cart = get_cart(cart_with(terms, (variant_with(price="80.00"), 1)), SHOPPER)
    quotes = {
        quote.method.id: (quote.price.amount, quote.total.amount) for quote in quote_methods(cart, Place("US"), terms)
    }
    assert quotes == {"standard": (0, 8000), "express": (1290, 9290)}


def test_the_sweep_leaves_confirmed_orders_alone(app, terms):
    variant = variant_with(stock=5)
    placed_order(terms, (variant, 2), confirm=True)
    with frozen_time(transaction_time() + timedelta(days=2)):
        assert cancel_unpaid_orders() == 0
    assert stock_of(variant) == (5, 2)
