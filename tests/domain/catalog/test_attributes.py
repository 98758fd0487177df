"""Attributes: defined and changed by staff, on both engines; products' values are of their kind."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.attributes import SaveAttribute, save_attribute
from shop.domain.catalog.filters import ProductFilter
from shop.domain.catalog.listing_check import find_listings_out_of_step
from shop.domain.catalog.operations import save_product
from shop.domain.catalog.queries import list_products
from shop.errors import Conflict, Invalid
from tests.conftest import make_staff
from tests.domain.catalog.drafts import everything, saved_product, soap


def wish(name="skin_types", **changes):
    return SaveAttribute.model_validate({"name": name, "label": "For skin", **changes})


def facets():
    db.session.rollback()
    counted = list_products(ProductFilter(), with_counts=True).counts.facets
    return {facet.label: [(value.value, value.count) for value in facet.values] for facet in counted}


@pytest.fixture
def staff(app):
    return make_staff()


def test_a_change_is_seen_in_lists_and_written_down(staff):
    save_product(soap(attributes=(("skin_types", "dry"),)), SYSTEM)
    assert facets() == {"Skin types": [("dry", 1)]}

    save_attribute(wish(), staff)
    assert facets() == {"For skin": [("dry", 1)]}

    save_attribute(wish(isFilterable=False), staff)
    assert facets() == {} and list(find_listings_out_of_step()) == []

    save_attribute(wish(), staff)
    assert facets() == {"For skin": [("dry", 1)]}
    entries = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    told = [(entry.action, entry.before, entry.after) for entry in entries if entry.subject_kind == "attribute"]
    assert told[1] == ("attribute.changed", {"is_filterable": True}, {"is_filterable": False})


def test_the_refresh_goes_in_batches_and_the_same_again_changes_nothing(staff, monkeypatch):
    from shop.domain.catalog import attributes

    monkeypatch.setattr(attributes, "BATCH", 2)
    for number in range(5):
        draft = soap(attributes=(("skin_types", "dry"),))
        changes = {"slug": f"soap-{number}", "variants": (variant_like(draft, number),)}
        save_product(type(draft)(**{**vars(draft), **changes}), SYSTEM)
    steps = []
    save_attribute(wish(isFilterable=False), staff, steps.append)
    assert steps == [2, 4, 5] and facets() == {}
    before = everything()
    save_attribute(wish(isFilterable=False), staff)
    assert everything() == before


def variant_like(draft, number):
    variant = draft.variants[0]
    return type(variant)(**{**vars(variant), "sku": f"SOAP-{number}"})


@pytest.mark.parametrize(
    ("kind", "values", "fault"),
    [
        ("number", ("12 g",), "Weight is “12 g”. Write it as a number, such as 12 or 0.5, without its unit."),
        ("number", ("٣",), "Weight is “٣”. Write it as a number, such as 12 or 0.5, without its unit."),
        ("yes_no", ("maybe",), "Weight is “maybe”. Say yes or no."),
        ("yes_no", ("yes", "no"), "Weight is both yes and no. Say one of them."),
    ],
)
def test_a_value_that_is_not_of_its_kind_is_refused_by_name(staff, kind, values, fault):
    save_attribute(wish("weight", label="Weight", kind=kind), staff)
    with pytest.raises(Invalid) as refused:
        save_product(soap(attributes=tuple(("weight", value) for value in values)), SYSTEM)
    assert [(each.field, each.message) for each in refused.value.details] == [("attributes.weight", fault)]


@pytest.mark.parametrize(("kind", "value"), [("number", "-0.5"), ("number", "12"), ("yes_no", "no")])
def test_a_value_of_its_kind_is_kept(staff, kind, value):
    save_attribute(wish("weight", label="Weight", kind=kind), staff)
    save_product(soap(attributes=(("weight", value),)), SYSTEM)
    assert [row.value for row in saved_product("soap").attributes] == [value]


@pytest.mark.parametrize(
    "changes",
    [{"name": "Skin"}, {"name": "brand"}, {"kind": "text"}, {"unit": "g"}],
)
def test_a_definition_that_cannot_be_is_refused(staff, changes):
    with pytest.raises(Invalid):
        save_attribute(wish(**changes), staff)


def test_a_kind_that_products_do_not_fit_is_refused_with_an_example(staff):
    save_product(soap(attributes=(("skin_types", "dry"),)), SYSTEM)
    with pytest.raises(Conflict, match="“dry”"):
        save_attribute(wish(kind="number"), staff)
