"""The parcels of an order, as the API answers them."""

from __future__ import annotations

from datetime import date, datetime

from shop.api.output import Output
from shop.domain.orders.models import Order, Shipment
from shop.domain.orders.shipments import tracking_address


class ShipmentItem(Output):
    """Units of a line of the order, by the line's id."""

    id: str
    quantity: int


class ShipmentOut(Output):
    """A parcel; `tracking_url` is the carrier's page about it, where the carrier is known."""

    id: str
    carrier: str
    tracking_number: str
    tracking_url: str | None
    estimated_delivery: date | None
    shipped_at: datetime
    delivered_at: datetime | None
    items: list[ShipmentItem]


def present_shipment(order: Order, shipment: Shipment) -> ShipmentOut:
    return ShipmentOut(
        id=shipment.public_id,
        carrier=shipment.carrier,
        tracking_number=shipment.tracking_number,
        tracking_url=tracking_address(shipment.carrier, shipment.tracking_number) or None,
        estimated_delivery=shipment.estimated_delivery,
        shipped_at=shipment.shipped_at,
        delivered_at=shipment.delivered_at,
        items=[
            ShipmentItem(id=order.line(each.line_item_id).public_id, quantity=each.quantity)
            for each in shipment.line_items
        ],
    )
