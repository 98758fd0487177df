"""How a listing is asked for, and what that means in SQL; the rules of a collection are the same filter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, TypeAlias

from pydantic import Field
from sqlalchemy import ColumnElement, exists, select

from shop.db import db
from shop.domain.catalog.models import Collection, CollectionProduct, FacetValue, Listing, Variant
from shop.domain.inputs import Input, Line, Repeated, RepeatedByName

MOST_FACETS = 10  # of one listing by which it is narrowed; more are not looked at

# category, facet.<name>, price, stock, sale -> what it asks of a row of Listing
Conditions: TypeAlias = dict[str, ColumnElement[bool]]
Branches: TypeAlias = Callable[[str], list[int]]  # a category's slug -> the ids of it and of those below it


class Narrowing(Input):
    """What products have in common. Values of a facet are "or", facets are "and"; prices are minor units."""

    category: Repeated = ()
    tag: Repeated = ()
    brand: Repeated = ()
    attr: RepeatedByName = Field(default_factory=dict)
    min_price: int | None = Field(default=None, ge=0, le=10**15)
    max_price: int | None = Field(default=None, ge=0, le=10**15)
    in_stock: bool | None = None
    on_sale: bool | None = None

    @property
    def facets(self) -> dict[str, tuple[str, ...]]:
        """The facets' values that were chosen, by name; what is asked for is looked at even where nothing has it."""
        chosen = {name: {*values} for name, values in self.attr.items()}
        for name, values in (("brand", self.brand), ("tag", self.tag)):
            chosen.setdefault(name, set()).update(values)
        return {name: tuple(sorted(values)) for name, values in sorted(chosen.items())[:MOST_FACETS] if values}

    def conditions(self, branch_ids: Branches) -> Conditions:
        """What is asked of a row, by what asks it."""
        found: Conditions = {}
        if self.category:
            ids = sorted({row_id for slug in self.category for row_id in branch_ids(slug)})
            # Of one category an index has the order too.
            found["category"] = Listing.category_id == ids[0] if len(ids) == 1 else Listing.category_id.in_(ids)
        for name, values in self.facets.items():
            having = select(FacetValue.product_id).where(FacetValue.name == name, FacetValue.value.in_(values))
            found[f"facet.{name}"] = Listing.product_id.in_(having)
        prices = []
        if self.min_price is not None:
            prices.append(Listing.price_amount >= self.min_price)
        if self.max_price is not None:
            prices.append(Listing.price_amount <= self.max_price)
        if prices:
            found["price"] = db.and_(*prices)
        if self.in_stock is not None:
            found["stock"] = has_stock() if self.in_stock else ~has_stock()
        if self.on_sale is not None:
            reduced = Listing.compare_at_amount
            found["sale"] = reduced.is_not(None) if self.on_sale else reduced.is_(None)
        return found


class ProductFilter(Narrowing):
    """How a listing is asked for."""

    page: int = Field(default=1, ge=1, le=100_000)
    limit: int = Field(default=20, ge=1, le=100)
    collection: Line | None = Field(default=None, max_length=120)
    search: Line | None = Field(default=None, max_length=200)  # for whoever asks: shop/domain/search finds `among`
    sort_by: Literal["price", "name", "created_at", "best_selling", "relevance", "position"] = "created_at"
    sort_order: Literal["asc", "desc"] | None = None


def has_stock() -> ColumnElement[bool]:
    """Whether a variant of the row's product can be bought now; stock is read live."""
    stock = db.metadata.tables["stock_items"]  # the inventory stands above the catalogue, which only looks at it
    return exists(
        select(1)
        .select_from(Variant)
        .join(stock, stock.c.variant_id == Variant.id)
        .where(Variant.product_id == Listing.product_id, Variant.is_active, stock.c.on_hand > stock.c.reserved)
    )


def base_conditions(
    asked: ProductFilter,
    among: Sequence[int] | None,
    collection: Collection | None,
    within: Narrowing | None,
    branch_ids: Branches,
) -> list[ColumnElement[bool]]:
    """What a list is of before anything is chosen in it: products on sale, found ones, a collection's, a category's."""
    base: list[ColumnElement[bool]] = [Listing.status == "active"]
    if among is not None:
        base.append(Listing.product_id.in_(among))
    if collection is not None and collection.rules:
        base += rules_of(collection).conditions(branch_ids).values()
    elif collection is not None:
        chosen = select(CollectionProduct.product_id).where(CollectionProduct.collection_id == collection.id)
        base.append(Listing.product_id.in_(chosen))
    if within is not None:
        base += within.conditions(branch_ids).values()
    return base


def rules_of(collection: Collection) -> Narrowing:
    """The rules of a collection, which were checked when they were saved."""
    return Narrowing.model_validate(collection.rules)
