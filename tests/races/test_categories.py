"""Staff who change the catalogue at the same moment: the tree stays a tree, and who loses is told so."""

from __future__ import annotations

import time
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.catalog import categories
from shop.domain.catalog.addresses import change_slug
from shop.domain.catalog.categories import CategoryWish, change_category
from shop.domain.catalog.models import Product
from shop.domain.catalog.operations import save_category
from shop.domain.catalog.queries import list_categories
from shop.errors import Conflict
from tests.conftest import make_product
from tests.races.test_buyers import at_once

pytestmark = pytest.mark.both_databases


def test_two_branches_moved_into_each_other_make_no_loop(app, monkeypatch):
    one, two = save_category("one", "One"), save_category("two", "Two")
    below_one, below_two = (save_category(f"below-{top}", "Below", parent_slug=top) for top in ("one", "two"))
    check = categories._refuse_inside

    def check_and_dawdle(*arguments):
        check(*arguments)
        time.sleep(0.3)

    monkeypatch.setattr(categories, "_refuse_inside", check_and_dawdle)

    def into(moved, other):
        wish = CategoryWish(name=moved.name, slug=moved.slug, parent=other.public_id)
        return lambda: change_category(moved.public_id, wish, SYSTEM).id

    works = [into(one, below_two), into(two, below_one)]
    db.session.remove()
    results = at_once(app, works)

    assert sorted(type(result).__name__ for result in results) == ["Invalid", "int"]
    assert len(list_categories()) == 4  # all hang from the top


def test_of_two_who_take_the_same_address_one_is_told(app):
    ids = [make_product(name).public_id for name in ("One", "Two")]
    db.session.remove()

    def take(public_id):
        return lambda: change_slug("product", public_id, "same", SYSTEM) or "saved"

    with dawdling(Product):
        results = at_once(app, [take(public_id) for public_id in ids])

    assert "saved" in results
    assert [type(result) for result in results if result != "saved"] == [Conflict]


@contextmanager
def dawdling(model):
    """Let each flush that changes a row of the model begin late, so that others check meanwhile too."""

    def wait(*_):
        time.sleep(0.3)

    event.listen(model, "before_update", wait)
    try:
        yield
    finally:
        event.remove(model, "before_update", wait)
