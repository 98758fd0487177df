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
    assert "the United States, Jordan, Germany, the United Kingdom and France" in text


def test_a_shop_without_cards_speaks_of_cash_alone(client):
    for slug in ("terms", "shipping", "privacy", "returns"):
        assert not re.search(r"\bcards?\b", body(client.get(f"/pages/{slug}")).lower()), slug
    assert "“Place order” you order what is listed there and owe its total at the door." in body(
        client.get("/pages/terms")
    )


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
    ("name", "mimetype"),
    [("a.w80.avif", "image/avif"), ("a.w80.jpg", "image/jpeg"), ("a.png", "image/png"), ("a.webp", "image/webp")],
)
def test_a_picture_says_what_it_is_whatever_the_machine_knows(client, app, name, mimetype):
    app.extensions["shop_storage"].save(f"demo/{name}", b"bytes")

    picture = client.get(f"/media/demo/{name}")

    assert picture.mimetype == mimetype
    assert "immutable" in picture.headers["Cache-Control"]


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


def test_the_weight_of_style_and_script_stays_within_the_budget(client, app):
    import gzip
    from pathlib import Path

    static = Path(app.static_folder)
    assert len(gzip.compress((static / "css/shop.css").read_bytes())) <= 16 * 1024
    names = [script.name for script in static.glob("js/*.js")]
    weights = {name: len(gzip.compress(client.get(f"/static/js/{name}").data, 6)) for name in names}
    assert weights.pop("service-worker.js") <= 2 * 1024  # no page waits for it
    assert weights.pop("product.js") <= 1600  # only there
    assert weights.pop("listing.js") <= 920  # where there is a list
    assert weights.pop("checkout.js") + weights.pop("forms.js") <= 1024  # where forms are
    assert weights.pop("card.js") <= 1800  # where a card is taken
    assert weights.pop("cart.js") <= 1150  # there, and once the cart is opened beside another page
    assert weights["shop.js"] + weights["offline.js"] <= 2640  # with HTMX the 16 KB of a page of words


def test_our_scripts_are_sent_without_their_comments_and_are_kept_by_their_content(client, app):
    from pathlib import Path

    written = (Path(app.static_folder) / "js/shop.js").read_text()
    sent = client.get("/static/js/shop.js?v=1")
    assert "// The storefront" in written
    assert "// The storefront" not in sent.text
    assert len(sent.data) < len(written)
    assert "immutable" in sent.headers["Cache-Control"]
    assert sent.mimetype == "text/javascript"
    again = client.get("/static/js/shop.js?v=1", headers={"If-None-Match": sent.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert client.get("/static/js/none.js").status_code == 404
    assert client.get("/static/js/../../wsgi.py").status_code == 404


def test_compressed_copies_hold_what_the_shop_itself_sends(client, app, tmp_path):
    import gzip
    import shutil

    from shop.assets import compress

    folder = tmp_path / "static"
    shutil.copytree(app.static_folder, folder)
    written = {copy.relative_to(folder).as_posix() for copy in compress(folder)}
    assert {"js/shop.js.gz", "css/shop.css.gz", "vendor/htmx-4.0.1.min.js.gz"} <= written
    assert not any(name.endswith((".woff2.gz", ".png.gz")) for name in written)
    for name in written:
        assert gzip.decompress((folder / name).read_bytes()) == client.get(f"/static/{name.removesuffix('.gz')}").data


def test_the_style_names_its_font_as_the_page_does_so_that_it_is_fetched_once(client, app):
    from pathlib import Path

    styles = (Path(app.static_folder) / "css/shop.css").read_text()
    fonts = re.findall(r'url\("\.\./(fonts/[^"]+)"\)', styles)
    page = client.get("/").text
    assert fonts
    assert all(f'<link rel="preload" href="/static/{font}" as="font"' in page for font in fonts)


@pytest.mark.parametrize("folder", ["static/vendor", "tests/browser/vendor"])
def test_what_others_wrote_is_as_they_published_it_and_bears_its_licence(folder):
    import hashlib

    from shop import ROOT

    versions = (ROOT / folder / "VERSIONS").read_text()
    scripts = list((ROOT / folder).glob("*.js"))
    assert scripts
    for script in scripts:
        assert f"{hashlib.sha256(script.read_bytes()).hexdigest()}  {script.name}\n" in versions
        assert (ROOT / folder / f"{script.name.partition('-')[0]}-LICENSE").exists()


SPELLINGS = ["js/../../wsgi.js", "js/../js/shop.js", "js//shop.js", "js/./shop.js", "../js/shop.js"]


@pytest.mark.parametrize("path", SPELLINGS)
def test_a_script_has_one_address_and_nothing_beside_it_is_served(client, app, path):
    from shop.assets import _without_comments

    before = _without_comments.cache_info().currsize
    answer = client.get(f"/static/{path}")
    assert answer.status_code in {200, 404}
    assert "import" not in answer.text[:200]
    assert _without_comments.cache_info().currsize == before
