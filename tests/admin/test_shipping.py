"""Zones, ways to send and the test box in the admin: from the form to what the checkout offers."""

from __future__ import annotations

import pytest

from shop.db import db
from shop.domain.shipping_zones.models import ShippingZone, ZoneMethod
from shop.domain.shipping_zones.queries import read_shipping_table
from tests.admin.pages import body, fields_of, send, value_of
from tests.domain.shipping_zones.stories import make_method, make_zone

ZONE = {
    "name": "Levant",
    "isActive": "true",
    "countries": "Jordan\nLB",
    "cities": "SY: Damascus",
    "timeZone": "Asia/Amman",
}
POST = {"name": "Post", "code": "post", "isActive": "true", "basis": "weight", "prices": "0: 3\n2000: 6"}
DAYS = {"minDays": "2", "maxDays": "4"}


def make(owner, kind, **fields):
    return send(owner, f"/admin/shipping-{kind}/new", f"/admin/shipping-{kind}", **fields)


def rows(model):
    db.session.rollback()
    return db.session.scalars(db.select(model).order_by(model.id)).all()


def test_a_zone_and_its_way_to_send_are_made_and_read_back(owner, terms):
    zone = make(owner, "zones", **ZONE)
    assert zone.status_code == 303
    page = owner.get(zone.location)
    assert "Damascus, Syria" in body(page) and "nothing is delivered to these places" in body(page)

    (row,) = rows(ShippingZone)
    new = f"/admin/shipping-methods/new?zone={row.public_id}"
    assert new in page.text and fields_of(owner.get(new))["zone"] == row.public_id
    method = make(owner, "methods", zone=row.public_id, **POST, **DAYS, freeFrom="80", maxWeightGrams="9000")
    assert method.status_code == 303
    fields = fields_of(owner.get(method.location))
    assert (fields["prices"], fields["freeFrom"], fields["maxWeightGrams"]) == ("0: 3.00\n2000: 6.00", "80.00", "9000")
    text = body(owner.get(zone.location))
    assert "from $3.00 by weight" in text and "$80.00" in text and "9 kg" in text and "2–4 working days" in text
    assert fields_of(owner.get(f"{zone.location}/edit"))["countries"] == "Jordan\nLebanon"
    assert [each.id for each in read_shipping_table(terms).zones[0].methods] == ["post"]


def test_a_tick_counts_as_a_browser_sends_it(owner):
    assert make(owner, "zones", **{**ZONE, "isActive": ["false", "true"]}).status_code == 303
    (row,) = rows(ShippingZone)
    assert row.is_active
    address = f"/admin/shipping-zones/{row.public_id}/edit"
    assert send(owner, address, isActive=["false"]).status_code == 303
    assert not rows(ShippingZone)[0].is_active


@pytest.mark.parametrize(
    ("kind", "change", "sentence"),
    [
        ("zones", {"name": ""}, "Enter a name."),
        ("zones", {"countries": "Atlantis"}, "There is no country “Atlantis”."),
        ("zones", {"timeZone": "Mars"}, "Enter a time zone such as Asia/Amman"),
        ("zones", {"position": "-1"}, "Enter 0 or more."),
        ("methods", {"prices": "5: 3"}, "Let the first line start at 0"),
        ("methods", {"prices": ""}, "Enter a price."),
        ("methods", {"code": "Next Day"}, "small letters"),
        ("methods", {"maxDays": "1"}, "Enter no fewer days than the fewest."),
        ("methods", {"maxDays": "91"}, "Enter 90 or less."),
        ("methods", {"cutOffHour": "24"}, "Enter 23 or less."),
        ("methods", {"zone": "zone_none"}, "Choose a zone."),
    ],
)
def test_what_cannot_be_is_refused_and_stays_typed(owner, kind, change, sentence):
    zone = make_zone(countries="BR")
    fields = ZONE if kind == "zones" else {"zone": zone.public_id, **POST, **DAYS}
    answer = make(owner, kind, **{**fields, **change})
    assert answer.status_code == 422 or (answer.status_code == 400 and change == {"zone": "zone_none"})
    assert sentence in body(answer) and fields_of(answer)["name"] == {**fields, **change}["name"]
    assert len(rows(ShippingZone)) == 1 and rows(ZoneMethod) == []


def test_a_code_that_is_taken_in_the_zone_is_refused(owner):
    zone = make_zone(countries="BR")
    make_method(zone, "post")
    answer = make(owner, "methods", zone=zone.public_id, **POST, **DAYS)
    assert answer.status_code == 409 and "has this code in Zone already" in body(answer)


def test_a_zone_is_copied_and_deleted_after_a_question(owner):
    zone = make_zone("Jordan", countries="JO")
    make_method(zone)
    address = f"/admin/shipping-zones/{zone.public_id}"
    token = value_of(owner.get(address), "csrf_token")

    owner.post(f"{address}/copy", data={"csrf_token": token})
    assert "“Jordan (copy)” was made" in body(owner.get("/admin/shipping-zones"))
    asked = owner.post(f"{address}/deletion", data={"csrf_token": token})
    assert "its 1 ways to send are deleted" in body(asked) or "Orders keep theirs as sold" in body(asked)
    owner.post(f"{address}/deletion", data={"csrf_token": token, "confirmed": "1"})
    assert [row.name for row in rows(ShippingZone)] == ["Jordan (copy)"]
    (method,) = rows(ZoneMethod)
    owner.post(f"/admin/shipping-methods/{method.public_id}/deletion", data={"csrf_token": token})
    assert rows(ZoneMethod) == []


def test_the_lists_show_what_there_is_and_can_be_searched(owner):
    assert "the shop's settings decide where it delivers" in body(owner.get("/admin/shipping-zones"))
    zone = make_zone("Jordan", countries="JO")
    make_method(zone, "post", prices="0: 3\n10: 2")
    make_zone("Elsewhere", isEverywhere=True, isActive=False)
    text = body(owner.get("/admin/shipping-zones"))
    assert "Jordan" in text and "everywhere else" in text
    assert "Elsewhere" not in body(owner.get("/admin/shipping-zones?tab=active"))
    for column in ("name", "methods", "-position", "active"):
        assert "Jordan" in body(owner.get(f"/admin/shipping-zones?sort={column}"))
    assert "from $2.00" in body(owner.get("/admin/shipping-methods?q=jordan"))
    assert "from $2.00" in owner.get("/admin/shipping-methods.csv").text


# -- the test box -----------------------------------------------------------------------------------------------------


def test_the_box_says_what_is_offered_and_why_not_the_rest(owner):
    jordan = make_zone("Jordan", countries="JO", position=1)
    make_method(jordan, "post", basis="weight", prices="0: 3\n2000: 6", maxWeightGrams=5000)
    make_method(jordan, "bike", maxWeightGrams=1000)
    make_zone("Amman", cities="JO: Amman")
    text = body(owner.get("/admin/shipping-test?country=JO&city=Irbid&weight=2500&value=20"))

    assert "“Jordan” covers Jordan" in text
    assert "Post , $6.00 , between" in text and "from 2 kg on" in text
    assert "Bike : It takes at most 1 kg; this weighs 2.5 kg." in text
    assert "Amman : It does not cover this place." in text
    assert "Not delivered there" in body(owner.get("/admin/shipping-test?country=DE"))
    assert "Germany" in text  # among the countries that are not delivered to


def test_the_box_explains_the_settings_while_there_is_no_zone(owner):
    text = body(owner.get("/admin/shipping-test?country=US&value=80"))
    assert "the shop's settings decide" in text and "Standard , free" in text and "Express , $12.90" in text


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("country=", "Enter a country."),
        ("country=JO&weight=-1", "Enter 0 or more."),
        ("country=JO&weight=heavy", "Enter a whole number."),
        ("country=JO&value=much", "Enter a value such as 50."),
        (f"country=JO&city={'x' * 81}", "Use at most 80 characters."),
    ],
)
def test_a_test_that_cannot_be_read_is_refused_and_stays_typed(owner, query, sentence):
    answer = owner.get(f"/admin/shipping-test?{query}")
    assert answer.status_code == 422 and sentence in body(answer)


def test_all_that_is_wrong_with_a_test_is_told_at_once(owner):
    answer = owner.get("/admin/shipping-test?country=JO&weight=heavy&value=1,000&city=Amman")
    text = body(answer)
    assert answer.status_code == 422 and "The test needs other values." in text
    assert "Weight in grams: Enter a whole number." in text
    assert "Value of the goods, after discount: Enter a value such as 50." in text
    assert answer.text.count('aria-invalid="true"') == 2


def test_who_may_only_read_changes_nothing_and_others_see_nothing(staff_who_may):
    reader = staff_who_may("shipping:read")
    assert reader.get("/admin/shipping-zones").status_code == 200
    assert reader.get("/admin/shipping-test?country=JO").status_code == 200
    assert reader.get("/admin/shipping-zones/new").status_code == 403
    assert reader.get("/admin/shipping-methods/new").status_code == 403


def test_others_see_nothing_of_it(staff_who_may):
    other = staff_who_may("catalog:read")
    assert other.get("/admin/shipping-test").status_code == 403
    assert "shipping" not in other.get("/admin").text
