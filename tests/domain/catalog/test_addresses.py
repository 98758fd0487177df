"""Changing addresses: old ones lead on, none is given twice."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.addresses import change_slug, find_moved
from shop.domain.catalog.operations import save_category, save_product
from shop.errors import Conflict, Invalid, NotFound
from tests.domain.catalog.drafts import shirt, soap


def test_a_former_address_leads_to_the_present_one_however_often_it_changed(app):
    public_id = save_product(shirt(), SYSTEM).public_id

    change_slug("product", public_id, "linen-shirt", SYSTEM)
    change_slug("product", public_id, "summer-shirt", SYSTEM)

    assert find_moved("product", "shirt") == "summer-shirt"
    assert find_moved("product", "linen-shirt") == "summer-shirt"
    assert find_moved("product", "summer-shirt") is None
    assert find_moved("category", "shirt") is None
    moves = db.session.scalars(select(AuditEntry).filter_by(action="product.moved").order_by(AuditEntry.id)).all()
    assert [(move.before, move.after) for move in moves] == [
        ({"slug": "shirt"}, {"slug": "linen-shirt"}),
        ({"slug": "linen-shirt"}, {"slug": "summer-shirt"}),
    ]


def test_going_back_to_a_former_address_leaves_no_circle(app):
    public_id = save_product(shirt(), SYSTEM).public_id

    change_slug("product", public_id, "linen-shirt", SYSTEM)
    change_slug("product", public_id, "shirt", SYSTEM)

    assert find_moved("product", "linen-shirt") == "shirt"
    assert find_moved("product", "shirt") is None


def test_the_same_address_again_writes_nothing(app):
    public_id = save_product(shirt(), SYSTEM).public_id

    change_slug("product", public_id, "shirt", SYSTEM)

    assert db.session.scalars(select(AuditEntry).filter_by(action="product.moved")).first() is None


def test_an_address_that_another_one_gave_up_can_be_taken(app):
    first, second = save_product(shirt(), SYSTEM).public_id, save_product(soap(), SYSTEM).public_id
    change_slug("product", first, "linen-shirt", SYSTEM)

    change_slug("product", second, "shirt", SYSTEM)

    assert find_moved("product", "shirt") is None
    assert find_moved("product", "soap") == "shirt"


def test_what_cannot_be_an_address_is_refused_in_words(app):
    public_id = save_product(shirt(), SYSTEM).public_id
    save_product(soap(), SYSTEM)

    with pytest.raises(Conflict, match="Another product has the address soap"):
        change_slug("product", public_id, "soap", SYSTEM)
    for slug in ("", "Shirt", "a--b", "-a", "a/b", "a" * 161):
        with pytest.raises(Invalid, match="small letters"):
            change_slug("product", public_id, slug, SYSTEM)
    with pytest.raises(NotFound):
        change_slug("product", "prod_none", "other", SYSTEM)
    assert find_moved("product", "shirt") is None


def test_categories_move_likewise(app):
    category = save_category("serums", "Serums")

    change_slug("category", category.public_id, "face-serums", SYSTEM)

    assert find_moved("category", "serums") == "face-serums"
