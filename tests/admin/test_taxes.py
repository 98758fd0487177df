"""Taxes in the admin: zones from the form to the cart, and the test box."""

from __future__ import annotations

import pytest

from shop.db import db
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.operations import save_category
from shop.domain.tax_zones.models import TaxZone
from tests.admin.pages import body, fields_of, keeping, send, value_of
from tests.conftest import make_product, variants_of
from tests.domain.tax_zones.zones import make_zone
from tests.storefront.pages import put_in_cart


def make(owner, **fields):
    wish = {
        "name": "Mainland",
        "places": "United States",
        "rates": "standard 10 Sales tax",
        "isActive": "true",
        **fields,
    }
    answer = send(owner, "/admin/taxes/new", "/admin/taxes", **wish)
    assert answer.status_code == 303, body(answer)
    return answer.location


def zones():
    db.session.rollback()
    return [zone.name for zone in db.session.scalars(db.select(TaxZone).order_by(TaxZone.id))]


def actions():
    db.session.rollback()
    kinds = db.select(AuditEntry.action).where(AuditEntry.subject_kind == "tax_zone").order_by(AuditEntry.id)
    return list(db.session.scalars(kinds))


def test_a_new_zone_taxes_shipping_unless_it_is_said_otherwise(owner):
    new = fields_of(owner.get("/admin/taxes/new"))
    assert (new["shippingIsTaxed"], new["isActive"]) == ("true", "false")


def test_a_zone_is_made_listed_and_taxes_the_next_cart(owner, client):
    category = save_category("books", "Books")
    put_in_cart(client, variants_of(make_product(category_id=category.id))[0])
    address = make(owner, rates="standard 10 Sales tax\nbooks 5", shippingIsTaxed="false")

    fields = fields_of(owner.get(address))
    assert (fields["places"], fields["rates"]) == ("US", "standard 10 Sales tax\nbooks 5")
    assert (fields["rounding"], fields["isActive"], fields["pricesIncludeTax"]) == ("line", "true", "false")
    listed = body(owner.get("/admin/taxes"))
    assert "Mainland US 10%, Books 5% Without tax Yes" in listed
    assert "Tax $1.00" in body(client.get("/cart"))
    assert "Mainland" in body(owner.get("/admin/taxes.csv")) and "Mainland" not in body(owner.get("/admin/taxes?q=zzz"))
    assert "Mainland" not in body(owner.get("/admin/taxes?tab=inactive"))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": ""}, "Enter a name."),
        ({"places": ""}, "Enter the places that it covers."),
        ({"places": "Atlantis"}, "There is no country Atlantis."),
        ({"rates": ""}, "Enter the rates."),
        ({"rates": "books 5"}, "Enter the standard rate too, such as: standard 20."),
        ({"rates": "standard ten"}, "Line 1: write standard or a category's address, then its rate in percent"),
        ({"rounding": "never"}, "Choose one of: line or order."),
        ({"position": "-1"}, "Enter 0 or more."),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_stays_typed(owner, fields, sentence):
    wish = {"name": "Mainland", "places": "US", "rates": "standard 10", **fields}
    answer = send(owner, "/admin/taxes/new", "/admin/taxes", **wish)

    assert answer.status_code == 422 and zones() == []
    assert sentence in body(answer)
    typed = fields_of(answer)
    assert all(typed[name] == text for name, text in fields.items() if name != "rounding")


def test_a_zone_is_changed_with_its_history_and_deleted(owner):
    address = make(owner)
    assert send(owner, address, name="Here", rates="standard 11").status_code == 303

    page = body(owner.get(address))
    assert "Tax zone changed" in page and "standard 10 Sales tax → standard 11" in page
    token = value_of(owner.get("/admin/taxes/new"), "csrf_token")
    assert owner.post(f"{address}/deletion", data={"csrf_token": token}).location == "/admin/taxes"
    assert zones() == [] and "all places have the one rate of the settings" in body(owner.get("/admin/taxes"))
    assert actions() == ["tax_zone.created", "tax_zone.changed", "tax_zone.deleted"]


def test_who_saves_second_sees_both_versions(owner):
    address = make(owner)
    early = fields_of(owner.get(address))
    send(owner, address, rates="standard 11")

    late = owner.post(address, data={**early, "rates": "standard 12"})

    assert late.status_code == 409 and fields_of(late)["rates"] == "standard 12"
    assert owner.post(address, data=keeping(late)).status_code == 303
    assert fields_of(owner.get(address))["rates"] == "standard 12"


def test_a_place_of_another_active_zone_is_refused(owner):
    make(owner)
    answer = send(
        owner, "/admin/taxes/new", "/admin/taxes", name="B", places="DE, US", rates="standard 1", isActive="true"
    )
    assert answer.status_code == 422 and zones() == ["Mainland"]
    assert "US is in the zone Mainland already. Take it out there, or make one inactive." in body(answer)


@pytest.fixture
def box(owner):
    """Ask the test box: `box(country="DE", price="24.90")` answers its page as it is read."""

    def ask(status=200, **asked):
        answer = owner.get("/admin/taxes/test", query_string=asked)
        assert answer.status_code == status
        return body(answer)

    return ask


def test_the_box_is_empty_at_first_and_asks_for_the_home_country(owner, box):
    page = owner.get("/admin/taxes/test")
    assert "Result" not in body(page) and fields_of(page)["country"] == "US"
    assert "/admin/taxes/test" in owner.get("/admin/taxes").text


def test_the_box_says_zone_rate_tax_and_total_in_words(owner, box):
    category = save_category("food", "Food")
    sweets = save_category("sweets", "Sweets", parent_slug="food")
    make_zone("DE", "standard 19 VAT\nfood 7 Reduced VAT", name="Germany", pricesIncludeTax=True)
    make_zone("US: NY", "standard 8.875", name="New York", shippingIsTaxed=False, rounding="order")

    assert (
        "Germany is in the zone Germany. The standard rate is taken: 19% VAT. $24.90 is to pay; $3.98 of it is tax. "
        "Shipping is taxed at 19%. Tax is rounded line by line. Price $24.90 Tax included $3.98 Total $24.90"
    ) in box(country="DE", region="Bayern", price="24.90").replace("Bayern in Germany is", "Germany is")
    assert "The rate of the category Food is taken: 7% Reduced VAT." in box(
        country="DE", price="1", category=category.public_id
    )
    assert "The rate of the category Food above Sweets is taken: 7% Reduced VAT." in box(
        country="DE", price="1", category=sweets.public_id
    )
    assert (
        "Ny in the United States is in the zone New York. The standard rate is taken: 8.875%. "
        "$100.00 + $8.88 tax = $108.88 to pay. Shipping is not taxed. Tax is rounded on the sum of an order."
    ) in box(country="US", region="ny", price="100")
    assert "The United States is in no zone, so nothing is taxed. $5.00 is to pay, without tax." in box(
        country="us", price="5"
    )


def test_the_box_says_that_the_settings_decide_where_no_zone_is_active(box):
    page = box(country="US", price="5")
    assert "No tax zone is active, so all places have the one rate of the settings." in page


@pytest.mark.parametrize(
    ("asked", "status", "sentence"),
    [
        ({"price": ""}, 422, "Enter a price."),
        ({"price": "much"}, 422, "Enter a price, such as 24.90."),
        ({"price": "-1"}, 422, "Enter a price, such as 24.90."),
        ({"price": "12345678901"}, 422, "Use at most 10 characters."),
        ({"country": "XX"}, 422, "Choose a country by its two-letter ISO code, such as JO."),
        ({"country": ""}, 422, "Enter a country."),
        ({"region": "x" * 81}, 422, "Use at most 80 characters."),
        ({"category": "cat_none"}, 400, "There is no such category. Choose another."),
        ({"category": "a b"}, 422, "This is not a category of this shop."),
    ],
)
def test_the_box_says_what_cannot_be_tested(box, asked, status, sentence):
    page = box(status, **{"country": "US", "price": "5", **asked})
    assert sentence in page and "Result" not in page


def test_whoever_may_only_read_tests_and_changes_nothing(staff_who_may):
    reader = staff_who_may("taxes:read")
    assert reader.get("/admin/taxes").status_code == 200
    assert reader.get("/admin/taxes/test?country=US&price=5").status_code == 200
    assert reader.get("/admin/taxes/new").status_code == 403
    assert "New tax zone" not in body(reader.get("/admin/taxes"))


def test_a_ticked_box_sends_no_and_yes_as_a_browser_does_and_yes_counts(owner):
    address = make(owner, isActive="false")
    fields = fields_of(owner.get(address))
    assert fields["isActive"] == "false"

    assert owner.post(address, data={**fields, "isActive": ["false", "true"]}).status_code == 303

    assert fields_of(owner.get(address))["isActive"] == "true"
