"""Putting an earlier order's articles into the cart again."""

from __future__ import annotations

import pytest

from shop.db import db, operation
from shop.domain.carts.models import CartLineItem
from shop.domain.carts.queries import get_cart, price_cart
from shop.domain.catalog.models import Product, Variant
from shop.domain.checkout import cancel_order
from shop.domain.orders.put_back import put_back_in_cart
from shop.errors import Conflict, Gone
from tests.conftest import SHOPPER, cart_with, make_product, placed_order, variants_of


@pytest.fixture
def variants(app):
    return variants_of(make_product("Amber", stock=10, variants=["30 ml", "50 ml"]))


@pytest.fixture
def order(terms, variants):
    order = placed_order(terms, (variants[0], 4), (variants[1], 1), confirm=True)
    cancel_order(order.id, SHOPPER)
    return order


@operation
def change(model, **values):
    db.session.execute(db.update(model).values(**values))


def in_cart(cart):
    db.session.rollback()
    rows = db.select(CartLineItem).filter_by(cart_id=cart.id).order_by(CartLineItem.id)
    return [(row.variant_id, row.quantity) for row in db.session.scalars(rows)]


def test_a_cancelled_order_is_in_the_cart_again(app, terms, variants, order):
    back = put_back_in_cart(order.id, None, SHOPPER, terms)
    assert in_cart(back.cart) == [(variants[0].id, 4), (variants[1].id, 1)]
    assert back.notices == ()


def test_it_joins_what_is_in_the_cart_already_and_a_second_press_changes_nothing(app, terms, variants, order):
    cart_id = cart_with(terms, (variants[0], 2), (variants[1], 3))
    for _ in range(2):
        back = put_back_in_cart(order.id, cart_id, SHOPPER, terms)
    assert in_cart(back.cart) == [(variants[0].id, 4), (variants[1].id, 3)]


def test_it_is_clipped_to_what_is_left_and_says_so(app, terms, variants, order):
    placed_order(terms, (variants[0], 7))
    back = put_back_in_cart(order.id, None, SHOPPER, terms)
    assert in_cart(back.cart)[0] == (variants[0].id, 3)
    assert back.notices == ("Amber, 30 ml: only 3 of 4 can be ordered now.",)


def test_what_is_gone_is_named(app, terms, variants, order):
    placed_order(terms, (variants[1], 10))
    back = put_back_in_cart(order.id, None, SHOPPER, terms)
    assert in_cart(back.cart) == [(variants[0].id, 4)]
    assert back.notices == ("Amber, 50 ml is out of stock.",)


def test_prices_are_those_of_today_and_the_cart_says_so(app, terms, variants, order):
    change(Variant, price_amount=2500)
    cart = put_back_in_cart(order.id, None, SHOPPER, terms).cart
    priced = price_cart(get_cart(cart.public_id, SHOPPER), terms)
    assert priced.receipt.subtotal.amount == 5 * 2500
    assert {line.item.seen_price_amount for line in priced.lines} == {2000}
    change(Variant, price_amount=2000)


def test_what_is_not_sold_any_more_leaves_no_cart(app, terms, order):
    change(Product, status="archived")
    with pytest.raises(Conflict, match="Amber, 30 ml is not sold any more"):
        put_back_in_cart(order.id, None, SHOPPER, terms)
    assert db.session.scalar(db.select(db.func.count()).select_from(CartLineItem)) == 2
    change(Product, status="active")


def test_an_ordered_cart_takes_nothing(app, terms, order, variants):
    ordered = db.session.scalar(db.text("SELECT public_id FROM carts"))
    with pytest.raises((Conflict, Gone)):
        put_back_in_cart(order.id, ordered, SHOPPER, terms)
