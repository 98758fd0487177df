"""Collections: groups of products with a page of their own, chosen by hand or by rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app, url_for

from shop.admin.resource import Column, Fact, Field, Form, Part, Resource, Tab, words_in
from shop.domain.catalog.collection_forms import CollectionWish, change_collection, create_collection, wish_values
from shop.domain.catalog.models import Collection
from shop.domain.catalog.queries import count_in_collections


@dataclass(frozen=True)
class CollectionRow:
    """A collection with the number of its products on sale."""

    collection: Collection
    product_count: int

    @property
    def id(self) -> int:
        return self.collection.id

    @property
    def kind(self) -> str:
        return "By rules" if self.collection.rules else "By hand"


def prepare(collections: Sequence[Collection]) -> list[CollectionRow]:
    """The collections with their products counted."""
    counts = count_in_collections(collections)
    return [CollectionRow(each, counts[each.id]) for each in collections]


def currency() -> str:
    """What the prices of rules are in."""
    return str(current_app.extensions["shop_terms"].currency)


def links(row: CollectionRow) -> Sequence[tuple[str, str]]:
    shown = row.collection.is_active
    return [("View in shop", url_for("catalog.collection", slug=row.collection.slug))] if shown else []


ANY_OF = "One a line: any of them will do."

COLLECTIONS = Resource(
    name="collections",
    title="Collections",
    singular="collection",
    section="Catalogue",
    read="catalog:read",
    write="catalog:write",
    icon="library",
    model=Collection,
    prepare=prepare,
    row_name=lambda row: row.collection.name,
    row_id=lambda row: getattr(row, "collection", row).public_id,
    version=lambda row: row.collection.updated_at,
    columns=(
        Column("name", "Name", lambda row: row.collection.name, "main", sort=Collection.name, on_phone="lead"),
        Column("products", "Products", lambda row: row.product_count, "number"),
        Column("kind", "Chosen", lambda row: row.kind),
        Column("shown", "Shown", lambda row: row.collection.is_active, "yes_no", sort=Collection.is_active),
        Column("position", "Position", lambda row: row.collection.position, "number", sort=Collection.position),
        Column("updated", "Updated", lambda row: row.collection.updated_at, "moment", sort=Collection.updated_at),
    ),
    search=words_in(Collection.name, Collection.slug),
    sort="position",
    tabs=(
        Tab("all", "All"),
        Tab("shown", "Shown", lambda: Collection.is_active.is_(True)),
        Tab("not-shown", "Not shown", lambda: Collection.is_active.is_(False)),
    ),
    form=Form(
        wish=CollectionWish,
        parts=(
            Part(
                "",
                (
                    Field("name", "Name"),
                    Field("description", "Description", "textarea"),
                    Field("isActive", "Shown in the shop", "tick"),
                    Field("position", "Position", "number", hint="Among the others, the smallest first."),
                ),
            ),
            Part(
                "Products, chosen by hand",
                (
                    Field(
                        "products",
                        "Products",
                        "textarea",
                        hint="SKUs or the ends of their addresses, one a line, in the order in which they are shown.",
                    ),
                ),
            ),
            Part(
                "Or all products that meet these rules",
                (
                    Field("categories", "Categories", "textarea", hint=f"Names or addresses. {ANY_OF}", width="half"),
                    Field("tags", "Tags", "textarea", hint=ANY_OF, width="half"),
                    Field("brands", "Brands", "textarea", hint=ANY_OF, width="half"),
                    Field("attributes", "Attributes", "textarea", hint="As size: 30 ml, one a line.", width="half"),
                    Field("minPrice", "Lowest price", "number", width="half"),
                    Field("maxPrice", "Highest price", "number", width="half"),
                    Field(
                        "inStock",
                        "Stock",
                        "select",
                        choices=lambda: [("", "Any"), ("yes", "In stock"), ("no", "Sold out")],
                        width="half",
                    ),
                    Field(
                        "onSale",
                        "Price",
                        "select",
                        choices=lambda: [("", "Any"), ("yes", "Reduced"), ("no", "Not reduced")],
                        width="half",
                    ),
                ),
            ),
            Part(
                "For search engines",
                (
                    Field("slug", "Address", hint="Empty: made of the name. A former address leads here from then on."),
                    Field("seoTitle", "Title", hint="Empty: the name."),
                    Field("seoDescription", "Description", "textarea"),
                ),
            ),
        ),
        values=lambda row: wish_values(row.collection, currency()),
        create=lambda wish, actor: create_collection(wish, actor, currency()),
        change=lambda public_id, wish, actor, seen: change_collection(public_id, wish, actor, currency(), seen=seen),
    ),
    facts=lambda row: (
        Fact("Products on sale", row.product_count, "number"),
        Fact("Chosen", row.kind),
        Fact("Shown", row.collection.is_active, "yes_no"),
        Fact("Last change", row.collection.updated_at, "moment"),
    ),
    links=links,
    is_in_search=True,
    note=lambda row: f"{row.product_count} products",
)
