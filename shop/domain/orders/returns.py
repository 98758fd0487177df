"""Goods that come back from a delivered order: rows of their own, put on sale again or not."""

from __future__ import annotations

from pydantic import Field
from sqlalchemy import func, select

from shop.db import db, new_public_id, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.events import record_event
from shop.domain.inputs import Line
from shop.domain.inventory.operations import put_back_on_shelf
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
from shop.domain.orders.models import Order, OrderLineItem, Return, ReturnLineItem, ShipmentLineItem
from shop.domain.orders.operations import move_shipping
from shop.errors import Conflict


class ReceiveReturn(OrderChange):
    """What taking goods back asks for. Without `quantities` everything that was sent and is not back yet."""

    quantities: Quantities = Field(default_factory=dict)
    restock: bool = Field(default=False, title="whether they are put on sale again")
    reason: Line = Field(default="", max_length=500, title="a reason")


@operation
def receive_return(order_id: int, actor: Actor, wanted: ReceiveReturn) -> Order:
    """Take units of a delivered order back, and put them on sale again if they are as new.

    With the last unit the goods are returned. Money is given back by refund_payment. Raises Conflict when the order
    is not delivered or more comes back than was sent, Invalid where nothing is named.
    """
    order = lock_order(order_id)
    if is_repeat(order, wanted):
        return order
    if order.status != "delivered":
        raise Conflict(f"The order is {order.status}; goods come back from a delivered order.")
    lines = lines_of(order.id)
    units = pick(lines, wanted.quantities, units_to_return(lines), "returned")
    if not units:
        raise Conflict("All of this order came back already.")
    write_return(order, lines, units, actor, restock=wanted.restock, reason=wanted.reason)
    return order


def write_return(
    order: Order, lines: list[OrderLineItem], units: dict[int, int], actor: Actor, *, restock: bool, reason: str
) -> Return:
    """Write the row of a return of a locked order, with its stock, history and audit entry."""
    left = units_to_return(lines)
    back = Return(
        public_id=new_public_id("ret"),
        order_id=order.id,
        is_restocked=restock,
        reason=reason,
        user_id=actor.user_id,
        received_at=transaction_time(),
        line_items=[ReturnLineItem(line_item_id=line_id, quantity=count) for line_id, count in units.items()],
    )
    db.session.add(back)
    db.session.flush()
    if restock:
        put_back_on_shelf(by_variant(lines, units), return_id=back.public_id, actor=actor)
    if units == {line_id: count for line_id, count in left.items() if count}:
        move_shipping(order, "returned", actor)
    noted = {"units": told(lines, units), "restocked": restock, "reason": reason}
    note_change(actor, "order.returned", order, {}, noted)
    record_event("return.received", back.public_id)
    return back


def units_to_return(lines: list[OrderLineItem]) -> dict[int, int]:
    """How many units of each line (by its key) were sent and did not come back."""
    keys = [line.id for line in lines]
    counts: dict[int, int] = dict.fromkeys(keys, 0)
    for table, sign in ((ShipmentLineItem, 1), (ReturnLineItem, -1)):
        rows = db.session.execute(
            select(table.line_item_id, func.sum(table.quantity))
            .where(table.line_item_id.in_(keys))
            .group_by(table.line_item_id)
        )
        for line_id, units in rows:
            counts[line_id] += sign * int(units)
    return counts
