"""Whether the flat rows and facet values of lists say what the products say; `flask shop audit` asks it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop.db import db
from shop.domain.catalog.listings import facet_values_of, filterable_names, listing_values, next_product_ids
from shop.domain.catalog.models import FacetValue, Listing, Product


@dataclass(frozen=True)
class OutOfStep:
    """A product that lists have otherwise than it is, and what of it: columns, "facet values" or "none" at all."""

    product_id: int
    public_id: str
    what: str


def find_listings_out_of_step() -> Iterator[str]:
    """One text for each product whose flat row is missing or wrong, or whose facet values are."""
    return (f"product {one.public_id}: {one.what}" for one in listings_out_of_step())


def listings_out_of_step() -> Iterator[OutOfStep]:
    """Every product whose flat row is missing or wrong, or whose facet values are, in the order of their keys."""
    filterable, last = filterable_names(), 0
    while ids := next_product_ids(last):
        last = ids[-1]
        yield from _out_of_step(ids, filterable)


def _out_of_step(ids: Sequence[int], filterable: frozenset[str]) -> Iterator[OutOfStep]:
    products = db.session.scalars(
        select(Product)
        .where(Product.id.in_(ids))
        .order_by(Product.id)
        .options(selectinload(Product.variants), selectinload(Product.attributes))
        .execution_options(populate_existing=True)
    ).all()
    listings = select(Listing).where(Listing.product_id.in_(ids)).execution_options(populate_existing=True)
    rows = {row.product_id: row for row in db.session.scalars(listings)}
    facets: dict[int, set[tuple[str, str]]] = {row_id: set() for row_id in ids}
    found = select(FacetValue.product_id, FacetValue.name, FacetValue.value).where(FacetValue.product_id.in_(ids))
    for row_id, name, value in db.session.execute(found):
        facets[row_id].add((name, value))
    for product in products:
        row = rows.get(product.id)
        if row is None:
            yield OutOfStep(product.id, product.public_id, "none")
            continue
        values = listing_values(product, product.variants)
        wrong = [column for column, value in values.items() if getattr(row, column) != value]
        if facets[product.id] != facet_values_of(product, product.variants, product.attributes, filterable):
            wrong.append("facet values")
        if wrong:
            yield OutOfStep(product.id, product.public_id, ", ".join(wrong))
