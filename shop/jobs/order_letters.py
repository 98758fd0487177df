"""What the letters about an order on its way say: a parcel sent, delivered, cancelled, money given back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shop.domain.orders.models import Order, OrderLineItem, Shipment
from shop.domain.orders.receipts import Figure
from shop.domain.orders.shipments import tracking_address
from shop.domain.payments.models import Refund
from shop.domain.payments.standing import card_of, card_standing
from shop.domain.terms import RETURN_DAYS
from shop.words import day


@dataclass(frozen=True)
class Units:
    """So many units of a line."""

    line: OrderLineItem
    quantity: int

    @property
    def words(self) -> str:
        named = self.line.variant_name != "Default"
        name = f"{self.line.product_name}, {self.line.variant_name}" if named else self.line.product_name
        return f"{self.quantity} × {name}"


def words_of_parcel(order: Order, shipment_id: str) -> dict[str, Any]:
    """A parcel that was sent: what is in it, where it is, what comes later."""
    parcel = next(each for each in order.shipments if each.public_id == shipment_id)
    later = _units_after(order, parcel)
    is_whole = len(order.shipments) == 1 and not later
    return {
        "subject": f"Your order {order.number} is on its way" if is_whole else f"A parcel of your order {order.number}",
        "title": "It is on its way" if is_whole else "A parcel is on its way",
        "lead": f"{'Your' if is_whole else 'Part of your' if later else 'The rest of your'} order left our house.",
        "parcel": parcel,
        "tracking_address": tracking_address(parcel.carrier, parcel.tracking_number),
        "arrives": day(parcel.estimated_delivery) if parcel.estimated_delivery else "",
        "inside": [Units(order.line(each.line_item_id), each.quantity) for each in parcel.line_items],
        "later": later,
        "is_last": not later,  # the whole sum is due with it
    }


def _units_after(order: Order, parcel: Shipment) -> list[Units]:
    """What was still to be sent once this parcel had left."""
    sent: dict[int, int] = {}
    for each in (line for shipment in order.shipments if shipment.id <= parcel.id for line in shipment.line_items):
        sent[each.line_item_id] = sent.get(each.line_item_id, 0) + each.quantity
    left = [Units(line, line.quantity - sent.get(line.id, 0)) for line in order.line_items]
    return [each for each in left if each.quantity]


def words_of_delivery(order: Order) -> dict[str, Any]:
    """An order that arrived, and until when it can come back."""
    at = next(move.created_at for move in order.history if move.track == "status" and move.to_status == "delivered")
    return {
        "lead": "Your order was delivered. We hope that you like it.",
        "inside": [Units(line, line.quantity) for line in order.line_items],
        "return_days": RETURN_DAYS,
        "return_until": day((at + timedelta(days=RETURN_DAYS)).date()),
    }


def words_of_cancellation(order: Order) -> dict[str, Any]:
    """An order that was cancelled: by whom, why, and what became of its money."""
    moves = [move for move in order.history if move.track == "status" and move.to_status == "cancelled"]
    by, reason = moves[-1].by, moves[-1].note
    lead = {
        "customer": "You cancelled your order.",
        "staff": "We cancelled your order.",
        "system": "Your order was not confirmed in time, so it was cancelled.",
    }[by]
    money = f"{order.refunded.format()} is given back to you." if order.refunded else "Nothing is due."
    if card_standing(order).may_be_late:
        money = f"{money} If your bank takes the money for it after all, we give it back at once."
    return {
        "lead": lead,
        "reason_given": reason if by == "staff" else "",
        "money": f"Nothing will be sent. {money}" if not order.shipments else money,
        "inside": [Units(line, line.quantity) for line in order.line_items],
    }


def words_of_refund(order: Order, refund_id: str) -> dict[str, Any]:
    """Money that was given back: for what, and what it comes to."""
    refund = next(each for each in order.refunds if each.public_id == refund_id)
    amount = order.money(refund.amount).format()
    return {
        "subject": f"{amount} of your order {order.number} is given back",
        "amount": amount,
        "lead": f"We give you {amount} of your order back{_where_to(order)}.",
        "reason_given": refund.reason,
        "rows": _rows_of(order, refund),
        "so_far": _so_far(order, refund, order.refunds),
    }


def _where_to(order: Order) -> str:
    """The way back of what a card paid, and how long banks take for it."""
    card = card_of(order)
    return f", to {card}. Your bank may take up to ten days to show it" if card else ""


def _rows_of(order: Order, refund: Refund) -> list[Figure]:
    rows = [
        Figure(Units(order.line(each.line_item_id), each.quantity).words, order.money(each.amount).format())
        for each in refund.line_items
    ]
    if refund.shipping_amount:
        rows.append(Figure("Delivery", order.money(refund.shipping_amount).format()))
    if refund.other_amount:
        rows.append(Figure("To make up for it", order.money(refund.other_amount).format()))
    return rows


def _so_far(order: Order, refund: Refund, refunds: Sequence[Refund]) -> str:
    """What was given back in all up to this refund, where it is not the first."""
    given = [each.amount for each in refunds if each.id <= refund.id and each.status != "failed"]
    return f"{order.money(sum(given)).format()} of {order.total.format()} in all" if len(given) > 1 else ""
