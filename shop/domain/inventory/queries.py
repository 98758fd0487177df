"""Reading stock."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from shop.db import db
from shop.domain.catalog.models import Product, Variant
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
