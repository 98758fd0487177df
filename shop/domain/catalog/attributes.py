"""Attributes: what is said about products under one name, of one kind."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select

from shop.db import db, insert_unless_there
from shop.domain.catalog.models import Attribute
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
