"""Attributes: what is said about products under one name, of one kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

from pydantic import Field
from sqlalchemy import func, select

from shop.db import db, insert_unless_there, operation
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.drafts import ATTRIBUTE_NAME
from shop.domain.catalog.listings import BATCH, refresh_listings
from shop.domain.catalog.models import Attribute, ProductAttribute
from shop.domain.inputs import Input, Line
from shop.errors import Conflict, Detail, Invalid
from shop.words import words

NUMBER = re.compile(r"-?\d{1,12}(\.\d{1,6})?", re.ASCII)
YES_NO = ("yes", "no")
RESERVED = ("brand", "tag", "category")  # what lists are narrowed by under these names is something else

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


class SaveAttribute(Input):
    """An attribute as it should be, known by its name."""

    name: Line = Field(max_length=80)
    label: Line = Field(min_length=1, max_length=120)
    kind: Literal["choice", "number", "yes_no", "text"] = "choice"
    unit: Line = Field(default="", max_length=16)
    is_filterable: bool = True
    position: int = Field(default=0, ge=0, le=10**6)


def save_attribute(
    wanted: SaveAttribute, actor: Actor, on_progress: Callable[[int], object] = lambda done: None
) -> Attribute:
    """Define the attribute, or change the one of this name, and then what lists are narrowed by, batch by batch.

    Raises Invalid for a name that cannot be or a prose that lists would filter by, Conflict for a kind that values
    of products are not of. Broken off between the batches it is gone on with by doing the same again.
    """
    attribute = define_attribute(wanted, actor)
    done = last = 0
    while ids := _products_having(wanted.name, last):
        last = ids[-1]
        done += refresh_listings(ids)
        on_progress(done)
    return attribute


@operation
def define_attribute(wanted: SaveAttribute, actor: Actor) -> Attribute:
    """The first step of save_attribute: the definition alone, with its audit row."""
    if not ATTRIBUTE_NAME.fullmatch(wanted.name) or wanted.name in RESERVED:
        raise _invalid(
            "name", "Name it in small letters, digits and underscores, such as skin_types; not brand or tag."
        )
    if wanted.kind == "text" and wanted.is_filterable:
        raise _invalid("isFilterable", "Nobody narrows a list by prose. Choose another kind, or do not filter by it.")
    if wanted.unit and wanted.kind != "number":
        raise _invalid("unit", "Only numbers have a unit.")
    _refuse_other_values(wanted)
    found = db.session.scalars(select(Attribute).filter_by(name=wanted.name).with_for_update()).one_or_none()
    attribute = found or Attribute(name=wanted.name)
    values = wanted.model_dump(exclude={"name"})
    before = {column: getattr(attribute, column) for column in values}
    after = {column: value for column, value in values.items() if value != before[column]}
    for column, value in after.items():
        setattr(attribute, column, value)
    db.session.add(attribute)
    db.session.flush()
    if after:
        told = {column: before[column] for column in after} if found else {}
        done = "changed" if found else "created"
        record_change(actor, f"attribute.{done}", "attribute", attribute.public_id, told, after)
    return attribute


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, [Detail(field, message)])


def _refuse_other_values(wanted: SaveAttribute) -> None:
    values = db.session.scalars(select(ProductAttribute.value).filter_by(name=wanted.name).distinct())
    for value in values:
        if fault := _fault_of(wanted.kind, value):
            message = (
                f"There are products with the value “{value[:60]}”. {fault} Change them first, or choose another kind."
            )
            raise Conflict(message, [Detail("kind", message)])


def _products_having(name: str, after: int) -> list[int]:
    having = select(ProductAttribute.product_id).where(ProductAttribute.name == name)
    having = having.where(ProductAttribute.product_id > after).distinct()
    return list(db.session.scalars(having.order_by(ProductAttribute.product_id).limit(BATCH)))


def refuse_faulty_values(pairs: Iterable[tuple[str, str]]) -> None:
    """Raise Invalid naming each value that is not of its attribute's kind (name, value)."""
    pairs = list(pairs)
    rows = db.session.execute(
        select(Attribute.name, Attribute.label, Attribute.kind).where(Attribute.name.in_({name for name, _ in pairs}))
    )
    known = {row.name: (row.label, row.kind) for row in rows}
    faults = list(_faults(pairs, known))
    if faults:
        raise Invalid(" ".join(fault.message for fault in faults), faults)


def _faults(pairs: list[tuple[str, str]], known: dict[str, tuple[str, str]]) -> Iterator[Detail]:
    for name, value in pairs:
        label, kind = known.get(name, ("", "choice"))
        if fault := _fault_of(kind, value):
            yield Detail(f"attributes.{name}", f"{label} is “{value[:60]}”. {fault}")
    for name, (label, kind) in known.items():
        if kind == "yes_no" and sum(pair[0] == name for pair in pairs) > 1:
            yield Detail(f"attributes.{name}", f"{label} is both yes and no. Say one of them.")


def _fault_of(kind: str, value: str) -> str:
    """What is wrong with a value of this kind, as a sentence; empty where nothing is."""
    if kind == "number" and not NUMBER.fullmatch(value):
        return "Write it as a number, such as 12 or 0.5, without its unit."
    return "Say yes or no." if kind == "yes_no" and value not in YES_NO else ""
