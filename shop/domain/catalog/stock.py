"""The stock that comes with a saved variant: its first units, and a level that a draft insists on."""

from __future__ import annotations

from sqlalchemy import select, update

from shop.db import db, exactly_one, new_public_id
from shop.domain.actors import Actor
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
