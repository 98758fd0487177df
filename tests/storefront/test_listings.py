"""Lists of products as their address says them: filters, chips, one address for each state; nothing breaks them."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import quote_plus, urlsplit

import pytest

from shop.domain.actors import SYSTEM
from shop.domain.catalog.collections import SaveCollection, save_collection, set_collection_products
from tests.conftest import make_product
from tests.storefront.pages import HTMX, body

SIZES = ["30 ml", "50 ml"]


def names_on(response):
    return re.findall(r'class="card-name"><a [^>]*>([^<]*)<', response.text)


def chips_on(response):
    chips = re.findall(r'class="chip is-on" href="([^"]*)".*?Without </span>([^<]*)<', response.text)
    return {unescape(label): unescape(address) for address, label in chips}


@pytest.fixture
def shelf(app, category):
    make_product("Balm", brand="Aster", price="10.00", variants=SIZES, category_id=category.id)
    make_product("Cream", brand="Birch", price="20.00", variants=["50 ml"], category_id=category.id, compare_at="25")
    make_product("Oil", brand="Birch & Co", price="30.00", category_id=category.id, stock=0)


def test_filters_narrow_the_list_and_are_seen_above_it(client, shelf):
    page = client.get("/categories/face?attr.size=50+ml&max=15&sort=name")
    assert names_on(page) == ["Balm"]
    assert chips_on(page) == {
        "Size: 50 ml": "/categories/face?max=15.00&sort=name",
        "Up to $15.00": "/categories/face?attr.size=50+ml&sort=name",
    }
    assert 'href="/categories/face?sort=name"' in page.text  # clear all
    assert re.search(r'value="50 ml" id="f-[0-9a-f]{8}" checked', page.text)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("brand=Birch+%26+Co", ["Oil"]),
        ("brand=Aster&brand=Birch", ["Balm", "Cream"]),
        ("stock=1", ["Balm", "Cream"]),
        ("sale=1", ["Cream"]),
        ("min=15&max=25", ["Cream"]),
        ("min=25&max=15", ["Cream"]),
        ("min=19,50", ["Cream", "Oil"]),
        ("min=cheap&max=-3", ["Balm", "Cream", "Oil"]),
        ("min=1,000", ["Balm", "Cream", "Oil"]),
        ("min=0", ["Balm", "Cream", "Oil"]),
        ("min=0&max=0", []),
        ("min=99999999999999&max=", ["Balm", "Cream", "Oil"]),
        ("category=face", ["Balm", "Cream", "Oil"]),
    ],
)
def test_each_filter_finds_what_it_says(client, shelf, query, names):
    assert names_on(client.get(f"/products?sort=name&{query}")) == names


def test_a_state_has_one_address_whatever_was_clicked_first(client, shelf):
    answers = [
        client.get(f"/categories/face?{query}", headers=HTMX)
        for query in (
            "brand=Birch&attr.size=50+ml&brand=Aster&stock=1&min=&max=30&sort=newest",
            "sort=&stock=1&max=30.0&brand=Aster&brand=Birch&attr.size=50+ml&nonsense=1",
        )
    ]
    wanted = "/categories/face?attr.size=50+ml&brand=Aster&brand=Birch&max=30.00&stock=1"
    assert {answer.headers["HX-Push-Url"] for answer in answers} == {wanted}
    assert answers[0].data == answers[1].data
    assert names_on(client.get(wanted)) == names_on(answers[0])


def test_a_narrowed_list_is_not_for_search_engines_and_the_plain_one_is(client, shelf):
    plain, narrowed = client.get("/categories/face?sort=name"), client.get("/categories/face?brand=Aster&page=1")
    canonical = '<link rel="canonical" href="http://localhost/categories/face">'
    assert canonical in plain.text and "noindex" not in plain.text
    assert canonical in narrowed.text and '<meta name="robots" content="noindex, follow">' in narrowed.text


def test_where_nothing_is_left_it_says_what_to_leave_out(client, shelf):
    page = client.get("/categories/face?brand=Aster&min=15")
    assert page.status_code == 200 and "Nothing has all of that" in page.text
    assert "Without From $15.00 1 product" in body(page) and "Without Aster 2 products" in body(page)
    for address in re.findall(r'<a class="chip" href="([^"]+)"', page.text):
        assert names_on(client.get(unescape(address)))


@pytest.mark.parametrize("path", ["/products", "/categories/face", "/search?q=a", "/api/v1/products"])
@pytest.mark.parametrize(
    "query",
    [
        "attr.nothing=here",
        "attr.=x&attr.%00=x&attr.size=%00",
        "attr.size=" + "x" * 300,
        "attr.size=" + quote_plus("' OR 1=1 --"),
        "attr.%F0%9F%8D%8B=%F0%9F%8D%8B",
        "&".join(f"attr.a{number}={number}" for number in range(200)),
        "&".join(f"brand={number}" for number in range(500)),
        "brand=%FF%FE&tag=%ED%A0%80",
        "min=1e9&max=99999999999999999999",
        "min=%D9%A3&max=NaN",
        "stock=1&stock=0",
        "attr.size[]=1&attr.size.x=2",
    ],
)
@pytest.mark.both_databases
def test_nothing_that_is_asked_breaks_a_list(client, shelf, path, query):
    answer = client.get(f"{path}{'&' if '?' in path else '?'}{query}")
    assert answer.status_code in (200, 400, 422), answer.text[:200]


@pytest.mark.parametrize("typed", ["1,000", "cheap"])
def test_a_price_that_cannot_be_read_is_told_and_stays_typed(client, shelf, typed):
    page = client.get("/products", query_string={"min": typed, "max": "9,90"})
    field = re.search(r'<input id="f-min"[^>]*>', page.text)[0]
    assert f'value="{typed}"' in field and 'aria-invalid="true"' in field
    assert "Write a price as 1000 or 19.50." in page.text
    assert 'value="9.90"' in re.search(r'<input id="f-max"[^>]*>', page.text)[0]


def test_a_filter_that_is_unknown_is_a_chip_that_matches_nothing(client, shelf):
    page = client.get("/products?attr.colour=blue&brand=Nobody")
    assert names_on(page) == []
    assert chips_on(page) == {"Colour: Blue": "/products?brand=Nobody", "Nobody": "/products?attr.colour=blue"}


def test_long_facets_show_eight_values_and_the_rest_behind_a_line(client, category):
    for number in range(12):
        for copy in "ab":
            make_product(f"{copy} {number}", tags=[f"tag {number:02}"], category_id=category.id)
    text = client.get("/categories/face").text
    before, after = text.split("Show 4 more", 1)
    assert before.count('name="tag"') == 8 and after.count('name="tag"') == 4


def test_pages_and_more_keep_the_filters(client, category):
    for number in range(60):
        make_product(f"Thing {number:02}", brand="Aster", category_id=category.id)
    make_product("Other", category_id=category.id)
    page = client.get("/categories/face?brand=Aster&sort=name")
    assert "60 products" in body(page)
    assert 'rel="next" href="/categories/face?page=2&amp;brand=Aster&amp;sort=name"' in page.text
    more = client.get("/categories/face?brand=Aster&sort=name&shown=48&view=more", headers=HTMX)
    assert names_on(more)[0] == "Thing 24" and len(names_on(more)) == 24
    assert urlsplit(more.headers["HX-Replace-Url"]).query == "shown=48&brand=Aster&sort=name"


def test_a_card_shows_what_there_is_to_choose_and_how_it_is_rated(client, category):
    make_product("Soap", variants=["A", "B", "C", "D", "E", "F", "G"], category_id=category.id)
    text = body(client.get("/categories/face"))
    assert "A · B · C · D · E +2 more" in text
    assert "Rated" not in text


def test_a_collection_has_a_page_with_its_own_order(client, app):
    wanted = {"slug": "gifts", "name": "Gifts", "description": "To give."}
    save_collection(SaveCollection.model_validate(wanted), SYSTEM)
    soap, balm = make_product("Soap"), make_product("Balm")
    make_product("Other")
    set_collection_products("gifts", [soap.public_id, balm.public_id], SYSTEM)

    page = client.get("/collections/gifts")

    assert names_on(page) == ["Soap", "Balm"] and "To give." in page.text
    assert '<option value="position" selected>Our order</option>' in page.text
    assert names_on(client.get("/collections/gifts?sort=name")) == ["Balm", "Soap"]
    assert 'href="/collections/gifts"' in client.get("/").text
    assert "/collections/gifts</loc>" in client.get("/sitemaps/pages.xml").text
    assert client.get("/collections/nothing").status_code == 404


def test_a_product_leads_to_others_of_its_brand(client, shelf):
    listed = client.get("/products?brand=Birch+%26+Co").text
    page = client.get(re.search(r'href="(/products/[^"]+)"', listed)[1])
    assert 'href="/products?brand=Birch+%26+Co"' in page.text
