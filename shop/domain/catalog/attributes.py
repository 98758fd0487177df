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
from shop.domain.catalog.richtext import fold_text
from shop.domain.inputs import Input, Line
from shop.domain.versions import refuse_if_changed
from shop.errors import Conflict, Detail, Invalid, NotFound
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


class AttributeWish(Input):
    """How an attribute is called, what kind of values it has, and whether lists are narrowed by it."""

    label: Line = Field(min_length=1, max_length=120, title="a label")
    kind: Literal["choice", "number", "yes_no", "text"] = "choice"
    unit: Line = Field(default="", max_length=16)
    is_filterable: bool = False
    position: int = Field(default=0, ge=0, le=10**6, title="a position")


class SaveAttribute(AttributeWish):
    """An attribute as it should be, known by its name."""

    name: Line = Field(max_length=80)
    is_filterable: bool = True


def create_attribute(wish: AttributeWish, actor: Actor) -> Attribute:
    """Define an attribute; its name is made of the label. Raises as save_attribute, and Conflict for a name taken."""
    return save_attribute(_named(_free_name(wish.label), wish), actor)


def change_attribute(public_id: str, wish: AttributeWish, actor: Actor, *, seen: str | None = None) -> Attribute:
    """Change the attribute of this id. Raises NotFound, and as save_attribute."""
    name = db.session.scalar(select(Attribute.name).filter_by(public_id=public_id))
    if name is None:
        raise NotFound("There is no such attribute any more.")
    return save_attribute(_named(name, wish), actor, seen=seen)


def _named(name: str, wish: AttributeWish) -> SaveAttribute:
    return SaveAttribute.model_validate({"name": name, **wish.model_dump(by_alias=True)})


def _free_name(label: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", fold_text(label)).strip("_")[:80]
    if not name[:1].isalpha():
        raise _invalid("label", "Begin the label with a letter of a to z.")
    if db.session.scalar(select(Attribute.id).filter_by(name=name)) is not None:
        message = f"There is an attribute {name} already. Change that one, or choose another label."
        raise Conflict(message, [Detail("label", message)])
    return name


def save_attribute(
    wanted: SaveAttribute,
    actor: Actor,
    on_progress: Callable[[int], object] = lambda done: None,
    *,
    seen: str | None = None,
) -> Attribute:
    """Define the attribute, or change the one of this name, and then what lists are narrowed by, batch by batch.

    Raises Invalid for a name that cannot be or a prose that lists would filter by, Conflict for a kind that values
    of products are not of, ChangedMeanwhile for another version than the one `seen`. Broken off between the batches
    it is gone on with by doing the same again.
    """
    attribute = define_attribute(wanted, actor, seen=seen)
    done = last = 0
    while ids := _products_having(wanted.name, last):
        last = ids[-1]
        done += refresh_listings(ids)
        on_progress(done)
    return attribute


@operation
def define_attribute(wanted: SaveAttribute, actor: Actor, *, seen: str | None = None) -> Attribute:
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
    present = select(Attribute).filter_by(name=wanted.name).with_for_update()
    found = db.session.scalars(present.execution_options(populate_existing=True)).one_or_none()
    if found is not None:
        refuse_if_changed(found.updated_at, seen)
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
