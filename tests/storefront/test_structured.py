"""What search engines are told: the same as the page shows, and nothing that could end the script it stands in."""

from __future__ import annotations

import json
import re

from shop.db import db, operation
from shop.domain.catalog.listings import refresh_listings
from shop.domain.catalog.models import Product, Variant
from shop.domain.catalog.operations import save_category
from shop.domain.terms import RETURN_DAYS
from tests.conftest import add_picture, make_product, variants_of

MARK = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)


@operation
def withdraw(variant_id):
    variant = db.session.get_one(Variant, variant_id)
    variant.is_active = False
    db.session.get_one(Product, variant.product_id).from_price_amount = 0
    db.session.flush()
    refresh_listings([variant.product_id])


def described_on(client, path):
    return {found["@type"]: found for found in map(json.loads, MARK.findall(client.get(path).text))}


def test_a_product_is_told_with_an_offer_for_each_variant(client, app, terms):
    face = save_category("face", "Face care")
    amber = make_product(
        "Amber", slug="amber", price="20.50", stock=3, variants=["S", "L"], category_id=face.id, brand="Aster"
    )
    add_picture(amber, "amber.w960.jpg", "Amber", 960, 1200)
    small, _ = variants_of(amber)

    told = described_on(client, "/products/amber")

    product, base = told["ProductGroup"], "http://localhost"
    assert (product["name"], product["brand"]["name"], product["productGroupID"]) == ("Amber", "Aster", amber.public_id)
    assert product["image"] == [f"{base}/media/amber.w960.jpg"]
    assert product["variesBy"] == ["https://schema.org/size"]
    assert [(variant["name"], variant["size"]) for variant in product["hasVariant"]] == [
        ("Amber, S", "S"),
        ("Amber, L", "L"),
    ]
    offer = product["hasVariant"][0]["offers"]
    assert (offer["price"], offer["priceCurrency"], offer["sku"]) == ("20.50", "USD", small.sku)
    assert offer["url"] == f"{base}/products/amber?variant={small.public_id}"
    assert offer["availability"] == "https://schema.org/InStock"
    assert [step["name"] for step in told["BreadcrumbList"]["itemListElement"]] == ["Home", "Face care", "Amber"]


def test_what_is_sold_out_is_told_so(client, app):
    make_product("Gone", slug="gone", stock=0)
    assert described_on(client, "/products/gone")["Product"]["offers"]["availability"].endswith("/OutOfStock")


def test_what_is_not_offered_any_more_is_told_without_an_offer(client, app):
    withdraw(variants_of(make_product("Gone", slug="gone"))[0].id)
    assert "offers" not in described_on(client, "/products/gone")["Product"]


def test_an_offer_has_all_that_merchant_listings_ask_for(client, app, terms):
    make_product("Amber", slug="amber", price="20.50", compare_at="25.00", variants=["S", "L"])

    first, second = (
        variant["offers"] for variant in described_on(client, "/products/amber")["ProductGroup"]["hasVariant"]
    )

    assert first["priceSpecification"]["price"] == "25.00"
    assert first["priceSpecification"]["priceType"].endswith("/StrikethroughPrice")
    delivery = first["shippingDetails"][0]
    assert delivery["shippingDestination"]["addressCountry"] == terms.home_country
    assert delivery["shippingRate"] == {
        "@type": "MonetaryAmount",
        "value": str(terms.shipping_methods[0].price.to_decimal()),
        "currency": "USD",
    }
    assert delivery["deliveryTime"]["transitTime"]["maxValue"] == terms.shipping_methods[0].max_days
    returns = first["hasMerchantReturnPolicy"]
    assert returns["merchantReturnDays"] == RETURN_DAYS
    assert f"within {RETURN_DAYS} days" in client.get("/pages/returns").text
    assert second["hasMerchantReturnPolicy"] == {"@id": returns["@id"]}  # told once
    assert second["shippingDetails"][0] == {"@id": delivery["@id"]}


def test_a_name_cannot_end_the_script(client, app):
    make_product("</script><script>alert(1)</script>", slug="evil")
    page = client.get("/products/evil").text
    assert "<script>alert" not in page
    assert described_on(client, "/products/evil")["Product"]["name"] == "</script><script>alert(1)</script>"


def test_the_home_page_tells_who_sells_and_how_to_search(client):
    told = described_on(client, "/")
    assert set(told) == {"Organization", "WebSite"}
    assert "{search_term_string}" in told["WebSite"]["potentialAction"]["target"]["urlTemplate"]


def test_a_personal_page_tells_nothing(client):
    assert described_on(client, "/cart") == {}


def test_a_page_to_be_shared_tells_its_address_and_a_personal_one_does_not(client, app):
    make_product("Amber", slug="amber")
    page = client.get("/products/amber?variant=x").text
    assert '<meta property="og:url" content="http://localhost/products/amber">' in page
    assert '<link rel="canonical" href="http://localhost/products/amber">' in page
    assert "og:url" not in client.get("/cart").text
