"""Content pages, pictures, and what crawlers and browsers ask for by themselves."""

from __future__ import annotations

import re

import pytest

from shop.storefront.pages import TITLES
from tests.storefront.pages import body


@pytest.mark.parametrize("slug", TITLES)
def test_every_content_page_is_linked_from_every_page(client, app, slug):
    assert f'href="/pages/{slug}"' in client.get("/").text
    page = client.get(f"/pages/{slug}")
    assert page.status_code == 200 and TITLES[slug] in body(page)


def test_the_shipping_page_is_written_from_the_terms(client, terms):
    text = body(client.get("/pages/shipping"))
    for method in terms.shipping_methods:
        assert method.name in text and method.price.format() in text
    assert "United States, Jordan, Germany, United Kingdom and France" in text


def test_a_stored_picture_is_kept_for_ever_and_nothing_in_it_runs(client, app):
    app.extensions["shop_storage"].save("demo/amber.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>')

    picture = client.get("/media/demo/amber.svg")

    assert picture.status_code == 200 and picture.mimetype == "image/svg+xml"
    assert picture.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "sandbox" in picture.headers["Content-Security-Policy"]
    assert picture.headers["Cross-Origin-Resource-Policy"] == "cross-origin"  # for letters in mail programs on the web
    assert "script-src" not in picture.headers["Content-Security-Policy"]
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in picture.headers
    again = client.get("/media/demo/amber.svg", headers={"If-None-Match": picture.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "name",
    ["nothing.svg", "../secret", "demo/../../secret", "%2e%2e/secret", "/etc/passwd", "DEMO/A.svg", ".env", "demo"],
)
def test_no_other_file_is_given_away(client, app, name):
    app.extensions["shop_storage"].save("demo/amber.svg", b"<svg/>")
    (app.extensions["shop_storage"].folder.parent / "secret").write_text("secret")
    answer = client.get(f"/media/{name}")
    assert answer.status_code in {404, 308} and "secret</" not in answer.text


def test_crawlers_are_kept_out_of_what_is_personal(client, app):
    robots = client.get("/robots.txt")
    assert robots.mimetype == "text/plain"
    for path in ("/account", "/cart", "/checkout", "/orders/", "/search"):
        assert f"Disallow: {path}\n" in robots.text


def test_the_icon_is_found_where_browsers_look(client, app):
    answer = client.get("/favicon.ico")
    assert answer.status_code == 301
    assert client.get(answer.location).status_code == 200


def test_static_files_are_asked_for_by_the_hash_of_their_content(client, app):
    page = client.get("/").text
    files = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
    assert len(files) >= 4
    for file in files:
        assert re.search(r"\?v=[0-9a-f]{12}$", file)
        assert "immutable" in client.get(file).headers["Cache-Control"]


def test_the_weight_of_style_and_script_stays_within_the_budget(app):
    import gzip
    from pathlib import Path

    static = Path(app.static_folder)
    assert len(gzip.compress((static / "css/shop.css").read_bytes())) <= 16 * 1024
    assert len(gzip.compress((static / "js/shop.js").read_bytes())) <= 4 * 1024
