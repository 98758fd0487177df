"""Reading the catalogue: listings, product pages, the category tree. A constant number of statements each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import Field
from sqlalchemy import ColumnElement, Select, Text, case, cast, column, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload
from sqlalchemy.orm.strategy_options import _AbstractLoad

from shop.db import db
from shop.domain.catalog.addresses import find_moved
from shop.domain.catalog.models import Category, Image, Product, Variant
from shop.domain.catalog.richtext import fold_text
from shop.domain.inputs import Input, Line
from shop.errors import NotFound

SORT_ORDERS = {
    "price": (Product.from_price_amount, "asc"),
    "name": (Product.name, "asc"),
    "created_at": (Product.created_at, "desc"),
    "relevance": (Product.created_at, "desc"),  # where nothing is searched for
}


class ProductFilter(Input):
    """How a listing is asked for. Prices are in minor units."""

    page: int = Field(default=1, ge=1, le=100_000)
    limit: int = Field(default=20, ge=1, le=100)
    category: Line | None = Field(default=None, max_length=120)
    tag: Line | None = Field(default=None, max_length=120)
    brand: Line | None = Field(default=None, max_length=120)
    min_price: int | None = Field(default=None, ge=0, le=10**15)
    max_price: int | None = Field(default=None, ge=0, le=10**15)
    search: Line | None = Field(default=None, max_length=200)
    in_stock: bool | None = None
    sort_by: Literal["price", "name", "created_at", "relevance"] = "created_at"
    sort_order: Literal["asc", "desc"] | None = None


@dataclass(frozen=True)
class Page:
    """One page of products and what a pager needs."""

    products: Sequence[Product]
    page: int
    limit: int
    total: int
    categories: tuple[Category, ...] = field(default=())

    @property
    def total_pages(self) -> int:
        return -(-self.total // self.limit)

    @property
    def has_next(self) -> bool:
        return self.page < self.total_pages

    @property
    def has_previous(self) -> bool:
        return self.page > 1


def with_details() -> list[_AbstractLoad]:
    """The loader options that bring a product with all that its page shows."""
    return [
        joinedload(Product.category),
        selectinload(Product.variants).joinedload(Variant.stock),
        selectinload(Product.images),
    ]


def list_products(asked: ProductFilter, among: Sequence[int] | None = None) -> Page:
    """Active products in pages. An unknown category raises NotFound; past the last page the page is empty.

    `among` are the ids that a search found, best first, at most a few hundred: then only those are listed, and
    `relevance` is their order; `asked.search` is then not looked at again.
    """
    categories = list_categories()
    statement = select(Product).where(Product.status == "active", *_conditions(asked, categories, among))
    total = db.session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    rows = (
        _sorted(statement, asked, among)
        .options(*with_details())
        .limit(asked.limit)
        .offset((asked.page - 1) * asked.limit)
    )
    return Page(db.session.scalars(rows).all(), asked.page, asked.limit, total, categories)


def _conditions(
    asked: ProductFilter, categories: Sequence[Category], among: Sequence[int] | None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [] if among is None else [Product.id.in_(among)]
    if asked.category:
        conditions.append(Product.category_id.in_(_branch_ids(categories, asked.category)))
    if asked.brand:
        conditions.append(Product.brand == asked.brand)
    if asked.tag:
        # The list is kept as JSON text on both engines; the quotes make it the whole tag.
        conditions.append(cast(Product.tags, Text).contains(json.dumps(asked.tag), autoescape=True))
    if asked.min_price is not None:
        conditions.append(Product.from_price_amount >= asked.min_price)
    if asked.max_price is not None:
        conditions.append(Product.from_price_amount <= asked.max_price)
    words = fold_text(asked.search or "").split()[:10] if among is None else []
    for word in words:
        conditions.append(Product.search_text.contains(word, autoescape=True))
    if asked.in_stock is not None:
        in_stock = Variant.stock.has(column("on_hand") > column("reserved"))
        has_stock = Product.variants.any(Variant.is_active.is_(True) & in_stock)
        conditions.append(has_stock if asked.in_stock else ~has_stock)
    return conditions


def _sorted(statement: Select[Product], asked: ProductFilter, among: Sequence[int] | None) -> Select[Product]:
    if asked.sort_by == "relevance" and among:
        return statement.order_by(case({product_id: place for place, product_id in enumerate(among)}, value=Product.id))
    column, usual = SORT_ORDERS[asked.sort_by]
    order = asked.sort_order or usual
    return statement.order_by(column.asc() if order == "asc" else column.desc(), Product.id)


def get_product(name: str) -> Product:
    """The active product with this public id or slug, present or former; raises NotFound."""
    product = _find_product(or_(Product.public_id == name, Product.slug == name))
    if product is None and (slug := find_moved("product", name)):
        product = _find_product(Product.slug == slug)
    if product is None:
        raise NotFound("There is no such product. It may have been renamed or withdrawn.")
    return product


def _find_product(condition: ColumnElement[bool]) -> Product | None:
    statement = select(Product).where(Product.status == "active", condition)
    return db.session.scalars(statement.options(*with_details(), selectinload(Product.attributes))).first()


def find_archived_product(slug: str) -> Product | None:
    """The product of this slug, present or former, that was archived; None where there is none."""
    names = (slug, find_moved("product", slug))
    return db.session.scalars(select(Product).where(Product.status == "archived", Product.slug.in_(names))).first()


def related_ids(product: Product, limit: int = 8) -> list[str]:
    """Public ids of other active products of the same category, newest first."""
    others = select(Product.public_id).where(Product.category_id == product.category_id, Product.id != product.id)
    others = others.where(Product.status == "active", Product.category_id.is_not(None))
    return list(db.session.scalars(others.order_by(Product.created_at.desc(), Product.id).limit(limit)))


def count_active_products() -> int:
    """How many products are on sale."""
    return db.session.scalar(select(func.count()).select_from(Product).where(Product.status == "active")) or 0


def list_product_addresses(offset: int, limit: int) -> list[tuple[str, datetime]]:
    """(slug, last change) of products on sale, the oldest first."""
    rows = select(Product.slug, Product.updated_at).where(Product.status == "active").order_by(Product.id)
    return [(slug, changed) for slug, changed in db.session.execute(rows.offset(offset).limit(limit))]


def find_variant(public_id: str) -> Variant | None:
    """The variant of this id with its product, where both are offered."""
    return db.session.scalars(
        select(Variant)
        .join(Variant.product)
        .where(Variant.public_id == public_id, Variant.is_active.is_(True), Product.status == "active")
        .options(contains_eager(Variant.product))
    ).one_or_none()


def find_products(public_ids: Sequence[str]) -> list[Product]:
    """The active products of these ids with what a card shows, in the order asked for; others are left out."""
    if not public_ids:
        return []
    rows = db.session.scalars(
        select(Product).where(Product.status == "active", Product.public_id.in_(public_ids)).options(*with_details())
    )
    found = {product.public_id: product for product in rows}
    return [found[public_id] for public_id in public_ids if public_id in found]


def list_categories() -> tuple[Category, ...]:
    """All categories, parents before children, each level by position and name."""
    rows = db.session.scalars(select(Category).order_by(Category.position, Category.name)).all()
    return tuple(_in_tree_order(rows, None))


def _in_tree_order(rows: Sequence[Category], parent_id: int | None) -> list[Category]:
    ordered = []
    for row in rows:
        if row.parent_id == parent_id:
            ordered += [row, *_in_tree_order(rows, row.id)]
    return ordered


def get_category(categories: Sequence[Category], slug: str) -> Category:
    """The category with this public id or slug, present or former, among those given; raises NotFound."""
    found = _find_category(categories, slug)
    if found is None and (moved := find_moved("category", slug)):
        found = _find_category(categories, moved)
    if found is None:
        raise NotFound("There is no such category.")
    return found


def _find_category(categories: Sequence[Category], slug: str) -> Category | None:
    return next((row for row in categories if slug in (row.slug, row.public_id)), None)


def children_of(categories: Sequence[Category], parent: Category | None) -> list[Category]:
    """The categories directly below `parent` (None: the top level)."""
    return [category for category in categories if category.parent_id == (parent.id if parent else None)]


def path_to(categories: Sequence[Category], category: Category) -> list[Category]:
    """The categories from the top down to this one."""
    by_id = {row.id: row for row in categories}
    path = [category]
    while path[0].parent_id is not None:
        path.insert(0, by_id[path[0].parent_id])
    return path


def _branch_ids(categories: Sequence[Category], slug: str) -> list[int]:
    top = get_category(categories, slug)
    return [row.id for row in categories if top in path_to(categories, row)]


def pictures_of_branches(categories: Sequence[Category]) -> dict[int, Image]:
    """A picture for each top category: its oldest product's, of the category itself or of one below it."""
    has_picture = Product.images.any(Image.file_name.is_not(None))
    oldest = db.session.execute(
        select(Product.category_id, func.min(Product.id))
        .where(Product.status == "active", Product.category_id.is_not(None), has_picture)
        .group_by(Product.category_id)
    )
    by_category = {category_id: product_id for category_id, product_id in oldest}
    chosen = {}
    for top in children_of(categories, None):
        branch = _branch_ids(categories, top.slug)
        if oldest_of_branch := [by_category[row_id] for row_id in branch if row_id in by_category]:
            chosen[top.id] = min(oldest_of_branch)
    images = first_images(list(chosen.values())) if chosen else {}
    return {top_id: images[product_id] for top_id, product_id in chosen.items() if product_id in images}


def first_images(product_ids: Sequence[int]) -> dict[int, Image]:
    """The first stored picture of each product, in one statement."""
    rows = db.session.scalars(
        select(Image)
        .where(Image.product_id.in_(product_ids), Image.file_name.is_not(None))
        .order_by(Image.position.desc(), Image.id.desc())
    )
    return {image.product_id: image for image in rows}
