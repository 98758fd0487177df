"""Which products a promotion is for: named ones, those of a branch of categories, those of a collection."""

from __future__ import annotations

import functools
from collections.abc import Collection as Ids
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select

from shop.db import db
from shop.domain.catalog.filters import ProductFilter, base_conditions
from shop.domain.catalog.models import Category, Collection, Listing
from shop.domain.catalog.queries import branch_ids, list_categories


@dataclass(frozen=True)
class Scope:
    """The rows' ids. Empty altogether it means every product."""

    products: Sequence[int] = ()
    categories: Sequence[int] = ()
    collections: Sequence[int] = ()


def products_in_scope(scope: Scope, product_ids: Ids[int]) -> set[int]:
    """Those of the products, by their rows' ids, that are in the scope; at most four statements."""
    if not (scope.products or scope.categories or scope.collections):
        return set(product_ids)
    ways: list[ColumnElement[bool]] = [Listing.product_id.in_(scope.products)]
    if scope.categories or scope.collections:
        categories = list_categories()
        branches = [branch for row in categories if row.id in scope.categories for branch in _branch(categories, row)]
        ways.append(Listing.category_id.in_(branches))
        by_slug = functools.partial(branch_ids, categories)
        collections = db.session.scalars(select(Collection).where(Collection.id.in_(scope.collections))).all()
        ways += [db.and_(*base_conditions(ProductFilter(), None, each, None, by_slug)) for each in collections]
    among = Listing.product_id.in_(product_ids)
    return set(db.session.scalars(select(Listing.product_id).where(among, or_(*ways))))


def _branch(categories: Sequence[Category], row: Category) -> list[int]:
    return branch_ids(categories, row.slug)
