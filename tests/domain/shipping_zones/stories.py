"""Zones and ways to send for tests, made as staff make them."""

from __future__ import annotations

from shop.domain.actors import SYSTEM
from shop.domain.shipping_zones.operations import MethodWish, ZoneWish, save_method, save_zone


def make_zone(name="Zone", **values):
    """An active zone; `values` by the form's names."""
    return save_zone(ZoneWish.model_validate({"name": name, "isActive": True, **values}), SYSTEM)


def make_method(zone, code="standard", **values):
    """An active way to send in the zone, for 5.00 in 2-4 days unless said otherwise."""
    given = {"name": code.capitalize(), "prices": "5.00", "minDays": 2, "maxDays": 4, "isActive": True, **values}
    return save_method(MethodWish.model_validate({"zone": zone.public_id, "code": code, **given}), SYSTEM, "USD")
