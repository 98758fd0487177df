"""Saving categories: a tree by slugs, whose names the products' words follow."""

from __future__ import annotations

import pytest

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.catalog.categories import Merger, merge_category
from shop.domain.catalog.listing_check import find_listings_out_of_step
from shop.domain.catalog.models import Listing
from shop.domain.catalog.operations import save_category
from shop.domain.catalog.queries import list_categories
from shop.errors import Invalid, Unknown
from tests.conftest import counted_statements, make_product
from tests.domain.catalog.drafts import everything


def test_a_category_is_made_below_its_parent(app):
    parent = save_category("bath", "Bath")
    child = save_category("soap", "Soap", "Bars", "bath", 3)
    assert (child.parent_id, child.description, child.position) == (parent.id, "Bars", 3)
    assert [category.slug for category in list_categories()] == ["bath", "soap"]


def test_saving_a_category_again_writes_nothing(app):
    save_category("bath", "Bath")
    before = everything()
    save_category("bath", "Bath")
    assert everything() == before


def test_a_category_cannot_be_inside_itself(app):
    save_category("a", "A")
    save_category("b", "B", parent_slug="a")
    with pytest.raises(Invalid, match="cannot be inside itself"):
        save_category("a", "A", parent_slug="b")
    with pytest.raises(Invalid, match="cannot be inside itself"):
        save_category("a", "A", parent_slug="a")


def test_merging_takes_as_many_statements_for_many_products_and_keeps_their_lists_in_step(app):
    into, counts = save_category("care", "Care"), []
    for number in (1, 6):
        category = save_category(f"bath-{number}", "Bath")
        for _ in range(number):
            make_product(category_id=category.id)
        with counted_statements() as sent:
            merge_category(category.public_id, Merger(into=into.public_id), SYSTEM)
        counts.append(len(sent))

    assert counts[0] == counts[1]
    assert set(db.session.scalars(db.select(Listing.category_id))) == {into.id}
    assert list(find_listings_out_of_step()) == []


def test_a_parent_that_is_missing_is_named(app):
    with pytest.raises(Unknown, match="no category nowhere"):
        save_category("a", "A", parent_slug="nowhere")


@pytest.mark.parametrize(
    ("slug", "name"), [("No slug", "A"), ("a" * 121, "A"), ("-a", "A"), ("a", " "), ("a", "n" * 121)]
)
def test_a_slug_or_name_that_cannot_be_is_refused(app, slug, name):
    with pytest.raises(Invalid):
        save_category(slug, name)
