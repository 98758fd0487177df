"""Migrations: down and up again, with data in the tables, on both databases."""

from __future__ import annotations

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from shop.db import db, operation
from shop.domain.actors import SYSTEM
from shop.domain.audit.operations import record_change
from shop.domain.catalog.models import Attribute, FacetValue, Listing
from shop.domain.catalog.operations import save_product
from tests.domain.catalog.drafts import shirt, size, soap

pytestmark = pytest.mark.both_databases


def test_listings_made_by_the_migration_are_those_the_operations_make(app):
    save_product(shirt(size("S", price="20.00"), size("M", price="25.00")), SYSTEM)
    save_product(soap(status="draft", option_names=()), SYSTEM)
    made_by_operations = derived_rows()
    assert ("size", "S") in {(name, value) for _, name, value in made_by_operations["facet_values"]}
    db.session.remove()

    try:
        downgrade(revision="0001")
    finally:
        upgrade()

    assert derived_rows() == made_by_operations


def derived_rows():
    """What the catalogue's operations write beside the product itself."""
    listings = Listing.__table__
    return {
        "listings": db.session.execute(select(listings).order_by(listings.c.product_id)).mappings().all(),
        "facet_values": sorted(db.session.execute(select(FacetValue.product_id, FacetValue.name, FacetValue.value))),
        "attributes": sorted(
            db.session.execute(select(Attribute.name, Attribute.label, Attribute.kind, Attribute.is_filterable))
        ),
    }


def test_the_audit_log_stays_append_only_through_its_new_column(app):
    record()
    try:
        downgrade(revision="0002")
        assert_append_only()
    finally:
        upgrade()
    assert_append_only()
    record()


@operation
def record():
    record_change(SYSTEM, "product.changed", "product", "prod_x", {"name": "a"}, {"name": "b"})


def assert_append_only():
    for statement in ("UPDATE audit_entries SET action = 'x'", "DELETE FROM audit_entries"):
        with pytest.raises(DBAPIError), db.engine.begin() as connection:
            connection.exec_driver_sql(statement)
