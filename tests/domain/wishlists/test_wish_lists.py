"""Wish lists: what is saved with which price, how a guest's joins a customer's, and how one is shared."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shop.db import db, frozen_time, operation, transaction_time
from shop.domain.carts.queries import get_cart, price_cart
from shop.domain.catalog.listings import refresh_listings
from shop.domain.catalog.models import Product
from shop.domain.wishlists.models import WishList, WishListItem
from shop.domain.wishlists.operations import (
    KEEP_GUESTS,
    MAX_ITEMS,
    MoveToCart,
    SaveForLater,
    add_to_wish_list,
    end_sharing,
    forget_wish_lists,
    join_wish_lists,
    make_wish_list,
    move_to_cart,
    new_key,
    remove_from_wish_list,
    restore_to_wish_list,
    share_wish_list,
)
from shop.domain.wishlists.queries import find_removed, find_wish_list_with, get_shared_wish_list, list_items
from shop.errors import Invalid, NotFound, OutOfStock, Unknown
from tests.conftest import SHOPPER, make_customer, make_product, variants_of

DAY = timedelta(days=1)


@pytest.fixture
def amber(app):
    return make_product("Amber", price="24.00", variants=["30 ml", "50 ml"])


@pytest.fixture
def key(app):
    return new_key()


@pytest.fixture
def guests(key):
    return make_wish_list(SHOPPER, key)


def save(wish_list, product):
    return add_to_wish_list(wish_list.id, SaveForLater(productId=product.public_id))


def names(wish_list):
    db.session.rollback()
    return [item.product.name for item in list_items(wish_list)]


@operation
def set_price(product, amount):
    db.session.execute(update(Product).where(Product.id == product.id).values(from_price_amount=amount))


@pytest.mark.breaks_invariants
def test_a_product_is_kept_once_with_the_price_it_was_saved_at(guests, amber):
    first = save(guests, amber)
    set_price(amber, 3000)

    again = save(guests, amber)

    assert again.id == first.id
    assert [item.saved_price_amount for item in list_items(guests)] == [2400]


def test_a_guests_list_is_opened_by_its_key_of_which_only_a_hash_is_kept(guests, key, amber):
    save(guests, amber)
    assert find_wish_list_with(key).id == guests.id
    assert find_wish_list_with(new_key()) is None
    assert key not in str(db.session.execute(select(WishList.__table__)).all())
    assert make_wish_list(SHOPPER, key).id == guests.id


def test_what_is_not_on_sale_cannot_be_saved_and_is_not_shown(guests, amber):
    with pytest.raises(Unknown):
        save(guests, make_product("Draft", status="draft"))
    save(guests, amber)

    db.session.execute(update(Product).where(Product.id == amber.id).values(status="archived"))
    db.session.commit()
    refresh_listings([amber.id])

    assert names(guests) == []


def test_a_list_has_an_end(guests):
    for _ in range(MAX_ITEMS):
        save(guests, make_product())
    with pytest.raises(Invalid, match="100 products at most"):
        save(guests, make_product())


@pytest.mark.breaks_invariants
def test_what_was_removed_is_put_back_as_it_was(guests, amber):
    item = save(guests, amber)
    set_price(amber, 3000)
    remove_from_wish_list(guests.id, item_id=item.public_id)
    assert names(guests) == []
    assert find_removed(guests, item.public_id).product.name == "Amber"
    with pytest.raises(NotFound):
        remove_from_wish_list(guests.id, product_id=amber.public_id)

    restore_to_wish_list(guests.id, item.public_id)

    assert [(item.product.name, item.saved_price_amount) for item in list_items(guests)] == [("Amber", 2400)]
    remove_from_wish_list(guests.id, product_id=amber.public_id)
    assert save(guests, amber).saved_price_amount == 3000  # saved anew is saved at the price of now


def test_another_lists_items_are_out_of_reach(guests, amber):
    item = save(guests, amber)
    other = make_wish_list(SHOPPER, new_key())
    for change in (
        lambda: remove_from_wish_list(other.id, item_id=item.public_id),
        lambda: restore_to_wish_list(other.id, item.public_id),
    ):
        with pytest.raises(NotFound):
            change()
    assert names(guests) == ["Amber"]


def test_moving_puts_one_into_the_cart_and_takes_it_off_the_list_or_neither(guests, amber, terms):
    small = variants_of(amber)[0]
    scarce = make_product("Scarce", stock=0)
    item, gone = save(guests, amber), save(guests, scarce)

    cart_id, _ = move_to_cart(guests.id, item.public_id, MoveToCart(variantId=small.public_id), SHOPPER, terms, None)

    lines = price_cart(get_cart(cart_id, SHOPPER), terms).lines
    assert [(line.variant.id, line.item.quantity) for line in lines] == [(small.id, 1)]
    assert names(guests) == ["Scarce"]
    with pytest.raises(OutOfStock):
        wish = MoveToCart(variantId=variants_of(scarce)[0].public_id)
        move_to_cart(guests.id, gone.public_id, wish, SHOPPER, terms, cart_id)
    assert names(guests) == ["Scarce"]
    with pytest.raises(Unknown):  # a variant of another product
        move_to_cart(guests.id, gone.public_id, MoveToCart(variantId=small.public_id), SHOPPER, terms, cart_id)


def test_at_sign_in_the_lists_become_one_and_the_older_of_two_is_kept(guests, key, amber):
    lina, now = make_customer(), transaction_time()
    oud, rose = make_product("Oud"), make_product("Rose")
    own = make_wish_list(lina, "")
    for wish_list, product, days in (
        *((own, amber, 9), (own, oud, 2)),
        *((guests, amber, 1), (guests, oud, 5), (guests, rose, 3)),
    ):
        with frozen_time(now - days * DAY):
            save(wish_list, product)

    joined = join_wish_lists(key, lina)

    db.session.rollback()
    items = list_items(joined)
    assert [(item.product.name, (now - item.created_at).days) for item in items] == [
        ("Rose", 3),
        ("Oud", 5),
        ("Amber", 9),
    ]
    assert find_wish_list_with(key) is None
    assert join_wish_lists(key, lina).id == joined.id == own.id


def test_who_has_no_list_gets_none_by_signing_in(key, app):
    assert join_wish_lists(key, make_customer()) is None
    assert join_wish_lists("", make_customer("other@example.com")) is None


def test_a_shared_list_is_read_by_its_link_until_sharing_ends(guests, amber):
    save(guests, amber)
    share_id = share_wish_list(guests.id)
    assert share_wish_list(guests.id) == share_id
    assert get_shared_wish_list(share_id).id == guests.id

    end_sharing(guests.id)

    with pytest.raises(NotFound):
        get_shared_wish_list(share_id)
    with pytest.raises(NotFound):
        get_shared_wish_list(guests.public_id)
    assert share_wish_list(guests.id) != share_id


def test_what_nobody_wants_any_more_is_forgotten(guests, key, amber):
    lina, oud = make_customer(), make_product("Oud")
    own = make_wish_list(lina, "")
    save(own, amber)
    item = save(own, oud)
    remove_from_wish_list(own.id, item_id=item.public_id)
    save(guests, amber)
    assert forget_wish_lists() == 0

    with frozen_time(transaction_time() + KEEP_GUESTS + DAY):
        assert forget_wish_lists() == 2

    db.session.rollback()
    assert find_wish_list_with(key) is None
    assert [row.product_id for row in db.session.scalars(select(WishListItem))] == [amber.id]
