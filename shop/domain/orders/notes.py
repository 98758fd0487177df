"""What staff write down about an order, for staff alone."""

from __future__ import annotations

from pydantic import Field

from shop.db import db, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.inputs import Text
from shop.domain.orders.changes import OrderChange, is_repeat, lock_order
from shop.domain.orders.models import Order, OrderNote


class WriteNote(OrderChange):
    """What a note asks for."""

    text: Text = Field(min_length=1, max_length=2000, title="a note")


@operation
def write_note(order_id: int, actor: Actor, wanted: WriteNote) -> Order:
    """Keep a note of staff with the order. It changes nothing of the order, so nobody's page becomes stale by it."""
    order = lock_order(order_id)
    if is_repeat(order, wanted.model_copy(update={"seen": None})):
        return order
    db.session.add(OrderNote(order_id=order.id, text=wanted.text, user_id=actor.user_id, created_at=transaction_time()))
    # The words may name persons: the audit log knows that there is a note, and its author.
    record_change(actor, "order.noted", "order", order.public_id, {}, {"length": len(wanted.text)})
    return order
