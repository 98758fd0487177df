"""The one list: its address says all, and its CSV is exactly what it shows."""

from __future__ import annotations

import csv
import io
import re

import pytest

from shop.admin.lists import csv_text
from shop.db import db
from shop.domain.catalog.models import Image
from shop.domain.catalog.operations import save_category
from shop.money import Money
from tests.admin.pages import body
from tests.conftest import add_picture, make_product


def names_in(page):
    return re.findall(r'<td class="is-main[^"]*"><a href="[^"]*">([^<]*)</a>', page.text)


def csv_of(answer):
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).removeprefix("\ufeff"))))


def test_search_filter_tab_and_sort_are_in_the_address(owner):
    face = save_category("face", "Face care")
    make_product("Amber", price="9.00", category_id=face.id)
    make_product("Balm", price="5.00", category_id=face.id)
    make_product("Cream", status="draft", category_id=face.id)
    make_product("Amber oil")

    address = f"/admin/products?tab=active&category={face.public_id}&sort=price"
    page = owner.get(address)

    assert names_in(page) == ["Balm", "Amber"]
    assert 'aria-sort="ascending"' in page.text
    assert names_in(owner.get(address + "&q=amb")) == ["Amber"]
    assert names_in(owner.get("/admin/products?sort=-name&tab=draft")) == ["Cream"]


def test_fifty_rows_a_page_and_a_page_past_the_last_is_the_last(owner):
    for number in range(53):
        make_product(f"Soap {number:02}")
    first = owner.get("/admin/products?sort=name")
    assert len(names_in(first)) == 50 and "1–50 of 53" in body(first)
    assert names_in(owner.get("/admin/products?sort=name&page=2")) == ["Soap 50", "Soap 51", "Soap 52"]
    assert names_in(owner.get("/admin/products?sort=name&page=99")) == ["Soap 50", "Soap 51", "Soap 52"]
    assert owner.get("/admin/products?sort=nonsense&page=-1&tab=x").status_code == 200


def test_statements_do_not_grow_with_the_rows(owner, statements):
    make_product("One")
    with statements() as few:
        owner.get("/admin/products")
    for number in range(20):
        make_product(f"More {number}")
    with statements() as many:
        owner.get("/admin/products")
    assert len(many) == len(few)


def test_what_needs_care_has_a_tab(owner):
    bare = make_product("Bare", stock=50)
    undescribed = make_product("Undescribed", stock=50)
    add_picture(undescribed, "a.jpg", "", 100, 100)
    known = make_product("Known", stock=50)
    low = make_product("Low", stock=2)
    add_picture(low, "b.jpg", "A jar", 100, 100)
    db.session.add(Image(product_id=known.id, source_url="https://example.com/c.jpg", alt_text="A jar", position=0))
    db.session.commit()
    assert names_in(owner.get("/admin/products?tab=no-image")) == ["Known", bare.name]
    assert names_in(owner.get("/admin/products?tab=no-alt")) == [undescribed.name]
    assert names_in(owner.get("/admin/products?tab=low")) == [low.name]


def test_nothing_there_and_nothing_found_are_different_things(owner):
    assert "There are no products here." in body(owner.get("/admin/products"))
    make_product("Amber")
    page = owner.get("/admin/products?q=zzz")
    assert "No match." in body(page) and "Clear filters" in body(page)


def test_the_csv_is_exactly_the_view(owner):
    for number in range(60):
        make_product(f"Soap {number:02}", price="7.50", status="draft" if number % 2 else "active")
    answer = owner.get("/admin/products.csv?tab=draft&sort=-name&q=soap&page=2")
    rows = csv_of(answer)
    assert [row["Name"] for row in rows] == [f"Soap {number:02}" for number in range(59, 0, -2)]
    assert rows[0]["Price from"] == "7.50" and rows[0]["Stock"] == "10"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="products-draft.csv"'


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", '=HYPERLINK("http://evil","x")', "%x", "|x"]
)
def test_no_text_is_a_formula_to_a_spreadsheet(owner, text):
    assert csv_text(text).startswith("'")
    make_product(text.strip() or "x")
    answer = owner.get("/admin/products.csv")
    assert csv_of(answer)[0]["Name"].startswith("'")
    assert answer.get_data(as_text=True).splitlines()[0].startswith('\ufeff"Name","Status"')


def test_numbers_and_prices_stay_numbers():
    assert csv_text(-3) == "-3" and csv_text(Money(-150, "USD")) == "-1.50" and csv_text(None) == ""
    assert csv_text(["a", "b"]) == "a, b" and csv_text(True) == "yes" and csv_text(("=x", 3)) == "'=x"


def test_one_box_finds_orders_products_customers_and_pages(owner, terms):
    from tests.conftest import make_customer, placed_order, variants_of

    product = make_product("Amber oil")
    order = placed_order(terms, (variants_of(product)[0], 1), confirm=True)
    make_customer("amber@example.com")
    found = body(owner.get("/admin/search?q=amber"))
    assert "Amber oil" in found and "amber@example.com" in found
    assert order.number in body(owner.get(f"/admin/search?q={order.number}"))
    sku = variants_of(product)[0].sku
    db.session.rollback()
    assert "Amber oil" in body(owner.get(f"/admin/search?q={sku}"))
    assert "Audit log" in body(owner.get("/admin/search?q=audit"))
    assert "Nothing was found" in body(owner.get(f"/admin/search?q=zzz{sku}"))


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-30", "x"])
def test_any_day_can_be_asked_for_in_the_audit_log(owner, day):
    assert owner.get(f"/admin/audit?until={day}&since={day}").status_code == 200
