"""Which pages there are, for search engines: an index, and files of at most 10,000 addresses (sitemaps.org)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flask import Blueprint, Response, make_response, render_template
from flask.typing import ResponseReturnValue

from shop.domain.catalog.queries import (
    count_active_products,
    list_categories,
    list_collections,
    list_product_addresses,
)
from shop.errors import NotFound
from shop.policies import policy
from shop.storefront.pages import TITLES
from shop.storefront.rendering import absolute_url

blueprint = Blueprint("sitemap", __name__)

PER_FILE = 10_000  # sitemaps.org allows 50,000; smaller ones are made sooner
MOST_FILES = 50_000


@blueprint.get("/sitemap.xml")
@policy("public")
def show_index() -> ResponseReturnValue:
    """The index: a file for the fixed pages and categories, and as many as the products need."""
    files = [absolute_url("sitemap.show_pages")]
    count = -(-count_active_products() // PER_FILE)
    files += [absolute_url("sitemap.show_products", number=number) for number in range(1, count + 1)]
    return _answer(render_template("sitemap/index.xml", files=files))


@blueprint.get("/sitemaps/pages.xml")
@policy("public")
def show_pages() -> ResponseReturnValue:
    addresses: list[tuple[str, datetime | None]] = [(absolute_url("catalog.home"), None)]
    addresses += [(absolute_url("catalog.category", slug=category.slug), None) for category in list_categories()]
    addresses += [
        (absolute_url("catalog.collection", slug=collection.slug), collection.updated_at)
        for collection in list_collections()
    ]
    addresses.append((absolute_url("catalog.products"), None))
    addresses += [(absolute_url("pages.show_page", slug=slug), None) for slug in TITLES]
    return _answer_addresses(addresses)


@blueprint.get("/sitemaps/products-<int:number>.xml")
@policy("public")
def show_products(number: int) -> ResponseReturnValue:
    rows = list_product_addresses((number - 1) * PER_FILE, PER_FILE) if 0 < number <= MOST_FILES else []
    if not rows:
        raise NotFound("There is no such list of products.")
    return _answer_addresses((absolute_url("catalog.product", slug=slug), changed) for slug, changed in rows)


def _answer_addresses(addresses: Iterable[tuple[str, datetime | None]]) -> Response:
    return _answer(render_template("sitemap/addresses.xml", addresses=list(addresses)))


def _answer(xml: str) -> Response:
    response = make_response(xml)
    response.mimetype = "application/xml"
    return response
