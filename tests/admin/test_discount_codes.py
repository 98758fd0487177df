"""Discount codes in the admin: made, changed, read back as a sentence, tried in the test box."""

from __future__ import annotations

import re

import pytest

from shop.db import db, operation
from shop.domain.catalog.models import Variant
from shop.domain.catalog.operations import save_category
from shop.domain.promotions.models import DiscountCode
from tests.admin.pages import fields_of, value_of
from tests.admin.test_lists import csv_of
from tests.conftest import make_product, variants_of
from tests.domain.promotions.codes import make_code
from tests.storefront.pages import body


def make_soap():
    soap = variants_of(make_product("Soap", price="20.00", stock=5))[0]
    rename(soap.id)


@operation
def rename(variant_id):
    db.session.execute(db.update(Variant).where(Variant.id == variant_id).values(sku="SOAP-1"))


def make(owner, **fields):
    page = owner.get("/admin/discount-codes/new")
    typed = {"code": "spring", "kind": "percentage", "value": "12,5", "isActive": "true", **fields}
    return owner.post("/admin/discount-codes", data={**fields_of(page), **typed})


def test_a_code_is_made_and_read_back_as_a_sentence(owner):
    made = make(owner, minimum="50", maxUses="100", endsOn="2026-12-31")

    assert made.status_code == 303
    code = db.session.scalars(db.select(DiscountCode)).one()
    page = owner.get(f"/admin/discount-codes/{code.public_id}")
    words = "12.5% off everything in orders of $50.00 or more until 31 Dec 2026, 100 times in all."
    assert words in body(page) and "0 of 100" in body(page)
    assert words in body(owner.get("/admin/discount-codes"))


def test_a_new_code_is_active_unless_it_is_said_otherwise(owner):
    assert fields_of(owner.get("/admin/discount-codes/new"))["isActive"] == "true"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"value": "120"}, "Enter a percentage above 0 and up to 100"),
        ({"code": "a b"}, "Use letters from A to Z"),
        ({"products": "nothing"}, "There is no product nothing."),
        ({"maxUses": "0"}, "1 or more"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_with_all_that_was_typed(owner, fields, sentence):
    page = make(owner, note="For newcomers", **fields)
    assert page.status_code == 422
    assert sentence in body(page) and "For newcomers" in page.text


def test_the_test_box_says_what_comes_off_and_why(owner):
    make_soap()
    make_code(value="25")

    page = owner.get("/admin/discount-code-test", query_string={"code": "spring", "goods": "SOAP-1 3"})

    assert "$15.00 off, $45.00 to pay" in body(page)
    assert "Soap: 3 × $20.00 = $60.00" in body(page) and "all of it of $15.00 off by SPRING (25%)" in body(page)


def test_the_test_box_says_why_nothing_comes_off(owner):
    make_soap()
    make_code(minimum="100")
    page = owner.get("/admin/discount-code-test", query_string={"code": "spring", "goods": "SOAP-1"})
    assert "Nothing comes off" in body(page) and "Yours is $20.00." in body(page)


@pytest.mark.parametrize(
    ("asked", "status", "sentence"),
    [
        ({"code": "NOSUCH", "goods": "SOAP-1"}, 400, "There is no code NOSUCH."),
        ({"code": "SPRING", "goods": "NOPE 2"}, 422, "There is no SKU NOPE."),
        ({"code": "SPRING", "goods": "SOAP-1 100"}, 422, "Enter from 1 to 99 of SOAP-1."),
        ({"code": "SPRING", "goods": ""}, 422, "what is in the cart"),
    ],
)
def test_what_the_box_cannot_try_is_named(owner, asked, status, sentence):
    make_soap()
    make_code()
    page = owner.get("/admin/discount-code-test", query_string=asked)
    assert page.status_code == status and sentence in body(page)


def press(owner, code, name, **fields):
    token = value_of(owner.get("/admin"), "csrf_token")
    return owner.post(f"/admin/discount-codes/{code.public_id}/{name}", data={"csrf_token": token, **fields})


def test_a_code_is_paused_resumed_and_duplicated_on_its_page(owner):
    code = make_code()
    page = owner.get(press(owner, code, "pausing").location)
    assert "It is paused: shoppers cannot enter it." in body(page)
    assert 'href="/admin/discount-codes?tab=active">Active <span class="tab-count">0<' in owner.get(
        "/admin/discount-codes"
    ).text
    assert "It is active again." in body(owner.get(press(owner, code, "resuming").location))
    copy = owner.get(press(owner, code, "copies").location)
    assert fields_of(copy)["code"] == "SPRING-2" and "isActive" in copy.text
    assert "This is the copy: paused" in body(copy)


def test_many_codes_are_made_and_listed_to_be_exported(owner):
    code = make_code()
    made = press(owner, code, "series", prefix="summer", count="120", maxUses="1")
    page = owner.get(made.location)
    assert "120 codes were made. Export gives them as CSV." in body(page) and "1–50 of 120" in body(page)
    export = re.search(r'href="([^"]+)" download', page.text)[1].replace("&amp;", "&")
    rows = csv_of(owner.get(export))
    assert len(rows) == 120 and {row["Used"] for row in rows} == {"0 of 1"}
    assert all(row["Code"].startswith("SUMMER-") for row in rows)
    again = owner.get(press(owner, code, "series", prefix="summer", count="5").location)
    assert "There are codes that begin with SUMMER- already." in body(again)
    for wrong, sentence in (({"count": "5001"}, "5000 or less"), ({"count": ""}, "Enter how many codes.")):
        refused = owner.get(press(owner, code, "series", **{"prefix": "other", **wrong}).location)
        assert sentence in body(refused)


def test_many_codes_are_paused_at_once(owner):
    codes = [make_code(name) for name in ("ONE", "TWO", "THREE")]
    token = value_of(owner.get("/admin"), "csrf_token")
    ticked = {"id": [code.public_id for code in codes[:2]], "which": "ticked", "step": "do", "key": "k"}
    task = owner.post("/admin/discount-codes/bulk", data={"csrf_token": token, "action": "discounts.pausing", **ticked})
    assert "ONE Paused TWO Paused" in " ".join(body(owner.get(task.location)).split())
    db.session.rollback()
    assert db.session.scalars(db.select(DiscountCode.code).filter_by(is_active=True)).all() == ["THREE"]


def test_the_list_has_as_many_statements_for_many_codes_as_for_one(owner, statements):
    for slug in ("face", "body", "hair", "hands"):
        save_category(slug, slug.capitalize())
    make_code("FIRST", categories="face")
    with statements() as few:
        owner.get("/admin/discount-codes")
    for slug in ("body", "hair", "hands"):
        make_code(slug, categories=f"{slug}\nface")
    with statements() as many:
        page = owner.get("/admin/discount-codes")
    assert len(many) == len(few) and "25% off Body and Face." in body(page)
