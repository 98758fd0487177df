"""Staff who change the catalogue at the same moment: the tree stays a tree, and who loses is told so."""

from __future__ import annotations

import pytest

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.catalog.categories import CategoryWish, change_category
from shop.domain.catalog.models import Category
from shop.domain.catalog.operations import save_category
from shop.errors import Invalid
from tests.races.test_buyers import at_once

pytestmark = pytest.mark.both_databases


def test_two_categories_moved_into_each_other_make_no_loop(app):
    for number in range(5):
        one, two = (save_category(f"{name}-{number}", name) for name in ("one", "two"))
        db.session.remove()

        def into(moved, other):
            wish = CategoryWish(name=moved.name, slug=moved.slug, parent=other.public_id)
            return lambda: change_category(moved.public_id, wish, SYSTEM).id

        results = at_once(app, [into(one, two), into(two, one)])

        assert sorted(type(result).__name__ for result in results) == sorted(["int", Invalid.__name__])
        parents = db.session.scalars(db.select(Category.parent_id).where(Category.id.in_([one.id, two.id]))).all()
        assert sum(parent is None for parent in parents) == 1
        db.session.remove()
