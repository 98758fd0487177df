"""Shipping zones: the places that are delivered to, and the ways to send to each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from shop.admin.resource import Act, Card, Column, Detail, Fact, Field, Form, Part, Resource, Tab, words_in
from shop.db import db
from shop.domain.shipping_zones.models import ShippingZone, ZoneMethod
from shop.domain.shipping_zones.operations import ZoneWish, copy_zone, delete_zone, save_zone
from shop.domain.shipping_zones.places import area_in_words, written_places
from shop.domain.shipping_zones.queries import areas_of, list_methods_of, listed
from shop.policies import may_open

PLACES = Part(
    "Places, one a line",
    (
        Field("countries", "Countries", "textarea", hint="By name or two-letter code, such as Jordan or JO."),
        Field("regions", "Regions", "textarea", hint="Country, colon, region: US: California."),
        Field(
            "cities",
            "Cities",
            "textarea",
            hint="JO: Amman. Where a country has several of that name, also the region: US, Oregon: Portland.",
        ),
        Field(
            "isEverywhere",
            "Covers everywhere else",
            "tick",
            hint="Every place that no other zone names. A city goes before a region, a region before a country.",
        ),
    ),
)


def values(zone: ShippingZone) -> Mapping[str, Any]:
    areas = areas_of(zone)
    return {
        "name": zone.name,
        "position": zone.position,
        "isActive": zone.is_active,
        "timeZone": zone.time_zone,
        **written_places(areas),
        "isEverywhere": any(not area.exactness for area in areas),
    }


def places(zone: ShippingZone) -> str:
    return listed([area_in_words(area) for area in areas_of(zone)], by="; ")


def methods(zone: ShippingZone) -> Mapping[str, Any]:
    can_add = may_open("admin.shipping-methods_new")
    return {
        "methods": list_methods_of(zone),
        "add": url_for("admin.shipping-methods_new", zone=zone.public_id) if can_add else "",
    }


def facts(zone: ShippingZone) -> Sequence[Fact]:
    return (
        Fact("In use", zone.is_active, "yes_no"),
        Fact("Position", str(zone.position)),
        Fact("Clock", zone.time_zone),
        Fact("Last change", zone.updated_at, "moment"),
    )


def choices() -> Sequence[tuple[str, str]]:
    """The zones to choose one from."""
    rows = db.session.execute(select(ShippingZone.public_id, ShippingZone.name).order_by(ShippingZone.position))
    return [(public_id, name) for public_id, name in rows]


def count_methods() -> Any:
    return select(func.count()).where(ZoneMethod.zone_id == ShippingZone.id).correlate(ShippingZone).scalar_subquery()


SHIPPING_ZONES = Resource(
    name="shipping-zones",
    title="Shipping zones",
    singular="zone",
    audit_kind="shipping_zone",
    section="Shipping",
    read="shipping:read",
    write="shipping:write",
    icon="map",
    model=ShippingZone,
    select=lambda: select(ShippingZone).options(selectinload(ShippingZone.methods)),
    columns=(
        Column("name", "Zone", lambda row: row.name, "main", sort=ShippingZone.name, on_phone="lead"),
        Column("places", "Covers", places),
        Column("methods", "Ways to send", lambda row: len(row.methods), "number", sort=count_methods()),
        Column("position", "Position", lambda row: row.position, "number", sort=ShippingZone.position, on_phone="none"),
        Column("active", "In use", lambda row: row.is_active, "yes_no", sort=ShippingZone.is_active),
    ),
    search=words_in(ShippingZone.name),
    tabs=(
        Tab("all", "All"),
        Tab("active", "In use", lambda: ShippingZone.is_active),
        Tab("off", "Switched off", lambda: ~ShippingZone.is_active),
    ),
    sort="position",
    form=Form(
        wish=ZoneWish,
        parts=(
            Part(
                "",
                (
                    Field("name", "Name", hint="For staff; shoppers do not see it."),
                    Field(
                        "isActive", "In use", "tick", hint="Once a zone is in use, zones alone decide where we deliver."
                    ),
                    Field("position", "Position", "number", hint="Between equals the lowest decides.", width="half"),
                    Field("timeZone", "Clock", hint="For orders of the same day: Asia/Amman.", width="half"),
                ),
            ),
            PLACES,
        ),
        values=values,
        create=lambda wish, actor: save_zone(wish, actor),
        change=lambda public_id, wish, actor, seen: save_zone(wish, actor, public_id, seen=seen),
    ),
    detail=Detail(
        (
            Card(
                "Covers",
                "admin/shipping/_places.html",
                lambda row: {"areas": [area_in_words(area) for area in areas_of(row)]},
            ),
            Card("Ways to send", "admin/shipping/_methods.html", methods),
        )
    ),
    facts=facts,
    acts=(
        Act(
            "copy",
            "Copy",
            lambda public_id, wish, actor: copy_zone(public_id, actor),
            lambda name, copy: f"“{copy.name}” was made, switched off until it covers other places.",
            hint="With all its ways to send.",
            leads_to_list=True,
        ),
        Act(
            "deletion",
            "Delete",
            lambda public_id, wish, actor: delete_zone(public_id, actor),
            "The zone was deleted.",
            is_danger=True,
            leads_to_list=True,
            question=lambda row, wish: (
                f"“{row.name}” and its {len(row.methods)} ways to send are deleted. Orders keep theirs as sold."
            ),
        ),
    ),
    links=lambda row: [("Test box", url_for("admin_shipping.show_test_box"))],
    list_links=(("Test box", "admin_shipping.show_test_box"),),
    is_empty_text="No zones yet: the shop's settings decide where it delivers. Make one to decide it here.",
)
