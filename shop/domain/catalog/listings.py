"""The flat rows of lists and the values they are narrowed by, made from the products they stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, tuple_
from sqlalchemy.orm import selectinload

from shop.db import db, operation
from shop.domain.catalog.models import Attribute, FacetValue, Listing, Product, ProductAttribute, Variant
from shop.domain.catalog.richtext import fold_text

LONGEST_FACET_VALUE = 255
BATCH = 500


def refresh_listing(
    product: Product, variants: Sequence[Variant], attributes: Iterable[ProductAttribute], filterable: frozenset[str]
) -> None:
    """Bring the product's flat row and facet values in step with it, in the current operation.

    `variants` and `attributes` are all that the product has now; `filterable` names the attributes lists filter by.
    """
    row = db.session.get(Listing, product.id) or Listing(product_id=product.id)
    for column, value in listing_values(product, variants).items():
        setattr(row, column, value)
    db.session.add(row)
    _replace_facet_values(product.id, facet_values_of(product, variants, attributes, filterable))


def listing_values(product: Product, variants: Iterable[Variant]) -> dict[str, Any]:
    """The columns of the product's flat row that follow from it and its variants."""
    offered = [variant for variant in variants if variant.is_active]
    cheapest = min(offered, key=lambda variant: variant.price_amount, default=None)
    return {
        "status": product.status,
        "name_key": sort_key(product.name),
        "category_id": product.category_id,
        "price_amount": cheapest.price_amount if cheapest else 0,
        "compare_at_amount": cheapest.compare_at.amount if cheapest and cheapest.compare_at else None,
        "highest_price_amount": max((variant.price_amount for variant in offered), default=0),
        "currency": product.currency,
        "variant_count": len(offered),
        "created_at": product.created_at,
    }


def sort_key(name: str) -> str:
    """What names are sorted by, alike on every database."""
    return fold_text(name)[:255]


def facet_values_of(
    product: Product, variants: Iterable[Variant], attributes: Iterable[ProductAttribute], filterable: frozenset[str]
) -> set[tuple[str, str]]:
    """(name, value) of all that lists can narrow by: brand, tags, options and filterable attributes.

    Nothing for a product that is not on sale: so a list of everything is counted without looking at the products.
    """
    if product.status != "active":
        return set()
    values = {("tag", tag) for tag in product.tags}
    if product.brand:
        values.add(("brand", product.brand))
    for variant in (variant for variant in variants if variant.is_active):
        values |= set(zip(map(facet_name, product.option_names), variant.option_values, strict=False))
    values |= {(attribute.name, attribute.value) for attribute in attributes if attribute.name in filterable}
    return {(name, value) for name, value in values if value and len(value) <= LONGEST_FACET_VALUE}


def facet_name(option_name: str) -> str:
    """An option's name as a facet's: lower snake case, so that option Size and attribute size are one facet."""
    return "_".join("".join(char if char.isalnum() else " " for char in fold_text(option_name)).split())[:80]


def filterable_names() -> frozenset[str]:
    """The names of the attributes that lists filter by."""
    return frozenset(db.session.scalars(select(Attribute.name).where(Attribute.is_filterable.is_(True))))


def _replace_facet_values(product_id: int, wanted: set[tuple[str, str]]) -> None:
    present = {
        (name, value)
        for name, value in db.session.execute(
            select(FacetValue.name, FacetValue.value).where(FacetValue.product_id == product_id)
        )
    }
    if gone := sorted(present - wanted):
        named = tuple_(FacetValue.name, FacetValue.value).in_(gone)
        delete_gone = delete(FacetValue).where(FacetValue.product_id == product_id, named)
        db.session.execute(delete_gone.execution_options(synchronize_session=False))
    if added := wanted - present:
        rows = [{"product_id": product_id, "name": name, "value": value} for name, value in sorted(added)]
        db.session.execute(insert(FacetValue), rows)


@operation
def refresh_listings(product_ids: Sequence[int]) -> int:
    """Make the flat rows of these products anew; returns how many there are. For a command and for wide changes."""
    filterable = filterable_names()
    products = db.session.scalars(
        select(Product)
        .where(Product.id.in_(product_ids))
        .order_by(Product.id)
        .options(selectinload(Product.variants), selectinload(Product.attributes))
        .with_for_update(of=Product)
        .execution_options(populate_existing=True)
    ).all()
    for product in products:
        refresh_listing(product, product.variants, product.attributes, filterable)
    return len(products)


def next_product_ids(after: int, limit: int = BATCH) -> list[int]:
    """The ids of the next products after this id, for going through them all in batches."""
    return list(db.session.scalars(select(Product.id).where(Product.id > after).order_by(Product.id).limit(limit)))


def refresh_all_listings(on_progress: Callable[[int], object] = lambda done: None) -> int:
    """Make all flat rows anew, a few hundred in a transaction; `on_progress` is told how many there are so far."""
    done, last = 0, 0
    while batch := next_product_ids(last):
        done += refresh_listings(batch)
        last = batch[-1]
        on_progress(done)
    return done
