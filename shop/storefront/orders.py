"""An order's own page: its confirmation, its progress, its cancellation. Opened by its link or by its customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, make_response, request, url_for
from flask.typing import ResponseReturnValue

from shop.domain.checkout import cancel_order
from shop.domain.orders.models import Order, OrderEvent
from shop.domain.orders.operations import can_be_cancelled
from shop.domain.orders.queries import get_order
from shop.extensions import terms
from shop.policies import current_shopper, policy
from shop.storefront.htmx import go_to
from shop.storefront.rendering import render_page

blueprint = Blueprint("orders", __name__)

STEPS = {
    "pending": "Placed",
    "confirmed": "Confirmed",
    "processing": "Being packed",
    "shipped": "On its way",
    "delivered": "Delivered",
}


@dataclass(frozen=True)
class Step:
    """One step of an order's way; `at` is None for one that is still to come."""

    name: str
    at: datetime | None
    is_current: bool


@blueprint.get("/orders/<order_id>")
@policy("guest")
def show_order(order_id: str) -> ResponseReturnValue:
    token = request.args.get("token", "")
    order = get_order(order_id, current_shopper(), terms, token)
    page = render_page(
        "orders/order.html",
        can_be_cancelled=can_be_cancelled(order, current_shopper()),
        is_just_placed=request.args.get("placed") == "1" and order.status != "cancelled",
        order=order,
        steps=steps_of(order),
        token=token,
    )
    response = make_response(page)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@blueprint.post("/orders/<order_id>/cancellation")
@policy("guest")
def cancel(order_id: str) -> ResponseReturnValue:
    token = request.form.get("token", "")
    order = get_order(order_id, current_shopper(), terms, token)
    cancel_order(order.id, current_shopper(), reason="Cancelled on the order page")
    return go_to(url_for("orders.show_order", order_id=order.public_id, token=token or None))


def steps_of(order: Order) -> list[Step]:
    """The order's way with the times of what has happened; a cancelled one ends where it was cancelled."""
    moves = _moves_of_status(order.history)
    if order.status == "cancelled":
        return [Step(STEPS.get(move.to_status, "Cancelled"), move.created_at, move is moves[-1]) for move in moves]
    reached = {move.to_status: move.created_at for move in moves}
    return [Step(name, reached.get(status), status == order.status) for status, name in STEPS.items()]


def _moves_of_status(history: Sequence[OrderEvent]) -> list[OrderEvent]:
    return [move for move in history if move.track == "status"]
