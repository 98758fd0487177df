"""What the API tells of an order on its way: its parcels, and what was given back."""

from __future__ import annotations

from shop.domain.orders.operations import deliver_order
from shop.domain.orders.shipments import ShipOrder, ship_order
from shop.domain.orders.tokens import order_token
from shop.domain.payments.operations import collect_cash
from shop.domain.payments.refunds import RefundPayment, refund_payment
from tests.conftest import make_product, make_staff, variants_of
from tests.domain.orders.stories import packed_order


def read(client, order, terms):
    token = order_token(order, terms.order_token_secrets)
    return client.get(f"/api/v1/orders/{order.public_id}?token={token}").get_json()["data"]


def test_an_order_tells_its_parcels_and_what_was_given_back(client, terms):
    staff, variants = make_staff(), variants_of(make_product("Amber", price="20.00", variants=["30 ml", "50 ml"]))
    order = packed_order(terms, staff, (variants[0], 2), (variants[1], 1))
    before = read(client, order, terms)
    assert (before["shipments"], before["trackingNumber"], before["refunded"]) == ([], None, 0)

    first = order.line_items[0].public_id
    ship_order(order.id, staff, ShipOrder(quantities={first: 1}, carrier="DHL", trackingNumber="JD01"))
    part = read(client, order, terms)
    (parcel,) = part["shipments"]
    assert (part["status"], part["shippingStatus"]) == ("processing", "partially_shipped")
    assert part["trackingNumber"] == "JD01"
    assert parcel["items"] == [{"id": first, "quantity": 1}]
    assert parcel["trackingUrl"].endswith("tracking-id=JD01") and parcel["deliveredAt"] is None
    assert parcel["id"].startswith("ship_") and parcel["estimatedDelivery"] == part["estimatedDelivery"]

    ship_order(order.id, staff)
    deliver_order(order.id, staff)
    collect_cash(order.id, order.total, staff)
    refund_payment(order.id, staff, RefundPayment(quantities={first: 1}))
    whole = read(client, order, terms)
    assert [parcel["trackingUrl"] for parcel in whole["shipments"]] == [parcel["trackingUrl"], None]
    assert (whole["shippingStatus"], whole["paymentStatus"]) == ("delivered", "partially_refunded")
    assert whole["refunded"] == 2000
    assert all(each["deliveredAt"] for each in whole["shipments"])
