"""Many buyers at once, with real threads on real connections: the last unit is sold once."""

from __future__ import annotations

import collections
import threading

import pytest

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.checkout import cancel_order, check_out_with_cash, place_order
from shop.domain.idempotency import claim_key
from shop.domain.orders.models import Order
from shop.domain.payments.operations import CashOnDelivery, confirm_cash_on_delivery
from shop.errors import CartOrdered, Conflict, OutOfStock, ShopError
from tests.conftest import (
    SHOPPER,
    address,
    cart_with,
    make_product,
    make_staff,
    order_wish,
    placed_order,
    stock_of,
    variants_of,
)

pytestmark = pytest.mark.both_databases


def at_once(app, works):
    """Run each work in a thread with an application context of its own, all released together; what came of them."""
    barrier, results = threading.Barrier(len(works)), [None] * len(works)

    def run(number, work):
        with app.app_context():
            barrier.wait(30)
            try:
                results[number] = work()
            except ShopError as error:
                results[number] = error
            db.session.remove()

    threads = [threading.Thread(target=run, args=(number, work)) for number, work in enumerate(works)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert None not in results
    return results


def buyers(terms, variant, count, quantity=1):
    carts = [cart_with(terms, (variant, quantity)) for _ in range(count)]
    db.session.remove()

    def buy(number, cart_id):
        wish = order_wish(cart_id, shippingAddress=address(email=f"b{number}@example.com", phone=f"+1 555 {number:07}"))
        return lambda: check_out_with_cash(wish, SHOPPER, terms).public_id

    return [buy(number, cart_id) for number, cart_id in enumerate(carts)]


@pytest.mark.parametrize("stock", [1, 7])
def test_as_many_orders_as_there_are_units(app, terms, stock):
    variant = variants_of(make_product(stock=stock))[0]

    results = at_once(app, buyers(terms, variant, 24))

    won = [result for result in results if isinstance(result, str)]
    lost = [result for result in results if isinstance(result, OutOfStock)]
    assert (len(won), len(lost)) == (stock, 24 - stock)
    assert stock_of(variant) == (stock, stock)


def test_two_variants_bought_in_opposite_order_do_not_block_each_other(app, terms):
    one, two = (variants_of(make_product(stock=8))[0] for _ in range(2))
    carts = [cart_with(terms, *pair) for pair in [((one, 1), (two, 1)), ((two, 1), (one, 1))] * 8]
    db.session.remove()

    results = at_once(app, [lambda c=cart: place_order(order_wish(c), SHOPPER, terms).public_id for cart in carts])

    counts = collections.Counter(type(result) for result in results)
    assert counts == {str: 8, OutOfStock: 8}


def test_one_cart_submitted_by_many_is_one_order(app, terms):
    cart_id = cart_with(terms, (variants_of(make_product(stock=50))[0], 1))
    db.session.remove()

    results = at_once(app, [lambda: place_order(order_wish(cart_id), SHOPPER, terms).public_id] * 16)

    won = [result for result in results if isinstance(result, str)]
    assert len(won) == 1
    assert all(isinstance(r, CartOrdered) and r.order_id == won[0] for r in results if not isinstance(r, str))
    assert db.session.scalar(db.select(db.func.count()).select_from(Order)) == 1


def test_a_key_is_claimed_by_one(app):
    db.session.remove()
    results = at_once(app, [lambda: claim_key("cart:x", "key", "print").id] * 12)
    assert sum(isinstance(result, int) for result in results) == 1
    assert all(isinstance(result, int | Conflict) for result in results)


def test_cancelling_and_confirming_at_once_ends_in_one_of_the_two(app, terms):
    variant = variants_of(make_product(stock=9))[0]
    order = placed_order(terms, (variant, 3))
    order_id = order.id
    db.session.remove()

    at_once(
        app,
        [lambda: cancel_order(order_id, SYSTEM).status] * 4
        + [lambda: confirm_cash_on_delivery(order_id, CashOnDelivery(), SHOPPER, terms).status] * 4,
    )

    status = db.session.scalars(db.select(Order.status)).one()
    assert stock_of(variant) == ((9, 3) if status == "confirmed" else (9, 0))
    assert status in {"confirmed", "cancelled"}


def test_stock_that_comes_back_is_sold_again_once(app, terms):
    variant = variants_of(make_product(stock=4))[0]
    orders = [placed_order(terms, (variant, 2)).id for _ in range(2)]
    carts, staff = [cart_with_more_than_is_left(terms, variant) for _ in range(6)], make_staff()
    db.session.remove()

    at_once(
        app,
        [lambda i=i: cancel_order(i, staff).status for i in orders]
        + [lambda c=cart: place_order(order_wish(c), SHOPPER, terms).public_id for cart in carts],
    )

    on_hand, reserved = stock_of(variant)
    assert on_hand == 4 and reserved in {0, 2, 4}


def cart_with_more_than_is_left(terms, variant):
    from shop.db import operation
    from shop.domain.carts.models import CartLineItem
    from shop.domain.carts.queries import get_cart

    cart = get_cart(cart_with(terms), SHOPPER)

    @operation
    def put():
        db.session.add(
            CartLineItem(cart_id=cart.id, variant_id=variant.id, quantity=2, seen_price_amount=variant.price_amount)
        )

    put()
    return cart.public_id
