"""Taxes: zones of places that tax alike, each with its rates."""

from __future__ import annotations

from shop.admin.resource import Act, Column, Fact, Field, Form, Part, Resource, Tab, words_in
from shop.domain.explanations import percent
from shop.domain.tax_zones.lines import NamedPlace, written_place
from shop.domain.tax_zones.models import TaxZone
from shop.domain.tax_zones.operations import (
    TaxZoneWish,
    change_tax_zone,
    create_tax_zone,
    delete_tax_zone,
    zone_values,
)
from shop.domain.tax_zones.queries import percent_of, select_zones

SHOWN = 4  # places in a list


def places_of(zone: TaxZone) -> str:
    """The first places of a zone, and how many more there are."""
    named = [written_place(NamedPlace(each.country, each.region)) for each in zone.places]
    more = len(named) - SHOWN
    return ", ".join(named[:SHOWN]) + (f" and {more} more" if more > 0 else "")


def rates_of(zone: TaxZone) -> str:
    """The rates of a zone, the standard one first."""
    return ", ".join(
        f"{each.category.name} {percent(percent_of(each.parts_per_million))}"
        if each.category
        else percent(percent_of(each.parts_per_million))
        for each in zone.rates
    )


def prices_of(zone: TaxZone) -> str:
    return "With tax" if zone.prices_include_tax else "Without tax"


TAXES = Resource(
    name="taxes",
    title="Taxes",
    singular="tax zone",
    audit_kind="tax_zone",
    section="The shop",
    read="taxes:read",
    write="taxes:write",
    icon="percent",
    model=TaxZone,
    select=select_zones,
    columns=(
        Column("name", "Zone", lambda row: row.name, "main", sort=TaxZone.name, on_phone="lead"),
        Column("places", "Places", places_of),
        Column("rates", "Rates", rates_of),
        Column("prices", "Prices", prices_of, sort=TaxZone.prices_include_tax),
        Column("active", "Active", lambda row: row.is_active, "yes_no", sort=TaxZone.is_active),
        Column("position", "Position", lambda row: row.position, "number", sort=TaxZone.position, on_phone="none"),
        Column("updated", "Updated", lambda row: row.updated_at, "moment", sort=TaxZone.updated_at, on_phone="none"),
    ),
    search=words_in(TaxZone.name),
    sort="position",
    tabs=(
        Tab("all", "All"),
        Tab("active", "Active", lambda: TaxZone.is_active.is_(True)),
        Tab("inactive", "Inactive", lambda: TaxZone.is_active.is_(False)),
    ),
    list_links=(("Test box", "admin_tax_test.show_test"),),
    form=Form(
        wish=TaxZoneWish,
        parts=(
            Part(
                "",
                (
                    Field("name", "Name"),
                    Field(
                        "places",
                        "Places",
                        "textarea",
                        hint="Countries by name or code, regions as US: New York; one a line or with commas between. "
                        "A region goes before its country. CA counts as California.",
                    ),
                    Field(
                        "rates",
                        "Rates in percent",
                        "textarea",
                        hint="One a line: standard 20 VAT, and for a category and all inside it the end of its "
                        "address: books 5.5 Reduced VAT.",
                    ),
                ),
            ),
            Part(
                "How it is worked out",
                (
                    Field("pricesIncludeTax", "The shop's prices include the tax here", "tick"),
                    Field("shippingIsTaxed", "Shipping is taxed, at the standard rate", "tick"),
                    Field(
                        "rounding",
                        "Rounding",
                        "select",
                        choices=lambda: [("line", "Line by line"), ("order", "On the sum of an order, rate by rate")],
                    ),
                ),
            ),
            Part(
                "Use",
                (
                    Field(
                        "isActive",
                        "Active",
                        "tick",
                        hint="While any zone is active, places in no zone are not taxed. While none is, all places "
                        "have the one rate of the settings.",
                    ),
                    Field("position", "Position", "number", hint="In this list, the smallest first."),
                ),
            ),
        ),
        values=lambda row: {
            "name": row.name,
            "places": "\n".join(zone_values(row)["places"]),
            "rates": "\n".join(zone_values(row)["rates"]),
            "pricesIncludeTax": row.prices_include_tax,
            "shippingIsTaxed": row.shipping_is_taxed,
            "rounding": row.rounding,
            "isActive": row.is_active,
            "position": row.position,
        },
        create=create_tax_zone,
        at_first={"shippingIsTaxed": "true"},
        change=lambda public_id, wish, actor, seen: change_tax_zone(public_id, wish, actor, seen=seen),
    ),
    facts=lambda row: (
        Fact("Places", len(row.places), "number"),
        Fact("Rates", rates_of(row)),
        Fact("Prices", prices_of(row)),
        Fact("Last change", row.updated_at, "moment"),
    ),
    acts=(
        Act(
            "deletion",
            "Delete",
            lambda public_id, wish, actor: delete_tax_zone(public_id, actor),
            "The tax zone was deleted.",
            hint="Orders keep the tax that they were placed with.",
            is_danger=True,
            leads_to_list=True,
        ),
    ),
    is_empty_text="There is no tax zone: all places have the one rate of the settings (TAX_RATE_PERCENT).",
)
