"""The stock that comes with a saved variant: its first units; what changes it later is the inventory's own."""

from __future__ import annotations

from shop.db import db
from shop.domain.actors import Actor
from shop.domain.catalog.models import Variant
from shop.domain.inventory.models import StockItem
from shop.domain.inventory.operations import add_units, record_movement, set_units

__all__ = ["add_units", "open_stock", "set_units"]


def open_stock(variant: Variant, units: int, actor: Actor) -> None:
    """Give a new variant its stock item, and its first units with their receipt."""
    db.session.add(StockItem(variant_id=variant.id, on_hand=units))
    if units:
        record_movement(variant.id, "receipt", units, f"import:{variant.public_id}", actor)
