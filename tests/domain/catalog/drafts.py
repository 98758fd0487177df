"""Drafts to start from, and the whole database as a value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from shop.db import db
from shop.domain.catalog.drafts import ImageDraft, ProductDraft, VariantDraft
from shop.domain.catalog.models import Product, Variant
from shop.money import Money


def usd(text: str) -> Money:
    return Money.parse(text, "USD")


def size(value: str, sku: str = "", price: str = "20.00", **more: Any) -> VariantDraft:
    return VariantDraft(sku=sku or f"SHIRT-{value}", price=usd(price), option_values=(value,), **more)


def shirt(*variants: VariantDraft, **changes: Any) -> ProductDraft:
    draft = ProductDraft(
        slug="shirt",
        name="Chemise Crème",
        variants=variants or (size("S", stock=3), size("M", stock=5)),
        option_names=("Size",),
        description="<p>Soft <b>linen</b></p>",
        brand="Aster",
        tags=("summer", "linen"),
        images=(
            ImageDraft(file_name="shirt.svg", alt_text="A shirt"),
            ImageDraft(source_url="https://a.example/b.jpg"),
        ),
        attributes=(("material", "linen"), ("material", "cotton"), ("care", "Wash cold")),
    )
    return replace(draft, **changes)


def soap(**changes: Any) -> ProductDraft:
    return replace(ProductDraft("soap", "Soap", (VariantDraft("SOAP", usd("4.00"), stock=10),)), **changes)


def saved_product(slug: str = "shirt") -> Product:
    """The product as the database has it now, with its parts."""
    db.session.rollback()
    parts = (
        joinedload(Product.category),
        selectinload(Product.images),
        selectinload(Product.attributes),
        selectinload(Product.variants).joinedload(Variant.stock),
    )
    return db.session.scalars(select(Product).filter_by(slug=slug).options(*parts)).one()


def variant_of(slug: str, option_key: str = "") -> Variant:
    return next(variant for variant in saved_product(slug).variants if variant.option_key == option_key)


def everything() -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table: two that are equal mean that nothing was written between."""
    db.session.rollback()
    tables = db.metadata.sorted_tables
    rows = {table.name: [tuple(row) for row in db.session.execute(select(table))] for table in tables}
    db.session.rollback()
    return {name: sorted(found, key=repr) for name, found in rows.items()}
