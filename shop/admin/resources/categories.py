"""The category tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for
from sqlalchemy import func, select

from shop.admin.resource import Act, Column, Fact, Field, Form, Part, Resource, words_in
from shop.db import db
from shop.domain.catalog.categories import (
    CategoryWish,
    Merger,
    change_category,
    create_category,
    delete_category,
    merge_category,
)
from shop.domain.catalog.models import Category, Product
from shop.domain.catalog.queries import list_categories, path_to


@dataclass(frozen=True)
class CategoryRow:
    """A category with its place in the tree and what it holds."""

    category: Category
    depth: int
    product_count: int
    is_leaf: bool

    @property
    def id(self) -> int:
        return self.category.id


def prepare(categories: Sequence[Category]) -> list[CategoryRow]:
    """The categories with their depth and number of products."""
    tree = list_categories()
    parents = {each.parent_id for each in tree}
    counted = select(Product.category_id, func.count()).where(Product.category_id.in_([each.id for each in categories]))
    counts = {category_id: number for category_id, number in db.session.execute(counted.group_by(Product.category_id))}
    return [
        CategoryRow(each, min(len(path_to(tree, each)) - 1, 4), counts.get(each.id, 0), each.id not in parents)
        for each in categories
    ]


def paths() -> list[tuple[str, str]]:
    """(public id, path in words) of every category, for a select."""
    tree = list_categories()
    return [(each.public_id, " / ".join(step.name for step in path_to(tree, each))) for each in tree]


def paths_without(row: CategoryRow) -> list[tuple[str, str]]:
    """The same without the row's own."""
    return [(public_id, path) for public_id, path in paths() if public_id != row.category.public_id]


def parent_id_of(row: CategoryRow) -> str | None:
    """The public id of the category above."""
    return db.session.scalar(select(Category.public_id).where(Category.id == row.category.parent_id))


def question_of_merger(row: CategoryRow, wish: Merger) -> str:
    """What merging would do, naming both."""
    target = dict(paths()).get(wish.into)
    if target is None:
        return ""
    name, count = row.category.name, row.product_count
    held = {0: f"No product is in {name} itself", 1: f"1 product of {name} goes to {target}"}
    moves = held.get(count, f"{count} products of {name} go to {target}")
    inside = "" if row.is_leaf else f" The categories inside {name} go there too."
    return f"{moves}.{inside} {name} disappears, and its address leads to {target}."


CATEGORIES = Resource(
    name="categories",
    title="Categories",
    singular="category",
    section="Catalogue",
    read="catalog:read",
    write="catalog:write",
    icon="folder",
    model=Category,
    prepare=prepare,
    row_name=lambda row: row.category.name,
    row_id=lambda row: getattr(row, "category", row).public_id,
    version=lambda row: row.category.updated_at,
    columns=(
        Column("name", "Name", lambda row: (row.category.name, row.depth), "tree", sort=Category.name, on_phone="lead"),
        Column("slug", "Address", lambda row: row.category.slug, "code", sort=Category.slug, on_phone="none"),
        Column("products", "Products", lambda row: row.product_count, "number"),
        Column("position", "Position", lambda row: row.category.position, "number", sort=Category.position),
        Column("updated", "Updated", lambda row: row.category.updated_at, "moment", sort=Category.updated_at),
    ),
    search=words_in(Category.name, Category.slug),
    sort="tree",
    in_order=lambda: [each.id for each in list_categories()],
    is_in_search=True,
    note=lambda row: f"{row.product_count} products",
    form=Form(
        wish=CategoryWish,
        parts=(
            Part(
                "",
                (
                    Field("name", "Name"),
                    Field("description", "Description", "textarea"),
                ),
            ),
            Part(
                "Place",
                (
                    Field(
                        "parent",
                        "Inside",
                        "select",
                        choices=lambda: [("", "Nothing: at the top"), *paths()],
                    ),
                    Field("position", "Position", "number", hint="Among its neighbours, the smallest first."),
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
        values=lambda row: {
            "name": row.category.name,
            "slug": row.category.slug,
            "description": row.category.description,
            "parent": parent_id_of(row),
            "position": row.category.position,
            "seoTitle": row.category.seo_title,
            "seoDescription": row.category.seo_description,
        },
        create=create_category,
        change=lambda public_id, wish, actor, seen: change_category(public_id, wish, actor, seen=seen),
    ),
    facts=lambda row: (
        Fact("Products", row.product_count, "number"),
        Fact("Last change", row.category.updated_at, "moment"),
    ),
    links=lambda row: [("View in shop", url_for("catalog.category", slug=row.category.slug))],
    acts=(
        Act(
            "merger",
            "Merge",
            merge_category,
            lambda name, target: f"{name} was merged into {target.name}: all that it held is there now.",
            wish=Merger,
            fields=lambda row: (
                Field("into", "Into", "select", choices=lambda: [("", "Choose a category"), *paths_without(row)]),
            ),
            question=question_of_merger,
            hint="Its products and categories move there, and its address leads there.",
            leads_to_list=True,
        ),
        Act(
            "deletion",
            "Delete",
            lambda public_id, wish, actor: delete_category(public_id, actor),
            "The category was deleted.",
            is_possible=lambda row: row.is_leaf and row.product_count == 0,
            is_danger=True,
            leads_to_list=True,
        ),
    ),
)
