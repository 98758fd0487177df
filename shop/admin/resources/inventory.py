"""Inventory: every variant with what is in the house, reserved and free. Its own page is shop/admin/inventory.py."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import contains_eager

from shop.admin.resource import BulkAction, Column, Field, Filter, Resource, Tab
from shop.admin.resources.categories import paths
from shop.admin.resources.products import in_category
from shop.domain.catalog.models import Listing, Product, Variant
from shop.domain.catalog.richtext import fold_text
from shop.domain.inventory import adjustments
from shop.domain.inventory.models import StockItem

AVAILABLE = StockItem.on_hand - StockItem.reserved


def all_variants() -> Select[Any]:
    """Every variant with its product and its stock."""
    return (
        select(Variant)
        .join(Variant.product)
        .join(Variant.stock)
        .options(contains_eager(Variant.product), contains_eager(Variant.stock))
    )


def on_offer() -> ColumnElement[bool]:
    """Variants that are on offer, of products that are not archived."""
    return and_(Variant.is_active.is_(True), Product.status != "archived")


def is_low() -> ColumnElement[bool]:
    return and_(on_offer(), AVAILABLE > 0, StockItem.low_stock_threshold >= AVAILABLE)


def is_out() -> ColumnElement[bool]:
    return and_(on_offer(), AVAILABLE <= 0)


def is_spoken_for() -> ColumnElement[bool]:
    """Variants that are in the house and all kept for orders."""
    return and_(StockItem.on_hand > 0, AVAILABLE <= 0)


def has_words(text: str) -> ColumnElement[bool]:
    """Each word is in the product's name or brand, or in the variant's name or SKU."""
    return and_(*(_has_word(word) for word in fold_text(text).split()[:8]))


def _has_word(word: str) -> ColumnElement[bool]:
    named = Product.listing.has(Listing.name_key.contains(word, autoescape=True))
    columns = (Product.brand, Variant.name, Variant.sku)
    return or_(named, *(func.lower(column).contains(word, autoescape=True) for column in columns))


def available_of(variant: Variant) -> tuple[int, str, str]:
    """Units that can be sold, marked where they are few or none."""
    stock = variant.stock
    if stock.available <= 0:
        return stock.available, "all kept" if stock.on_hand else "none left", "none"
    return stock.available, "low" if stock.is_low else "", "low" if stock.is_low else ""


def offer_of(variant: Variant) -> str:
    """Whether it is sold: the product's status, or that the variant is not offered any more."""
    return variant.product.status if variant.is_active else "withdrawn"


INVENTORY = Resource(
    name="inventory",
    title="Inventory",
    singular="variant",
    section="Catalogue",
    read="catalog:read",
    write="catalog:write",
    icon="boxes",
    model=Variant,
    select=all_variants,
    row_name=lambda row: row.full_name,
    columns=(
        Column("name", "Product", lambda row: row.full_name, "main", sort=Product.name, on_phone="lead"),
        Column("sku", "SKU", lambda row: row.sku, "code", sort=Variant.sku),
        Column("on-hand", "On hand", lambda row: row.stock.on_hand, "number", sort=StockItem.on_hand),
        Column("reserved", "Reserved", lambda row: row.stock.reserved, "number", sort=StockItem.reserved),
        Column("available", "Available", available_of, "stock", sort=AVAILABLE, on_phone="end"),
        Column(
            "low-from",
            "Low from",
            lambda row: row.stock.low_stock_threshold,
            "number",
            sort=StockItem.low_stock_threshold,
            on_phone="none",
        ),
        Column("offer", "In the shop", offer_of, "badge", on_phone="none"),
    ),
    search=has_words,
    search_hint="by product, brand or SKU",
    tabs=(
        Tab("offered", "On offer", on_offer),
        Tab("low", "Low", is_low),
        Tab("out", "Out", is_out),
        Tab("reserved", "Reserved", lambda: StockItem.reserved > 0),
        Tab("spoken-for", "All reserved", is_spoken_for),
        Tab("all", "All"),
    ),
    filters=(Filter("category", "Category", in_category, lambda: [*paths(), ("none", "None")]),),
    bulk=(
        BulkAction(
            adjustments.THRESHOLD,
            "Set low stock",
            (Field("threshold", "Low from", "number", hint="This many units or fewer are low on stock."),),
        ),
    ),
    list_links=(("Delivery or count", "admin_inventory.show_sheet"),),
    own_views={"row": "admin_inventory.show"},
    is_empty_text="There are no variants yet. They come with the products.",
    note=lambda row: row.sku,
)
