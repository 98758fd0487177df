"""Zones and ways to send as staff keep them: what is written down is what is delivered, and every change is audited."""

from __future__ import annotations

import pytest
from flask_migrate import downgrade, upgrade

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.audit.models import AuditEntry
from shop.domain.places import Place
from shop.domain.shipping import Area
from shop.domain.shipping_zones.models import ShippingZone, ZoneMethod
from shop.domain.shipping_zones.operations import (
    MethodWish,
    ZoneWish,
    copy_zone,
    delete_method,
    delete_zone,
    save_method,
    save_zone,
    written_prices,
)
from shop.domain.shipping_zones.places import area_in_words, read_areas, written_places
from shop.domain.shipping_zones.queries import has_own_zones, read_shipping_table
from shop.domain.versions import version_of
from shop.errors import ChangedMeanwhile, Conflict, Invalid, NotFound, Unknown
from shop.money import Money
from tests.domain.shipping_zones.stories import make_method, make_zone


def actions():
    db.session.rollback()
    return list(db.session.scalars(db.select(AuditEntry.action).order_by(AuditEntry.id)))


def refused_at(call, *args, **values):
    with pytest.raises((Invalid, Conflict, Unknown)) as caught:
        call(*args, **values)
    return caught.value.details[0].field


# -- which table decides ----------------------------------------------------------------------------------------------


def test_without_a_zone_in_use_the_settings_decide(app, terms):
    make_method(make_zone(countries="BR", isActive=False))
    assert not has_own_zones()
    assert read_shipping_table(terms) == terms.shipping_table
    assert [method.id for method in terms.shipping_table.methods_for(Place("US"))] == ["standard", "express"]


def test_once_a_zone_is_in_use_zones_alone_decide(app, terms):
    make_method(make_zone(countries="Brazil"), prices="0: 9.90\n50: 4.90", freeFrom="100")
    table = read_shipping_table(terms)

    assert has_own_zones() and table.methods_for(Place("US")) == ()
    (method,) = table.methods_for(Place("BR"))
    costs = [method.price_for(Money(worth, "USD")).amount for worth in (0, 4999, 5000, 9999, 10000)]
    assert costs == [990, 990, 490, 490, 0] and method.price.amount == 490


def test_what_is_switched_off_is_read_to_be_explained_alone(app, terms):
    make_zone(countries="JO")
    make_zone("Off", countries="US", isActive=False)
    assert [zone.name for zone in read_shipping_table(terms).zones] == ["Zone"]
    assert {zone.name for zone in read_shipping_table(terms, with_inactive=True).zones} == {"Zone", "Off"}


def test_methods_stand_in_the_order_of_their_position(app, terms):
    zone = make_zone(countries="JO")
    for position, code in enumerate(("third", "second", "first")):
        make_method(zone, code, position=3 - position)
    make_method(zone, "off", position=0, isActive=False)
    assert [each.id for each in read_shipping_table(terms).methods_for(Place("JO"))] == ["first", "second", "third"]


def test_prices_in_another_currency_than_the_shop_s_are_not_offered(app, terms):
    zone = make_zone(countries="JO")
    wish = {"zone": zone.public_id, "code": "old", "name": "Old", "prices": "5", "minDays": 1, "maxDays": 2}
    save_method(MethodWish.model_validate({**wish, "isActive": True}), SYSTEM, "EUR")
    assert read_shipping_table(terms).methods_for(Place("JO")) == ()


# -- places -----------------------------------------------------------------------------------------------------------


def test_places_are_written_by_code_or_name_and_read_back():
    areas = read_areas(
        "jordan\nde\nJO",
        "us: California",
        "JO: Amman\nUS, Oregon : Portland\nUS, Washington, D.C.: X",
        is_everywhere=True,
    )
    assert areas == [
        Area("JO"),
        Area("DE"),
        Area("US", region="California"),
        Area("JO", city="Amman"),
        Area("US", region="Oregon", city="Portland"),
        Area("US", region="Washington, D.C.", city="X"),
        Area(),
    ]
    assert read_areas(**written_places(areas), is_everywhere=True) == areas
    words = [area_in_words(area) for area in (areas[0], areas[2], areas[4], areas[6])]
    assert words == ["Jordan", "California, United States", "Portland, Oregon, United States", "everywhere else"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "countries"),
        ({"countries": "Atlantis"}, "countries"),
        ({"regions": "California"}, "regions"),
        ({"regions": "US:"}, "regions"),
        ({"regions": f"US: {'x' * 81}"}, "regions"),
        ({"regions": "US: Atlantis"}, "regions"),
        ({"cities": "US, Atlantis: Portland"}, "cities"),
        ({"cities": "Amman"}, "cities"),
        ({"cities": ": Amman"}, "cities"),
        ({"cities": "XX: Amman"}, "cities"),
        ({"cities": "\n".join(f"JO: {number}" for number in range(501))}, "cities"),
        ({"countries": "JO", "timeZone": "Amman"}, "timeZone"),
    ],
)
def test_a_zone_that_cannot_be_is_refused_at_its_field(app, values, field):
    assert refused_at(make_zone, **values) == field
    assert actions() == []


@pytest.mark.parametrize(
    ("field", "mine", "theirs", "place"),
    [
        ("countries", "Jordan", "JO", "Jordan"),
        ("regions", "US: CA", "US: California", "CA, United States"),
        ("cities", "JO: amman", "JO: Amman", "Amman, Jordan"),
        ("isEverywhere", True, True, "Everywhere else"),
    ],
)
def test_a_place_of_another_zone_of_that_position_is_refused_with_its_name(app, field, mine, theirs, place):
    zone = make_zone("First", **{field: theirs})
    with pytest.raises(Invalid) as refused:
        make_zone("Second", **{field: mine})
    assert refused.value.details[0].field == field
    assert refused.value.message.casefold().startswith(f"{place} is in the zone First already".casefold())

    make_zone("Before it", position=1, **{field: mine})
    make_zone("Asleep", isActive=False, **{field: mine})
    save_zone(ZoneWish.model_validate({"name": "Again", "isActive": True, field: theirs}), SYSTEM, zone.public_id)


# -- prices and days --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"prices": "cheap"}, "prices"),
        ({"prices": "-1"}, "prices"),
        ({"prices": "0: 1\n2000"}, "prices"),
        ({"prices": "1: 5"}, "prices"),
        ({"prices": "0: 5\n0: 6"}, "prices"),
        ({"prices": "0: 5\n1.5: 6", "basis": "weight"}, "prices"),
        ({"prices": "0: 5\n999999999999: 6", "basis": "weight"}, "prices"),
        ({"prices": "\n".join(f"{number}: 5" for number in range(51))}, "prices"),
        ({"freeFrom": "much"}, "freeFrom"),
        ({"minDays": 3, "maxDays": 2}, "maxDays"),
        ({"code": "Next day"}, "code"),
    ],
)
def test_a_way_to_send_that_cannot_be_is_refused_at_its_field(app, values, field):
    zone = make_zone(countries="JO")
    assert refused_at(make_method, zone, **values) == field
    assert actions() == ["shipping_zone.created"]


def test_bands_are_sorted_and_written_back_as_they_are_read(app):
    zone = make_zone(countries="JO")
    by_weight = make_method(zone, "weight", basis="weight", prices="2000: 7.90\n0: 4.9")
    by_value = make_method(zone, "value", prices="0: 9\n49.90: 0")
    assert by_weight.bands == [[0, 490], [2000, 790]] and written_prices(by_weight) == "0: 4.90\n2000: 7.90"
    assert by_value.bands == [[0, 900], [4990, 0]] and written_prices(by_value) == "0.00: 9.00\n49.90: 0.00"
    assert written_prices(make_method(zone, "flat", prices="3")) == "3.00"


def test_a_code_is_one_method_s_in_its_zone_and_may_be_in_another(app):
    first, second = make_zone(countries="JO"), make_zone(countries="DE")
    make_method(first)
    make_method(second)
    assert refused_at(make_method, first) == "code"


def test_a_way_to_send_needs_its_zone(app):
    wish = {"zone": "zone_none", "code": "a", "name": "A", "prices": "1", "minDays": 1, "maxDays": 1}
    assert refused_at(save_method, MethodWish.model_validate(wish), SYSTEM, "USD") == "zone"


# -- changes ----------------------------------------------------------------------------------------------------------


def test_a_change_is_audited_and_the_same_again_writes_nothing(app):
    zone = make_zone("Jordan", countries="JO")
    wish = {"name": "Levant", "isActive": True, "countries": "JO\nLB"}
    for _ in range(2):
        save_zone(ZoneWish.model_validate(wish), SYSTEM, zone.public_id)
    db.session.rollback()

    entry = db.session.scalars(db.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert actions() == ["shipping_zone.created", "shipping_zone.changed"]
    assert entry.before["name"] == "Jordan" and entry.after["name"] == "Levant" and len(entry.after["areas"]) == 2


def test_the_log_names_a_method_s_zone_and_never_its_key(app):
    method = make_method(make_zone("Jordan", countries="JO"))
    other = make_zone("Levant", countries="LB")
    wish = {"zone": other.public_id, "code": "standard", "name": "Standard", "prices": "5.00"}
    save_method(
        MethodWish.model_validate({**wish, "minDays": 2, "maxDays": 4, "isActive": True}),
        SYSTEM,
        "USD",
        method.public_id,
    )
    db.session.rollback()
    entry = db.session.scalars(db.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert (entry.before, entry.after) == ({"zone": "Jordan"}, {"zone": "Levant"})


def test_who_saves_second_is_told(app):
    zone = make_zone("Jordan", countries="JO")
    method = make_method(zone)
    wish = {"zone": zone.public_id, "code": "standard", "name": "A", "prices": "1", "minDays": 1, "maxDays": 1}
    with pytest.raises(ChangedMeanwhile):
        save_zone(ZoneWish.model_validate({"name": "B", "countries": "JO"}), SYSTEM, zone.public_id, seen="another")
    with pytest.raises(ChangedMeanwhile):
        save_method(MethodWish.model_validate(wish), SYSTEM, "USD", method.public_id, seen="another")
    save_method(MethodWish.model_validate(wish), SYSTEM, "USD", method.public_id, seen=version_of(method.updated_at))


def test_a_copy_has_all_the_ways_to_send_and_is_switched_off(app, terms):
    zone = make_zone("Jordan", countries="JO")
    make_method(zone, prices="0: 4\n10: 2")
    copy = copy_zone(zone.public_id, SYSTEM)
    db.session.rollback()

    rows = db.session.scalars(db.select(ZoneMethod).filter_by(zone_id=copy.id)).all()
    assert (copy.name, copy.is_active, [row.bands for row in rows]) == (
        "Jordan (copy)",
        False,
        [[[0, 400], [1000, 200]]],
    )


def test_a_deleted_zone_takes_its_ways_to_send_with_it(app, terms):
    zone = make_zone(countries="JO")
    make_method(zone)
    delete_method(make_method(zone, "express").public_id, SYSTEM)
    delete_zone(zone.public_id, SYSTEM)

    db.session.rollback()
    assert db.session.scalars(db.select(ShippingZone)).all() == db.session.scalars(db.select(ZoneMethod)).all() == []
    assert actions()[-3:] == ["shipping_method.deleted", "shipping_method.deleted", "shipping_zone.deleted"]
    assert read_shipping_table(terms) == terms.shipping_table
    for call in (delete_zone, copy_zone, delete_method):
        with pytest.raises(NotFound):
            call("zone_none", SYSTEM)


def test_the_migration_goes_down_and_up_again(app, terms):
    make_method(make_zone(countries="JO"))
    db.session.remove()
    try:
        downgrade(revision="0006")
    finally:
        upgrade()
    assert not has_own_zones()
