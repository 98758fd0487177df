"""Reading tax zones, and the one place where it is decided how a place taxes (`tax_for`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Exists, Select, and_, case, func, select
from sqlalchemy.orm import aliased, selectinload

from shop.db import db
from shop.domain.address_forms import names_of_region
from shop.domain.catalog.models import Category
from shop.domain.catalog.richtext import fold_text
from shop.domain.places import Place
from shop.domain.tax import NO_TAX, CategoryRate, PlaceTax, TaxRule
from shop.domain.tax_zones.models import TaxRate, TaxZone, TaxZonePlace
from shop.domain.terms import Terms
from shop.errors import NotFound


def tax_for(place: Place, terms: Terms, *, has_zones: bool | None = None, only_standard: bool = False) -> PlaceTax:
    """How a place taxes: by its zone, a region before its country; not at all where active zones leave it out; by the
    terms' one rate while there is no active zone.

    `has_zones` is what a statement of the caller has told already (`has_active_zones`): with False nothing is read.
    With `only_standard` the rates of categories are not read.
    """
    if has_zones is False:
        return PlaceTax(terms.tax)
    found = _find_nearest_zone(place)
    if found is None:
        return PlaceTax(terms.tax)
    if not found.covers:
        return PlaceTax(NO_TAX, is_by_zone=True, is_by_region=found.is_by_region)
    zone, standard = found.zone, found.standard
    return PlaceTax(
        rule=TaxRule(
            rate_percent=percent_of(standard.parts_per_million) if standard else Decimal(0),
            included=zone.prices_include_tax,
            rounding=zone.rounding,
            shipping_percent=None if zone.shipping_is_taxed else Decimal(0),
        ),
        is_by_zone=True,
        is_by_region=found.is_by_region,
        zone=zone.name,
        name=standard.name if standard else "",
        rates=_rates_by_category(zone) if found.has_more_rates and not only_standard else {},
    )


def has_active_zones() -> Exists:
    """Whether the database decides on taxes, as a column for a statement that is sent anyway."""
    zone = aliased(TaxZone)
    return select(zone.id).where(zone.is_active).exists()


def percent_of(parts_per_million: int) -> Decimal:
    """A stored rate in percent, exactly."""
    return Decimal(parts_per_million).scaleb(-4)


def region_key(region: str) -> str:
    """A region's name as it is compared: without case, accents and needless spaces."""
    return " ".join(fold_text(region).split())[:200]


def region_keys(country: str, region: str) -> set[str]:
    """The keys of every name of a region: what was typed, and its short and whole names (NY is New York)."""
    return {region_key(region), *map(region_key, names_of_region(country, region))}


def select_zones() -> Select[Any]:
    """All zones with their places and rates."""
    options = (selectinload(TaxZone.places), selectinload(TaxZone.rates).joinedload(TaxRate.category))
    return select(TaxZone).options(*options)


def get_zone(public_id: str) -> TaxZone:
    """The zone with its places and rates. Raises NotFound."""
    statement = select_zones().filter_by(public_id=public_id)
    zone: TaxZone | None = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if zone is None:
        raise NotFound("There is no such tax zone.")
    return zone


@dataclass(frozen=True)
class _Nearest:
    """An active zone: one that covers the place, else any. `is_by_region`: zones name regions of that country."""

    zone: TaxZone
    covers: bool
    standard: TaxRate | None
    has_more_rates: bool
    is_by_region: bool


def _find_nearest_zone(place: Place) -> _Nearest | None:
    """The zone that covers the place best, else any active one; None without one."""
    covers = and_(
        TaxZonePlace.zone_id == TaxZone.id,
        TaxZonePlace.country == place.country,
        TaxZonePlace.region_key.in_({"", *region_keys(place.country, place.region)}),
    )
    other = aliased(TaxRate)
    of_category = select(other.id).where(other.zone_id == TaxZone.id, other.category_id.is_not(None))
    named, its_zone = aliased(TaxZonePlace), aliased(TaxZone)
    by_region = (
        select(named.id)
        .join(its_zone, its_zone.id == named.zone_id)
        .where(its_zone.is_active, named.country == place.country, named.region_key != "")
    )
    statement = (
        select(TaxZone, TaxZonePlace.id.is_not(None), TaxRate, of_category.exists(), by_region.exists())
        .outerjoin(TaxZonePlace, covers)
        .outerjoin(TaxRate, and_(TaxRate.zone_id == TaxZone.id, TaxRate.category_id.is_(None)))
        .where(TaxZone.is_active)
        .order_by(
            case((TaxZonePlace.id.is_(None), 2), (func.length(TaxZonePlace.region_key) == 0, 1), else_=0),
            TaxZone.position,
            TaxZone.id,
        )
        .limit(1)
    )
    row = db.session.execute(statement).one_or_none()
    return None if row is None else _Nearest(row[0], bool(row[1]), row[2], bool(row[3]), bool(row[4]))


def _rates_by_category(zone: TaxZone) -> dict[int, CategoryRate]:
    """Category key -> the rate of the category itself, or of the nearest one above that has one."""
    rows = db.session.execute(
        select(Category.id, Category.parent_id, Category.name, TaxRate.parts_per_million, TaxRate.name.label("called"))
        .outerjoin(TaxRate, and_(TaxRate.category_id == Category.id, TaxRate.zone_id == zone.id))
        .order_by(Category.id)
    ).all()
    own = {
        row.id: CategoryRate(percent_of(row.parts_per_million), row.name, row.called)
        for row in rows
        if row.parts_per_million is not None
    }
    return nearest(own, {row.id: row.parent_id for row in rows})


def nearest(own: Mapping[int, Any], parents: Mapping[int, int | None]) -> dict[int, Any]:
    """What each node of a tree has itself, or has from the nearest one above; a node that gets nothing is left out."""
    return {node: own[found] for node in parents if (found := _first(own, _upwards(node, parents))) is not None}


def _first(own: Mapping[int, Any], path: Iterable[int]) -> int | None:
    return next((node for node in path if node in own), None)


def _upwards(node: int | None, parents: Mapping[int, int | None]) -> Iterable[int]:
    passed: set[int] = set()
    while node is not None and node not in passed:  # a loop of rows must end too
        yield node
        passed.add(node)
        node = parents.get(node)
