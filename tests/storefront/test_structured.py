"""What search engines are told: the same as the page shows, and nothing that could end the script it stands in."""

from __future__ import annotations

import json
import re

from shop.domain.catalog.operations import save_category
from tests.conftest import add_picture, make_product, variants_of

MARK = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)


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

    product, base = told["Product"], "http://localhost"
    assert (product["name"], product["brand"]["name"]) == ("Amber", "Aster")
    assert product["image"] == [f"{base}/media/amber.w960.jpg"]
    offer = product["offers"][0]
    assert len(product["offers"]) == 2
    assert (offer["price"], offer["priceCurrency"], offer["sku"]) == ("20.50", "USD", small.sku)
    assert offer["url"] == f"{base}/products/amber?variant={small.public_id}"
    assert offer["availability"] == "https://schema.org/InStock"
    assert [step["name"] for step in told["BreadcrumbList"]["itemListElement"]] == ["Home", "Face care", "Amber"]


def test_what_is_sold_out_is_told_so(client, app):
    make_product("Gone", slug="gone", stock=0)
    assert described_on(client, "/products/gone")["Product"]["offers"][0]["availability"].endswith("/OutOfStock")


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
