"""Attributes: what is said about products under one name, of one kind."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal

from pydantic import Field
from sqlalchemy import func, select

from shop.db import db, insert_unless_there, operation
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.listings import refresh_listings
from shop.domain.catalog.models import Attribute, ProductAttribute
from shop.domain.catalog.richtext import fold_text
from shop.domain.inputs import Input, Line
from shop.domain.versions import refuse_if_changed
from shop.errors import Conflict, Detail, Invalid, NotFound
from shop.words import words

LONGEST_CHOICE = 60  # characters; longer values are prose, by which nobody narrows a list


def define_new_attributes(pairs: Iterable[tuple[str, str]]) -> None:
    """Define the attributes that nobody has yet, each of the kind that its values look like (name, value)."""
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    known = set(db.session.scalars(select(Attribute.name).where(Attribute.name.in_(values))))
    new = [name for name in values if name not in known]
    if not new:
        return
    last = db.session.scalar(select(func.max(Attribute.position))) or 0
    rows = []
    for position, name in enumerate(new, start=last + 1):
        is_choice = all(len(value) <= LONGEST_CHOICE for value in values[name])
        kind = "choice" if is_choice else "text"
        rows.append(
            {"name": name, "label": words(name), "kind": kind, "is_filterable": is_choice, "position": position}
        )
    insert_unless_there(Attribute, rows)


class AttributeWish(Input):
    """How an attribute is called, what kind of values it has, and whether lists are narrowed by it."""

    label: Line = Field(min_length=1, max_length=120, title="a label")
    kind: Literal["choice", "number", "yes_no", "text"] = "choice"
    unit: Line = Field(default="", max_length=16)
    is_filterable: bool = False
    position: int = Field(default=0, ge=0, le=100_000, title="a position")


@operation
def save_attribute(public_id: str | None, wish: AttributeWish, actor: Actor, *, seen: str | None = None) -> Attribute:
    """Define an attribute (no id: its name is made of the label), or change the one of this id.

    Raises NotFound; Conflict for a name that is taken; ChangedMeanwhile for another version than the one `seen`.
    """
    values = wish.model_dump()
    if public_id is None:
        attribute = Attribute(name=_free_name(wish.label), **values)
        db.session.add(attribute)
        db.session.flush()
        record_change(actor, "attribute.created", "attribute", attribute.public_id, {}, values)
        return attribute
    found = select(Attribute).filter_by(public_id=public_id).with_for_update().execution_options(populate_existing=True)
    present = db.session.scalars(found).one_or_none()
    if present is None:
        raise NotFound("There is no such attribute any more.")
    attribute = present
    refuse_if_changed(attribute.updated_at, seen)
    before = {name: getattr(attribute, name) for name in values if getattr(attribute, name) != values[name]}
    for name in before:
        setattr(attribute, name, values[name])
    db.session.flush()
    if "is_filterable" in before:
        holders = select(ProductAttribute.product_id).where(ProductAttribute.name == attribute.name).distinct()
        refresh_listings(list(db.session.scalars(holders)))
    if before:
        after = {name: values[name] for name in before}
        record_change(actor, "attribute.changed", "attribute", public_id, before, after)
    return attribute


def _free_name(label: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", fold_text(label)).strip("_")[:80]
    if not name[:1].isalpha():
        message = "Begin the label with a letter of a to z."
        raise Invalid(message, [Detail("label", message)])
    if db.session.scalar(select(Attribute.id).filter_by(name=name)) is not None:
        message = f"There is an attribute {name} already. Change that one, or choose another label."
        raise Conflict(message, [Detail("label", message)])
    return name
