"""A listing as its address says it: filters, sorting and place in it, read from the query and written back into links.

Every list of products is made of the same three steps: `read_query(ListingQuery, request.args)`, `list_products` with
`asked.to_filter()`, and `show_listing`. Its address is canonical: the same state has one, whatever was clicked first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from babel.numbers import get_currency_symbol
from flask import render_template, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field

from shop.domain.catalog.facets import Facet
from shop.domain.catalog.filters import ProductFilter
from shop.domain.catalog.queries import Page, branch_counts
from shop.domain.inputs import Input, Line, Repeated, RepeatedByName
from shop.extensions import terms
from shop.htmx import is_partial, vary_by_htmx
from shop.money import Money
from shop.storefront.offers import card_of
from shop.storefront.rendering import render_page

PER_PAGE = 24
MOST_SHOWN = 4 * PER_PAGE  # so far "Show more" adds to the list; after that it leads to a next page
FIRST_VALUES = 8  # of a facet that are seen before "Show all"
MOST_FACETS_SHOWN = 10
MOST_PROMOTED = 4
HIGHEST_PRICE = 10**15  # minor units, as the filter takes them
SORTS = {
    "relevance": ("Best match", "relevance", "asc"),
    "position": ("Our order", "position", "asc"),
    "newest": ("Newest first", "created_at", "desc"),
    "best_selling": ("Best selling", "best_selling", "desc"),
    "price_asc": ("Price, low to high", "price", "asc"),
    "price_desc": ("Price, high to low", "price", "desc"),
    "name": ("Name, A to Z", "name", "asc"),
}
SORTS_ANYWHERE = ("newest", "best_selling", "price_asc", "price_desc", "name")
Params = dict[str, Any]


class ListingQuery(Input):
    """How a listing's address is written. Prices are in the shop's currency, as people type them."""

    attr: RepeatedByName = Field(default_factory=dict)
    brand: Repeated = ()
    category: Repeated = ()
    tag: Repeated = ()
    min: Line = Field(default="", max_length=20)
    max: Line = Field(default="", max_length=20)
    sale: Literal["1"] | None = None
    stock: Literal["1"] | None = None
    sort: Literal["relevance", "position", "newest", "best_selling", "price_asc", "price_desc", "name"] | None = None
    page: int = Field(default=1, ge=1, le=100_000)
    shown: int = Field(default=PER_PAGE, ge=PER_PAGE, le=MOST_SHOWN, multiple_of=PER_PAGE)
    view: Literal["more"] | None = None  # only the last of those shown, to be added to the others

    @property
    def wants_more(self) -> bool:
        return self.view == "more" and is_partial()

    @property
    def prices(self) -> tuple[Money | None, Money | None]:
        """The lowest and the highest price that was typed, the right way round; what is no price is not looked at."""
        low, high = _typed_price(self.min), _typed_price(self.max)
        is_reversed = low is not None and high is not None and high < low
        return (high, low) if is_reversed else (low, high)

    @property
    def unread(self) -> dict[str, str]:
        """What was typed as a price and is none, or may be read in two ways as 1,000, by the name of its field."""
        typed = {"min": self.min, "max": self.max}
        return {name: text for name, text in typed.items() if text and _typed_price(text) is None}

    def to_filter(self, usual: str = "newest", **more: Any) -> ProductFilter:
        """What the domain is asked for; `usual` is the order where none is asked for, `more` what else narrows it."""
        _, sort_by, sort_order = SORTS[self.sort or usual]
        page, limit = self.page, PER_PAGE
        if self.wants_more:
            page = self.shown // PER_PAGE
        elif self.page == 1:
            limit = self.shown
        low, high = self.prices
        asked = {
            "attr": self.attr,
            "brand": self.brand,
            "category": self.category,
            "tag": self.tag,
            "minPrice": None if low is None else low.amount,
            "maxPrice": None if high is None else high.amount,
            "onSale": True if self.sale else None,
            "inStock": True if self.stock else None,
            "page": page,
            "limit": limit,
            "sortBy": sort_by,
            "sortOrder": sort_order,
        }
        return ProductFilter.model_validate({**asked, **more})

    @property
    def params(self) -> Params:
        """The filters as parameters, in the one order that addresses have."""
        low, high = self.prices
        found: Params = {f"attr.{name}": list(values) for name, values in sorted(self.attr.items())}
        found |= {"brand": list(self.brand), "category": list(self.category), "tag": list(self.tag)}
        found |= {name: str(price.to_decimal()) for name, price in (("min", low), ("max", high)) if price is not None}
        found |= {"sale": self.sale, "stock": self.stock}
        return {name: value for name, value in found.items() if value}


def _typed_price(text: str) -> Money | None:
    try:
        bare = text.replace(get_currency_symbol(terms.currency, locale="en"), "").replace(terms.currency, "")
        price = Money.typed(bare.strip(), terms.currency)
    except ValueError:
        return None
    return price if 0 <= price.amount <= HIGHEST_PRICE else None


@dataclass(frozen=True)
class Pager:
    """Where a listing is: pages of 24, `reached` the last of them that is shown; `more` is what to show next, or 0."""

    first: int
    reached: int
    last: int
    more: int

    @property
    def shown(self) -> int:
        """How many products the list has so far, where there are more."""
        return self.reached * PER_PAGE


def pager_of(asked: ListingQuery, page: Page) -> Pager:
    """The pager of a listing that was asked for so."""
    last = -(-page.total // PER_PAGE)
    if asked.page > 1:
        return Pager(asked.page, asked.page, last, 0)
    reached = max(min(asked.shown // PER_PAGE, last), 1)
    more = asked.shown + PER_PAGE if reached < last and asked.shown < MOST_SHOWN else 0
    return Pager(1, reached, last, more)


@dataclass(frozen=True)
class Choice:
    """A value of a facet: the field `name` with `value`, how many products have it, and an id that stays the same."""

    name: str
    value: str
    label: str
    count: int
    is_chosen: bool

    @property
    def id(self) -> str:
        return "f-" + hashlib.sha256(f"{self.name}={self.value}".encode()).hexdigest()[:8]


@dataclass(frozen=True)
class FacetBox:
    """A facet as a group of boxes to tick: the first few, and the rest behind a line to press."""

    label: str
    id: str
    choices: tuple[Choice, ...]

    @property
    def first(self) -> tuple[Choice, ...]:
        """Those that are always in sight: the chosen ones, and the most frequent."""
        in_front = set(self.choices[:FIRST_VALUES]) | {choice for choice in self.choices if choice.is_chosen}
        return tuple(choice for choice in self.choices if choice in in_front)

    @property
    def rest(self) -> tuple[Choice, ...]:
        in_front = set(self.first)
        return tuple(choice for choice in self.choices if choice not in in_front)


@dataclass(frozen=True)
class Chip:
    """A filter in words, and the address of the list without it (or with it); `count` is how many there are then."""

    label: str
    address: str
    count: int | None = None


@dataclass(frozen=True)
class Listing:
    """What is shown of a listing besides its cards: its address in every other state, facets, chips and sorting."""

    endpoint: str
    path: Params  # what the address has besides the listing's own parameters
    asked: ListingQuery
    usual: str
    sorts: dict[str, str]
    boxes: tuple[FacetBox, ...] = ()
    chips: tuple[Chip, ...] = ()
    promoted: tuple[Chip, ...] = ()
    drops: tuple[Chip, ...] = ()
    prices: tuple[Money, Money] | None = None  # the lowest and highest there are
    has_sale: bool = False
    total: int = 0

    @property
    def sort(self) -> str:
        return self.asked.sort or self.usual

    @property
    def query(self) -> Params:
        """Path, filters and sorting, without the place in the list."""
        return self.path | self.asked.params | self._sorting

    @property
    def _sorting(self) -> Params:
        return {"sort": self.asked.sort} if self.asked.sort not in (None, self.usual) else {}

    @property
    def is_filtered(self) -> bool:
        return bool(self.asked.params)

    @property
    def fields(self) -> Params:
        """What a form adds to its own fields, since a GET form drops the query of its address."""
        return {name: value for name, value in self.path.items() if name == "q"}

    @property
    def action(self) -> str:
        return url_for(self.endpoint, **{name: value for name, value in self.path.items() if name != "q"})

    @property
    def clear(self) -> str:
        """The address of the same list, of which nothing is narrowed."""
        return url_for(self.endpoint, **self.path, **self._sorting)

    def address(self, params: Mapping[str, Any]) -> str:
        """The address with other filters."""
        return url_for(self.endpoint, **self.path, **params, **self._sorting)

    def without(self, name: str, value: str | None = None) -> str:
        """The address without this filter, or this value of it."""
        params = dict(self.asked.params)
        left = [each for each in params[name] if each != value] if value is not None else []
        if left:
            params[name] = left
        else:
            params.pop(name, None)
        return self.address(params)

    def having(self, name: str, value: str) -> str:
        """The address with one more filter."""
        if name.startswith("attr."):
            change: Params = {"attr": {**self.asked.attr, name.removeprefix("attr."): (value,)}}
        else:
            change = {name: value if name in ("sale", "stock") else (value,)}
        return self.address(self.asked.model_copy(update=change).params)


def listing_context(
    asked: ListingQuery,
    page: Page,
    endpoint: str,
    path: Params,
    *,
    usual: str = "newest",
    has_categories: bool = True,
) -> dict[str, Any]:
    """What a listing's templates show; `endpoint` and `path` are its address without the listing's own parameters.

    `usual` is the order where none is asked for; a list `has_categories` where it can be narrowed to one.
    """
    now = datetime.now(UTC)
    order = tuple(dict.fromkeys((usual, *SORTS_ANYWHERE)))
    bare = Listing(endpoint, path, asked, usual, {name: SORTS[name][0] for name in order}, total=page.total)
    return {
        "asked": asked,
        "cards": [card_of(product, now) for product in page.products],
        "listing": bare if asked.wants_more else _filled(bare, page, has_categories=has_categories),
        "page": page,
        "pager": pager_of(asked, page),
    }


def _filled(bare: Listing, page: Page, *, has_categories: bool) -> Listing:
    counts = page.counts
    named = [_name_of(facet.name) for facet in counts.facets]
    boxes = [_box(facet) for facet in counts.facets if _narrows(facet, page.total)][:MOST_FACETS_SHOWN]
    if has_categories and (box := _category_box(bare.asked, page)):
        boxes.insert(0, box)
    facets = dict(zip(named, counts.facets, strict=True))
    amounts = (counts.lowest, counts.highest)
    low, high = (None if amount is None else Money(amount, terms.currency) for amount in amounts)
    return Listing(
        bare.endpoint,
        bare.path,
        bare.asked,
        bare.usual,
        bare.sorts,
        boxes=tuple(boxes),
        chips=tuple(_chips(bare, facets, page)),
        promoted=tuple(_promoted(bare, facets, page))[:MOST_PROMOTED],
        drops=tuple(_drops(bare, facets, page)),
        prices=(low, high) if low is not None and high is not None and low < high else None,
        has_sale=bool(bare.asked.sale or 0 < counts.on_sale < page.total),
        total=page.total,
    )


def _name_of(facet: str) -> str:
    """The parameter of a facet."""
    return facet if facet in ("brand", "tag") else f"attr.{facet}"


def _narrows(facet: Facet, total: int) -> bool:
    """Whether a choice in it would leave some of the list and not all; what was chosen is shown in any case."""
    few = 2 if total > FIRST_VALUES else 1  # in a long list a value that one product has is no help
    return facet.is_chosen or (
        any(value.count < total for value in facet.values) and any(value.count >= few for value in facet.values)
    )


def _box(facet: Facet) -> FacetBox:
    name = _name_of(facet.name)
    choices = (
        Choice(name, value.value, label_of(facet, value.value), value.count, value.is_chosen) for value in facet.values
    )
    return FacetBox(facet.label, f"facet-{hashlib.sha256(name.encode()).hexdigest()[:8]}", tuple(choices))


def label_of(facet: Facet, value: str) -> str:
    """A value as people read it."""
    if facet.kind == "yes_no":
        return value.capitalize()
    return f"{value} {facet.unit}" if facet.unit else value[:1].upper() + value[1:]


def _category_box(asked: ListingQuery, page: Page) -> FacetBox | None:
    branches = branch_counts(page)
    choices = []
    for category in page.categories:
        is_chosen = category.slug in asked.category
        count = branches[category.id]
        if is_chosen or (category.parent_id is None and count):
            choices.append(Choice("category", category.slug, category.name, count, is_chosen))
    is_useful = len(choices) > 1 or any(choice.is_chosen for choice in choices)
    return FacetBox("Category", "facet-category", tuple(choices)) if is_useful else None


def _chips(listing: Listing, facets: Mapping[str, Facet], page: Page) -> list[Chip]:
    """The filters that are on, in the order of the address, each with the list without it."""
    chips = []
    for name, value in listing.asked.params.items():
        if isinstance(value, list):
            chips += [
                Chip(_words_for(name, each, facets.get(name), page), listing.without(name, each)) for each in value
            ]
        else:
            chips.append(Chip(_words_for(name, value, None, page), listing.without(name)))
    return chips


def _words_for(name: str, value: str, facet: Facet | None, page: Page) -> str:
    if name in ("min", "max"):
        price = Money.parse(value, terms.currency).format()
        return f"From {price}" if name == "min" else f"Up to {price}"
    if name in ("sale", "stock"):
        return {"sale": "On sale", "stock": "In stock"}[name]
    if name == "category":
        return next((row.name for row in page.categories if row.slug == value), value)
    if name in ("brand", "tag") or facet is None:
        return value if facet is None or name == "brand" else label_of(facet, value)
    return f"{facet.label}: {label_of(facet, value)}"


def _promoted(listing: Listing, facets: Mapping[str, Facet], page: Page) -> list[Chip]:
    """A few filters that many look for: in stock, reduced, and what is most frequent in the first facets."""
    chips = []
    if not listing.asked.stock and page.total > 1:
        chips.append(Chip("In stock", listing.having("stock", "1")))
    if not listing.asked.sale and 0 < page.counts.on_sale < page.total:
        chips.append(Chip("On sale", listing.having("sale", "1"), page.counts.on_sale))
    for name, facet in facets.items():
        if name == "tag" or facet.is_chosen:
            continue
        top = next((value for value in facet.values if 1 < value.count < page.total), None)
        if top:
            label = label_of(facet, top.value)
            chips.append(
                Chip(
                    label if name == "brand" else f"{facet.label}: {label}", listing.having(name, top.value), top.count
                )
            )
    return chips


def _drops(listing: Listing, facets: Mapping[str, Facet], page: Page) -> list[Chip]:
    """Where nothing is left: each filter without which there is something, and how much."""
    chips = []
    for key, count in page.drops.items():
        names = {"price": ["min", "max"]}.get(key) or [_name_of(key.removeprefix("facet."))]
        names = [name if key.startswith("facet.") or name in ("min", "max") else key for name in names]
        params = listing.asked.params
        texts = []
        for name in (name for name in names if name in params):
            values = params[name] if isinstance(params[name], list) else [params[name]]
            texts += [_words_for(name, value, facets.get(name), page) for value in values]
        left = {name: value for name, value in params.items() if name not in names}
        chips.append(Chip(", ".join(texts), listing.address(left), count))
    return sorted(chips, key=lambda chip: -(chip.count or 0))


def show_listing(template: str, context: dict[str, Any]) -> ResponseReturnValue:
    """The page, or the pieces of it that HTMX asks for, with the canonical address of what they show."""
    page, asked, listing = context["page"], context["asked"], context["listing"]
    if not is_partial():
        return vary_by_htmx(render_page(template, categories=page.categories, **context))
    if asked.wants_more:
        response = vary_by_htmx(render_template("catalog/_more.html", **context))
        response.headers["HX-Replace-Url"] = url_for(listing.endpoint, shown=asked.shown, **listing.query)
        return response
    response = vary_by_htmx(render_template("catalog/_narrowed.html", **context))
    place = {"page": asked.page} if asked.page > 1 else {"shown": asked.shown} if asked.shown > PER_PAGE else {}
    response.headers["HX-Push-Url"] = url_for(listing.endpoint, **place, **listing.query)
    return response
