"""Migrations: down and up again, with data in the tables, on both databases."""

from __future__ import annotations

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

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


def test_pictures_survive_the_migration_of_uploads_and_their_table_keeps_its_checks(app):
    save_product(shirt(), SYSTEM)
    before = pictures()
    db.session.remove()

    try:
        downgrade(revision="0005")
        with pytest.raises(IntegrityError):
            change_pictures("UPDATE images SET file_name = NULL, source_url = NULL")
    finally:
        upgrade()

    assert pictures() == before
    for faulty in ("file_name = NULL, source_url = NULL", "upload_status = 'waiting'", "upload_key = 'k'"):
        with pytest.raises(IntegrityError):
            change_pictures(f"UPDATE images SET {faulty} WHERE position = 0")


@operation
def change_pictures(statement):
    db.session.execute(text(statement))


def pictures():
    return db.session.execute(text("SELECT public_id, file_name, source_url FROM images ORDER BY id")).all()


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
