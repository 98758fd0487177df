"""Parcels: sending some or all of an order's units, and how many are still to be sent."""

from __future__ import annotations

from datetime import date
from urllib.parse import quote

from pydantic import Field
from sqlalchemy import func, select

from shop.db import db, new_public_id, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.events import record_event
from shop.domain.inputs import Line
from shop.domain.inventory.operations import ship_reservations
from shop.domain.orders.changes import (
    OrderChange,
    Quantities,
    by_variant,
    is_repeat,
    lines_of,
    lock_order,
    note_change,
    pick,
    told,
)
from shop.domain.orders.models import Order, OrderLineItem, Shipment, ShipmentLineItem
from shop.domain.orders.operations import move_shipping, move_status, reload_order
from shop.errors import Conflict, Detail, Invalid

# Where the carriers that are known by name show a parcel.
TRACKING_PAGES = {
    "aramex": "https://www.aramex.com/track/results?ShipmentNumber={}",
    "dhl": "https://www.dhl.com/global-en/home/tracking.html?tracking-id={}",
    "fedex": "https://www.fedex.com/fedextrack/?trknbr={}",
    "ups": "https://www.ups.com/track?tracknum={}",
    "usps": "https://tools.usps.com/go/TrackConfirmAction?tLabels={}",
}


class ShipOrder(OrderChange):
    """What sending asks for. Without `quantities` everything that is left goes into the parcel."""

    quantities: Quantities = Field(default_factory=dict)
    carrier: Line = Field(default="", max_length=80, title="a carrier")
    tracking_number: Line = Field(default="", max_length=80, title="a tracking number")
    estimated_delivery: date | None = Field(default=None, title="the day on which it should arrive")


ALL_THAT_IS_LEFT = ShipOrder()


@operation
def ship_order(order_id: int, actor: Actor, wanted: ShipOrder = ALL_THAT_IS_LEFT) -> Order:
    """Send a parcel with units of an order that is being packed; they leave the stock.

    With the last unit the order becomes shipped; before, it stays in processing, partially shipped. Raises Conflict
    when it is not being packed or a unit was sent already, Invalid for lines or a day that cannot be.
    """
    order = lock_order(order_id)
    if is_repeat(order, wanted):
        return order
    if order.status != "processing":
        raise Conflict(f"The order is {order.status}; only an order that is being packed can be sent.")
    now = transaction_time()
    if wanted.estimated_delivery is not None and wanted.estimated_delivery < now.date():
        message = "The parcel cannot arrive before it is sent."
        raise Invalid(message, [Detail("estimatedDelivery", message)])
    lines = lines_of(order.id)
    left = units_to_ship(lines)
    units = pick(lines, wanted.quantities, left, "sent")
    shipment = Shipment(
        public_id=new_public_id("ship"),
        order_id=order.id,
        carrier=wanted.carrier,
        tracking_number=wanted.tracking_number,
        estimated_delivery=wanted.estimated_delivery or order.estimated_delivery,
        user_id=actor.user_id,
        shipped_at=now,
        line_items=[ShipmentLineItem(line_item_id=line_id, quantity=count) for line_id, count in units.items()],
    )
    db.session.add(shipment)
    db.session.flush()
    ship_reservations(by_variant(lines, units), order_id=order.id, shipment_id=shipment.public_id, actor=actor)
    is_last = units == {line_id: count for line_id, count in left.items() if count}
    if is_last:
        move_status(order_id, "shipped", actor)
        order = reload_order(order_id)
        record_event("order.shipped", order.public_id)
    move_shipping(order, "shipped" if is_last else "partially_shipped", actor)
    sent = {"units": told(lines, units), "carrier": wanted.carrier, "tracking_number": wanted.tracking_number}
    note_change(actor, "order.sent", order, {}, {**sent, "is_complete": is_last})
    record_event("shipment.sent", shipment.public_id)
    return order


def units_to_ship(lines: list[OrderLineItem]) -> dict[int, int]:
    """How many units of each line (by its key) no parcel has taken yet."""
    keys = [line.id for line in lines]
    rows = db.session.execute(
        select(ShipmentLineItem.line_item_id, func.sum(ShipmentLineItem.quantity))
        .where(ShipmentLineItem.line_item_id.in_(keys))
        .group_by(ShipmentLineItem.line_item_id)
    )
    sent = {line_id: int(units) for line_id, units in rows}
    return {line.id: line.quantity - sent.get(line.id, 0) for line in lines}


def tracking_address(carrier: str, tracking_number: str) -> str:
    """The carrier's page about this parcel; empty where the carrier's name tells no page."""
    page = TRACKING_PAGES.get(carrier.lower().partition(" ")[0])
    return page.format(quote(tracking_number, safe="")) if page and tracking_number else ""
