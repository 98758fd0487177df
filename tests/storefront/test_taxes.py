"""What pages say of tax: for the home country, as its zone has it; and no more statements where there is no zone."""

from __future__ import annotations

import re

import pytest

from shop.db import db
from shop.domain.catalog.operations import save_category
from shop.domain.terms import Terms
from tests.conftest import make_product, variants_of
from tests.conftest import test_settings as settings_for_tests
from tests.domain.tax_zones.zones import make_zone
from tests.storefront.pages import HTMX, body, order_form, put_in_cart


def footer(page):
    return re.search(r"Prices in USD([^.]*(?:\.\d[^.]*)?)\. Only", body(page))[1]


def buybox(page):
    found = re.search(r'<p class="buybox-price">.*?<span class="muted">(.*?)</span>', page.text, re.DOTALL)
    return found[1]


@pytest.fixture
def soap(app, category):
    return make_product("Soap", slug="soap", category_id=category.id)


def settle(app, monkeypatch, **settings):
    terms = Terms.from_settings(settings_for_tests(**settings))
    monkeypatch.setitem(app.extensions, "shop_terms", terms)
    monkeypatch.setitem(app.jinja_env.globals, "terms", terms)


@pytest.mark.parametrize(
    ("settings", "note", "brief"),
    [
        ({}, "", ""),
        ({"tax_rate_percent": "20"}, ", plus 20% tax", "plus 20% tax"),
        ({"tax_rate_percent": "7.5", "tax_included": True}, ", including 7.5% tax", "incl. 7.5% tax"),
    ],
)
def test_without_zones_the_one_rate_is_told_as_ever(app, client, monkeypatch, soap, settings, note, brief):
    settle(app, monkeypatch, **settings)
    page = client.get("/products/soap")
    assert (footer(page), buybox(page)) == (note, brief)
    assert footer(client.get("/")) == footer(client.get("/categories/face")) == note
    assert f"Prices are in USD{note}." in body(client.get("/pages/terms"))


def test_with_zones_the_home_country_is_named_with_its_rate_and_a_product_has_its_own(app, client, monkeypatch, soap):
    settle(app, monkeypatch, tax_rate_percent="20")
    make_product("Rope", slug="rope")
    make_zone("US", "standard 10 VAT\nface 5.5", pricesIncludeTax=True)

    page, other = client.get("/products/soap"), client.get("/products/rope")

    assert footer(page) == footer(client.get("/")) == ", including 10% tax in the United States"
    assert (buybox(page), buybox(other)) == (
        "incl. 5.5% tax in the United States",
        "incl. 10% tax in the United States",
    )
    swapped = client.get("/products/soap", headers=HTMX)
    assert buybox(swapped) == "incl. 5.5% tax in the United States"
    assert ", including 10% tax in the United States." in body(client.get("/pages/terms"))


def test_it_says_where_regions_differ_and_nothing_where_home_is_not_taxed(client, soap):
    make_zone("DE", "standard 19")
    assert (footer(client.get("/")), buybox(client.get("/products/soap"))) == ("", "")
    make_zone("US: NY", "standard 8")
    assert footer(client.get("/")) == ""
    make_zone("US", "standard 1")
    assert footer(client.get("/")) == ", plus 1% tax in the United States, by region"


@pytest.mark.parametrize("path", ["/", "/products/soap", "/categories/face", "/search?q=soap", "/pages/terms", "/cart"])
def test_zones_take_two_statements_a_page_at_most(client, soap, statements, path):
    put_in_cart(client, variants_of(soap)[0])

    def count():
        db.session.rollback()
        with statements() as sent:
            assert client.get(path).status_code == 200
        asked = [each for each in sent if "user_sessions" not in each]
        return len([each for each in asked if "tax_zones" in each]), len(asked)

    _, before = count()
    save_category("other", "Other")
    assert count()[1] == before
    make_zone("US", "standard 10\nface 5.5")
    told, after = count()
    assert after - before <= 2 and told >= 1


def test_a_page_that_cannot_ask_the_database_says_nothing_of_tax(app, client, monkeypatch):
    settle(app, monkeypatch, tax_rate_percent="20")
    assert "% tax" not in client.get("/offline").text


def test_cart_and_checkout_are_taxed_by_their_place(client, soap):
    make_zone("US", "standard 10", shippingIsTaxed=False)
    make_zone("US: NY", "standard 50\nface 25", shippingIsTaxed=False)
    put_in_cart(client, variants_of(soap)[0])

    assert "Tax $2.00" in body(client.get("/cart"))
    assert "Tax $2.00" in body(client.get("/checkout"))


def region_field(page):
    return re.search(r'<input[^>]*name="shippingAddress.region"[^>]*>', page.text)


def test_a_region_is_asked_for_where_it_is_taxed_by_itself_and_changes_the_total(client, soap):
    put_in_cart(client, variants_of(soap)[0])
    make_zone("US", "standard 10", shippingIsTaxed=False)
    form = order_form(client.get("/checkout"), country="DE", region="", action="quote")
    assert region_field(client.post("/checkout", data=form)) is None
    make_zone("DE: Helgoland", "standard 20", shippingIsTaxed=False)

    quoted = client.post("/checkout", data=form, headers=HTMX)
    field = region_field(quoted)[0]
    place = re.search(r'<div id="place"[^>]*>', quoted.text)[0]
    assert "hx-post" in place and " required" not in field and "Tax" not in body(quoted)

    there = {**form, "quotedCountry": "DE", "shippingAddress.region": "helgoland"}
    quoted = client.post("/checkout", data=there, headers=HTMX)
    assert "Tax $4.00" in body(quoted)
    assert 'value="helgoland"' in region_field(client.get("/checkout"))[0]
