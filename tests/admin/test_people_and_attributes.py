"""People and orders to look up, attributes to define."""

from __future__ import annotations

import pytest

from shop.db import db
from shop.domain.catalog.attributes import AttributeWish, create_attribute
from shop.domain.catalog.models import Attribute, FacetValue
from shop.domain.catalog.operations import save_product
from shop.domain.customers.models import User
from tests.admin.pages import body, fields_of, send
from tests.conftest import make_customer, make_product, make_staff, placed_order, variants_of
from tests.domain.catalog.drafts import soap


@pytest.fixture
def order(app, terms):
    actor = make_customer()
    return placed_order(terms, (variants_of(make_product("Amber"))[0], 2), confirm=True, actor=actor)


def lina():
    return db.session.scalar(db.select(User.public_id).filter_by(email="lina@example.com"))


def test_a_customer_is_found_with_their_orders(owner, order):
    assert "Lina Haddad lina@example.com" in body(owner.get("/admin/users?q=LINA had"))
    page = owner.get(f"/admin/users/{lina()}")
    assert order.number in body(page) and f"/admin/orders/{order.public_id}" in page.text
    assert "owner@example.com Test role" not in body(owner.get("/admin/users"))
    assert "owner@example.com Test role" in body(owner.get("/admin/users?tab=staff"))


def test_links_lead_only_where_one_may_go(order, staff_who_may):
    limited = staff_who_may("customers:read")
    page = limited.get(f"/admin/users/{lina()}")
    assert order.number in body(page) and "/admin/orders" not in page.text


def test_an_order_shows_what_was_bought_and_by_whom(owner, order):
    page = body(owner.get(f"/admin/orders/{order.public_id}"))
    assert "Amber" in page and "2 × $20.00" in page and "Total $44.90" in page and "Lina Haddad" in page
    assert "1 Orders to send" in body(owner.get("/admin"))


def test_an_attribute_is_defined_and_named_by_its_label(owner):
    answer = send(owner, "/admin/attributes/new", "/admin/attributes", label="Skin types", isFilterable="true")
    page = owner.get(answer.location)
    assert fields_of(page)["isFilterable"] == "true"
    assert db.session.scalars(db.select(Attribute.name)).all() == ["skin_types"]
    again = send(owner, "/admin/attributes/new", "/admin/attributes", label="Skin Types")
    assert again.status_code == 409 and "There is an attribute skin_types already." in body(again)


def test_what_lists_are_narrowed_by_follows_the_attribute(owner):
    from shop.domain.actors import SYSTEM

    save_product(soap(attributes=(("origin", "Aleppo"),)), SYSTEM)
    attribute = db.session.scalars(db.select(Attribute).filter_by(name="origin")).one()
    held = db.select(FacetValue.value).filter_by(name="origin")
    assert db.session.scalars(held).all() == ["Aleppo"]

    send(owner, f"/admin/attributes/{attribute.public_id}", isFilterable="false")

    db.session.rollback()
    assert db.session.scalars(held).all() == []


def test_an_attribute_saved_by_two_is_not_overwritten_unseen(owner):
    made = create_attribute(AttributeWish(label="Origin"), make_staff(email="other@example.com"))
    address = f"/admin/attributes/{made.public_id}"
    early = fields_of(owner.get(address))
    send(owner, address, label="Source")
    assert owner.post(address, data={**early, "label": "Place"}).status_code == 409
