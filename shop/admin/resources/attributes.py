"""Attributes: what is said about products, and by what of it lists are narrowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from shop.admin.resource import Column, Fact, Field, Form, Part, Resource, words_in
from shop.db import db
from shop.domain.catalog.attributes import AttributeWish, save_attribute
from shop.domain.catalog.models import Attribute, ProductAttribute

KINDS = [
    ("choice", "Choice of words"),
    ("number", "Number"),
    ("yes_no", "Yes or no"),
    ("text", "Text, not to narrow by"),
]


@dataclass(frozen=True)
class AttributeRow:
    """An attribute with the number of products that have a value of it."""

    attribute: Attribute
    product_count: int

    @property
    def id(self) -> int:
        return self.attribute.id


def prepare(attributes: Sequence[Attribute]) -> list[AttributeRow]:
    """The attributes with their products counted, in one statement."""
    names = [each.name for each in attributes]
    counted = select(ProductAttribute.name, func.count(ProductAttribute.product_id.distinct()))
    counts = {
        name: number
        for name, number in db.session.execute(
            counted.where(ProductAttribute.name.in_(names)).group_by(ProductAttribute.name)
        )
    }
    return [AttributeRow(each, counts.get(each.name, 0)) for each in attributes]


ATTRIBUTES = Resource(
    name="attributes",
    title="Attributes",
    singular="attribute",
    section="Catalogue",
    read="catalog:read",
    write="catalog:write",
    icon="sliders",
    model=Attribute,
    prepare=prepare,
    row_name=lambda row: row.attribute.label,
    row_id=lambda row: getattr(row, "attribute", row).public_id,
    version=lambda row: row.attribute.updated_at,
    columns=(
        Column("label", "Label", lambda row: row.attribute.label, "main", sort=Attribute.label, on_phone="lead"),
        Column("name", "Name", lambda row: row.attribute.name, "code", sort=Attribute.name, on_phone="none"),
        Column("kind", "Kind", lambda row: dict(KINDS)[row.attribute.kind], sort=Attribute.kind),
        Column("unit", "Unit", lambda row: row.attribute.unit, on_phone="none"),
        Column(
            "filter", "Narrows lists", lambda row: row.attribute.is_filterable, "yes_no", sort=Attribute.is_filterable
        ),
        Column("products", "Products", lambda row: row.product_count, "number"),
        Column("position", "Position", lambda row: row.attribute.position, "number", sort=Attribute.position),
    ),
    search=words_in(Attribute.label, Attribute.name),
    sort="position",
    form=Form(
        wish=AttributeWish,
        parts=(
            Part(
                "",
                (
                    Field("label", "Label", hint="As shoppers read it."),
                    Field("kind", "Kind", "select", choices=lambda: KINDS, width="half"),
                    Field("unit", "Unit", hint="Such as ml or cm.", width="half"),
                    Field("isFilterable", "Lists can be narrowed by it", "tick"),
                    Field("position", "Position", "number", hint="Among the others, the smallest first."),
                ),
            ),
        ),
        values=lambda row: {
            "label": row.attribute.label,
            "kind": row.attribute.kind,
            "unit": row.attribute.unit,
            "isFilterable": row.attribute.is_filterable,
            "position": row.attribute.position,
        },
        create=lambda wish, actor: save_attribute(None, wish, actor),
        change=lambda public_id, wish, actor, seen: save_attribute(public_id, wish, actor, seen=seen),
    ),
    facts=lambda row: (
        Fact("Name", row.attribute.name, "code"),
        Fact("Products", row.product_count, "number"),
        Fact("Last change", row.attribute.updated_at, "moment"),
    ),
    is_in_search=True,
)
