"""Home, categories, products and search: public pages, the same bytes for everyone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field

from shop.db import transaction_time
from shop.domain.catalog.models import Category, Product
from shop.domain.catalog.queries import (
    Page,
    ProductFilter,
    children_of,
    find_archived_product,
    find_products,
    get_category,
    get_product,
    list_categories,
    list_products,
    path_to,
    pictures_of_branches,
    related_ids,
)
from shop.domain.inputs import Input, Line, read_query
from shop.domain.orders.queries import best_selling
from shop.domain.shipping import add_working_days, methods_serving
from shop.domain.terms import MAX_QUANTITY
from shop.errors import Gone, NotFound
from shop.extensions import limiter, settings, terms
from shop.policies import policy
from shop.storefront.htmx import is_partial, vary_by_htmx
from shop.storefront.offers import Choice, card_of, choose, facts_of, offered_variants, pictures_of
from shop.storefront.redirects import moved_permanently
from shop.storefront.rendering import render_page
from shop.storefront.structured import describe_path, describe_product, describe_shop

blueprint = Blueprint("catalog", __name__)

PER_PAGE = 24
MOST_SHOWN = 4 * PER_PAGE  # so far "Show more" adds to the list; after that it leads to a next page
ON_HOME = 8
RELATED = 4
BEST_SELLING_WITHIN = timedelta(days=90)
SORTS = {
    "newest": ("Newest first", "created_at", "desc"),
    "price_asc": ("Price, low to high", "price", "asc"),
    "price_desc": ("Price, high to low", "price", "desc"),
    "name": ("Name, A to Z", "name", "asc"),
}


class ListingQuery(Input):
    """How a listing's address is written."""

    sort: Literal["newest", "price_asc", "price_desc", "name"] = "newest"
    page: int = Field(default=1, ge=1, le=100_000)
    shown: int = Field(default=PER_PAGE, ge=PER_PAGE, le=MOST_SHOWN, multiple_of=PER_PAGE)
    view: Literal["more"] | None = None  # only the last of those shown, to be added to the others

    @property
    def wants_more(self) -> bool:
        return self.view == "more" and is_partial()

    def to_filter(self, **more: str) -> ProductFilter:
        _, sort_by, sort_order = SORTS[self.sort]
        page, limit = self.page, PER_PAGE
        if self.wants_more:
            page = self.shown // PER_PAGE
        elif self.page == 1:
            limit = self.shown
        asked = {"page": page, "limit": limit, "sortBy": sort_by, "sortOrder": sort_order, **more}
        return ProductFilter.model_validate(asked)


class SearchQuery(ListingQuery):
    """How a search's address is written."""

    q: Line = Field(default="", max_length=200)


@blueprint.get("/")
@policy("public")
def home() -> ResponseReturnValue:
    newest = list_products(ProductFilter(limit=ON_HOME))
    sold = find_products(best_selling(ON_HOME, transaction_time() - BEST_SELLING_WITHIN))
    return render_page(
        "catalog/home.html",
        categories=newest.categories,
        best_selling=[card_of(product) for product in sold],
        newest=[card_of(product) for product in newest.products],
        structured=describe_shop(),
        pictures=pictures_of_branches(newest.categories),
    )


@blueprint.get("/categories/<slug>")
@policy("public")
def category(slug: str) -> ResponseReturnValue:
    asked = read_query(ListingQuery, request.args)
    page = list_products(asked.to_filter(category=slug))
    found = get_category(page.categories, slug)
    if found.slug != slug:
        return moved_permanently("catalog.category", slug=found.slug)
    context = _results_context(asked, page, "catalog.category", {"slug": slug}) | {
        "category": found,
        "children": children_of(page.categories, found),
        "path": path_to(page.categories, found),
        "structured": [describe_path(path_to(page.categories, found)[:-1], found.name)],
    }
    return _show_listing("catalog/category.html", page, context)


def _results_context(asked: ListingQuery, page: Page, endpoint: str, query: dict[str, str]) -> dict[str, Any]:
    """What a listing shows; `endpoint` and `query` are its address without the page."""
    if asked.sort != "newest":
        query = {**query, "sort": asked.sort}
    return {
        "asked": asked,
        "cards": [card_of(product) for product in page.products],
        "listing": {"endpoint": endpoint, "query": query},
        "page": page,
        "pager": pager_of(asked, page),
        "sorts": SORTS,
    }


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


def _show_listing(template: str, page: Page, context: dict[str, Any]) -> ResponseReturnValue:
    if not is_partial():
        return vary_by_htmx(render_page(template, categories=page.categories, **context))
    asked, listing = context["asked"], context["listing"]
    if not asked.wants_more:
        return vary_by_htmx(render_template("catalog/_results.html", **context, said=True))
    response = vary_by_htmx(render_template("catalog/_more.html", **context))
    response.headers["HX-Replace-Url"] = url_for(listing["endpoint"], shown=asked.shown, **listing["query"])
    return response


@blueprint.get("/products/<slug>")
@policy("public")
def product(slug: str) -> ResponseReturnValue:
    found = _get_product_or_gone(slug)
    if found.slug != slug:
        return moved_permanently("catalog.product", slug=found.slug)
    choice, quantity = choose(found, request.args), _asked_quantity()
    if is_partial():
        context = product_context(found, choice, quantity=quantity)
        buybox = make_response(render_template("catalog/_buybox.html", **context, oob=True))
        if choice.variant:
            here = url_for("catalog.product", slug=found.slug, variant=choice.variant.public_id)
            buybox.headers["HX-Replace-Url"] = here
        return vary_by_htmx(buybox)
    return vary_by_htmx(render_product(found, choice, quantity=quantity))


def _asked_quantity() -> str:
    """What was typed before another variant was chosen; "1" where it is no quantity."""
    asked = request.args.get("quantity", "")
    return asked if asked.isascii() and asked.isdecimal() and 1 <= int(asked[:3]) <= MAX_QUANTITY else "1"


def _get_product_or_gone(slug: str) -> Product:
    try:
        return get_product(slug)
    except NotFound:
        if find_archived_product(slug):
            raise Gone("This product is not sold any more.") from None
        raise


def render_product(found: Product, choice: Choice, *, quantity: str = "1", **refused: Any) -> str:
    """A product's whole page, with its way down the category tree; `refused` is what _not_added.html shows."""
    categories = list_categories()
    context = product_context(found, choice, quantity=quantity) | refused
    related = [card_of(product) for product in find_products(related_ids(found, limit=RELATED))]
    path = _path_of(categories, found)
    methods = methods_serving(terms.shipping_methods, terms.home_country)
    described = describe_product(found, offered_variants(found), context["pictures"], methods)
    context |= {
        "facts": facts_of(found),
        "path": path,
        "related": related,
        "structured": [described, describe_path(path, found.name)],
    }
    return render_page("catalog/product.html", categories=categories, **context)


def product_context(found: Product, choice: Choice, *, quantity: str = "1") -> dict[str, Any]:
    """What the page and its buy box show. Delivery is told for the first country that is served."""
    country, today = terms.home_country, transaction_time().date()
    methods = methods_serving(terms.shipping_methods, country)[:2]
    return {
        "choice": choice,
        "delivery": [(method, add_working_days(today, method.max_days)) for method in methods],
        "delivery_country": country,
        "pictures": pictures_of(found, choice.variant),
        "product": found,
        "quantity": quantity,
        "refusal": "",
    }


def _path_of(categories: tuple[Category, ...], found: Product) -> list[Category]:
    own = next((row for row in categories if row.id == found.category_id), None)
    return path_to(categories, own) if own else []


@blueprint.get("/search")
@limiter.limit(lambda: settings.ratelimit_search)
@policy("public")
def search() -> ResponseReturnValue:
    asked = read_query(SearchQuery, request.args)
    if not asked.q:
        return render_page("catalog/search.html", asked=asked, page=None, cards=[], sorts=SORTS)
    page = list_products(asked.to_filter(search=asked.q))
    return _show_listing("catalog/search.html", page, _results_context(asked, page, "catalog.search", {"q": asked.q}))
