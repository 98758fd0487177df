"""Reading stock."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from shop.db import db
from shop.domain.catalog.models import Product, Variant
from shop.domain.inventory.models import StockItem
from shop.errors import NotFound


def get_variant_with_stock(product_name: str, variant_public_id: str) -> Variant:
    """An active variant of the active product of this id or slug, with product and stock; raises NotFound."""
    statement = (
        select(Variant)
        .join(Variant.product)
        .options(joinedload(Variant.product), joinedload(Variant.stock))
        .where(or_(Product.public_id == product_name, Product.slug == product_name), Product.status == "active")
        .where(Variant.public_id == variant_public_id, Variant.is_active.is_(True))
    )
    variant = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if variant is None:
        raise NotFound("There is no such variant of this product.")
    return variant


def available_units(variant_id: int) -> int:
    """Units of a variant that can be sold now, read from the row."""
    found = db.session.execute(select(StockItem.on_hand - StockItem.reserved).where(StockItem.variant_id == variant_id))
    return found.scalar() or 0


def left_sentence(left: int) -> str:
    """How many units are left, in words for a shopper."""
    return "Sold out." if left == 0 else f"Only {left} left."
