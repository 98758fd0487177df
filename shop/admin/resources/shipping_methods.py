"""Ways to send: what each costs by weight or value, and how long it takes, zone by zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from shop.admin.resource import Act, Column, Fact, Field, Form, Part, Resource, Tab, words_in
from shop.admin.resources.shipping_zones import choices
from shop.domain.shipping import days_in_words
from shop.domain.shipping_zones.models import ShippingZone, ZoneMethod
from shop.domain.shipping_zones.operations import MethodWish, delete_method, save_method, written_prices
from shop.extensions import terms
from shop.money import Money


def values(method: ZoneMethod) -> Mapping[str, Any]:
    free_from = method.free_from_amount
    return {
        "zone": method.zone.public_id,
        "code": method.code,
        "name": method.name,
        "description": method.description,
        "basis": method.basis,
        "prices": written_prices(method),
        "freeFrom": "" if free_from is None else Money(free_from, method.currency).to_decimal(),
        "maxWeightGrams": method.max_weight_grams,
        "minDays": method.min_days,
        "maxDays": method.max_days,
        "cutOffHour": method.cut_off_hour,
        "position": method.position,
        "isActive": method.is_active,
    }


def price(method: ZoneMethod) -> str:
    """The lowest price, said to be that where there are others."""
    amounts = {amount for _, amount in method.bands}
    return ("from " if len(amounts) > 1 else "") + Money(min(amounts), method.currency).format()


def facts(method: ZoneMethod) -> Sequence[Fact]:
    zone = url_for("admin.shipping-zones_row", public_id=method.zone.public_id)
    return (Fact("Zone", method.zone.name, address=zone), Fact("Last change", method.updated_at, "moment"))


SHIPPING_METHODS = Resource(
    name="shipping-methods",
    title="Ways to send",
    singular="way to send",
    audit_kind="shipping_method",
    section="Shipping",
    read="shipping:read",
    write="shipping:write",
    icon="truck",
    model=ZoneMethod,
    select=lambda: select(ZoneMethod).join(ZoneMethod.zone).options(joinedload(ZoneMethod.zone)),
    columns=(
        Column("name", "Way to send", lambda row: row.name, "main", sort=ZoneMethod.name, on_phone="lead"),
        Column("zone", "Zone", lambda row: row.zone.name, sort=ShippingZone.name),
        Column("price", "Price", price),
        Column("days", "Time", lambda row: days_in_words(row.min_days, row.max_days)),
        Column("code", "Code", lambda row: row.code, sort=ZoneMethod.code, on_phone="none"),
        Column("active", "In use", lambda row: row.is_active, "yes_no", sort=ZoneMethod.is_active),
    ),
    search=words_in(ZoneMethod.name, ZoneMethod.code, ShippingZone.name),
    tabs=(
        Tab("all", "All"),
        Tab("active", "In use", lambda: ZoneMethod.is_active),
        Tab("off", "Switched off", lambda: ~ZoneMethod.is_active),
    ),
    sort="zone",
    form=Form(
        wish=MethodWish,
        parts=(
            Part(
                "",
                (
                    Field("zone", "Zone", "select", choices=choices),
                    Field("name", "Name", hint="As shoppers see it: Standard.", width="half"),
                    Field("code", "Code", hint="As orders and the API name it: standard.", width="half"),
                    Field("description", "Description", hint="A few words below the name: To your door."),
                    Field("isActive", "In use", "tick"),
                    Field("position", "Position", "number", hint="The first of a zone is its default."),
                ),
            ),
            Part(
                "Price",
                (
                    Field(
                        "basis",
                        "By",
                        "select",
                        choices=lambda: [
                            ("value", "value of the goods, after discount"),
                            ("weight", "weight in grams"),
                        ],
                    ),
                    Field(
                        "prices",
                        "Prices",
                        "textarea",
                        hint="One price: 4.90. Or one a line, from where on, a colon and the price: 0: 4.90, then "
                        "2000: 7.90 for orders of 2 kg and more.",
                    ),
                    Field("freeFrom", "Free from", "number", hint="A value of the goods: 75.", width="half"),
                    Field("maxWeightGrams", "Heaviest order", "number", hint="In grams.", width="half"),
                ),
            ),
            Part(
                "Time, in working days",
                (
                    Field("minDays", "Fewest", "number", hint="0 is the same day.", width="half"),
                    Field("maxDays", "Most", "number", width="half"),
                    Field(
                        "cutOffHour",
                        "Order before",
                        "number",
                        hint="An hour by the zone's clock, such as 14: from then on the next working day counts.",
                        width="half",
                    ),
                ),
            ),
        ),
        values=values,
        create=lambda wish, actor: save_method(wish, actor, terms.currency),
        change=lambda public_id, wish, actor, seen: save_method(wish, actor, terms.currency, public_id, seen=seen),
    ),
    facts=facts,
    acts=(
        Act(
            "deletion",
            "Delete",
            lambda public_id, wish, actor: delete_method(public_id, actor),
            "The way to send was deleted.",
            is_danger=True,
            leads_to_list=True,
        ),
    ),
    list_links=(("Test box", "admin_shipping.show_test_box"),),
    is_empty_text="No ways to send yet. Make a zone first, then say how to send there.",
)
