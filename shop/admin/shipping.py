"""The test box of shipping: a destination, a weight and a value, and what the shop would offer there, and why."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import Field as Setting

from shop.admin.resource import Field
from shop.admin.test_box import render_test_box
from shop.db import transaction_time
from shop.domain.addresses import country_names
from shop.domain.inputs import Input, Line, read_query
from shop.domain.places import Place
from shop.domain.shipping import ShippingTable
from shop.domain.shipping_zones.operations import HEAVIEST
from shop.domain.shipping_zones.queries import has_own_zones, read_shipping_table
from shop.domain.shipping_zones.trial import Trial, try_destination
from shop.errors import Detail, Invalid
from shop.extensions import terms
from shop.filled import FilledForm
from shop.money import Money
from shop.policies import policy

blueprint = Blueprint("admin_shipping", __name__, url_prefix="/admin/shipping-test")


class TestBox(Input):
    """An order that somebody might place; its value is what the goods cost after discounts, in whole units."""

    country: Line = Setting(min_length=2, max_length=2, title="a country")
    region: Line = Setting(default="", max_length=80)
    city: Line = Setting(default="", max_length=80)
    weight: int = Setting(default=500, ge=0, le=HEAVIEST)
    value: Line = Setting(default="50", max_length=20)


def countries() -> Sequence[tuple[str, str]]:
    return sorted(country_names().items(), key=lambda pair: pair[1])


FIELDS = (
    Field("country", "Country", "select", choices=countries),
    Field("region", "Region", width="half"),
    Field("city", "City", width="half"),
    Field("weight", "Weight in grams", "number", width="half"),
    Field("value", "Value of the goods, after discount", "number", width="half"),
)


@blueprint.get("")
@policy("staff", "shipping:read")
def show_test_box() -> ResponseReturnValue:
    """The form, and once a country is chosen what an order to it would be offered now."""
    filled = FilledForm({"country": terms.home_country, "weight": "500", "value": "50"} | request.args.to_dict())
    trial, status = None, 200
    table = read_shipping_table(terms, with_inactive=True)
    if "country" in request.args:
        try:
            trial = _try(table)
        except Invalid as refusal:
            filled, status = FilledForm.refused(filled.values, refusal), 422
    names = country_names()
    page = render_test_box(
        "admin/shipping/test_box.html",
        FIELDS,
        TestBox,
        filled,
        back=("admin.shipping-zones_list", "Shipping zones"),
        choices={"country": countries()},
        trial=trial,
        has_own_zones=has_own_zones(),
        uncovered=[] if table.covers_everywhere else sorted(names[code] for code in set(names) - set(table.countries)),
        country_count=len(names),
    )
    return page, status


def _try(table: ShippingTable) -> Trial:
    """What the form asks for. Raises Invalid with all that is wrong with it at once."""
    wrong: list[Detail] = []
    goods = Money(0, terms.currency)
    try:
        goods = Money.typed(request.args.get("value") or "50", terms.currency)
    except ValueError:
        wrong.append(Detail("value", "Enter a value such as 50."))
    try:
        asked = read_query(TestBox, request.args)
    except Invalid as refusal:
        wrong = [*refusal.details, *(each for each in wrong if each.field not in {d.field for d in refusal.details})]
    if wrong:
        raise Invalid("The test needs another value." if len(wrong) == 1 else "The test needs other values.", wrong)
    place = Place(asked.country, asked.region, asked.city)
    return try_destination(table, place, goods, asked.weight, transaction_time())
