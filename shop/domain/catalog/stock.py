"""The stock that comes with a saved variant: its first units, and a level that a draft insists on."""

from __future__ import annotations

from sqlalchemy import select, update

from shop.db import changed_rows, db, exactly_one, new_public_id
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.models import Variant
from shop.domain.inventory.models import StockItem
from shop.domain.inventory.operations import record_movement
from shop.errors import Conflict, Detail


def open_stock(variant: Variant, units: int, actor: Actor) -> None:
    """Give a new variant its stock item, and its first units with their receipt."""
    db.session.add(StockItem(variant_id=variant.id, on_hand=units))
    if units:
        record_movement(variant.id, "receipt", units, f"import:{variant.public_id}", actor)


def correct_stock(variant: Variant, units: int, actor: Actor) -> int | None:
    """Set how many units are in the house; returns how many there were, or None when that is no change.

    Raises Conflict when orders have reserved more than that.
    """
    item = db.session.scalars(
        select(StockItem).filter_by(variant_id=variant.id).with_for_update().execution_options(populate_existing=True)
    ).one()
    before = item.on_hand
    if before == units:
        return None
    if units < item.reserved:
        message = f"{item.reserved} of {variant.sku} are reserved for orders: the stock cannot be {units}."
        raise Conflict(message, [Detail("stock", message, available=item.reserved)])
    set_level = update(StockItem).where(
        StockItem.variant_id == variant.id, StockItem.on_hand == before, StockItem.reserved <= units
    )
    exactly_one(db.session.execute(set_level.values(on_hand=units).execution_options(synchronize_session=False)))
    db.session.expire(item)
    record_movement(variant.id, "correction", units - before, new_public_id("move"), actor)
    return before


def change_stock(variant: Variant, change: int, actor: Actor, *, reason: str, field: str = "stock") -> None:
    """Add units, or take them away, with the reason in the ledger and the audit log.

    Raises Conflict naming `field` when orders have reserved more than would be left.
    """
    set_level = (
        update(StockItem)
        .where(StockItem.variant_id == variant.id, StockItem.on_hand + change >= StockItem.reserved)
        .values(on_hand=StockItem.on_hand + change)
        .execution_options(synchronize_session=False)
    )
    if changed_rows(db.session.execute(set_level)) != 1:
        item = db.session.scalars(select(StockItem).filter_by(variant_id=variant.id)).one()
        free = item.on_hand - item.reserved
        message = f"Only {free} of {variant.sku} can be taken away: {item.on_hand} are there, {item.reserved} reserved."
        raise Conflict(message, [Detail(field, message, available=free)])
    kind = "receipt" if reason == "received" and change > 0 else "correction"
    record_movement(variant.id, kind, change, new_public_id("move"), actor, reason=reason)
    after = {"units": change, "reason": reason, "sku": variant.sku}
    record_change(actor, "stock.changed", "variant", variant.public_id, {}, after)
