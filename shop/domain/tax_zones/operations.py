"""Looking after tax zones: making, changing and deleting them. They take effect at once."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field
from sqlalchemy import delete, insert, select

from shop.db import db, lock_names, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.inputs import Input, Line, Lines
from shop.domain.tax_zones.lines import NamedPlace, NamedRate, read_places, read_rates, written_place, written_rate
from shop.domain.tax_zones.models import TaxRate, TaxZone, TaxZonePlace
from shop.domain.tax_zones.queries import get_zone
from shop.domain.versions import refuse_if_changed
from shop.errors import Detail, Invalid

TAX_ZONES = "tax zones"  # the name that is held while it is looked whose a place is


class TaxZoneWish(Input):
    """How a tax zone should be. Places and rates are lines of text (shop/domain/tax_zones/lines.py)."""

    name: Line = Field(min_length=1, max_length=80, title="a name")
    places: Lines = Field(min_length=1, max_length=20_000, title="the places that it covers")
    rates: Lines = Field(min_length=1, max_length=20_000, title="the rates")
    prices_include_tax: bool = False
    rounding: Literal["line", "order"] = "line"
    shipping_is_taxed: bool = True
    position: int = Field(default=0, ge=0, le=100_000, title="a position")
    is_active: bool = True


@operation
def create_tax_zone(wish: TaxZoneWish, actor: Actor) -> TaxZone:
    """Make a tax zone. Raises Invalid for lines that cannot be read and for a place of another active zone."""
    lock_names(TAX_ZONES)
    zone = TaxZone(name="")
    _write(zone, wish)
    zone = get_zone(zone.public_id)
    record_change(actor, "tax_zone.created", "tax_zone", zone.public_id, {}, zone_values(zone))
    return zone


@operation
def change_tax_zone(public_id: str, wish: TaxZoneWish, actor: Actor, *, seen: str | None = None) -> TaxZone:
    """Make the zone as the wish says.

    Raises NotFound, ChangedMeanwhile for another version than the one `seen`, and Invalid as create_tax_zone.
    """
    lock_names(TAX_ZONES)
    db.session.scalars(select(TaxZone.id).filter_by(public_id=public_id).with_for_update()).one_or_none()
    zone = get_zone(public_id)
    refuse_if_changed(zone.updated_at, seen)
    before = zone_values(zone)
    _write(zone, wish)
    zone = get_zone(public_id)
    after = zone_values(zone)
    changed = [name for name in after if before[name] != after[name]]
    if changed:
        zone.updated_at = transaction_time()
        values = [{name: each[name] for name in changed} for each in (before, after)]
        record_change(actor, "tax_zone.changed", "tax_zone", public_id, *values)
    return zone


@operation
def delete_tax_zone(public_id: str, actor: Actor) -> None:
    """Delete a zone with its rates; orders keep the tax that they were placed with. Raises NotFound."""
    lock_names(TAX_ZONES)
    zone = get_zone(public_id)
    record_change(actor, "tax_zone.deleted", "tax_zone", public_id, zone_values(zone), {})
    for table in (TaxRate, TaxZonePlace):
        db.session.execute(delete(table).where(table.zone_id == zone.id))
    db.session.execute(delete(TaxZone).where(TaxZone.id == zone.id).execution_options(synchronize_session=False))


def zone_values(zone: TaxZone) -> dict[str, Any]:
    """What a zone says, places and rates as the lines that staff write. It was read with both."""
    return {
        "name": zone.name,
        "places": [written_place(NamedPlace(each.country, each.region)) for each in zone.places],
        "rates": [
            written_rate(NamedRate(each.category.slug if each.category else "", each.parts_per_million, each.name))
            for each in zone.rates
        ],
        "prices_include_tax": zone.prices_include_tax,
        "rounding": zone.rounding,
        "shipping_is_taxed": zone.shipping_is_taxed,
        "position": zone.position,
        "is_active": zone.is_active,
    }


def _write(zone: TaxZone, wish: TaxZoneWish) -> None:
    places, rates = _read_lines(wish)
    if wish.is_active:
        _refuse_taken(places, zone.id)
    zone.name, zone.position, zone.is_active = wish.name, wish.position, wish.is_active
    zone.prices_include_tax, zone.rounding = wish.prices_include_tax, wish.rounding
    zone.shipping_is_taxed = wish.shipping_is_taxed
    db.session.add(zone)
    db.session.flush()
    for table in (TaxZonePlace, TaxRate):
        db.session.execute(delete(table).where(table.zone_id == zone.id))
    db.session.execute(
        insert(TaxZonePlace),
        [
            {"zone_id": zone.id, "country": each.country, "region": each.region, "region_key": each.key}
            for each in places
        ],
    )
    db.session.execute(
        insert(TaxRate),
        [
            {
                "zone_id": zone.id,
                "category_id": each.category_id,
                "parts_per_million": each.parts_per_million,
                "name": each.name,
            }
            for each in rates
        ],
    )


def _read_lines(wish: TaxZoneWish) -> tuple[list[NamedPlace], list[NamedRate]]:
    """Both, or Invalid with what is wrong in either."""
    mistakes: list[Detail] = []
    places: list[NamedPlace] = []
    rates: list[NamedRate] = []
    try:
        places = read_places(wish.places)
    except Invalid as refusal:
        mistakes += refusal.details
    try:
        rates = read_rates(wish.rates)
    except Invalid as refusal:
        mistakes += refusal.details
    if mistakes:
        raise Invalid(mistakes[0].message, mistakes)
    return places, rates


def _refuse_taken(places: list[NamedPlace], zone_id: int | None) -> None:
    """Raise Invalid where another active zone covers one of these places already: a place is taxed in one way."""
    rows = db.session.execute(
        select(TaxZonePlace.country, TaxZonePlace.region_key, TaxZone.name)
        .join(TaxZone, TaxZone.id == TaxZonePlace.zone_id)
        .where(TaxZone.is_active, TaxZone.id != (zone_id or 0))
        .where(TaxZonePlace.country.in_({each.country for each in places}))
    )
    taken = {(country, key): name for country, key, name in rows}
    for each in places:
        name = next((taken[each.country, key] for key in each.keys if (each.country, key) in taken), None)
        if name is not None:
            message = f"{written_place(each)} is in the zone {name} already. Take it out there, or make one inactive."
            raise Invalid(message, [Detail("places", message)])
