"""Making tax zones for tests."""

from __future__ import annotations

from typing import Any

from shop.domain.actors import SYSTEM
from shop.domain.tax_zones.models import TaxZone
from shop.domain.tax_zones.operations import TaxZoneWish, create_tax_zone


def wish(places: str = "DE", rates: str = "standard 20", **changes: Any) -> TaxZoneWish:
    """A zone as a form would say it; `changes` by JSON name."""
    return TaxZoneWish.model_validate({"name": "Zone", "places": places, "rates": rates, **changes})


def make_zone(places: str = "DE", rates: str = "standard 20", **changes: Any) -> TaxZone:
    """An active zone of these places and rates."""
    return create_tax_zone(wish(places, rates, **changes), SYSTEM)
