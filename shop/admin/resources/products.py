"""Products: the list with its saved views and all that can be done to many of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, case, cast, exists, func, or_, select
from sqlalchemy.orm import joinedload

from shop.admin.resource import BulkAction, Column, Field, Filter, Resource, Tab
from shop.admin.resources.categories import paths
from shop.db import db
from shop.domain.catalog import bulk
from shop.domain.catalog.models import PRODUCT_STATUSES, Category, Image, Listing, Product, Variant
from shop.domain.catalog.queries import first_images
from shop.domain.catalog.richtext import fold_text
from shop.domain.inventory.models import StockItem
from shop.words import words


@dataclass(frozen=True)
class ProductRow:
    """A product with its first picture, and the stock of its variants on offer."""

    product: Product
    picture: str | None
    available: int
    variant_count: int
    low_count: int  # variants of which few are left, or none

    @property
    def id(self) -> int:
        return self.product.id

    @property
    def stock(self) -> tuple[int, str, str]:
        """Units that can be sold, with a note where some variant is short."""
        if self.available <= 0:
            return self.available, "none left", "none"
        if self.low_count == 0:
            return self.available, "", ""
        return (
            self.available,
            "low" if self.variant_count == 1 else f"{self.low_count} of {self.variant_count} low",
            "low",
        )


def prepare(products: Sequence[Product]) -> list[ProductRow]:
    """The products as the list shows them: two statements for them all."""
    ids = [each.id for each in products]
    pictures = first_images(ids)
    left = StockItem.on_hand - StockItem.reserved
    stocks = {
        row.product_id: row
        for row in db.session.execute(
            select(
                Variant.product_id,
                func.sum(left).label("available"),
                func.count().label("variants"),
                func.sum(case((left <= StockItem.low_stock_threshold, 1), else_=0)).label("low"),
            )
            .join(StockItem, StockItem.variant_id == Variant.id)
            .where(Variant.product_id.in_(ids), Variant.is_active.is_(True))
            .group_by(Variant.product_id)
        )
    }
    return [_row(each, pictures.get(each.id), stocks.get(each.id)) for each in products]


def _row(product: Product, image: Image | None, stock: Any) -> ProductRow:
    file_name = image.file_name if image else None
    if stock is None:
        return ProductRow(product, file_name, 0, 0, 0)
    return ProductRow(product, file_name, int(stock.available), stock.variants, int(stock.low))


def of_status(status: str) -> ColumnElement[bool]:
    """The products of this status."""
    return Product.status == status


def is_low() -> ColumnElement[bool]:
    """Products not archived, with a variant on offer of which few are left, or none."""
    few = StockItem.on_hand - StockItem.reserved <= StockItem.low_stock_threshold
    variants = exists().where(
        Variant.product_id == Product.id, Variant.is_active.is_(True), StockItem.variant_id == Variant.id, few
    )
    return and_(Product.status != "archived", variants)


def has_no_image() -> ColumnElement[bool]:
    """Products not archived, without a stored picture: one known by its address alone is not shown."""
    stored = exists().where(Image.product_id == Product.id, Image.file_name.is_not(None))
    return and_(Product.status != "archived", ~stored)


def has_no_alt_text() -> ColumnElement[bool]:
    """Products not archived, with a picture that nobody has described."""
    undescribed = exists().where(Image.product_id == Product.id, Image.alt_text == "")
    return and_(Product.status != "archived", undescribed)


def _has_word(word: str) -> ColumnElement[bool]:
    """In the name, the brand or a SKU; of drafts and archived products too, which the shop's own search leaves out."""
    named = Product.listing.has(Listing.name_key.contains(word, autoescape=True))
    branded = func.lower(Product.brand).contains(word, autoescape=True)
    return or_(named, branded, Product.variants.any(func.lower(Variant.sku).contains(word, autoescape=True)))


def has_words(text: str) -> ColumnElement[bool]:
    """Each word is in its name, its brand or a SKU; or it is its id."""
    found = [_has_word(word) for word in fold_text(text).split()[:8]]
    return or_(and_(*found), Product.public_id == text)


def in_category(public_id: str) -> ColumnElement[bool]:
    """Products of this category itself; `none`: of no category."""
    if public_id == "none":
        return Product.category_id.is_(None)
    return Product.category_id.in_(select(Category.id).where(Category.public_id == public_id))


def has_tag(tag: str) -> ColumnElement[bool]:
    """Products with this whole tag."""
    return cast(Product.tags, Text).contains(json.dumps(tag), autoescape=True)


def statuses() -> list[tuple[str, str]]:
    return [(status, words(status)) for status in PRODUCT_STATUSES]


PRODUCTS = Resource(
    name="products",
    title="Products",
    singular="product",
    section="Catalogue",
    read="catalog:read",
    write="catalog:write",
    icon="package",
    model=Product,
    select=lambda: select(Product).options(joinedload(Product.category)),
    prepare=prepare,
    row_name=lambda row: row.product.name,
    row_id=lambda row: getattr(row, "product", row).public_id,
    version=lambda row: row.product.updated_at,
    columns=(
        Column("picture", "Picture", lambda row: row.picture, "picture", on_phone="lead", in_csv=False),
        Column("name", "Name", lambda row: row.product.name, "main", sort=Product.name, on_phone="lead"),
        Column("status", "Status", lambda row: row.product.status, "badge", sort=Product.status, on_phone="end"),
        Column("stock", "Stock", lambda row: row.stock, "stock"),
        Column("variants", "Variants", lambda row: row.variant_count, "number", on_phone="none"),
        Column(
            "category",
            "Category",
            lambda row: row.product.category.name if row.product.category else "",
            on_phone="none",
        ),
        Column("price", "Price from", lambda row: row.product.from_price, "money", sort=Product.from_price_amount),
        Column("updated", "Updated", lambda row: row.product.updated_at, "moment", sort=Product.updated_at),
    ),
    search=has_words,
    search_hint="by name, brand, tag or SKU",
    sort="-updated",
    tabs=(
        Tab("all", "All"),
        Tab("active", "Active", lambda: of_status("active")),
        Tab("draft", "Draft", lambda: of_status("draft"), todo="Drafts to finish"),
        Tab("archived", "Archived", lambda: of_status("archived")),
        Tab("low", "Low stock", is_low, todo="Low on stock"),
        Tab("no-image", "No image", has_no_image, todo="Without a picture"),
        Tab("no-alt", "No alt text", has_no_alt_text, todo="Pictures without alt text"),
    ),
    filters=(
        Filter("category", "Category", in_category, lambda: [*paths(), ("none", "None")]),
        Filter("tag", "Tag", has_tag),
    ),
    bulk=(
        BulkAction(bulk.STATUS, "Set status", (Field("status", "Status", "select", choices=statuses),)),
        BulkAction(
            bulk.CATEGORY,
            "Set category",
            (Field("category", "Category", "select", choices=lambda: [("", "None"), *paths()]),),
        ),
        BulkAction(
            bulk.PRICES,
            "Change prices",
            (
                Field("percent", "Percent", "number", hint="10 for a tenth more, -10 for a tenth less."),
                Field("keepFormer", "Keep the former price as struck through", "tick"),
            ),
        ),
        BulkAction(
            bulk.REPLACE,
            "Find and replace",
            (
                Field("find", "Find", hint="As it is written: capitals count."),
                Field("replace", "Replace with"),
                Field(
                    "where",
                    "In",
                    "select",
                    choices=lambda: [
                        ("both", "Names and descriptions"),
                        ("name", "Names"),
                        ("description", "Descriptions"),
                    ],
                ),
            ),
        ),
        BulkAction(bulk.ADD_TAG, "Add a tag", (Field("tag", "Tag"),)),
        BulkAction(bulk.REMOVE_TAG, "Remove a tag", (Field("tag", "Tag"),)),
        BulkAction(
            bulk.ARCHIVE,
            "Delete",
            question="They leave the shop and are kept in the archive, since past orders name them. "
            "Set their status to bring them back.",
            is_danger=True,
        ),
    ),
    list_links=(("Import", "admin_imports.show_imports"),),
    own_views={"row": "admin_products.show", "new": "admin_products.show_new", "create": "admin_products.create"},
    is_in_search=True,
    note=lambda row: words(row.product.status),
)
