"""The category tree in the admin: the frame's list and form on a real resource."""

from __future__ import annotations

import re

import pytest

from shop.db import db
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.models import Category, FormerSlug
from shop.domain.catalog.operations import save_category
from tests.admin.pages import body, fields_of, keeping, send, value_of
from tests.conftest import make_product


@pytest.fixture
def tree(app):
    top = save_category("body", "Body & bath")
    below = save_category("soap", "Soap", parent_slug="body")
    return top, below


def one(slug):
    db.session.expire_all()
    return db.session.scalars(db.select(Category).filter_by(slug=slug)).one_or_none()


def actions():
    db.session.rollback()
    entries = db.session.scalars(db.select(AuditEntry).order_by(AuditEntry.id)).all()
    return [entry.action for entry in entries if entry.action != "staff.signed_in"]


def test_the_list_is_the_tree(owner, tree):
    save_category("apart", "Another", position=5)
    text = body(owner.get("/admin/categories"))
    assert text.index("Body & bath") < text.index("Soap") < text.index("Another")


def test_a_category_is_made_with_an_address_of_its_name(owner):
    answer = send(owner, "/admin/categories/new", "/admin/categories", name="Bath salts")
    assert answer.status_code == 303
    page = owner.get(answer.location)
    assert "The category was made." in body(page) and fields_of(page)["slug"] == "bath-salts"
    assert actions() == ["category.created"]


def test_mistakes_are_counted_and_what_was_typed_stays(owner):
    answer = send(owner, "/admin/categories/new", "/admin/categories", description="Kept", position="many")
    assert answer.status_code == 422
    assert "To save this category, make 2 changes:" in body(answer)
    assert "Name: Enter a name." in body(answer) and "Enter a whole number." in body(answer)
    assert fields_of(answer)["description"] == "Kept" and fields_of(answer)["position"] == "many"


def test_a_new_address_leaves_the_former_one_behind(owner, tree):
    address = f"/admin/categories/{tree[1].public_id}"
    assert send(owner, address, slug="soaps").status_code == 303
    assert one("soaps").id == tree[1].id
    assert db.session.get(FormerSlug, ("category", "soap")).subject_id == tree[1].id
    send(owner, address, slug="soap")
    assert db.session.get(FormerSlug, ("category", "soap")) is None


def test_a_category_is_not_put_inside_itself(owner, tree):
    answer = send(owner, f"/admin/categories/{tree[0].public_id}", parent=tree[1].public_id)
    assert answer.status_code == 422 and "A category cannot be inside itself." in body(answer)


def test_saving_what_is_there_writes_nothing(owner, tree):
    assert send(owner, f"/admin/categories/{tree[0].public_id}").status_code == 303
    assert actions() == []


def test_who_saves_second_sees_both_versions_and_loses_nothing(owner, tree):
    address = f"/admin/categories/{tree[1].public_id}"
    early = fields_of(owner.get(address))
    send(owner, address, name="Soaps & bars")

    late = owner.post(address, data={**early, "name": "Bars"})

    assert late.status_code == 409
    assert one("soap").name == "Soaps & bars"
    assert "changed this a moment ago - see the difference" in body(late)
    assert "Name Bars Soaps & bars" in body(late) and fields_of(late)["name"] == "Bars"
    assert owner.post(address, data=fields_of(late)).status_code == 409
    assert owner.post(address, data=keeping(late)).status_code == 303
    assert one("soap").name == "Bars"


def test_only_an_empty_category_is_deleted(owner, tree):
    top, below = tree
    token = value_of(owner.get("/admin/categories/new"), "csrf_token")
    answer = owner.post(f"/admin/categories/{top.public_id}/deletion", data={"csrf_token": token})
    assert answer.location == f"/admin/categories/{top.public_id}"
    assert "still holds 1 category" in body(owner.get(answer.location))

    answer = owner.post(f"/admin/categories/{below.public_id}/deletion", data={"csrf_token": token})
    assert answer.location == "/admin/categories" and one("soap") is None
    assert actions() == ["category.deleted"]


def test_merging_moves_everything_and_keeps_the_address(owner, tree):
    other = save_category("bars", "Bars")
    product = make_product("Olive bar", category_id=tree[1].id)
    token = value_of(owner.get("/admin/categories/new"), "csrf_token")
    path = f"/admin/categories/{tree[1].public_id}/merger"
    page = owner.get(f"/admin/categories/{tree[1].public_id}").get_data(as_text=True)
    assert re.search(
        r'<select id="into" name="into" required[^>]*>\s*<option value="" selected>Choose a category', page
    )
    owner.post(path, data={"csrf_token": token, "into": ""})
    asked = owner.post(path, data={"csrf_token": token, "into": other.public_id})
    assert "1 product of Soap goes to Bars." in body(asked) and "Soap disappears" in body(asked)
    assert one("soap") is not None
    answer = owner.post(path, data=fields_of(asked))
    assert "Soap was merged into Bars" in body(owner.get(answer.location))
    assert answer.status_code == 303 and one("soap") is None
    assert db.session.get(FormerSlug, ("category", "soap")).subject_id == other.id
    row = db.session.execute(db.text(f"SELECT category_id FROM listings WHERE product_id = {product.id}")).scalar()
    assert row == other.id
    assert actions() == ["category.merged", "category.extended"]


def test_the_history_says_who_changed_what(owner, tree):
    address = f"/admin/categories/{tree[1].public_id}"
    send(owner, address, name="Bars")
    found = db.session.scalars(db.select(AuditEntry).filter_by(action="category.changed")).one()
    assert (found.before, found.after) == ({"name": "Soap"}, {"name": "Bars"})


def test_whoever_may_only_read_gets_no_form_to_save(staff_who_may, tree):
    reader = staff_who_may("catalog:read")
    page = reader.get(f"/admin/categories/{tree[0].public_id}")
    assert page.status_code == 200 and "Discard" not in body(page) and "Delete" not in body(page)
    assert reader.get("/admin/categories/new").status_code == 403
