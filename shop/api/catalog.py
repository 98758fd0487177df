"""GET /products, /categories, /collections and the availability of a variant."""

from __future__ import annotations

from flask import Blueprint, Response, request
from pydantic import Field

from shop.api.openapi import PREFIX, endpoint
from shop.api.presenters import (
    link_header,
    present_availability,
    present_category,
    present_collection,
    present_facets,
    present_pagination,
    present_product_detail,
    present_product_row,
)
from shop.api.schemas import Availability, CategoryOut, CollectionOut, Data, ProductDetail, ProductPage, SearchPage
from shop.domain.catalog.filters import ProductFilter
from shop.domain.catalog.queries import (
    Page,
    children_of,
    get_category,
    get_collection,
    get_product,
    list_categories,
    list_collections,
    list_products,
)
from shop.domain.inputs import Line
from shop.domain.inventory.queries import get_variant_with_stock
from shop.domain.related import related_ids
from shop.domain.search.queries import list_found, spellings_of
from shop.extensions import limiter, settings
from shop.policies import policy

bp = Blueprint("api_catalog", __name__, url_prefix=PREFIX)


class ProductSearch(ProductFilter):
    """A listing of what was searched for."""

    q: Line = Field(min_length=1, max_length=200, title="what to search for")


@bp.get("/products")
@policy("api")
@endpoint("List products", query=ProductFilter, answers={200: ProductPage}, errors=(404, 422))
def list_products_json(query: ProductFilter) -> Response:
    found = (
        list_found(query, query.search, with_counts=True)[1] if query.search else list_products(query, with_counts=True)
    )
    return _cacheable(_page(found), found)


@bp.get("/products/search")
@bp.get("/search", endpoint="search_json")
@policy("api")
@limiter.limit(lambda: settings.ratelimit_search)
@endpoint("Search products", query=ProductSearch, answers={200: SearchPage}, errors=(404, 422))
def search_products_json(query: ProductSearch) -> Response:
    matches, found = list_found(query, query.q, with_counts=True)
    page, suggestions = _page(found), spellings_of(matches)
    return _cacheable(
        SearchPage(data=page.data, pagination=page.pagination, facets=page.facets, suggestions=suggestions), found
    )


@bp.get("/products/<product_id>")
@policy("api")
@endpoint("Read a product", answers={200: Data[ProductDetail]}, errors=(404,))
def get_product_json(product_id: str) -> Response:
    product = get_product(product_id)
    return _cached(Data[ProductDetail](data=present_product_detail(product, related_ids(product))))


@bp.get("/categories")
@policy("api")
@endpoint("Read the tree of categories", answers={200: Data[list[CategoryOut]]})
def list_categories_json() -> Response:
    categories = list_categories()
    tree = [present_category(category, categories) for category in children_of(categories, None)]
    return _cached(Data[list[CategoryOut]](data=tree))


@bp.get("/categories/<slug>")
@policy("api")
@endpoint("Read a category", answers={200: Data[CategoryOut]}, errors=(404,))
def get_category_json(slug: str) -> Response:
    categories = list_categories()
    return _cached(Data[CategoryOut](data=present_category(get_category(categories, slug), categories)))


@bp.get("/collections")
@policy("api")
@endpoint("List the collections", answers={200: Data[list[CollectionOut]]})
def list_collections_json() -> Response:
    found = [present_collection(collection) for collection in list_collections()]
    return _cached(Data[list[CollectionOut]](data=found))


@bp.get("/collections/<slug>")
@policy("api")
@endpoint("Read a collection", answers={200: Data[CollectionOut]}, errors=(404,))
def get_collection_json(slug: str) -> Response:
    return _cached(Data[CollectionOut](data=present_collection(get_collection(slug))))


@bp.get("/inventory/<product_id>/variants/<variant_id>")
@policy("api")
@endpoint("Read the availability of a variant", answers={200: Data[Availability]}, errors=(404,))
def get_availability_json(product_id: str, variant_id: str) -> Data[Availability]:
    return Data[Availability](data=present_availability(get_variant_with_stock(product_id, variant_id)))


def _page(found: Page) -> ProductPage:
    return ProductPage(
        data=[present_product_row(product) for product in found.products],
        pagination=present_pagination(found.page, found.limit, found.total),
        facets=present_facets(found),
    )


def _cacheable(page: ProductPage, found: Page) -> Response:
    response = _cached(page)
    response.headers["Link"] = link_header(present_pagination(found.page, found.limit, found.total))
    return response


def _cached(model: Data | ProductPage) -> Response:  # type: ignore[type-arg]
    """Catalogue data carries an ETag of its bytes; If-None-Match answers 304."""
    response = Response(model.model_dump_json(by_alias=True), mimetype="application/json")
    response.headers["Cache-Control"] = "public, max-age=0, must-revalidate"
    response.add_etag()
    return response.make_conditional(request)
