"""Collections: chosen one by one or by rules, on both engines."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shop.db import db, operation
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.categories import Merger, delete_category, merge_category
from shop.domain.catalog.collections import SaveCollection, save_collection, set_collection_products
from shop.domain.catalog.filters import ProductFilter
from shop.domain.catalog.models import Product
from shop.domain.catalog.operations import save_category
from shop.domain.catalog.queries import list_collections, list_products
from shop.errors import Conflict, Invalid, NotFound, Unknown
from tests.conftest import make_product, make_staff
from tests.domain.catalog.drafts import everything


def wish(**changes):
    return SaveCollection.model_validate({"slug": "gifts", "name": "Gifts", **changes})


def names_in(slug="gifts", **asked):
    page = list_products(ProductFilter.model_validate({"collection": slug, **asked}), with_counts=True)
    assert page.total == len(page.products)
    return [product.name for product in page.products]


def actions():
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.fixture
def staff(app):
    return make_staff()


def test_products_are_chosen_one_by_one_in_their_order(staff):
    save_collection(wish(), staff)
    balm, soap, draft = make_product("Balm"), make_product("Soap"), make_product("Draft", status="draft")
    make_product("Other")

    set_collection_products("gifts", [soap.public_id, draft.public_id, balm.public_id], staff)

    assert names_in(sortBy="position") == ["Soap", "Balm"]
    assert names_in(sortBy="name") == ["Balm", "Soap"]
    set_collection_products("gifts", [balm.public_id], staff)
    assert names_in() == ["Balm"]
    assert actions() == ["collection.created", "collection.products_chosen", "collection.products_chosen"]


@pytest.mark.parametrize(
    ("rules", "names"),
    [
        ({"tag": ["gift"]}, ["Balm", "Soap"]),
        ({"tag": ["gift"], "maxPrice": 2500}, ["Balm"]),
        ({"brand": ["Aster", "Birch"], "inStock": True}, ["Balm"]),
        ({"category": ["body"]}, ["Soap"]),
        ({"onSale": True}, ["Soap"]),
        ({"attr": {"size": ["30 ml"]}}, ["Balm"]),
    ],
)
def test_rules_choose_whatever_meets_them(staff, rules, names):
    body = save_category("body", "Body")
    soaps = save_category("soaps", "Soaps", parent_slug="body")
    make_product("Balm", tags=["gift"], brand="Aster", variants=["30 ml"])
    soap = {"price": "30", "compare_at": "40", "stock": 0}
    make_product("Soap", tags=["gift"], brand="Birch", category_id=soaps.id, **soap)
    make_product("Other", brand="Cedar", stock=0)
    assert body

    save_collection(wish(rules=rules), staff)

    assert sorted(names_in()) == names


def test_the_same_again_writes_nothing(staff):
    product = make_product()
    save_collection(wish(), staff)
    set_collection_products("gifts", [product.public_id], staff)
    before = everything()
    save_collection(wish(), staff)
    set_collection_products("gifts", [product.public_id], staff)
    assert everything() == before


def test_a_hidden_collection_is_not_there(staff):
    save_collection(wish(isActive=False), staff)
    with pytest.raises(NotFound):
        names_in()
    assert list_collections() == []


def test_what_cannot_be_is_refused(staff):
    save_category("body", "Body")
    for wrong in ({"slug": "Not a slug"}, {"rules": {}}):
        with pytest.raises(Invalid):
            save_collection(wish(**wrong), staff)
    with pytest.raises(Unknown):
        save_collection(wish(rules={"category": ["nowhere"]}), staff)
    save_collection(wish(), staff)
    product = make_product()
    with pytest.raises(Invalid):
        set_collection_products("gifts", [product.public_id, product.public_id], staff)
    with pytest.raises(Unknown):
        set_collection_products("gifts", ["prod_nothing"], staff)
    with pytest.raises(NotFound):
        set_collection_products("nothing", [], staff)


def test_rules_and_a_choice_exclude_each_other(staff):
    save_collection(wish(), staff)
    set_collection_products("gifts", [make_product().public_id], staff)
    with pytest.raises(Conflict):
        save_collection(wish(rules={"tag": ["gift"]}), staff)
    save_collection(wish(slug="sale", rules={"onSale": True}), staff)
    with pytest.raises(Conflict):
        set_collection_products("sale", [], staff)


def test_a_category_that_rules_name_is_not_deleted_and_merging_it_keeps_them(staff):
    body, care = save_category("body", "Body"), save_category("care", "Care")
    save_collection(wish(rules={"category": ["body"]}), staff)

    with pytest.raises(Conflict, match="The rules of Gifts name Body"):
        delete_category(body.public_id, staff)
    make_product("Soap", category_id=body.id)
    merge_category(body.public_id, Merger(into=care.public_id), staff)

    assert names_in() == ["Soap"]
    save_collection(wish(rules={"category": ["body"]}, name="Presents"), staff)
    with pytest.raises(Conflict, match="The rules of Presents name Care"):
        _empty_and_delete(care, staff)


@operation
def _empty_and_delete(category, staff):
    db.session.execute(db.update(Product).values(category_id=None))
    delete_category(category.public_id, staff)
