"""Home, categories and products: public pages, the same bytes for everyone."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop.db import transaction_time
from shop.domain.catalog.filters import Narrowing, ProductFilter
from shop.domain.catalog.models import Category, Product
from shop.domain.catalog.queries import (
    children_of,
    find_archived_product,
    get_category,
    get_product,
    list_best_selling,
    list_categories,
    list_collections,
    list_products,
    path_to,
    pictures_of_branches,
)
from shop.domain.inputs import read_query
from shop.domain.related import list_related
from shop.domain.tax import PlaceTax
from shop.domain.terms import MAX_QUANTITY
from shop.errors import Gone, NotFound
from shop.htmx import is_partial, vary_by_htmx
from shop.policies import policy
from shop.storefront.delivery import home_country, home_methods
from shop.storefront.listings import ListingQuery, listing_context, show_listing
from shop.storefront.offers import Choice, card_of, choose, facts_of, offered_variants, pictures_of
from shop.storefront.ratings import read_reviews
from shop.storefront.redirects import moved_permanently
from shop.storefront.rendering import render_page
from shop.storefront.structured import describe_path, describe_product, describe_shop
from shop.storefront.taxes import note_of, read_home_tax

blueprint = Blueprint("catalog", __name__)

ON_HOME = 8
RELATED = 4


@blueprint.get("/")
@policy("public")
def home() -> ResponseReturnValue:
    newest = list_products(ProductFilter(limit=ON_HOME))
    sold = list_best_selling(ON_HOME)
    return render_page(
        "catalog/home.html",
        categories=newest.categories,
        best_selling=[card_of(product) for product in sold],
        collections=list_collections(),
        delivery_methods=home_methods(),
        newest=[card_of(product) for product in newest.products],
        structured=describe_shop(),
        pictures=pictures_of_branches(newest.categories),
    )


@blueprint.get("/categories/<slug>")
@policy("public")
def category(slug: str) -> ResponseReturnValue:
    asked = read_query(ListingQuery, request.args)
    within = Narrowing.model_validate({"category": [slug]})
    page = list_products(asked.to_filter(), within=within, with_counts=not asked.wants_more)
    found = get_category(page.categories, slug)
    if found.slug != slug:
        return moved_permanently("catalog.category", slug=found.slug)
    path = path_to(page.categories, found)
    context = listing_context(asked, page, "catalog.category", {"slug": slug}, has_categories=False) | {
        "category": found,
        "children": children_of(page.categories, found),
        "path": path,
        "structured": [describe_path(path[:-1], found.name)],
    }
    return show_listing("catalog/category.html", context)


@blueprint.get("/collections/<slug>")
@policy("public")
def collection(slug: str) -> ResponseReturnValue:
    asked = read_query(ListingQuery, request.args)
    page = list_products(asked.to_filter("position", collection=slug), with_counts=not asked.wants_more)
    found = page.collection
    assert found is not None
    if found.slug != slug:
        return moved_permanently("catalog.collection", slug=found.slug)
    usual = "newest" if found.rules else "position"  # what goes by rules has no order of its own
    context = listing_context(asked, page, "catalog.collection", {"slug": slug}, usual=usual)
    context |= {"collection": found, "structured": [describe_path([], found.name)]}
    return show_listing("catalog/collection.html", context)


@blueprint.get("/products")
@policy("public")
def products() -> ResponseReturnValue:
    """Everything that is sold; narrowed to a brand or a tag it is that brand's or tag's page."""
    asked = read_query(ListingQuery, request.args)
    page = list_products(asked.to_filter(), with_counts=not asked.wants_more)
    context = listing_context(asked, page, "catalog.products", {})
    return show_listing("catalog/products.html", context | {"structured": [describe_path([], "All products")]})


@blueprint.get("/products/<slug>")
@policy("public")
def product(slug: str) -> ResponseReturnValue:
    found = _get_product_or_gone(slug)
    if found.slug != slug:
        return moved_permanently("catalog.product", slug=found.slug)
    choice, quantity = choose(found, request.args), _asked_quantity()
    if is_partial():
        context = product_context(found, choice, read_home_tax(has_zones=None), quantity=quantity)
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
    tax = read_home_tax(has_zones=categories.has_tax_zones)
    context = product_context(found, choice, tax, quantity=quantity) | refused
    related = [card_of(product) for product in list_related(found, limit=RELATED)]
    reviews = read_reviews(found)
    path = _path_of(categories, found)
    methods = home_methods()
    described = describe_product(found, offered_variants(found), context["pictures"], methods, reviews)
    context |= {
        "facts": facts_of(found),
        "path": path,
        "related": related,
        "reviews": reviews,
        "structured": [described, describe_path(path, found.name)],
        "tax_note": note_of(tax, home_country()),
    }
    return render_page("catalog/product.html", categories=categories, **context)


def product_context(found: Product, choice: Choice, tax: PlaceTax, *, quantity: str = "1") -> dict[str, Any]:
    """What the page and its buy box show. Delivery and tax are told for the country assumed until one is known."""
    now, weight = transaction_time(), choice.variant.weight_grams if choice.variant else 0
    methods = [method for method in home_methods() if method.takes(weight)][:2]
    return {
        "choice": choice,
        "delivery": [(method, method.arrives(now, home_country())[1]) for method in methods],
        "delivery_country": home_country(),
        "own_tax_note": note_of(tax, home_country(), found.category_id),
        "pictures": pictures_of(found, choice.variant),
        "product": found,
        "quantity": quantity,
        "refusal": "",
    }


def _path_of(categories: tuple[Category, ...], found: Product) -> list[Category]:
    own = next((row for row in categories if row.id == found.category_id), None)
    return path_to(categories, own) if own else []
