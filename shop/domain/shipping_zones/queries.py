"""Reading how it is sent: the shop's zones, or the settings' table while there are none."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import selectinload

from shop.db import db
from shop.domain.addresses import country_in_sentence
from shop.domain.places import Place
from shop.domain.shipping import Area, Band, Basis, ShippingMethod, ShippingTable, Zone
from shop.domain.shipping_zones.models import ShippingZone, ZoneMethod
from shop.domain.terms import Terms
from shop.errors import Detail, Invalid
from shop.money import Money

MOST_NAMED = 12  # places in a sentence


def read_shipping_table(terms: Terms, *, with_inactive: bool = False) -> ShippingTable:
    """How it is sent: once a zone is active, what staff have made; else the settings' table.

    This is the one place that decides between them. `with_inactive` also reads what is switched off, to explain it.
    """
    statement = select(ShippingZone).options(selectinload(ShippingZone.methods)).order_by(ShippingZone.position)
    if not with_inactive:
        statement = statement.where(ShippingZone.is_active)
    rows = db.session.scalars(statement.execution_options(populate_existing=True)).all()
    if not any(row.is_active for row in rows):
        return terms.shipping_table
    return ShippingTable(tuple(_zone(row, terms.currency) for row in rows))


def methods_to(place: Place, terms: Terms) -> Sequence[ShippingMethod]:
    """The ways to send to a place. Raises Invalid, at the part of the address that has to be another, for none."""
    table = read_shipping_table(terms)
    methods = table.methods_for(place)
    if methods:
        return methods
    part, message = _not_deliverable(place, table)
    raise Invalid(message, [Detail(f"shippingAddress.{part}", message)])


def has_own_zones() -> bool:
    """Whether a zone is in use, so that the settings' table is not."""
    return db.session.scalar(select(exists().where(ShippingZone.is_active))) or False


def list_methods_of(zone: ShippingZone) -> list[tuple[ZoneMethod, ShippingMethod]]:
    """The zone's ways to send (loaded with it), each as the row and as what it means."""
    return [(row, _method(row, zone)) for row in zone.methods]


def _zone(row: ShippingZone, currency: str) -> Zone:
    methods = (_method(each, row) for each in row.methods if each.currency == currency)
    return Zone(
        id=row.public_id,
        name=row.name,
        areas=areas_of(row),
        methods=tuple(methods),
        position=row.position,
        is_active=row.is_active,
    )


def areas_of(row: ShippingZone) -> tuple[Area, ...]:
    """The areas that a zone covers, in the order they were written."""
    return tuple(Area(**area) for area in row.areas)


def _method(row: ZoneMethod, zone: ShippingZone) -> ShippingMethod:
    bands = tuple(Band(start, Money(amount, row.currency)) for start, amount in row.bands)
    basis: Basis = "weight" if row.basis == "weight" else "value"
    return ShippingMethod(
        id=row.code,
        name=row.name,
        description=row.description,
        price=min((band.price for band in bands), key=lambda price: price.amount),
        free_from=None if row.free_from_amount is None else Money(row.free_from_amount, row.currency),
        min_days=row.min_days,
        max_days=row.max_days,
        basis=basis,
        bands=bands,
        max_weight=row.max_weight_grams,
        cut_off_hour=row.cut_off_hour,
        time_zone=zone.time_zone,
        is_active=row.is_active,
    )


def _not_deliverable(place: Place, table: ShippingTable) -> tuple[str, str]:
    """The part of the address that decides, and a sentence that says where we deliver."""
    country = country_in_sentence(place.country) or place.country
    zone = table.zone_for(place)
    own = zone.area_for(place) if zone else None  # of a zone without a way to send: kept from those around it
    inside = [area for area in table.areas if area.country == place.country and area.exactness > 1]
    is_apart = own is not None and own.exactness > 1
    if not inside and not is_apart:
        return "country", f"We do not deliver to {country}. We deliver to {_where_we_deliver(table)}."
    part = "city" if any(area.city for area in ([own] if own and is_apart else inside)) else "region"
    there = f"in {country} we deliver to {listed([area.city or area.region for area in inside])}"
    if is_apart and table.methods_for(Place(place.country)):
        there = f"we deliver to the rest of {country}"
    elif not inside:
        there = f"we deliver to {_where_we_deliver(table)}"
    named = (place.region if part == "region" else "") or place.city or place.region
    if not named:
        return part, f"Enter the {part}: {there}."
    return part, f"We do not deliver to {named} in {country}. {there[0].upper()}{there[1:]}."


def _where_we_deliver(table: ShippingTable) -> str:
    if table.covers_everywhere:
        return "most other countries"
    return listed([country_in_sentence(country) for country in table.countries]) or "nowhere at present"


def listed(names: Sequence[str], by: str = ", ") -> str:
    """Names with commas between, the first of them where they are many."""
    different = list(dict.fromkeys(names))
    more = len(different) - MOST_NAMED
    return by.join(different[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
