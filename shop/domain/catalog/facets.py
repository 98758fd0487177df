"""Counting a listing in one statement: how many products, at which prices, and by which values it can be narrowed.

Each count is the number of products after choosing that value: for a facet in which something is chosen, all other
filters are applied and its own is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, cast, func, literal, null, or_, select, union_all

from shop.db import db
from shop.domain.catalog.filters import Conditions, Narrowing
from shop.domain.catalog.models import Attribute, FacetValue, Listing
from shop.words import words

MOST_VALUES = 30  # of one facet that are counted for a listing; those that were chosen always are
LABELS = {"brand": "Brand", "tag": "Tag", "category": "Category"}


@dataclass(frozen=True)
class FacetCount:
    """A value, and how many products there are with it."""

    value: str
    count: int
    is_chosen: bool


@dataclass(frozen=True)
class Facet:
    """Something by which a listing can be narrowed, its values by how many products have them."""

    name: str
    label: str
    kind: str  # of the attribute; choice for all others
    unit: str
    position: int
    values: tuple[FacetCount, ...]

    @property
    def is_chosen(self) -> bool:
        return any(value.is_chosen for value in self.values)


@dataclass(frozen=True)
class Counts:
    """What a listing counts. Prices are of the products before the price filter; None where there are none."""

    total: int
    lowest: int | None = None
    highest: int | None = None
    on_sale: int = 0
    facets: tuple[Facet, ...] = ()
    categories: Mapping[int, int] | None = None  # category id -> products directly in it, whatever category is chosen


def count_listing(base: Sequence[ColumnElement[bool]], asked: Narrowing, conditions: Conditions) -> Counts:
    """The counts of a list of `base` narrowed by `conditions`, which are those of `asked`."""
    chosen = asked.facets
    parts = [
        _totals("total", [*base, *conditions.values()]),
        _facets([*base, *conditions.values()], FacetValue.name.not_in(chosen)),
        _categories([*base, *_without(conditions, "category")]),
    ]
    if "price" in conditions:
        parts.append(_totals("prices", [*base, *_without(conditions, "price")]))
    for name, values in chosen.items():
        others = [*base, *_without(conditions, f"facet.{name}")]
        parts.append(_facets(others, FacetValue.name == name, values))
    counted = union_all(*parts).subquery()
    rows = db.session.execute(
        select(counted, Attribute.label, Attribute.kind, Attribute.unit, Attribute.position).outerjoin(
            Attribute, Attribute.name == counted.c.name
        )
    ).all()
    total = next(row for row in rows if row.part == "total")
    prices = next((row for row in rows if row.part == "prices"), total)
    return Counts(
        total=total.products,
        lowest=prices.lowest,
        highest=prices.highest,
        on_sale=total.reduced,
        facets=_in_order([row for row in rows if row.part == "facet"], chosen),
        categories={int(row.value): row.products for row in rows if row.part == "category"},
    )


def count_products(conditions: Iterable[ColumnElement[bool]]) -> int:
    """How many products there are."""
    return db.session.scalar(select(func.count()).select_from(Listing).where(*conditions)) or 0


def count_without_each(base: Sequence[ColumnElement[bool]], conditions: Conditions) -> dict[str, int]:
    """How many products there would be without each of the conditions: what to drop where nothing is left."""
    if not conditions:
        return {}
    parts = [_totals(key, [*base, *_without(conditions, key)]) for key in conditions]
    return {row.part: row.products for row in db.session.execute(union_all(*parts)) if row.products}


def _without(conditions: Conditions, key: str) -> list[ColumnElement[bool]]:
    return [condition for name, condition in conditions.items() if name != key]


def _totals(part: str, conditions: Sequence[ColumnElement[bool]]) -> Any:
    return select(
        literal(part, String).label("part"),
        literal("", String).label("name"),
        literal("", String).label("value"),
        func.count().label("products"),
        func.min(Listing.price_amount).label("lowest"),
        func.max(Listing.price_amount).label("highest"),
        func.count(Listing.compare_at_amount).label("reduced"),
    ).where(*conditions)


def _categories(conditions: Sequence[ColumnElement[bool]]) -> Any:
    return (
        select(
            literal("category", String),
            literal("", String),
            cast(Listing.category_id, String),
            func.count(),
            cast(null(), Integer),
            cast(null(), Integer),
            literal(0),
        )
        .where(*conditions, Listing.category_id.is_not(None))
        .group_by(Listing.category_id)
    )


def _facets(conditions: Sequence[ColumnElement[bool]], which: ColumnElement[bool], chosen: Sequence[str] = ()) -> Any:
    """The values of some facets with their counts: of each facet those that most products have, and those chosen."""
    found = select(FacetValue.name, FacetValue.value, func.count().label("products")).where(which)
    if len(conditions) > 1:  # facet values are kept of products on sale alone, so a list of them all asks for nothing
        found = found.where(FacetValue.product_id.in_(select(Listing.product_id).where(*conditions)))
    counted = found.group_by(FacetValue.name, FacetValue.value).subquery()
    place = func.row_number().over(partition_by=counted.c.name, order_by=(counted.c.products.desc(), counted.c.value))
    placed = select(counted, place.label("place")).subquery()
    return select(
        literal("facet", String),
        placed.c.name,
        placed.c.value,
        placed.c.products,
        cast(null(), Integer),
        cast(null(), Integer),
        literal(0),
    ).where(or_(placed.c.place <= MOST_VALUES, placed.c.value.in_(chosen)))


def _in_order(rows: Sequence[Any], chosen: Mapping[str, Sequence[str]]) -> tuple[Facet, ...]:
    """Facets as lists show them: brand, options by how many products have them, attributes by position, tags."""
    by_name: dict[str, list[Any]] = {name: [] for name in chosen}
    for row in rows:
        by_name.setdefault(row.name, []).append(row)
    facets = [_facet(name, found, chosen.get(name, ())) for name, found in by_name.items()]
    return tuple(sorted(facets, key=_place))


def _facet(name: str, rows: Sequence[Any], chosen: Sequence[str]) -> Facet:
    counts = {row.value: row.products for row in rows} | {
        value: 0 for value in chosen if value not in {row.value for row in rows}
    }
    defined = rows[0] if rows and rows[0].label and name not in LABELS else None
    return Facet(
        name=name,
        label=defined.label if defined else LABELS.get(name) or words(name),
        kind=defined.kind if defined else "choice",
        unit=defined.unit if defined else "",
        position=defined.position if defined else 0,
        values=tuple(
            FacetCount(value, count, value in chosen)
            for value, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
        ),
    )


def _place(facet: Facet) -> tuple[int, int, int, str]:
    rank = {"brand": 0, "tag": 3}.get(facet.name, 2 if facet.position else 1)
    return rank, facet.position, -sum(value.count for value in facet.values), facet.name
