"""Search and its suggestions: public pages, the same bytes for everyone."""

from __future__ import annotations

from typing import Any, Literal

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue
from pydantic import Field

from shop.domain.catalog.filters import ProductFilter
from shop.domain.catalog.models import Category
from shop.domain.catalog.queries import Page, list_best_selling, list_categories, list_products
from shop.domain.inputs import Line, read_query
from shop.domain.search.queries import Matches, list_found, popular_searches
from shop.domain.search.queries import suggest as suggest_for
from shop.domain.search.statistics import countable
from shop.domain.search.words import words_in
from shop.extensions import limiter, search_tally, settings
from shop.htmx import is_partial, vary_by_htmx
from shop.policies import policy
from shop.storefront.listings import ListingQuery, listing_context, show_listing
from shop.storefront.offers import Card, card_of
from shop.storefront.rendering import render_page

blueprint = Blueprint("search", __name__)

POPULAR = 8
INSTEAD = 8  # products where nothing was found; at least four
CATEGORIES_INSTEAD = 8
SUGGESTIONS_KEPT = "public, max-age=60, s-maxage=60"


class SearchQuery(ListingQuery):
    """How a search's address is written."""

    q: Line = Field(default="", max_length=200)
    exact: Literal["1"] | None = None  # as it is written, without correcting anything


@blueprint.get("/search")
@limiter.limit(lambda: settings.ratelimit_search)
@policy("public")
def show_results() -> ResponseReturnValue:
    asked = read_query(SearchQuery, request.args)
    if not asked.q:
        categories = list_categories()
        found = {"asked": asked, "page": None, "popular": popular_searches(POPULAR)}
        return vary_by_htmx(render_page("catalog/search.html", categories=categories, **found, **_ways(categories)))
    wanted = asked.to_filter("relevance")
    matches, page = list_found(wanted, asked.q, literally=asked.exact is not None, with_counts=not asked.wants_more)
    query = {"q": asked.q, **({"exact": asked.exact} if asked.exact else {})}
    context = listing_context(asked, page, "search.show_results", query, usual="relevance") | {"matches": matches}
    if not page.total and not is_partial():
        context |= {"instead": _products_instead(), **_ways(page.categories)}
    _count(asked, page, matches)
    return show_listing("catalog/search.html", context)


def _ways(categories: tuple[Category, ...]) -> dict[str, Any]:
    """Where to look instead: categories, those at the top first."""
    ordered = sorted(categories, key=lambda category: category.parent_id is not None)
    return {"ways": ordered[:CATEGORIES_INSTEAD]}


def _products_instead() -> list[Card]:
    """What sells best, filled up with what is new."""
    sold = list_best_selling(INSTEAD)
    more = list_products(ProductFilter(limit=INSTEAD)).products if len(sold) < INSTEAD else ()
    chosen = {product.id: product for product in (*sold, *more)}
    return [card_of(product) for product in list(chosen.values())[:INSTEAD]]


def _count(asked: SearchQuery, page: Page, matches: Matches) -> None:
    """Count what somebody asked for: best effort, in Redis, never a page fetched ahead or a next page."""
    is_first_look = asked.page == 1 and not (asked.sort or asked.params or asked.exact or is_partial())
    if is_first_look and "Sec-Purpose" not in request.headers:
        found = 0 if matches.is_partial else page.total
        search_tally.count(countable(matches.corrected or asked.q), found, request.remote_addr or "")


@blueprint.get("/search/suggest")
@limiter.limit(lambda: settings.ratelimit_search)
@policy("public")
def suggest() -> ResponseReturnValue:
    typed = request.args.get("q", "")[:200]
    beginning = " ".join(words_in(typed))
    response = make_response(
        render_template("catalog/_suggest.html", suggestions=suggest_for(typed), beginning=beginning)
    )
    response.headers["Cache-Control"] = SUGGESTIONS_KEPT
    return response
