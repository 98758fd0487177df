"""The sitemap: every public page, nothing else, and each address answers."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from shop.domain.catalog.operations import save_category
from shop.storefront import sitemap
from shop.storefront.pages import TITLES
from tests.conftest import make_product

BASE = "http://localhost"


@pytest.fixture
def shelf(app):
    face = save_category("face", "Face care")
    for number in range(5):
        make_product(f"Product {number}", slug=f"shown-{number}", category_id=face.id)
    make_product("Draft", slug="draft", status="draft")
    make_product("Gone", slug="gone", status="archived")


def addresses_in(answer):
    assert answer.mimetype == "application/xml"
    parsed = ElementTree.fromstring(answer.data)  # noqa: S314 (our own)
    return [found.text for found in parsed.iter() if found.tag.endswith("}loc")]


def all_addresses(client):
    files = addresses_in(client.get("/sitemap.xml"))
    return [address for file in files for address in addresses_in(client.get(file.removeprefix(BASE)))]


def test_robots_lead_to_it(client):
    assert f"Sitemap: {BASE}/sitemap.xml" in client.get("/robots.txt").text


def test_it_names_every_public_page_once_and_each_answers(client, shelf):
    found = all_addresses(client)
    assert len(found) == len(set(found))
    assert set(found) == {
        f"{BASE}/",
        f"{BASE}/categories/face",
        f"{BASE}/products",
        *(f"{BASE}/products/shown-{number}" for number in range(5)),
        *(f"{BASE}/pages/{slug}" for slug in TITLES),
    }
    assert {client.get(address.removeprefix(BASE)).status_code for address in found} == {200}


def test_many_products_are_told_in_several_files(client, shelf, monkeypatch):
    monkeypatch.setattr(sitemap, "PER_FILE", 2)
    files = addresses_in(client.get("/sitemap.xml"))
    assert [len(addresses_in(client.get(file.removeprefix(BASE)))) for file in files[1:]] == [2, 2, 1]
    assert client.get("/sitemaps/products-4.xml").status_code == 404


@pytest.mark.parametrize("number", ["0", "99", "x", "-1", "9" * 30])
def test_a_file_that_is_not_named_is_not_there(client, shelf, number):
    assert client.get(f"/sitemaps/products-{number}.xml").status_code == 404


def test_changes_are_told_in_utc(client, shelf):
    assert re.search(r"<lastmod>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ</lastmod>", client.get("/sitemaps/products-1.xml").text)


def test_a_shop_without_products_has_one_file(client):
    assert addresses_in(client.get("/sitemap.xml")) == [f"{BASE}/sitemaps/pages.xml"]
