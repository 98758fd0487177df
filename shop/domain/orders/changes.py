"""What every change of an order by staff has in common: its row is locked, it is done once, and not on stale sight."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select

from shop.db import db, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.idempotency import use_form_key
from shop.domain.inputs import Input, Line, PublicId
from shop.domain.orders.models import Order, OrderLineItem
from shop.domain.versions import refuse_if_changed
from shop.errors import Conflict, Detail, Invalid

# Units by the public id of an order's line; a form sends a field such as quantities.item_… for each.
Quantities = dict[PublicId, Annotated[int, Field(ge=0, le=9999)]]


class OrderChange(Input):
    """What a form of the order's page sends with each change: a key for one press, and the version that was seen."""

    form_key: PublicId | None = None
    seen: Annotated[Line, Field(max_length=40)] | None = None


NO_FORM = OrderChange()


def lock_order(order_id: int) -> Order:
    """The order, its row locked to the end of the current operation: whoever changes it meanwhile waits."""
    return db.session.scalars(
        select(Order).filter_by(id=order_id).with_for_update().execution_options(populate_existing=True)
    ).one()


def is_repeat(order: Order, wanted: OrderChange) -> bool:
    """Whether this form has done its work already, as at the second press of a button.

    `order` is locked. Raises ChangedMeanwhile when the order is not as the page showed it any more.
    """
    if wanted.form_key is not None:
        # With what it asks for: the same form sent again with other values is another wish, on stale sight.
        key = f"{wanted.form_key}:{hashlib.sha256(wanted.model_dump_json().encode()).hexdigest()}"
        if not use_form_key(f"form:{order.public_id}", key, order.public_id):
            return True
    refuse_if_changed(order.updated_at, wanted.seen)
    return False


def note_change(actor: Actor, action: str, order: Order, before: dict[str, Any], after: dict[str, Any]) -> None:
    """Mark the order as changed, and write what staff did into the audit log."""
    order.updated_at = transaction_time()
    if actor.kind == "staff":
        record_change(actor, action, "order", order.public_id, before, after)
        db.session.flush()


def lines_of(order_id: int) -> list[OrderLineItem]:
    """The lines of an order, in its order."""
    rows = select(OrderLineItem).filter_by(order_id=order_id).order_by(OrderLineItem.position)
    return list(db.session.scalars(rows))


def pick(lines: list[OrderLineItem], wanted: Quantities, left: dict[int, int], what: str) -> dict[int, int]:
    """How many units of each line (by its key) are meant: those named, or without any name all that are left.

    `left` has the units that can be meant, `what` is the verb of the refusals, such as "sent". Raises Invalid for a
    line of another order or where nothing is named, Conflict where more is named than there is left.
    """
    if not wanted:
        return {line.id: left[line.id] for line in lines if left[line.id]}
    unknown = set(wanted) - {line.public_id for line in lines}
    if unknown:
        raise Invalid("This order has no such line.", [Detail("quantities", "Name lines of this order.")])
    picked = {line.id: wanted[line.public_id] for line in lines if wanted.get(line.public_id)}
    if not picked:
        raise Invalid(f"Choose what is to be {what}.", [])
    for line in lines:
        if picked.get(line.id, 0) > left[line.id]:
            there = f"only {left[line.id]} can" if left[line.id] else "none can"
            raise Conflict(f"{line.product_name}: {there} still be {what}. Look at the order again.")
    return picked


def told(lines: list[OrderLineItem], units: dict[int, int]) -> list[str]:
    """Units as the audit log tells them, such as "2 of SKU-1"."""
    return [f"{units[line.id]} of {line.sku}" for line in lines if units.get(line.id)]


def by_variant(lines: list[OrderLineItem], units: dict[int, int]) -> dict[int, int]:
    """The same units by the key of their variant, as the stock counts them."""
    counted: dict[int, int] = {}
    for line in lines:
        if units.get(line.id):
            counted[line.variant_id] = counted.get(line.variant_id, 0) + units[line.id]
    return counted
