"""Stock: what is held, promised, sent, given back and received; each unit is counted once, each movement written."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop.db import db, frozen_time, operation, transaction_time
from shop.domain.actors import SYSTEM
from shop.domain.catalog.models import Product, Variant
from shop.domain.inventory.models import Reservation, StockItem, StockMovement
from shop.domain.inventory.operations import (
    expire_overdue_holds,
    orders_with_overdue_holds,
    promise_reservations,
    put_back_on_shelf,
    receive_stock,
    release_reservations,
    reserve_stock,
    ship_reservations,
)
from shop.domain.inventory.queries import available_units, get_variant_with_stock, left_sentence
from shop.errors import Conflict, NotFound, OutOfStock
from tests.conftest import make_product, make_staff, placed_order, stock_of, variants_of

by_hand = pytest.mark.breaks_invariants  # what a test moves by itself belongs to no line of an order
HOLD = timedelta(minutes=15)


@pytest.fixture
def variants(app):
    return variants_of(make_product("Amber", stock=10, variants=["30 ml", "50 ml"]))


@pytest.fixture
def orders(terms):
    """The ids of two orders of something else."""
    variant = variants_of(make_product("Other", stock=10))[0]
    return [placed_order(terms, (variant, 1), confirm=True).id for _ in range(2)]


def hold(order_id, quantities, until=None):
    expires_at = until or transaction_time() + HOLD
    names = {variant_id: f"items.{number}" for number, variant_id in enumerate(quantities)}
    reserve_stock(quantities, order_id=order_id, expires_at=expires_at, names=names)


def reservations(variant):
    db.session.rollback()
    rows = db.session.scalars(db.select(Reservation).filter_by(variant_id=variant.id).order_by(Reservation.id))
    return [(row.order_id, row.quantity, row.status, row.expires_at, row.ended_at) for row in rows]


def movements(variant):
    db.session.rollback()
    rows = db.session.scalars(db.select(StockMovement).filter_by(variant_id=variant.id).order_by(StockMovement.id))
    return [(row.kind, row.quantity, row.reference, row.line, row.reason, row.actor) for row in rows][1:]


@pytest.mark.parametrize(
    ("on_hand", "reserved", "available", "is_low"),
    [(0, 0, 0, False), (1, 0, 1, True), (5, 5, 0, False), (12, 2, 10, True), (13, 2, 11, False)],
)
def test_stock_is_low_from_its_threshold_down_to_the_last_unit(on_hand, reserved, available, is_low):
    stock = StockItem(on_hand=on_hand, reserved=reserved, low_stock_threshold=10)
    assert (stock.available, stock.is_low) == (available, is_low)


def test_ten_units_are_few_unless_staff_say_otherwise(variants):
    assert variants[0].stock.low_stock_threshold == 10


@pytest.mark.parametrize(("left", "words"), [(0, "Sold out."), (1, "Only 1 left."), (7, "Only 7 left.")])
def test_what_is_left_in_words(left, words):
    assert left_sentence(left) == words


# -- holding ----------------------------------------------------------------------------------------------------------


@by_hand
def test_a_hold_keeps_units_until_its_end(variants, orders):
    until = transaction_time() + HOLD
    hold(orders[0], {variants[0].id: 10, variants[1].id: 1}, until)

    assert stock_of(variants[0]) == (10, 10) and stock_of(variants[1]) == (10, 1)
    assert reservations(variants[0]) == [(orders[0], 10, "held", until, None)]
    assert (available_units(variants[0].id), available_units(variants[1].id), available_units(0)) == (0, 9, 0)


@by_hand
def test_every_short_line_is_named_and_nothing_is_held(variants, orders):
    plenty = variants_of(make_product("Plenty", stock=9))[0]
    hold(orders[0], {variants[0].id: 10, variants[1].id: 8})

    with pytest.raises(OutOfStock, match="Change the lines that are marked") as refused:
        hold(orders[1], {plenty.id: 9, variants[0].id: 1, variants[1].id: 3})

    told = [(detail.field, detail.message, detail.available) for detail in refused.value.details]
    assert told == [("items.1", "Sold out.", 0), ("items.2", "Only 2 left.", 2)]
    assert stock_of(plenty) == (9, 0) and stock_of(variants[1]) == (10, 8)
    assert reservations(plenty) == []


@by_hand
def test_holds_end_after_their_time_each_variant_by_itself(variants, orders):
    first, second = variants
    until = transaction_time() + HOLD
    hold(orders[0], {first.id: 2, second.id: 1}, until)
    hold(orders[1], {first.id: 3}, until + timedelta(hours=1))
    promise_reservations(orders[0], 3)
    hold(orders[0], {first.id: 4}, until)

    with frozen_time(until):
        assert expire_overdue_holds(first.id) == 0
        assert orders_with_overdue_holds() == []
    after = until + timedelta(seconds=1)
    with frozen_time(after):
        assert orders_with_overdue_holds() == [orders[0]]
        assert expire_overdue_holds(second.id) == 0
        assert expire_overdue_holds(first.id) == 4
        assert expire_overdue_holds(first.id) == 0

    assert reservations(first) == [
        (orders[0], 2, "promised", None, None),
        (orders[1], 3, "held", until + timedelta(hours=1), None),
        (orders[0], 4, "expired", None, after),
    ]
    assert stock_of(first) == (10, 5) and stock_of(second) == (10, 1)


@by_hand
def test_who_comes_next_gets_what_is_overdue(variants, orders):
    until = transaction_time() + HOLD
    hold(orders[0], {variants[0].id: 10}, until)
    with frozen_time(until + timedelta(seconds=1)):
        hold(orders[1], {variants[0].id: 7})
    assert [row[1:3] for row in reservations(variants[0])] == [(10, "expired"), (7, "held")]
    assert stock_of(variants[0]) == (10, 7)


@by_hand
def test_the_longest_overdue_orders_come_first_and_each_once(variants, orders):
    now = transaction_time()
    hold(orders[0], {variants[0].id: 1, variants[1].id: 1}, now + timedelta(minutes=9))
    hold(orders[1], {variants[0].id: 1}, now + timedelta(minutes=5))
    with frozen_time(now + HOLD):
        assert orders_with_overdue_holds() == [orders[1], orders[0]]
        assert orders_with_overdue_holds(limit=1) == [orders[1]]


# -- promising and giving back ----------------------------------------------------------------------------------------


@by_hand
def test_a_promise_has_no_end_and_is_of_all_units_or_none(variants, orders):
    until = transaction_time() + HOLD
    hold(orders[0], {variants[0].id: 2, variants[1].id: 3}, until)
    hold(orders[1], {variants[0].id: 1}, until)

    for wrong in (4, 6):
        with pytest.raises(Conflict, match="Place the order again"):
            promise_reservations(orders[0], wrong)
    promise_reservations(orders[0], 5)

    assert reservations(variants[0]) == [
        (orders[0], 2, "promised", None, None),
        (orders[1], 1, "held", until, None),
    ]
    with pytest.raises(Conflict):
        promise_reservations(orders[0], 5)


@by_hand
@pytest.mark.parametrize("ended_as", ["released", "expired"])
def test_an_order_gives_back_what_it_holds_once(variants, orders, ended_as):
    hold(orders[0], {variants[0].id: 2})
    promise_reservations(orders[0], 2)
    hold(orders[0], {variants[0].id: 1, variants[1].id: 3})
    hold(orders[1], {variants[0].id: 4})
    now = transaction_time()

    with frozen_time(now):
        for _ in range(2):
            release_reservations(orders[0], **({} if ended_as == "released" else {"ended_as": ended_as}))

    assert [row[1:] for row in reservations(variants[0])][:2] == [(2, ended_as, None, now), (1, ended_as, None, now)]
    assert reservations(variants[0])[2][:3] == (orders[1], 4, "held")
    assert stock_of(variants[0]) == (10, 4) and stock_of(variants[1]) == (10, 0)


# -- sending and coming back ------------------------------------------------------------------------------------------


@by_hand
def test_what_is_sent_leaves_house_and_promise_and_the_rest_stays_promised(variants, orders):
    staff = make_staff()
    for units in (2, 4):
        hold(orders[0], {variants[0].id: units})
        promise_reservations(orders[0], units)
    hold(orders[0], {variants[1].id: 1})
    hold(orders[1], {variants[0].id: 2})
    promise_reservations(orders[1], 2)
    now = transaction_time()

    with frozen_time(now):
        ship_reservations({variants[0].id: 3}, order_id=orders[0], shipment_id="ship_1", actor=staff)

    assert reservations(variants[0]) == [
        (orders[0], 2, "shipped", None, now),
        (orders[0], 3, "promised", None, None),
        (orders[1], 2, "promised", None, None),
        (orders[0], 1, "shipped", None, now),
    ]
    assert stock_of(variants[0]) == (7, 5) and stock_of(variants[1]) == (10, 1)
    assert movements(variants[0]) == [("sale", -3, "ship_1", variants[0].id, "", f"staff:{staff.user_id}")]


@by_hand
def test_a_parcel_takes_whole_reservations_and_no_more(variants, orders):
    for units in (2, 4):
        hold(orders[0], {variants[0].id: units})
        promise_reservations(orders[0], units)
    ship_reservations({variants[0].id: 2}, order_id=orders[0], shipment_id="ship_1", actor=SYSTEM)
    assert [row[1:3] for row in reservations(variants[0])] == [(2, "shipped"), (4, "promised")]


@by_hand
def test_what_is_not_promised_to_the_order_is_not_sent(variants, orders):
    hold(orders[0], {variants[0].id: 2, variants[1].id: 1})
    with pytest.raises(Conflict, match="Look at the order again"):
        ship_reservations({variants[0].id: 2}, order_id=orders[0], shipment_id="ship_1", actor=SYSTEM)
    promise_reservations(orders[0], 3)
    for order_id, units in ((orders[0], 3), (orders[1], 1)):
        with pytest.raises(Conflict, match="Not all of these units are kept"):
            ship_reservations(
                {variants[1].id: 1, variants[0].id: units}, order_id=order_id, shipment_id="ship_1", actor=SYSTEM
            )
    assert stock_of(variants[0]) == (10, 2) and stock_of(variants[1]) == (10, 1)


@by_hand
def test_counters_that_are_not_what_reservations_say_stop_everything(variants, orders):
    hold(orders[0], {variants[0].id: 4})
    promise_reservations(orders[0], 4)

    @operation
    def lose_count():
        db.session.execute(db.update(StockItem).where(StockItem.variant_id == variants[0].id).values(reserved=3))

    lose_count()
    with pytest.raises(RuntimeError, match=f"stock of variant {variants[0].id} .* run flask shop audit"):
        release_reservations(orders[0])
    with pytest.raises(RuntimeError, match="run flask shop audit"):
        ship_reservations({variants[0].id: 4}, order_id=orders[0], shipment_id="ship_1", actor=SYSTEM)
    assert stock_of(variants[0]) == (10, 3)


@by_hand
def test_what_comes_back_is_on_the_shelf_again(variants):
    put_back_on_shelf({variants[1].id: 2, variants[0].id: 1}, return_id="ret_1", actor=SYSTEM)

    assert stock_of(variants[0]) == (11, 0) and stock_of(variants[1]) == (12, 0)
    assert movements(variants[1]) == [("return", 2, "ret_1", variants[1].id, "", "system")]
    with pytest.raises(Conflict):
        put_back_on_shelf({0: 1}, return_id="ret_2", actor=SYSTEM)


def test_a_delivery_counts_once_a_variant(variants):
    for variant, units in zip(variants, (1, 5), strict=True):
        receive_stock(variant.id, units, reference="D-7", actor=SYSTEM, reason="From the mill")
    with pytest.raises(Conflict):
        receive_stock(variants[0].id, 1, reference="D-7", actor=SYSTEM)

    assert stock_of(variants[0]) == (11, 0) and stock_of(variants[1]) == (15, 0)
    assert movements(variants[0]) == [("receipt", 1, "D-7", variants[0].id, "From the mill", "system")]


def test_a_delivery_has_units_and_is_of_something_that_is_stocked(variants):
    with pytest.raises(ValueError, match="1 unit or more"):
        receive_stock(variants[0].id, 0, reference="D-8", actor=SYSTEM)
    with pytest.raises(Conflict):
        receive_stock(0, 1, reference="D-8", actor=SYSTEM)
    receive_stock(variants[0].id, 1, reference="D-8", actor=SYSTEM)
    assert movements(variants[0]) == [("receipt", 1, "D-8", variants[0].id, "", "system")]


# -- reading ----------------------------------------------------------------------------------------------------------


def test_a_variant_is_found_by_its_product_s_id_or_slug(variants):
    product, variant = variants[0].product, variants[1]
    for name in (product.public_id, product.slug):
        found = get_variant_with_stock(name, variant.public_id)
        assert (found.id, found.product.id, found.stock.available) == (variant.id, product.id, 10)


@by_hand
@pytest.mark.parametrize("table", [Product, Variant])
def test_what_is_not_on_sale_is_not_found(variants, table):
    product = variants[0].product
    other = make_product("Other")
    for name in ("nothing", other.slug):
        with pytest.raises(NotFound, match="no such variant"):
            get_variant_with_stock(name, variants[0].public_id)

    @operation
    def withdraw():
        db.session.execute(db.update(table).values({"status": "draft"} if table is Product else {"is_active": False}))

    withdraw()
    with pytest.raises(NotFound):
        get_variant_with_stock(product.slug, variants[0].public_id)
