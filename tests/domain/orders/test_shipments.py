"""Parcels: an order sent at once or in parts, its stock split with it; delivered, refused, cancelled."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop.db import db, transaction_time
from shop.domain.actors import SYSTEM
from shop.domain.audit.models import AuditEntry
from shop.domain.checkout import cancel_order
from shop.domain.events import OutboxEvent
from shop.domain.inventory.models import Reservation, StockMovement
from shop.domain.orders.changes import OrderChange
from shop.domain.orders.notes import WriteNote, write_note
from shop.domain.orders.operations import deliver_order, start_processing
from shop.domain.orders.shipments import ShipOrder, ship_order, tracking_address
from shop.domain.payments.models import Payment
from shop.domain.payments.operations import collect_cash, refuse_parcel
from shop.domain.versions import version_of
from shop.errors import ChangedMeanwhile, Conflict, Forbidden, Invalid
from tests.conftest import SHOPPER, make_product, make_staff, placed_order, stock_of, variants_of
from tests.domain.orders.stories import delivered_order, fresh, packed_order


@pytest.fixture
def staff(app):
    return make_staff()


@pytest.fixture
def variants(app):
    return variants_of(make_product("Amber", stock=10, variants=["30 ml", "50 ml"]))


def of(order, *counts):
    return {line.public_id: count for line, count in zip(order.line_items, counts, strict=False)}


def events(kind):
    db.session.rollback()
    return list(db.session.scalars(db.select(OutboxEvent.subject_id).filter_by(type=kind).order_by(OutboxEvent.id)))


def audited():
    db.session.rollback()
    return list(db.session.scalars(db.select(AuditEntry.action).order_by(AuditEntry.id)))


def states(order):
    return order.status, order.payment_status, order.shipping_status


def test_part_of_a_line_is_sent_and_the_rest_is_kept(app, terms, staff, variants):
    order = packed_order(terms, staff, (variants[0], 3), (variants[1], 2))

    day = transaction_time().date() + timedelta(days=4)
    wish = ShipOrder(quantities=of(order, 2), carrier="DHL Express", trackingNumber="JD 01", estimatedDelivery=day)
    ship_order(order.id, staff, wish)

    order = fresh(order, terms)
    (parcel,) = order.shipments
    assert states(order) == ("processing", "pending", "partially_shipped")
    assert (parcel.carrier, parcel.tracking_number) == ("DHL Express", "JD 01")
    assert (parcel.estimated_delivery, parcel.units) == (day, 2)
    assert stock_of(variants[0]) == (8, 1) and stock_of(variants[1]) == (10, 2)
    mine = db.select(Reservation).filter_by(variant_id=variants[0].id).order_by(Reservation.id)
    assert [(row.status, row.quantity) for row in db.session.scalars(mine)] == [("promised", 1), ("shipped", 2)]
    assert events("shipment.sent") == [parcel.public_id] and events("order.shipped") == []


def test_the_last_parcel_makes_the_order_shipped(app, terms, staff, variants):
    order = packed_order(terms, staff, (variants[0], 3), (variants[1], 2))
    ship_order(order.id, staff, ShipOrder(quantities=of(order, 1, 1)))
    ship_order(order.id, staff, ShipOrder(quantities=of(order, 1, 0)))
    ship_order(order.id, staff)

    order = fresh(order, terms)
    assert states(order) == ("shipped", "pending", "shipped")
    assert [[line.quantity for line in parcel.line_items] for parcel in order.shipments] == [[1, 1], [1], [1, 1]]
    assert stock_of(variants[0]) == (7, 0) and stock_of(variants[1]) == (8, 0)
    assert db.session.scalar(db.select(db.func.count()).select_from(StockMovement).filter_by(kind="sale")) == 5
    assert len(events("shipment.sent")) == 3 and events("order.shipped") == [order.public_id]
    moves = [(move.from_status, move.to_status) for move in order.history if move.track == "shipping"]
    assert moves == [("pending", "partially_shipped"), ("partially_shipped", "shipped")]


def test_more_than_is_left_is_not_sent(app, terms, staff, variants):
    order = packed_order(terms, staff, (variants[0], 3))
    with pytest.raises(Conflict, match="only 3 can still be sent"):
        ship_order(order.id, staff, ShipOrder(quantities=of(order, 4)))
    ship_order(order.id, staff, ShipOrder(quantities=of(order, 2)))
    with pytest.raises(Conflict, match="only 1 can still be sent"):
        ship_order(order.id, staff, ShipOrder(quantities=of(order, 2)))
    assert stock_of(variants[0]) == (8, 1)


def test_what_cannot_be_sent_is_refused_in_a_sentence(app, terms, staff, variants):
    order = packed_order(terms, staff, (variants[0], 1))
    with pytest.raises(Invalid, match="Choose what is to be sent"):
        ship_order(order.id, staff, ShipOrder(quantities=of(order, 0)))
    with pytest.raises(Invalid, match="no such line"):
        ship_order(order.id, staff, ShipOrder(quantities={"item_other": 1}))
    with pytest.raises(Invalid, match="before it is sent"):
        ship_order(order.id, staff, ShipOrder(estimatedDelivery=transaction_time().date() - timedelta(days=1)))
    waiting = placed_order(terms, (variants[1], 1), confirm=True)
    with pytest.raises(Conflict, match="only an order that is being packed"):
        ship_order(waiting.id, staff)
    assert events("shipment.sent") == []


def test_nothing_of_an_order_is_cancelled_once_a_unit_was_sent(app, terms, staff, variants):
    order = packed_order(terms, staff, (variants[0], 2))
    ship_order(order.id, staff, ShipOrder(quantities=of(order, 1)))
    with pytest.raises(Conflict, match="on its way already"):
        cancel_order(order.id, staff)
    assert stock_of(variants[0]) == (9, 1)


def test_delivery_reaches_every_parcel(app, terms, staff, variants):
    order = packed_order(terms, staff, (variants[0], 2))
    with pytest.raises(Conflict):
        deliver_order(order.id, staff)
    ship_order(order.id, staff, ShipOrder(quantities=of(order, 1)))
    with pytest.raises(Conflict):
        deliver_order(order.id, staff)
    ship_order(order.id, staff)
    deliver_order(order.id, staff)

    order = fresh(order, terms)
    assert states(order) == ("delivered", "pending", "delivered")
    assert all(parcel.delivered_at for parcel in order.shipments)


def test_a_parcel_refused_at_the_door_cancels_and_comes_back(app, terms, staff, variants):
    order = packed_order(terms, staff, (variants[0], 2))
    with pytest.raises(Conflict):
        refuse_parcel(order.id, staff)
    ship_order(order.id, staff)
    refuse_parcel(order.id, staff)

    order = fresh(order, terms)
    assert states(order) == ("cancelled", "pending", "returned")
    assert stock_of(variants[0]) == (10, 0)
    assert db.session.scalar(db.select(Payment.status)) == "refused"
    assert [back.is_restocked for back in order.returns] == [True]
    with pytest.raises(Conflict, match="no cash to collect"):
        collect_cash(order.id, order.total, staff)
    with pytest.raises(Conflict):
        refuse_parcel(order.id, staff)


def test_what_was_paid_at_the_door_was_not_refused_there(app, terms, staff, variants):
    order = packed_order(terms, staff, (variants[0], 2))
    ship_order(order.id, staff)
    collect_cash(order.id, order.total, staff)
    with pytest.raises(Conflict, match="was collected"):
        refuse_parcel(order.id, staff)
    assert states(fresh(order, terms)) == ("shipped", "paid", "shipped")


def test_a_second_press_of_a_button_does_nothing(app, terms, staff, variants):
    order = packed_order(terms, staff, (variants[0], 3))
    wish = ShipOrder(quantities=of(order, 1), formKey="k1", seen=version_of(order.updated_at))
    ship_order(order.id, staff, wish)
    ship_order(order.id, staff, wish)
    assert len(fresh(order, terms).shipments) == 1
    assert stock_of(variants[0]) == (9, 2)


def test_a_page_that_is_out_of_date_changes_nothing(app, terms, staff, variants):
    order = packed_order(terms, staff, (variants[0], 3))
    stale = version_of(order.updated_at)
    ship_order(order.id, staff, ShipOrder(quantities=of(order, 1)))
    with pytest.raises(ChangedMeanwhile):
        ship_order(order.id, staff, ShipOrder(quantities=of(order, 1), formKey="k2", seen=stale))
    with pytest.raises(ChangedMeanwhile):
        cancel_order(order.id, staff, wanted=OrderChange(formKey="k3", seen=stale))
    assert len(fresh(order, terms).shipments) == 1


def test_cancelling_a_paid_order_gives_the_money_back(app, terms, staff, variants):
    order = placed_order(terms, (variants[0], 1), confirm=True)
    collect_cash(order.id, order.total, staff)
    with pytest.raises(Conflict, match="paid already"):
        cancel_order(order.id, SHOPPER)
    limited = make_staff("orders:write", email="limited@example.com")
    with pytest.raises(Forbidden):
        cancel_order(order.id, limited)
    assert states(fresh(order, terms)) == ("confirmed", "paid", "pending")

    cancel_order(order.id, staff)
    order = fresh(order, terms)
    assert states(order) == ("cancelled", "refunded", "pending")
    assert order.refunded == order.total


def test_every_step_of_staff_is_in_the_audit_log(app, terms, staff, variants):
    order = delivered_order(terms, staff, (variants[0], 1))
    write_note(order.id, staff, WriteNote(text="Rang twice."))
    cancelled = placed_order(terms, (variants[0], 1), confirm=True)
    cancel_order(cancelled.id, staff)
    assert audited()[-6:] == [
        "order.packing_started",
        "order.sent",
        "order.delivered",
        "order.collected",
        "order.noted",
        "order.cancelled",
    ]
    entry = db.session.scalars(db.select(AuditEntry).filter_by(action="order.noted")).one()
    assert "Rang" not in str(entry.after)


def test_a_customer_s_own_cancellation_is_no_staff_change(app, terms, variants):
    cancel_order(placed_order(terms, (variants[0], 1), confirm=True).id, SHOPPER)
    assert "order.cancelled" not in audited()


def test_a_note_makes_no_page_stale(app, terms, staff, variants):
    order = packed_order(terms, staff, (variants[0], 1))
    seen = version_of(order.updated_at)
    write_note(order.id, staff, WriteNote(text="A", formKey="n1", seen="long ago"))
    write_note(order.id, staff, WriteNote(text="A", formKey="n1"))
    ship_order(order.id, staff, ShipOrder(seen=seen))
    assert fresh(order, terms).status == "shipped"
    assert audited().count("order.noted") == 1


@pytest.mark.parametrize(
    ("carrier", "number", "address"),
    [
        ("DHL Express", "JD 1/2", "https://www.dhl.com/global-en/home/tracking.html?tracking-id=JD%201%2F2"),
        ("ups", "1Z", "https://www.ups.com/track?tracknum=1Z"),
        ("DHL", "", ""),
        ("Our own van", "7", ""),
        ("", "7", ""),
    ],
)
def test_known_carriers_show_their_parcels(carrier, number, address):
    assert tracking_address(carrier, number) == address


def test_packing_begins_once(app, terms, staff, variants):
    order = packed_order(terms, staff, (variants[0], 1))
    with pytest.raises(Conflict):
        start_processing(order.id, SYSTEM)
