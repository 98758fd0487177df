"""Many buyers at once, with real threads on real connections: the last unit is sold once."""

from __future__ import annotations

import collections
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shop.db import db, frozen_time
from shop.domain.actors import SYSTEM
from shop.domain.carts.models import Cart
from shop.domain.carts.operations import ApplyCode, apply_code, create_cart
from shop.domain.checkout import cancel_order, cancel_unpaid_orders, check_out_with_cash, place_order
from shop.domain.idempotency import claim_key, drop_claim
from shop.domain.orders.models import Order
from shop.domain.payments.operations import CashOnDelivery, confirm_cash_on_delivery
from shop.domain.promotions.models import DiscountCode
from shop.errors import CartOrdered, Conflict, OutOfStock, ShopError
from tests.conftest import (
    SHOPPER,
    address,
    cart_with,
    make_customer,
    make_product,
    make_staff,
    order_wish,
    placed_order,
    stock_of,
    variants_of,
)
from tests.domain.promotions.codes import make_code

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

    results = at_once(
        app,
        [lambda: cancel_order(order_id, SYSTEM).status] * 4
        + [lambda: confirm_cash_on_delivery(order_id, CashOnDelivery(), SHOPPER, terms).status] * 4,
    )

    assert all(isinstance(result, str | Conflict) for result in results)
    assert sum(result == "cancelled" for result in results) <= 1
    status = db.session.scalars(db.select(Order.status)).one()
    assert stock_of(variant) == ((9, 3) if status == "confirmed" else (9, 0))
    assert status in {"confirmed", "cancelled"}


def test_stock_that_comes_back_is_sold_again_once(app, terms):
    variant = variants_of(make_product(stock=4))[0]
    orders = [placed_order(terms, (variant, 2)).id for _ in range(2)]
    carts, staff = [cart_with_more_than_is_left(terms, variant) for _ in range(6)], make_staff()
    db.session.remove()

    results = at_once(
        app,
        [lambda i=i: cancel_order(i, staff).status for i in orders]
        + [lambda c=cart: place_order(order_wish(c), SHOPPER, terms).public_id for cart in carts],
    )

    won = [result for result in results[2:] if isinstance(result, str)]
    assert results[:2] == ["cancelled", "cancelled"]
    assert all(isinstance(result, str | OutOfStock) for result in results[2:])
    assert len(won) <= 2 and stock_of(variant) == (4, 2 * len(won))


def test_overdue_holds_are_freed_for_all_who_wait(app, terms):
    variant = variants_of(make_product(stock=10))[0]
    for _ in range(10):
        placed_order(terms, (variant, 1))
    works = []
    for number in range(10):
        mine = address(email=f"c{number}@example.com")
        wish = order_wish(cart_with_more_than_is_left(terms, variant, 1), shippingAddress=mine)
        works.append(lambda wish=wish: later(lambda: place_order(wish, SHOPPER, terms).public_id))
    db.session.remove()

    results = at_once(app, works)

    assert all(isinstance(result, str) for result in results), results
    assert stock_of(variant) == (10, 10)
    assert cancel_unpaid_orders() == 10


def later(work):
    with frozen_time(datetime.now(UTC) + timedelta(minutes=16)):
        return work()


def test_two_tabs_of_a_customer_share_one_new_cart(app, terms):
    customer = make_customer()
    db.session.remove()
    results = at_once(app, [lambda: create_cart(terms, customer).public_id] * 8)
    assert len(set(results)) == 1 and isinstance(results[0], str)


def test_a_key_that_is_given_back_meanwhile_is_no_error(app):
    db.session.remove()

    def claim_and_drop():
        claim = claim_key("cart:x", "key", "print")
        drop_claim(claim)
        return claim.id

    for _ in range(5):
        results = at_once(app, [claim_and_drop] * 8)
        assert all(isinstance(result, int | Conflict) for result in results)


def test_three_cash_orders_a_person_hold_under_load(app, terms):
    strict = replace(terms, max_open_cash_orders=3)
    variant = variants_of(make_product(stock=50))[0]
    wishes = [order_wish(cart_with(terms, (variant, 1))) for _ in range(12)]
    db.session.remove()

    results = at_once(app, [lambda w=w: check_out_with_cash(w, SHOPPER, strict).public_id for w in wishes])

    assert sum(isinstance(result, str) for result in results) == 3
    assert stock_of(variant) == (50, 3)


def cart_with_more_than_is_left(terms, variant, quantity=2):
    from shop.db import operation
    from shop.domain.carts.models import CartLineItem
    from shop.domain.carts.queries import get_cart

    cart = get_cart(cart_with(terms), SHOPPER)

    price = variant.price_amount

    @operation
    def put():
        line = CartLineItem(cart_id=cart.id, variant_id=variant.id, quantity=quantity, seen_price_amount=price)
        db.session.add(line)

    put()
    return cart.public_id


@pytest.mark.parametrize("uses", [1, 3])
def test_the_last_use_of_a_code_is_won_as_often_as_there_are_uses(app, terms, uses):
    code_id = make_code(maxUses=uses).id
    variant = variants_of(make_product(stock=50))[0]
    works = buyers(terms, variant, 8)
    for cart in db.session.scalars(db.select(Cart.public_id)).all():
        apply_code(cart, ApplyCode(discountCode="SPRING"), SHOPPER, terms)
    db.session.remove()

    results = at_once(app, works)

    won = [result for result in results if isinstance(result, str)]
    assert len(won) == uses
    assert all("used up" in result.message for result in results if not isinstance(result, str))
    assert db.session.get_one(DiscountCode, code_id).used == uses


def test_one_customer_with_many_carts_uses_a_code_once(app, terms):
    make_code(maxUsesPerCustomer=1)
    variant = variants_of(make_product(stock=50))[0]
    carts = [cart_with(terms, (variant, 1)) for _ in range(6)]
    for cart in carts:
        apply_code(cart, ApplyCode(discountCode="SPRING"), SHOPPER, terms)
    db.session.remove()

    results = at_once(
        app, [lambda cart=cart: place_order(order_wish(cart), SHOPPER, terms).public_id for cart in carts]
    )

    assert sum(isinstance(result, str) for result in results) == 1
