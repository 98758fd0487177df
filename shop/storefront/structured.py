"""What search engines are told of a page in their own words (schema.org, JSON-LD): what the page shows, as values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from shop.domain.catalog.models import Category, Image, Product, Variant
from shop.domain.catalog.richtext import plain_text
from shop.extensions import settings
from shop.storefront.rendering import absolute_media_url, absolute_url

CONTEXT = "https://schema.org"


def describe_shop() -> list[dict[str, Any]]:
    """Who sells here, and how this site is searched."""
    home = absolute_url("catalog.home")
    results = absolute_url("search.show_results")
    search = {
        "@type": "SearchAction",
        "target": {"@type": "EntryPoint", "urlTemplate": results + "?q={search_term_string}"},
        "query-input": "required name=search_term_string",
    }
    return [
        {"@context": CONTEXT, "@type": "Organization", "name": settings.shop_name, "url": home},
        {
            "@context": CONTEXT,
            "@type": "WebSite",
            "name": settings.shop_name,
            "url": home,
            "potentialAction": search,
        },
    ]


def describe_product(product: Product, offered: Sequence[Variant], pictures: Sequence[Image]) -> dict[str, Any]:
    """A product with an offer for each variant; prices in whole units of the currency, as schema.org has them."""
    address = absolute_url("catalog.product", slug=product.slug)
    described: dict[str, Any] = {"@context": CONTEXT, "@type": "Product", "name": product.name, "url": address}
    if product.description:
        described["description"] = plain_text(product.description)[:5000]
    if product.brand:
        described["brand"] = {"@type": "Brand", "name": product.brand}
    if pictures:
        described["image"] = [absolute_media_url(image.file_name) for image in pictures if image.file_name]
    described["offers"] = [_describe_offer(variant, address) for variant in offered]
    return described


def _describe_offer(variant: Variant, address: str) -> dict[str, Any]:
    return {
        "@type": "Offer",
        "sku": variant.sku,
        "url": f"{address}?variant={variant.public_id}",
        "price": str(variant.price.to_decimal()),
        "priceCurrency": variant.currency,
        "availability": f"{CONTEXT}/{'InStock' if variant.stock.available > 0 else 'OutOfStock'}",
        "itemCondition": f"{CONTEXT}/NewCondition",
    }


def describe_path(path: Sequence[Category], here: str) -> dict[str, Any]:
    """The way from home to this page."""
    steps: list[tuple[str, str | None]] = [("Home", absolute_url("catalog.home"))]
    steps += [(category.name, absolute_url("catalog.category", slug=category.slug)) for category in path]
    steps.append((here, None))
    items = [
        {"@type": "ListItem", "position": place, "name": name} | ({"item": address} if address else {})
        for place, (name, address) in enumerate(steps, 1)
    ]
    return {"@context": CONTEXT, "@type": "BreadcrumbList", "itemListElement": items}
