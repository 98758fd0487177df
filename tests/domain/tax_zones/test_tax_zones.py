"""Tax zones are kept by staff, with an entry in the audit log."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.operations import save_category
from shop.domain.places import Place
from shop.domain.tax_zones.models import TaxRate, TaxZone, TaxZonePlace
from shop.domain.tax_zones.operations import change_tax_zone, delete_tax_zone, zone_values
from shop.domain.tax_zones.queries import get_zone, tax_for
from shop.domain.versions import version_of
from shop.errors import ChangedMeanwhile, Invalid, NotFound
from tests.domain.tax_zones.zones import make_zone, wish


def entries() -> list[AuditEntry]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry).where(AuditEntry.subject_kind == "tax_zone").order_by("id")))


def test_lines_are_read_and_written_back_as_people_write_them(app):
    save_category("food", "Food")
    zone = make_zone("germany, France\n us :  New   York", "Standard 19,6% VAT\n\nfood 5.5% Reduced VAT")

    assert zone_values(zone) == {
        "name": "Zone",
        "places": ["DE", "FR", "US: New York"],
        "rates": ["standard 19.6 VAT", "food 5.5 Reduced VAT"],
        "prices_include_tax": False,
        "rounding": "line",
        "shipping_is_taxed": True,
        "position": 0,
        "is_active": True,
    }
    assert [rate.parts_per_million for rate in zone.rates] == [196_000, 55_000]


def test_a_zone_is_made_changed_and_deleted_with_an_audit_entry_of_what_differs_each(app):
    zone = make_zone("DE", "standard 19")
    change_tax_zone(zone.public_id, wish("DE", "standard 19"), SYSTEM)
    change_tax_zone(zone.public_id, wish("DE", "standard 16"), SYSTEM)
    delete_tax_zone(zone.public_id, SYSTEM)

    made, changed, deleted = entries()
    assert [each.action for each in (made, changed, deleted)] == [
        "tax_zone.created",
        "tax_zone.changed",
        "tax_zone.deleted",
    ]
    assert (changed.before, changed.after) == ({"rates": ["standard 19"]}, {"rates": ["standard 16"]})
    assert made.after["places"] == deleted.before["places"] == ["DE"]
    for table in (TaxZone, TaxZonePlace, TaxRate):
        assert db.session.scalar(select(db.func.count()).select_from(table)) == 0


@pytest.mark.parametrize(
    ("places", "sentence"),
    [
        ("Atlantis", "There is no country Atlantis. Write its name or code, such as DE; a region as US: New York."),
        ("DE, Germany", "DE stands here twice. Leave one out."),
        ("US: New York\nUS: NEW  YORK", "US: NEW YORK stands here twice. Leave one out."),
        ("US:", "Write a region after US: or leave the colon out."),
        ("US: Atlantis", "There is no state “Atlantis” in the United States. Choose one, such as AL or Alabama."),
        (f"US: {'x' * 81}", "Use at most 80 characters for a region."),
        (",,", "Enter the places that it covers."),
        ("DE\n" * 1001, "Write at most 1000 lines."),
    ],
)
def test_places_that_cannot_be_are_refused(app, places, sentence):
    assert refusal_of(places=places) == ("places", sentence)


@pytest.mark.parametrize(
    ("rates", "sentence"),
    [
        ("books 5", "Enter the standard rate too, such as: standard 20."),
        ("standard 20\nstandard 19", "Line 2: standard has a rate already. Leave one out."),
        ("standard 20\nfood 5\nfood 6", "Line 3: food has a rate already. Leave one out."),
        ("standard 20\nfood 5", "There is no category with the address food."),
        ("standard 100.0001", "Line 1: a rate is 100 percent at most."),
        ("standard 1.00001", "Line 1: a rate has at most 4 digits after the point."),
        (f"standard 1 {'x' * 41}", "Line 1: use at most 40 characters for what it is called."),
        *(
            (
                f"standard 20\n{line}",
                "Line 2: write standard or a category's address, then its rate in percent, such as: books 5.5.",
            )
            for line in ("food", "food five", "food -5", "5.5 food", "food 5.", "food 1e2", "food ٥")
        ),
    ],
)
def test_rates_that_cannot_be_are_refused(app, rates, sentence):
    assert refusal_of(rates=rates) == ("rates", sentence)


def refusal_of(**changes: str) -> tuple[str, str]:
    with pytest.raises(Invalid) as refused:
        make_zone(**changes)
    assert entries() == []
    assert refused.value.message == refused.value.details[0].message
    return refused.value.details[0].field, refused.value.message


def test_all_that_is_wrong_is_told_at_once(app):
    with pytest.raises(Invalid) as refused:
        make_zone("Atlantis", "books 5")
    assert [detail.field for detail in refused.value.details] == ["places", "rates"]


def test_a_place_is_in_one_active_zone(app):
    first = make_zone("FR, US: NY", name="First")
    make_zone("US, DE", name="Country")  # a country beside its region is no contradiction
    sleeping = make_zone("FR", name="Sleeping", isActive=False)

    with pytest.raises(Invalid) as refused:
        make_zone("CA\nUS: ny")
    assert refused.value.message == "US: ny is in the zone First already. Take it out there, or make one inactive."
    with pytest.raises(Invalid, match="US: New York is in the zone First already"):
        make_zone("US: New York")
    with pytest.raises(Invalid, match="FR is in the zone First already"):
        change_tax_zone(sleeping.public_id, wish("FR", name="Sleeping"), SYSTEM)
    change_tax_zone(first.public_id, wish("US: NY", name="First"), SYSTEM)
    change_tax_zone(sleeping.public_id, wish("FR", name="Sleeping"), SYSTEM)


def test_a_region_is_matched_however_it_is_written(app, terms):
    make_zone("US: N.Y.")
    assert tax_for(Place("US", "NewYork"), terms).is_by_zone
    with pytest.raises(Invalid, match="US: New York is in the zone"):
        make_zone("US: New York", name="Other")


def test_the_same_places_can_be_saved_again(app):
    zone = make_zone("FR, US: NY")
    change_tax_zone(zone.public_id, wish("US: NY, FR", name="Other"), SYSTEM)
    assert get_zone(zone.public_id).name == "Other"


def test_a_zone_that_is_not_there_is_not_found(app):
    with pytest.raises(NotFound):
        change_tax_zone("taxzone_none", wish(), SYSTEM)
    with pytest.raises(NotFound):
        delete_tax_zone("taxzone_none", SYSTEM)


def test_who_changes_an_older_version_is_refused_also_when_only_rates_differ(app):
    zone = make_zone("FR", "standard 20")
    seen = version_of(zone.updated_at)
    change_tax_zone(zone.public_id, wish("FR", "standard 21"), SYSTEM, seen=seen)
    with pytest.raises(ChangedMeanwhile):
        change_tax_zone(zone.public_id, wish("FR", "standard 22"), SYSTEM, seen=seen)
