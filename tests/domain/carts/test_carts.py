"""Carts: limits, ownership, notices, joining, ending."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop.db import db, frozen_time, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.carts.models import CartLineItem
from shop.domain.carts.operations import (
    AddToCart,
    ChangeQuantity,
    acknowledge_prices,
    add_to_cart,
    change_quantity,
    create_cart,
    expire_carts,
    join_carts,
    remove_from_cart,
)
from shop.domain.carts.queries import get_cart, price_cart
from shop.domain.catalog.listings import refresh_listings
from shop.domain.catalog.models import Product, Variant
from shop.errors import Gone, Invalid, NotFound, OutOfStock, Unknown
from tests.conftest import SHOPPER, cart_with, make_customer, make_product, variants_of


def wish(variant, quantity=1):
    return AddToCart(productId=variant.product.public_id, variantId=variant.public_id, quantity=quantity)


def priced(cart_id, terms, actor=SHOPPER):
    db.session.rollback()
    return price_cart(get_cart(cart_id, actor), terms)


@operation
def change_price(variant, amount):
    db.session.execute(db.update(Variant).filter_by(id=variant.id).values(price_amount=amount))
    db.session.execute(db.update(Product).filter_by(id=variant.product_id).values(from_price_amount=amount))
    refresh_listings([variant.product_id])


@operation
def withdraw(product):
    db.session.execute(db.update(Product).filter_by(id=product.id).values(status="archived"))
    refresh_listings([product.id])


def test_adding_twice_is_one_line_with_the_sum(app, terms):
    variant = variants_of(make_product(price="7.00"))[0]
    cart_id = cart_with(terms, (variant, 2), (variant, 3))
    cart = priced(cart_id, terms)
    assert [line.item.quantity for line in cart.lines] == [5]
    assert cart.receipt.subtotal.amount == 3500 == cart.receipt.total.amount


def test_a_cart_reserves_nothing(app, terms):
    variant = variants_of(make_product(stock=3))[0]
    cart_with(terms, (variant, 3))
    cart_with(terms, (variant, 3))
    assert variants_of(variant.product)[0].stock.reserved == 0


def test_more_than_is_left_is_refused_and_the_line_stays(app, terms):
    variant = variants_of(make_product(stock=3))[0]
    cart_id = cart_with(terms, (variant, 2))
    with pytest.raises(OutOfStock, match="Only 3 left. Your cart has 2."):
        add_to_cart(cart_id, wish(variant, 2), SHOPPER)
    assert priced(cart_id, terms).item_count == 2


def test_a_withdrawn_product_cannot_be_added(app, terms):
    variant = variants_of(make_product())[0]
    cart = create_cart(terms, SHOPPER)
    withdraw(variant.product)
    with pytest.raises(Unknown):
        add_to_cart(cart.public_id, wish(variant), SHOPPER)


def test_a_hundred_lines_is_the_most(app, terms):
    variants = variants_of(make_product(variants=[str(number) for number in range(101)]))
    cart_id = cart_with(terms, *((variant, 1) for variant in variants[:100]))
    with pytest.raises(Invalid, match="100 different"):
        add_to_cart(cart_id, wish(variants[100]), SHOPPER)


def test_the_cart_of_a_customer_is_theirs_alone(app, terms):
    owner, stranger = make_customer("a@example.com"), make_customer("b@example.com")
    variant = variants_of(make_product())[0]
    cart_id = cart_with(terms, (variant, 1), actor=owner)
    line = priced(cart_id, terms, owner).lines[0].item.public_id
    for intruder in (stranger, SHOPPER):
        with pytest.raises(NotFound):
            get_cart(cart_id, intruder)
        with pytest.raises(NotFound):
            add_to_cart(cart_id, wish(variant), intruder)
        with pytest.raises(NotFound):
            remove_from_cart(cart_id, line, intruder)


def test_a_line_of_another_cart_is_not_found(app, terms):
    variant = variants_of(make_product())[0]
    mine, theirs = cart_with(terms, (variant, 1)), cart_with(terms, (variant, 1))
    line = priced(theirs, terms).lines[0].item.public_id
    with pytest.raises(NotFound):
        change_quantity(mine, line, ChangeQuantity(quantity=5), SHOPPER)
    assert priced(theirs, terms).item_count == 1


def test_changes_of_price_and_stock_are_told_until_they_were_seen(app, terms):
    variant = variants_of(make_product("Amber", price="20.00", stock=5))[0]
    cart_id = cart_with(terms, (variant, 4))
    change_price(variant, 2500)

    notices = priced(cart_id, terms).notices
    acknowledge_prices(cart_id, SHOPPER)

    assert [notice.message for notice in notices] == ["The price of Amber changed from $20.00 to $25.00."]
    assert priced(cart_id, terms).notices == ()
    assert priced(cart_id, terms).receipt.subtotal.amount == 10000


def test_fewer_may_be_asked_for_even_when_stock_is_short(app, terms):
    variant = variants_of(make_product(stock=5))[0]
    cart_id = cart_with(terms, (variant, 5))
    line = priced(cart_id, terms).lines[0].item.public_id

    @operation
    def sell_elsewhere():
        db.session.execute(db.text("UPDATE stock_items SET on_hand = 2"))
        db.session.execute(
            db.text(
                "INSERT INTO stock_movements (variant_id, kind, quantity, reference, line, reason, actor, created_at)"
                " VALUES (:v, 'correction', -3, 'x', 0, '', 'system', CURRENT_TIMESTAMP)"
            ),
            {"v": variant.id},
        )

    sell_elsewhere()
    change_quantity(cart_id, line, ChangeQuantity(quantity=3), SHOPPER)
    with pytest.raises(OutOfStock):
        change_quantity(cart_id, line, ChangeQuantity(quantity=4), SHOPPER)


def test_a_guests_cart_joins_the_customers_clipped_to_what_is_left(app, terms):
    one, two = (variants_of(make_product(stock=5))[0] for _ in range(2))
    customer = make_customer()
    own = cart_with(terms, (one, 3), actor=customer)
    guest = cart_with(terms, (one, 4), (two, 2))

    join_carts(guest, customer, terms)
    join_carts(guest, customer, terms)

    lines = {line.variant.id: line.item.quantity for line in priced(own, terms, customer).lines}
    assert lines == {one.id: 5, two.id: 2}
    with pytest.raises(Gone):
        add_to_cart(guest, wish(one), SHOPPER)


def test_somebody_elses_cart_does_not_join(app, terms):
    variant = variants_of(make_product())[0]
    victim, thief = make_customer("a@example.com"), make_customer("b@example.com")
    cart_id = cart_with(terms, (variant, 1), actor=victim)
    own = join_carts(cart_id, thief, terms)
    assert priced(own.public_id, terms, thief).lines == ()
    assert priced(cart_id, terms, victim).item_count == 1


def test_a_customer_has_one_open_cart(app, terms):
    customer = make_customer()
    assert create_cart(terms, customer).public_id == create_cart(terms, customer).public_id


def test_a_cart_ends_thirty_days_after_its_last_change_and_its_lines_thirty_later(app, terms):
    variant = variants_of(make_product())[0]
    cart_id = cart_with(terms, (variant, 1))
    now = transaction_time()

    with frozen_time(now + timedelta(days=31)):
        with pytest.raises(Gone):
            add_to_cart(cart_id, wish(variant), SHOPPER)
        assert expire_carts() == 1
        assert priced(cart_id, terms).item_count == 1
    with frozen_time(now + timedelta(days=61)):
        assert expire_carts() == 0
    assert db.session.scalar(db.select(db.func.count()).select_from(CartLineItem)) == 0


def test_an_actor_without_user_is_nobodys_owner(app, terms):
    customer = make_customer()
    cart = create_cart(terms, customer)
    with pytest.raises(NotFound):
        get_cart(cart.public_id, Actor("customer", user_id=None))
