"""Public pages are the same bytes for everyone, may be kept by anyone, and know nobody (reliability.md D43)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask, url_for

from shop.domain.actors import SYSTEM
from shop.domain.catalog.collections import SaveCollection, save_collection
from shop.domain.customers.operations import create_user
from shop.policies import policy_of
from shop.storefront.pages import TITLES
from tests.conftest import make_product, make_staff, variants_of
from tests.storefront.pages import HTMX, put_in_cart, sign_in

PATHS = [
    "/",
    "/categories/face",
    "/categories/face?sort=price_asc",
    "/categories/face?attr.size=30+ml&stock=1",
    "/collections/small",
    "/products",
    "/products?brand=Aster",
    "/products/amber",
    "/products/amber/reviews",
    "/products/amber/reviews?stars=4",
    "/search",
    "/search?q=amber",
    "/pages/accessibility",
    "/pages/contact",
    "/pages/privacy",
    "/pages/returns",
    "/pages/shipping",
    "/pages/terms",
    "/pages/track-order",
    "/offline",
    "/order-links",
]
# What fills the parameters of a public route, and its query; a route with parameters must be named here.
FILLED: dict[str, list[dict[str, str]]] = {
    "catalog.category": [{"slug": "face"}, {"slug": "face", "sort": "price_asc", "page": "1"}, {"slug": "nothing"}],
    "catalog.collection": [{"slug": "small"}, {"slug": "small", "attr.size": "30 ml"}, {"slug": "nothing"}],
    "catalog.products": [{}, {"brand": "Aster", "sort": "name"}, {"max": "0.01"}],
    "catalog.product": [{"slug": "amber"}, {"slug": "nothing"}],
    "viewed.show_recent": [{}, {"ids": "prod_x,prod_0123456789abcdef0123456789abcdef"}],
    "reviews.list_reviews": [{"slug": "amber"}, {"slug": "amber", "stars": "4"}, {"slug": "nothing"}],
    "search.show_results": [{}, {"q": "amber"}, {"q": "ambr"}, {"q": "zzz"}, {"q": "ambr", "exact": "1"}],
    "search.suggest": [{}, {"q": "am"}],
    "pages.media": [{"name": "demo/amber.svg"}],
    "sitemap.show_products": [{"number": "1"}, {"number": "99"}],
    "pages.show_page": [{"slug": slug} for slug in TITLES],
}
FACES = {
    "catalog",
    "search",
    "reviews",
    "wishlists",
    "viewed",
    "cart",
    "checkout",
    "orders",
    "account",
    "pages",
    "browsers",
    "sitemap",
}
VISITOR, OWNER = "zenobia.quill@example.net", "the-owner@example.net"
PERSONAL = ("Zenobia", "Quill", "quill", "the-owner", "cart_", "csrf", "order_")


def public_addresses(app: Flask) -> Iterator[str]:
    """An address, or some, of every route that anybody may keep."""
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if policy_of(app, rule.endpoint).kind == "public":
                assert not rule.arguments or rule.endpoint in FILLED, f"say how to fill {rule.rule}"
                for values in FILLED.get(rule.endpoint, [{}]):
                    yield url_for(rule.endpoint, **values)


@pytest.fixture
def product(app, category):
    wanted = SaveCollection.model_validate({"slug": "small", "name": "Small", "rules": {"attr": {"size": ["30 ml"]}}})
    save_collection(wanted, SYSTEM)
    return make_product("Amber", slug="amber", category_id=category.id, variants=["30 ml", "50 ml"], brand="Aster")


@pytest.fixture
def visitor(app, client, product):
    """A browser with a session, a cart and an account."""
    create_user(email=VISITOR, password="correct horse battery", first_name="Zenobia", last_name="Quill")
    put_in_cart(client, variants_of(product)[0], 3)
    assert sign_in(client, VISITOR).status_code == 303
    assert client.get("/account").status_code == 200
    return client


@pytest.fixture
def owner(app, product):
    """A member of staff at work, with a cart of their own."""
    make_staff(email=OWNER)
    client = app.test_client()
    assert sign_in(client, OWNER).status_code == 303
    put_in_cart(client, variants_of(product)[1])
    return client


def test_every_public_answer_is_the_same_for_a_guest_a_customer_and_staff(app, product, visitor, owner):
    app.extensions["shop_storage"].save("demo/amber.svg", b"<svg/>")
    for address in public_addresses(app):
        for headers in ({}, HTMX):
            answers = [client.get(address, headers=headers) for client in (app.test_client(), visitor, owner)]
            told = [{k: v for k, v in answer.headers if k not in {"Date", "X-Request-ID"}} for answer in answers]

            assert {answer.status_code for answer in answers} <= {200, 301, 404}, address
            assert answers[0].data == answers[1].data == answers[2].data, address
            assert told[0] == told[1] == told[2], address
            assert "Set-Cookie" not in told[0], address
            assert not [word for word in PERSONAL if word in answers[0].get_data(as_text=True)], address


def test_a_page_that_is_fetched_ahead_is_the_page_and_leaves_no_trace(app, product, visitor, statements):
    for address in public_addresses(app):
        plain = visitor.get(address)
        with statements() as sent:
            ahead = visitor.get(address, headers={"Sec-Purpose": "prefetch", "Sec-Fetch-Dest": "document"})
        assert ahead.data == plain.data, address
        assert "Set-Cookie" not in ahead.headers, address
        assert [statement for statement in sent if not statement.lstrip("( ").startswith("SELECT")] == [], address


@pytest.mark.parametrize("path", PATHS)
def test_a_public_page_sets_no_cookie_and_may_be_kept(visitor, path):
    for headers in ({}, HTMX):
        answer = visitor.get(path, headers=headers)
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"].startswith("public, max-age=0, s-maxage=")
        assert "Cookie" not in answer.headers.get("Vary", "")
        assert "X-Request-ID" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
def test_a_public_page_that_did_not_change_is_not_sent_again(visitor, path):
    first = visitor.get(path)
    again = visitor.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and again.data == b""
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]


@pytest.mark.parametrize("path", PATHS)
def test_the_head_of_a_public_page_is_told_without_its_bytes(visitor, path):
    page, head = visitor.get(path), visitor.head(path)
    assert head.status_code == 200 and head.data == b""
    for name in ("ETag", "Content-Length", "Content-Type", "Cache-Control"):
        assert head.headers[name] == page.headers[name]
    again = visitor.head(path, headers={"If-None-Match": head.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["/categories/face", "/collections/small", "/products", "/products/amber", "/search?q=amber"]
)
def test_a_page_that_has_a_piece_is_kept_apart_from_it(client, product, path):
    page, piece = client.get(path), client.get(path, headers=HTMX)
    assert page.headers["Vary"] == piece.headers["Vary"] == "HX-Request, HX-Request-Type"
    assert "<html" in page.text and "<html" not in piece.text
    assert page.headers["ETag"] != piece.headers["ETag"]


@pytest.mark.parametrize("path", PATHS)
def test_every_page_has_its_head_in_order(client, product, path):
    text = client.get(path).text

    assert text.count("<h1") == 1
    assert 3 <= len(re.search(r"<title>(.*?)</title>", text)[1]) <= 60
    assert re.search(r'<meta name="description" content="[^"]{10,160}">', text)
    assert 'lang="en"' in text
    assert 'rel="canonical" href="http://localhost/' in text or 'name="robots" content="noindex' in text
    assert text.index('class="skip"') < text.index("<header")


@pytest.mark.parametrize("path", [*PATHS, "/cart", "/sign-in", "/nothing"])
def test_nothing_on_a_page_needs_more_than_the_policy_allows(client, product, path):
    text = client.get(path).text
    assert not re.search(r"\son[a-z]+\s*=", text)
    assert "hx-on" not in text and "js:" not in text and "style=" not in text and "<style" not in text
    scripts = re.findall(r"<script[^>]*>", text)
    assert all('src="/' in tag or tag == '<script type="application/ld+json">' for tag in scripts)


def test_ids_are_unique_on_a_page(client, product):
    put_in_cart(client, variants_of(product)[0])
    for path in (*PATHS, "/cart", "/checkout", "/sign-in", "/nothing"):
        ids = re.findall(r'\sid="([^"]*)"', client.get(path).text)
        assert sorted(ids) == sorted(set(ids)), path


def test_the_policies_of_the_storefront_are_these(app):
    public = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint.split(".")[0] in FACES and policy_of(app, rule.endpoint).kind == "public"
    }
    assert public == {
        *("catalog.home", "catalog.category", "catalog.collection", "catalog.product", "catalog.products"),
        *("search.show_results", "search.suggest"),
        *("pages.show_page", "pages.media", "pages.robots", "pages.favicon"),
        *("browsers.manifest", "browsers.service_worker", "browsers.show_offline", "browsers.speculation_rules"),
        "orders.show_link_sent",
        *("reviews.list_reviews", "viewed.show_recent"),
        *("sitemap.show_index", "sitemap.show_pages", "sitemap.show_products"),
    }


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("/", 13),
        ("/categories/face", 6),
        ("/categories/face?attr.size=S&attr.size=M&brand=Aster&max=99&stock=1&sort=price_asc&page=1", 6),
        ("/categories/face?brand=nobody", 5),
        ("/collections/small", 7),
        ("/products", 6),
        ("/search?q=a", 12),
        ("/products/amber", 11),
    ],
)
def test_a_page_reads_a_few_times_however_many_products_there_are(client, product, category, statements, path, most):
    counts = []
    for _ in range(2):
        for _ in range(6):
            make_product("Another a", category_id=category.id, variants=["S", "M", "L"])
        with statements() as sent:
            assert client.get(path).status_code == 200
        counts.append(len(sent))
    assert counts[0] == counts[1] <= most
