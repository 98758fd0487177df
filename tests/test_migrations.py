"""Migrations: down and up again, with data in the tables, on both databases."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import psycopg
import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import selectinload

from shop import create_app
from shop.db import db, operation
from shop.domain.actors import SYSTEM
from shop.domain.audit.operations import record_change
from shop.domain.catalog.models import Attribute, FacetValue, Listing
from shop.domain.catalog.operations import save_product
from shop.domain.orders.models import Shipment
from shop.domain.search.index import index_all_queued
from shop.domain.search.models import SearchDocument
from shop.domain.search.queries import search_products
from shop.errors import Conflict
from tests import servers
from tests.conftest import make_product, make_staff, variants_of
from tests.conftest import test_settings as settings_for_tests
from tests.domain.catalog.drafts import shirt, size, soap
from tests.domain.orders.stories import delivered_order, packed_order
from tests.domain.tax_zones.zones import make_zone

pytestmark = pytest.mark.both_databases


def test_listings_made_by_the_migration_are_those_the_operations_make(app):
    save_product(shirt(size("S", price="20.00"), size("M", price="25.00")), SYSTEM)
    save_product(soap(status="draft", tags=("not yet",)), SYSTEM)
    made_by_operations = derived_rows()
    assert ("size", "S") in {(name, value) for _, name, value in made_by_operations["facet_values"]}
    db.session.remove()

    try:
        downgrade(revision="0001")
    finally:
        upgrade()

    assert derived_rows() == made_by_operations


def test_what_was_there_before_search_is_found_once_the_queue_is_worked_off(app):
    make_product("Amber oil")
    documents = select(SearchDocument.__table__)
    before = db.session.execute(documents).all()
    db.session.remove()

    try:
        downgrade(revision="0002")
    finally:
        upgrade()

    assert db.session.execute(documents).all() == []
    assert index_all_queued() == 1
    assert db.session.execute(documents).all() == before
    assert len(search_products("ambr").product_ids) == 1


def test_a_postgresql_without_the_right_to_make_extensions_has_a_search_too(app, database, tmp_path, capsys):
    if database.startswith("sqlite"):
        pytest.skip("SQLite has no extensions to make")
    url = urlsplit(servers.new_postgres_database(servers.postgres_url()))
    role = f"{url.path.lstrip('/')}_plain"
    with psycopg.connect(url.geturl(), autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {role} LOGIN")
        owner.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
    plain = url._replace(netloc=f"{role}@{url.netloc.rpartition('@')[2]}").geturl()
    other = create_app(settings_for_tests(database_url=plain, redis_url=f"unix://{tmp_path}/none"))
    try:
        with other.app_context():
            upgrade()
            assert "pg_trgm could not be created" in capsys.readouterr().out
            make_product("Moisturising lotion")
            assert len(search_products("moisturisig").product_ids) == 1
            assert search_products("moistrizing").product_ids == ()
            said = other.test_cli_runner().invoke(args=["search", "rebuild"]).output
            assert "The extension pg_trgm is missing here" in said
            db.session.remove()
            db.engine.dispose()
    finally:
        with psycopg.connect(url.geturl(), autocommit=True) as owner:
            owner.execute(f"DROP OWNED BY {role} CASCADE")
            owner.execute(f"DROP ROLE {role}")


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


def test_tax_zones_go_and_come_back_with_their_checks(app):
    make_zone("DE", "standard 19")
    insert = "INSERT INTO tax_rates (zone_id, category_id, name, parts_per_million) VALUES"
    db.session.remove()

    try:
        downgrade(revision="0006")
    finally:
        upgrade()

    assert db.session.execute(text("SELECT count(*) FROM tax_zones")).scalar() == 0
    zone = make_zone("DE", "standard 19")
    for faulty in (f"({zone.id}, NULL, '', 1)", f"({zone.id}, 1, '', 1000001)", f"({zone.id}, 1, '', -1)"):
        with pytest.raises((IntegrityError, Conflict)):
            run_statement(f"{insert} {faulty}")
    with pytest.raises(IntegrityError):
        run_statement("UPDATE tax_zones SET rounding = 'never'")
    with pytest.raises(IntegrityError):
        run_statement("UPDATE tax_zone_places SET region = 'Bayern'")


@operation
def run_statement(statement):
    db.session.execute(text(statement))


@pytest.mark.breaks_invariants  # the ledger names the parcels of before, which the way down has forgotten
def test_what_was_sent_before_parcels_were_is_one_parcel_an_order(app, terms):
    staff = make_staff()
    variant = variants_of(make_product("Amber", stock=9))[0]
    delivered = delivered_order(terms, staff, (variant, 2))
    packed_order(terms, staff, (variant, 1))
    before = delivered.shipments[0]
    db.session.remove()

    try:
        downgrade(revision="0006")
    finally:
        upgrade()

    (parcel,) = db.session.scalars(select(Shipment).options(selectinload(Shipment.line_items))).all()
    assert (parcel.order_id, parcel.units, parcel.user_id) == (delivered.id, 2, staff.user_id)
    assert abs(parcel.shipped_at - before.shipped_at) < timedelta(seconds=1) and parcel.delivered_at is not None
