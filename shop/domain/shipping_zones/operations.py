"""Keeping zones and their ways to send: staff's forms become rows, and every change is audited."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal
from zoneinfo import available_timezones

from pydantic import Field
from sqlalchemy import delete, select

from shop.db import db, lock_names, operation
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.inputs import Input, Line, Lines, PublicId, Text
from shop.domain.shipping import Area
from shop.domain.shipping_zones.models import ShippingZone, ZoneMethod
from shop.domain.shipping_zones.places import area_in_words, read_areas
from shop.domain.shipping_zones.queries import areas_of
from shop.domain.versions import refuse_if_changed
from shop.errors import Conflict, Detail, Invalid, NotFound, Unknown
from shop.money import Money

SHIPPING_ZONES = "shipping zones"  # the name that is held while it is looked whose a place is
CODE = re.compile(r"[a-z0-9_]{1,40}")
MOST_BANDS = 50
HEAVIEST = 10**8  # grams
ZONE_COLUMNS = ("name", "position", "is_active", "time_zone", "areas")
METHOD_COLUMNS = (
    *("zone_id", "code", "name", "description", "currency", "basis", "bands", "free_from_amount", "max_weight_grams"),
    *("min_days", "max_days", "cut_off_hour", "position", "is_active"),
)


class ZoneWish(Input):
    """How a zone should be: what it covers, one place a line."""

    name: Line = Field(min_length=1, max_length=80, title="a name")
    position: int = Field(default=0, ge=0, le=10**6, title="a position")
    is_active: bool = False
    time_zone: Line = Field(default="UTC", max_length=64)
    countries: Lines = Field(default="", max_length=50_000)
    regions: Lines = Field(default="", max_length=50_000)
    cities: Lines = Field(default="", max_length=50_000)
    is_everywhere: bool = False


class MethodWish(Input):
    """How a way to send should be: its prices one band a line, each as where it starts, a colon and the price."""

    zone: PublicId = Field(title="a zone")
    code: Line = Field(min_length=1, max_length=40, title="a code")
    name: Line = Field(min_length=1, max_length=80, title="a name")
    description: Line = Field(default="", max_length=255)
    basis: Literal["value", "weight"] = "value"
    prices: Text = Field(min_length=1, title="a price")
    free_from: Line = Field(default="", max_length=20)
    max_weight_grams: int | None = Field(default=None, ge=1, le=HEAVIEST)
    min_days: int = Field(ge=0, le=90, title="the fewest days")
    max_days: int = Field(ge=0, le=90, title="the most days")
    cut_off_hour: int | None = Field(default=None, ge=1, le=23)
    position: int = Field(default=0, ge=0, le=10**6, title="a position")
    is_active: bool = False


# -- zones ------------------------------------------------------------------------------------------------------------


@operation
def save_zone(wish: ZoneWish, actor: Actor, public_id: str | None = None, *, seen: str | None = None) -> ShippingZone:
    """Make a zone, or make the one of this id as the wish says; once one is active, zones decide what is delivered.

    Raises Invalid for a place or time zone that is not known, at its field; NotFound for no such zone,
    ChangedMeanwhile for another version than the one `seen`.
    """
    if wish.time_zone not in available_timezones():
        raise _invalid("timeZone", "Enter a time zone such as Asia/Amman or Europe/Berlin.")
    areas = read_areas(wish.countries, wish.regions, wish.cities, is_everywhere=wish.is_everywhere)
    lock_names(SHIPPING_ZONES)
    zone = _get_zone(public_id) if public_id else ShippingZone()
    if public_id:
        refuse_if_changed(zone.updated_at, seen)
    if wish.is_active:
        _refuse_taken(areas, wish.position, zone.id)
    wanted = {name: getattr(wish, name) for name in ZONE_COLUMNS if name != "areas"}
    wanted["areas"] = [asdict(area) for area in areas]
    _write(zone, wanted, ZONE_COLUMNS, actor, "shipping_zone", is_new=not public_id)
    return zone


def _refuse_taken(areas: Sequence[Area], position: int, zone_id: int | None) -> None:
    """Raise Invalid where another active zone of that position names one of these places: nothing would decide."""
    others = select(ShippingZone).filter_by(is_active=True, position=position).where(ShippingZone.id != (zone_id or 0))
    taken = {area.key: other.name for other in db.session.scalars(others) for area in areas_of(other)}
    for area in areas:
        if area.key in taken:
            field = "cities" if area.city else "regions" if area.region else "countries"
            place = area_in_words(area)
            raise _invalid(
                field if area.country else "isEverywhere",
                f"{place[0].upper()}{place[1:]} is in the zone {taken[area.key]} already, which has the same position. "
                "Take it out there, make one inactive, or give this one another position.",
            )


@operation
def copy_zone(public_id: str, actor: Actor) -> ShippingZone:
    """Make a zone like this one with all its ways to send, switched off for now. Raises NotFound."""
    present = _get_zone(public_id)
    copy = ShippingZone()
    wanted = {name: getattr(present, name) for name in ZONE_COLUMNS}
    wanted |= {"name": f"{present.name[:70]} (copy)", "is_active": False}
    _write(copy, wanted, ZONE_COLUMNS, actor, "shipping_zone", is_new=True)
    for method in _methods_of(present):
        columns = {name: getattr(method, name) for name in METHOD_COLUMNS}
        _write(ZoneMethod(), {**columns, "zone_id": copy.id}, METHOD_COLUMNS, actor, "shipping_method", is_new=True)
    return copy


@operation
def delete_zone(public_id: str, actor: Actor) -> None:
    """Delete a zone with its ways to send; orders keep theirs as sold. Raises NotFound."""
    zone = _get_zone(public_id)
    for method in _methods_of(zone):
        _record_deletion(method, METHOD_COLUMNS, actor, "shipping_method")
    _record_deletion(zone, ZONE_COLUMNS, actor, "shipping_zone")
    db.session.execute(delete(ZoneMethod).where(ZoneMethod.zone_id == zone.id))
    db.session.delete(zone)


# -- methods ----------------------------------------------------------------------------------------------------------


@operation
def save_method(
    wish: MethodWish, actor: Actor, currency: str, public_id: str | None = None, *, seen: str | None = None
) -> ZoneMethod:
    """Make a way to send, or make the one of this id as the wish says. Prices are in whole units of `currency`.

    Raises Invalid for a code or days that cannot be and for prices that cannot be read or leave a gap, Unknown for no
    such zone, Conflict for a code that another of the zone has, NotFound for no such method, ChangedMeanwhile for
    another version than the one `seen`.
    """
    if not CODE.fullmatch(wish.code):
        raise _invalid("code", "Make the code of small letters, digits and _, such as next_day.")
    if wish.max_days < wish.min_days:
        raise _invalid("maxDays", "Enter no fewer days than the fewest.")
    method = _get_method(public_id) if public_id else ZoneMethod()
    if public_id:
        refuse_if_changed(method.updated_at, seen)
    zone = db.session.scalars(select(ShippingZone).filter_by(public_id=wish.zone).with_for_update()).one_or_none()
    if zone is None:
        raise Unknown("There is no such zone.", [Detail("zone", "Choose a zone.")])
    for other in _methods_of(zone):
        if other.code == wish.code and other is not method:
            message = f"{other.name} has this code in {zone.name} already. Choose another one."
            raise Conflict(message, [Detail("code", message)])
    taken_as_they_are = (name for name in METHOD_COLUMNS if hasattr(wish, name))
    wanted = {name: getattr(wish, name) for name in taken_as_they_are} | {
        "zone_id": zone.id,
        "currency": currency,
        "bands": _bands(wish, currency),
        "free_from_amount": _amount("freeFrom", wish.free_from, currency) if wish.free_from else None,
    }
    _write(method, wanted, METHOD_COLUMNS, actor, "shipping_method", is_new=not public_id)
    return method


@operation
def delete_method(public_id: str, actor: Actor) -> None:
    """Delete a way to send; orders keep theirs as sold. Raises NotFound."""
    method = _get_method(public_id)
    _record_deletion(method, METHOD_COLUMNS, actor, "shipping_method")
    db.session.delete(method)


def written_prices(method: ZoneMethod) -> str:
    """The bands as the form has them; one price alone stands for itself."""
    prices = [str(Money(amount, method.currency).to_decimal()) for _, amount in method.bands]
    if len(method.bands) == 1:
        return prices[0]
    by_weight = method.basis == "weight"
    starts = [start if by_weight else Money(start, method.currency).to_decimal() for start, _ in method.bands]
    return "\n".join(f"{start}: {price}" for start, price in zip(starts, prices, strict=True))


def _bands(wish: MethodWish, currency: str) -> list[list[int]]:
    """Bands by rising start, the first from 0 on: each holds up to the next one's start, so there is no gap."""
    lines = [line.strip() for line in wish.prices.splitlines() if line.strip()]
    if len(lines) == 1 and ":" not in lines[0]:
        return [[0, _amount("prices", lines[0], currency)]]
    if len(lines) > MOST_BANDS:
        raise _invalid("prices", f"Use at most {MOST_BANDS} lines.")
    bands: dict[int, int] = {}
    for line in lines:
        start, colon, price = (part.strip() for part in line.partition(":"))
        if not (start and colon and price):
            raise _invalid("prices", f"Write “{line[:40]}” as where it starts, a colon and the price, such as 0: 4.90.")
        begins = _grams(start) if wish.basis == "weight" else _amount("prices", start, currency)
        if begins in bands:
            raise _invalid("prices", f"Say once what it costs from {start} on.")
        bands[begins] = _amount("prices", price, currency)
    if 0 not in bands:
        raise _invalid("prices", "Let the first line start at 0, so that every order has a price.")
    return [[start, bands[start]] for start in sorted(bands)]


def _grams(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:12]) <= HEAVIEST):
        raise _invalid("prices", f"Write “{text[:20]}” as a whole number of grams.")
    return int(text)


def _amount(field: str, text: str, currency: str) -> int:
    try:
        amount = Money.typed(text, currency).amount
    except ValueError:
        amount = -1
    if not 0 <= amount <= 10**12:
        raise _invalid(field, "Enter a price such as 4.90.")
    return amount


# -- rows -------------------------------------------------------------------------------------------------------------


def _get_zone(public_id: str | None) -> ShippingZone:
    zone = db.session.scalars(select(ShippingZone).filter_by(public_id=public_id).with_for_update()).one_or_none()
    if zone is None:
        raise NotFound("There is no such zone.")
    return zone


def _get_method(public_id: str | None) -> ZoneMethod:
    method = db.session.scalars(select(ZoneMethod).filter_by(public_id=public_id).with_for_update()).one_or_none()
    if method is None:
        raise NotFound("There is no such way to send.")
    return method


def _methods_of(zone: ShippingZone) -> list[ZoneMethod]:
    statement = select(ZoneMethod).filter_by(zone_id=zone.id).order_by(ZoneMethod.position, ZoneMethod.id)
    return list(db.session.scalars(statement))


def _write(
    row: ShippingZone | ZoneMethod,
    wanted: dict[str, Any],
    columns: tuple[str, ...],
    actor: Actor,
    kind: str,
    *,
    is_new: bool,
) -> None:
    """Give the row its values; what differs is audited, and the same again writes nothing."""
    before = {} if is_new else {name: getattr(row, name) for name in columns}
    changed = [name for name in columns if is_new or before[name] != wanted[name]]
    if not changed:
        return
    for name in changed:
        setattr(row, name, wanted[name])
    db.session.add(row)
    db.session.flush()
    was = {name: before[name] for name in changed if name in before}
    action = f"{kind}.created" if is_new else f"{kind}.changed"
    now = {name: wanted[name] for name in changed}
    record_change(actor, action, kind, row.public_id, _with_zone_named(was), _with_zone_named(now))


def _record_deletion(row: ShippingZone | ZoneMethod, columns: tuple[str, ...], actor: Actor, kind: str) -> None:
    values = {name: getattr(row, name) for name in columns}
    record_change(actor, f"{kind}.deleted", kind, row.public_id, _with_zone_named(values), {})


def _with_zone_named(values: dict[str, Any]) -> dict[str, Any]:
    """The values with the zone's name in place of its key, which never leaves the program."""
    if "zone_id" not in values:
        return values
    others = {name: value for name, value in values.items() if name != "zone_id"}
    return {"zone": db.session.get_one(ShippingZone, values["zone_id"]).name, **others}


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, [Detail(field, message)])
