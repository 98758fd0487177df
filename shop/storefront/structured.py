"""What search engines are told of a page in their own words (schema.org, JSON-LD): what the page shows, as values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from shop.domain.catalog.models import Category, Image, Product, Variant
from shop.domain.catalog.richtext import plain_text
from shop.domain.reviews.models import Review
from shop.domain.shipping import ShippingMethod
from shop.domain.terms import RETURN_DAYS
from shop.extensions import settings
from shop.money import Money
from shop.storefront.delivery import delivery_countries, home_country
from shop.storefront.ratings import ShownReviews
from shop.storefront.rendering import absolute_media_url, absolute_url

CONTEXT = "https://schema.org"
AXES = {"size": "size", "colour": "color", "color": "color", "material": "material", "pattern": "pattern"}
MOST_COUNTRIES = 50  # that a return policy may name


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


def describe_product(
    product: Product,
    offered: Sequence[Variant],
    pictures: Sequence[Image],
    methods: Sequence[ShippingMethod],
    reviews: ShownReviews,
) -> dict[str, Any]:
    """A product with its offer, or a group of them with one for each variant, as merchant listings ask for them.

    `methods` are the ways to send to the shop's home country. Prices are in whole units, as schema.org has them.
    """
    address = absolute_url("catalog.product", slug=product.slug)
    described: dict[str, Any] = {"@context": CONTEXT, "@type": "Product", "name": product.name, "url": address}
    if product.description:
        described["description"] = plain_text(product.description)[:5000]
    if product.brand:
        described["brand"] = {"@type": "Brand", "name": product.brand}
    if images := _addresses_of(pictures):
        described["image"] = images
    described |= _describe_reviews(reviews)
    offers = _Offers(address, methods)
    if len(offered) < 2:
        only = [{"sku": variant.sku, "offers": offers.describe(variant)} for variant in offered]
        return described | (only[0] if only else {})
    described |= {"@type": "ProductGroup", "productGroupID": product.public_id}
    if axes := [AXES[name] for option in product.option_names if (name := option.casefold()) in AXES]:
        described["variesBy"] = [f"{CONTEXT}/{axis}" for axis in axes]
    described["hasVariant"] = [_describe_variant(product, variant, pictures, offers) for variant in offered]
    return described


def _describe_variant(product: Product, variant: Variant, pictures: Sequence[Image], offers: _Offers) -> dict[str, Any]:
    own = [image for image in pictures if image.variant_id == variant.id]
    described: dict[str, Any] = {"@type": "Product", "name": f"{product.name}, {variant.name}", "sku": variant.sku}
    if images := _addresses_of(own or pictures[:1]):
        described["image"] = images
    for option, value in zip(product.option_names, variant.option_values, strict=False):
        if axis := AXES.get(option.casefold()):
            described[axis] = value
    return described | {"offers": offers.describe(variant)}


def _describe_reviews(reviews: ShownReviews) -> dict[str, Any]:
    """Nothing where nobody has reviewed it yet."""
    if reviews.tally.average is None:
        return {}
    rating = {
        "@type": "AggregateRating",
        "ratingValue": round(reviews.tally.average, 2),
        "reviewCount": reviews.tally.count,
    }
    return {"aggregateRating": rating, "review": [_describe_review(review) for review in reviews.reviews]}


def _describe_review(review: Review) -> dict[str, Any]:
    named = {"name": review.title} if review.title else {}
    return {
        "@type": "Review",
        **named,
        "reviewBody": review.body,
        "reviewRating": {"@type": "Rating", "ratingValue": review.rating},
        "author": {"@type": "Person", "name": review.author_name or "A buyer"},
        "datePublished": review.created_at.date().isoformat(),
    }


def _addresses_of(pictures: Sequence[Image]) -> list[str]:
    return [absolute_media_url(image.file_name) for image in pictures if image.file_name]


class _Offers:
    """The offers of one page. What several have in common is told once and named after that."""

    def __init__(self, address: str, methods: Sequence[ShippingMethod]) -> None:
        self._address = address
        self._methods = methods
        self._told: set[str] = set()

    def describe(self, variant: Variant) -> dict[str, Any]:
        described = {
            "@type": "Offer",
            "sku": variant.sku,
            "url": f"{self._address}?variant={variant.public_id}",
            "price": str(variant.price.to_decimal()),
            "priceCurrency": variant.currency,
            "availability": f"{CONTEXT}/{'InStock' if variant.stock.available > 0 else 'OutOfStock'}",
            "itemCondition": f"{CONTEXT}/NewCondition",
        }
        if variant.compare_at:
            described["priceSpecification"] = {
                "@type": "UnitPriceSpecification",
                "priceType": f"{CONTEXT}/StrikethroughPrice",
                **_amount(variant.compare_at, "price", "priceCurrency"),
            }
        if variant.requires_shipping and self._methods:
            rates = [
                (method, method.price_for(variant.price, variant.weight_grams))
                for method in self._methods
                if method.takes(variant.weight_grams)
            ]
            described["shippingDetails"] = [self._describe_delivery(method, rate) for method, rate in rates]
        described["hasMerchantReturnPolicy"] = self._once("returns", _describe_returns)
        return described

    def _describe_delivery(self, method: ShippingMethod, rate: Money) -> dict[str, Any]:
        def describe() -> dict[str, Any]:
            days = {"@type": "QuantitativeValue", "minValue": method.min_days, "maxValue": method.max_days}
            return {
                "@type": "OfferShippingDetails",
                "shippingRate": {"@type": "MonetaryAmount", **_amount(rate, "value", "currency")},
                "shippingDestination": {"@type": "DefinedRegion", "addressCountry": home_country()},
                "deliveryTime": {"@type": "ShippingDeliveryTime", "transitTime": {**days, "unitCode": "DAY"}},
            }

        return self._once(f"{method.id}-{rate.amount}", describe)

    def _once(self, name: str, describe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        named = {"@id": f"{self._address}#{name}"}
        if name in self._told:
            return named
        self._told.add(name)
        return named | describe()


def _amount(money: Money, value: str, currency: str) -> dict[str, str]:
    return {value: str(money.to_decimal()), currency: money.currency}


def _describe_returns() -> dict[str, Any]:
    """What the page about returns says."""
    return {
        "@type": "MerchantReturnPolicy",
        "applicableCountry": delivery_countries()[:MOST_COUNTRIES],
        "returnPolicyCategory": f"{CONTEXT}/MerchantReturnFiniteReturnWindow",
        "merchantReturnDays": RETURN_DAYS,
        "returnMethod": f"{CONTEXT}/ReturnByMail",
        "returnFees": f"{CONTEXT}/ReturnFeesCustomerResponsibility",
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
