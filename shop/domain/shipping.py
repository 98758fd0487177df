"""Ways to send: which zone a place lies in, what each of its methods costs, and by when it arrives. Values only."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError

from shop.domain.address_forms import comparable, comparable_region
from shop.domain.places import Place
from shop.money import Money

Basis = Literal["value", "weight"]


@dataclass(frozen=True)
class Area:
    """A part of the world that a zone covers: a city, a region, a country, or (all of it empty) everywhere else."""

    country: str = ""
    region: str = ""
    city: str = ""

    @property
    def exactness(self) -> int:
        """The greater, the more exact: a city before a region before a country before everywhere else."""
        return 4 * bool(self.city) + 2 * bool(self.region) + bool(self.country)

    @property
    def key(self) -> tuple[str, str, str]:
        """The place however its names are written: two areas of one key are the same."""
        return self.country, _region(self), comparable(self.city)

    def covers(self, place: Place) -> bool:
        """Whether the place lies in it; names are compared without case, accents and spaces around them."""
        if self.country and self.country != place.country:
            return False
        if self.region and _region(self) != _region(place):
            return False
        return not self.city or comparable(self.city) == comparable(place.city)


def _region(of: Area | Place) -> str:
    return comparable_region(of.country, of.region)


@dataclass(frozen=True)
class Band:
    """From `start` on (grams, or minor units of the goods' value), up to the next band's start, sending costs this."""

    start: int
    price: Money

    @property
    def start_value(self) -> Money:
        """`start` as a worth of goods, where bands go by value."""
        return Money(self.start, self.price.currency)


@dataclass(frozen=True)
class ShippingMethod:
    """A way to send. `price` is per order, the lowest where `bands` make it differ by weight or value.

    From `free_from` (goods after discount) it costs nothing. Days are working days; with `cut_off_hour` they count
    from the next working day for what is ordered from that hour on, by the clock of `time_zone`.
    """

    id: str
    name: str
    description: str
    price: Money
    free_from: Money | None
    min_days: int
    max_days: int
    countries: frozenset[str] = frozenset()  # of the settings' table alone; in a zone it serves all of it
    basis: Basis = "value"
    bands: tuple[Band, ...] = ()  # by rising start, the first at 0, so that there are no gaps; none: `price` always
    max_weight: int | None = None  # grams of the heaviest order it takes
    cut_off_hour: int | None = None
    time_zone: str = "UTC"
    is_active: bool = True

    def serves(self, country: str) -> bool:
        return country in self.countries

    def takes(self, weight: int) -> bool:
        """Whether an order of so many grams can be sent so."""
        return self.max_weight is None or weight <= self.max_weight

    @property
    def has_one_price(self) -> bool:
        return len({band.price for band in self.bands}) < 2

    def band_for(self, goods: Money, weight: int) -> Band:
        """The one band that goods of this worth and weight (grams) lie in."""
        measure = weight if self.basis == "weight" else goods.amount
        return next((band for band in reversed(self.bands) if band.start <= measure), Band(0, self.price))

    def price_for(self, goods: Money, weight: int = 0) -> Money:
        """What sending goods of this worth (after discount) and weight (grams) costs; never less than nothing."""
        is_free = self.free_from is not None and goods >= self.free_from
        return Money(0, self.price.currency) if is_free else self.band_for(goods, weight).price

    def missing_for_free(self, goods: Money) -> Money | None:
        """What goods of this worth lack for sending them free: zero where nothing; None where it is never free."""
        if self.free_from is None:
            return None
        return Money(max(self.free_from.amount - goods.amount, 0), goods.currency)

    def arrives(self, now: datetime, country: str) -> tuple[date, date]:
        """The first and the last day on which what is ordered now may arrive there."""
        start = self._counted_from(now)
        return _delivery_day(start, self.min_days, country), _delivery_day(start, self.max_days, country)

    def _counted_from(self, now: datetime) -> date:
        local = now.astimezone(ZoneInfo(self.time_zone))
        if self.cut_off_hour is None or (local.hour < self.cut_off_hour and _is_working_day(local.date())):
            return local.date()
        return add_working_days(local.date(), 1)


@dataclass(frozen=True)
class Zone:
    """Places with the same ways to send, in the order they are offered. One without methods is not delivered to."""

    id: str
    name: str
    areas: tuple[Area, ...]
    methods: tuple[ShippingMethod, ...]
    position: int = 0
    is_active: bool = True

    def area_for(self, place: Place) -> Area | None:
        """The most exact of its areas that the place lies in."""
        return max((area for area in self.areas if area.covers(place)), key=lambda area: area.exactness, default=None)


@dataclass(frozen=True)
class ShippingTable:
    """Everywhere that is delivered to, and how."""

    zones: tuple[Zone, ...]

    def zone_for(self, place: Place) -> Zone | None:
        """The one active zone of a place: the one that names it most exactly, of several such the first by position."""
        found = [(zone, area) for zone in self.zones if zone.is_active and (area := zone.area_for(place))]
        best = min(found, key=lambda pair: (-pair[1].exactness, pair[0].position, pair[0].id), default=None)
        return best[0] if best else None

    def methods_for(self, place: Place) -> tuple[ShippingMethod, ...]:
        """The methods that deliver there, whatever the weight, in the order they are offered."""
        zone = self.zone_for(place)
        return tuple(method for method in zone.methods if method.is_active) if zone else ()

    def default_for(self, place: Place, weight: int = 0) -> ShippingMethod | None:
        """The method that is assumed until another is chosen: the first that takes so many grams there."""
        return next((method for method in self.methods_for(place) if method.takes(weight)), None)

    @property
    def areas(self) -> tuple[Area, ...]:
        """What is delivered to, zone by zone."""
        zones = sorted((zone for zone in self.zones if zone.is_active), key=lambda zone: (zone.position, zone.id))
        return tuple(area for zone in zones if any(each.is_active for each in zone.methods) for area in zone.areas)

    @property
    def covers_everywhere(self) -> bool:
        return any(not area.exactness for area in self.areas)

    @property
    def countries(self) -> tuple[str, ...]:
        """The countries that are named, wholly or in part, each once."""
        return tuple(dict.fromkeys(area.country for area in self.areas if area.country))

    def differs_within(self, country: str) -> bool:
        """Whether how it is sent may depend on where in the country it goes."""
        return any(area.country == country and area.exactness > 1 for area in self._active_areas())

    def names_regions_of(self, country: str) -> bool:
        """Whether it may depend on the region there, so that an address has to be asked for it."""
        return any(area.country == country and area.region for area in self._active_areas())

    def _active_areas(self) -> Iterator[Area]:
        return (area for zone in self.zones if zone.is_active for area in zone.areas)


def add_working_days(start: date, days: int) -> date:
    """The date that many Mondays to Fridays after `start`."""
    day = start
    while days > 0:
        day += timedelta(days=1)
        if _is_working_day(day):
            days -= 1
    return day


def _is_working_day(day: date) -> bool:
    return day.weekday() < 5


def _delivery_day(start: date, days: int, country: str) -> date:
    """The day that many working days on; nothing is delivered on a weekend, ours or the country's."""
    day = add_working_days(start, days)
    while not _is_working_day(day) or day.weekday() in weekend_of(country):
        day += timedelta(days=1)
    return day


@functools.cache
def weekend_of(country: str) -> frozenset[int]:
    """The days of the week (Monday is 0) that are a country's weekend, such as Friday and Saturday in Jordan."""
    try:
        customs = Locale.parse(f"und_{country}")
    except (UnknownLocaleError, ValueError):
        return frozenset()
    first, length = customs.weekend_start, (customs.weekend_end - customs.weekend_start) % 7 + 1
    return frozenset((first + day) % 7 for day in range(length))


def days_in_words(min_days: int, max_days: int) -> str:
    """How long sending takes, such as 3–5 working days, or same day."""
    if max_days == 0:
        return "same day"
    number = str(max_days) if min_days == max_days else f"{min_days}\N{EN DASH}{max_days}"
    if min_days == 0:
        number = f"up to {max_days}"
    return f"{number} working day{'' if max_days == 1 else 's'}"


def grams_in_words(grams: int) -> str:
    """A weight as people say it: 500 g, 2.5 kg."""
    return f"{grams / 1000:g} kg" if grams >= 1000 else f"{grams} g"
