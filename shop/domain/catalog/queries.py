"""Reading the catalogue: listings, product pages, the category tree. A constant number of statements each."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.strategy_options import _AbstractLoad

from shop.db import db
from shop.domain.catalog.addresses import find_moved
from shop.domain.catalog.facets import Counts, count_listing, count_products, count_without_each
from shop.domain.catalog.filters import Narrowing, ProductFilter, base_conditions
from shop.domain.catalog.models import (
    Category,
    Collection,
    CollectionProduct,
    Image,
    Listing,
    Product,
    ProductAttribute,
    Variant,
)
from shop.errors import NotFound

SORT_ORDERS = {
    "price": (Listing.price_amount, "asc"),
    "name": (Listing.name_key, "asc"),
    "created_at": (Listing.created_at, "desc"),
    "best_selling": (Listing.sold_count, "desc"),
}


@dataclass(frozen=True)
class Page:
    """One page of products and what a pager needs."""

    products: Sequence[Product]
    page: int
    limit: int
    total: int
    categories: tuple[Category, ...] = field(default=())
    counts: Counts = field(default=Counts(0))
    drops: Mapping[str, int] = field(default_factory=dict)  # where nothing is left: what to drop -> products then
    collection: Collection | None = None

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
    return [joinedload(Product.category), joinedload(Product.listing), *with_parts()]


def with_parts() -> list[_AbstractLoad]:
    """The loader options for what a card shows besides the product and its flat row."""
    return [selectinload(Product.variants).joinedload(Variant.stock), selectinload(Product.images)]


def list_products(
    asked: ProductFilter,
    among: Sequence[int] | None = None,
    *,
    within: Narrowing | None = None,
    with_counts: bool = False,
) -> Page:
    """Products on sale in pages. An unknown category or collection raises NotFound; past the last page it is empty.

    `among` are the ids that a search found, best first, at most a few hundred: then only those are listed, and
    `relevance` is their order. `within` is what the list is of before
    anything is chosen. With `with_counts` the page has its facets, and where nothing is left, what to drop.
    """
    categories = list_categories()
    collection = get_collection(asked.collection) if asked.collection else None
    branches = functools.partial(branch_ids, categories)
    base = base_conditions(asked, among, collection, within, branches)
    conditions = asked.conditions(branches)
    if with_counts:
        counts = count_listing(base, asked, conditions)
    else:
        counts = Counts(count_products([*base, *conditions.values()]))
    rows: Sequence[Product] = ()
    if (asked.page - 1) * asked.limit < counts.total:
        rows = _read_page(asked, among, collection, [*base, *conditions.values()], categories)
    return Page(
        rows,
        asked.page,
        asked.limit,
        counts.total,
        categories,
        counts=counts,
        drops=count_without_each(base, conditions) if with_counts and not counts.total else {},
        collection=collection,
    )


def _read_page(
    asked: ProductFilter,
    among: Sequence[int] | None,
    collection: Collection | None,
    conditions: Sequence[ColumnElement[bool]],
    categories: Sequence[Category],
) -> Sequence[Product]:
    statement = select(Product).join(Product.listing).where(*conditions)
    if asked.sort_by == "position" and collection is not None and not collection.rules:
        statement = statement.join(CollectionProduct, CollectionProduct.product_id == Listing.product_id)
        statement = statement.where(CollectionProduct.collection_id == collection.id)
        statement = statement.order_by(CollectionProduct.position, Listing.product_id)
    elif asked.sort_by == "relevance" and among:
        places = {product_id: place for place, product_id in enumerate(among)}
        statement = statement.order_by(case(places, value=Listing.product_id))
    else:
        column, usual = SORT_ORDERS.get(asked.sort_by, SORT_ORDERS["created_at"])
        is_up = (asked.sort_order or usual) == "asc"
        # The same direction for both, so that one index has the order.
        keys = (column, Listing.product_id)
        statement = statement.order_by(*(key.asc() if is_up else key.desc() for key in keys))
    rows = db.session.scalars(
        statement.options(contains_eager(Product.listing), *with_parts())
        .limit(asked.limit)
        .offset((asked.page - 1) * asked.limit)
    ).all()
    by_id = {category.id: category for category in categories}
    for product in rows:  # the tree is there already
        set_committed_value(product, "category", by_id.get(product.category_id or 0))
    return rows


def list_best_selling(limit: int) -> Sequence[Product]:
    """The products on sale of which most units were sold lately, most first; those of which none was are left out."""
    return db.session.scalars(
        select(Product)
        .join(Product.listing)
        .where(Listing.status == "active", Listing.sold_count > 0)
        .order_by(Listing.sold_count.desc(), Listing.product_id.desc())
        .limit(limit)
        .options(contains_eager(Product.listing), *with_parts())
    ).all()


def get_collection(slug: str) -> Collection:
    """The collection of this public id or slug, present or former, that can be seen; raises NotFound."""
    found = _find_collection(or_(Collection.slug == slug, Collection.public_id == slug))
    if found is None and (moved := find_moved("collection", slug)):
        found = _find_collection(Collection.slug == moved)
    if found is None:
        raise NotFound("There is no such collection.")
    return found


def _find_collection(condition: ColumnElement[bool]) -> Collection | None:
    return db.session.scalars(select(Collection).where(Collection.is_active, condition)).first()


def list_collections() -> Sequence[Collection]:
    """The collections that can be seen, in their order."""
    shown = select(Collection).where(Collection.is_active).order_by(Collection.position, Collection.name)
    return db.session.scalars(shown).all()


def count_in_collections(collections: Sequence[Collection]) -> dict[int, int]:
    """How many products on sale each of these collections has, by its key; two statements for them all."""
    if not collections:
        return {}
    branches = functools.partial(branch_ids, list_categories())
    nothing = ProductFilter()
    counts = [
        select(func.count())
        .select_from(Listing)
        .where(*base_conditions(nothing, None, each, None, branches))
        .scalar_subquery()
        for each in collections
    ]
    row = db.session.execute(select(*(count.label(f"of_{i}") for i, count in enumerate(counts)))).one()
    return {each.id: int(number) for each, number in zip(collections, row, strict=True)}


def get_product(name: str) -> Product:
    """The active product with this public id or slug, present or former; raises NotFound."""
    product = _find_product(or_(Product.public_id == name, Product.slug == name))
    if product is None and (slug := find_moved("product", name)):
        product = _find_product(Product.slug == slug)
    if product is None:
        raise NotFound("There is no such product. It may have been renamed or withdrawn.")
    return product


def _find_product(condition: ColumnElement[bool]) -> Product | None:
    return _find_whole(Product.status == "active", condition)


def find_archived_product(slug: str) -> Product | None:
    """The product of this slug, present or former, that was archived; None where there is none."""
    return _find_whole(Product.status == "archived", Product.slug.in_((slug, find_moved("product", slug))))


def _find_whole(*conditions: ColumnElement[bool]) -> Product | None:
    attributes = selectinload(Product.attributes).joinedload(ProductAttribute.definition)
    return db.session.scalars(select(Product).where(*conditions).options(*with_details(), attributes)).first()


def count_active_products() -> int:
    """How many products are on sale."""
    return count_products([Listing.status == "active"])


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


class CategoryTree(tuple[Category, ...]):
    """Categories, parents before children. `has_tax_zones` is told by the same statement, since every page that reads
    the tree also says how prices are taxed; None where there is no category to tell it."""

    has_tax_zones: bool | None = None


def list_categories() -> CategoryTree:
    """All categories, parents before children, each level by position and name."""
    zones = Category.metadata.tables["tax_zones"]  # by its table: zones lie above the catalogue in the domain's layers
    has_zones = select(zones.c.id).where(zones.c.is_active).exists()
    rows = db.session.execute(select(Category, has_zones).order_by(Category.position, Category.name)).all()
    tree = CategoryTree(_in_tree_order([row[0] for row in rows], None))
    tree.has_tax_zones = bool(rows[0][1]) if rows else None
    return tree


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
    while (above := by_id.get(path[0].parent_id or 0)) and above not in path:  # a loop of rows must end too
        path.insert(0, above)
    return path


def branch_ids(categories: Sequence[Category], slug: str) -> list[int]:
    """The ids of a category, by its slug, and of all below it. Raises NotFound."""
    ids = [get_category(categories, slug).id]
    for row in categories:  # parents come before their children
        if row.parent_id in ids:
            ids.append(row.id)
    return ids


def branch_counts(page: Page) -> dict[int, int]:
    """Category id -> products of the listing in it or below it, whatever category is chosen."""
    by_id, counts = {row.id: row for row in page.categories}, dict.fromkeys((row.id for row in page.categories), 0)
    for category_id, count in (page.counts.categories or {}).items():
        category = by_id.get(category_id)
        while category is not None:
            counts[category.id] += count
            category = by_id.get(category.parent_id or 0)
    return counts


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
        branch = branch_ids(categories, top.slug)
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
