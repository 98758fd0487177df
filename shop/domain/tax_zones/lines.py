"""The places and rates of a tax zone as lines of text, read and written.

Places: countries by name or code and regions such as "US: New York", one a line or with commas between. Rates: one a
line, "standard" or the address of a category, a rate in percent, and what it is called: "books 5.5 Reduced VAT".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import select

from shop.db import db
from shop.domain.addresses import country_names, region_as_written
from shop.domain.catalog.models import Category
from shop.domain.explanations import percent
from shop.domain.tax_zones.models import WHOLE
from shop.domain.tax_zones.queries import percent_of, region_key, region_keys
from shop.errors import Detail, Invalid

STANDARD = "standard"
LONGEST_REGION, LONGEST_NAME, MOST_LINES = 80, 40, 1000
NUMBER = re.compile(r"(\d{1,3}(?:[.,]\d+)?)%?", re.ASCII)
MOST_DECIMALS = 4


@dataclass(frozen=True)
class NamedPlace:
    """A country by its code, or a region of it."""

    country: str
    region: str = ""

    @property
    def key(self) -> str:
        return region_key(self.region)

    @property
    def keys(self) -> set[str]:
        """The key of each name that the place has."""
        return region_keys(self.country, self.region)


@dataclass(frozen=True)
class NamedRate:
    """A rate in parts per million, of a category by the end of its address, or the standard one (empty)."""

    category: str
    parts_per_million: int
    name: str = ""
    category_id: int | None = None


def read_places(text: str) -> list[NamedPlace]:
    """The places that these lines name. Raises Invalid for one that is none or stands there twice."""
    found: dict[tuple[str, str], NamedPlace] = {}
    for words in _lines(text.replace(",", "\n"), "places"):
        place = _read_place(words)
        if (place.country, place.key) in found:
            raise _invalid("places", f"{written_place(place)} stands here twice. Leave one out.")
        found[place.country, place.key] = place
    if not found:
        raise _invalid("places", "Enter the places that it covers.")
    return list(found.values())


def read_rates(text: str) -> list[NamedRate]:
    """The rates that these lines name, the standard one first. Raises Invalid naming the line that is wrong."""
    found: dict[str, NamedRate] = {}
    for number, words in enumerate(_lines(text, "rates"), start=1):
        rate = _read_rate(words, f"Line {number}")
        if rate.category in found:
            raise _invalid("rates", f"Line {number}: {rate.category or STANDARD} has a rate already. Leave one out.")
        found[rate.category] = rate
    if "" not in found:
        raise _invalid("rates", f"Enter the standard rate too, such as: {STANDARD} 20.")
    return [found.pop(""), *_with_categories(found)]


def written_place(place: NamedPlace) -> str:
    """A place as its line has it."""
    return f"{place.country}: {place.region}" if place.region else place.country


def written_rate(rate: NamedRate) -> str:
    """A rate as its line has it."""
    number = percent(percent_of(rate.parts_per_million)).removesuffix("%")
    return f"{rate.category or STANDARD} {number} {rate.name}".rstrip()


def _lines(text: str, field: str) -> Iterator[str]:
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    if len(lines) > MOST_LINES:
        raise _invalid(field, f"Write at most {MOST_LINES} lines.")
    yield from lines


def _read_place(words: str) -> NamedPlace:
    country, colon, region = (part.strip() for part in words.partition(":"))
    names = country_names()
    by_name = {region_key(name): code for code, name in names.items()}
    code = country.upper() if country.upper() in names else by_name.get(region_key(country))
    if code is None:
        message = f"There is no country {country}. Write its name or code, such as DE; a region as US: New York."
        raise _invalid("places", message)
    if colon and not region_key(region):
        raise _invalid("places", f"Write a region after {country}: or leave the colon out.")
    if len(region) > LONGEST_REGION:
        raise _invalid("places", f"Use at most {LONGEST_REGION} characters for a region.")
    return NamedPlace(code, _read_region(code, region) if region else "")


def _read_region(country: str, region: str) -> str:
    """The region as it was typed, or as addresses have it where that is neither its short nor its whole name."""
    try:
        written = region_as_written(country, region)
    except ValueError as mistake:
        raise _invalid("places", str(mistake)) from None
    return region if region_key(region) in region_keys(country, written) else written


def _read_rate(words: str, line: str) -> NamedRate:
    category, _, rest = words.partition(" ")
    written, _, name = rest.partition(" ")
    number = NUMBER.fullmatch(written)
    if number is None:
        message = f"{line}: write {STANDARD} or a category's address, then its rate in percent, such as: books 5.5."
        raise _invalid("rates", message)
    rate = Decimal(number[1].replace(",", "."))
    parts = rate.scaleb(MOST_DECIMALS)
    if parts != parts.to_integral_value():
        raise _invalid("rates", f"{line}: a rate has at most {MOST_DECIMALS} digits after the point.")
    if parts > WHOLE:
        raise _invalid("rates", f"{line}: a rate is 100 percent at most.")
    if len(name) > LONGEST_NAME:
        raise _invalid("rates", f"{line}: use at most {LONGEST_NAME} characters for what it is called.")
    return NamedRate("" if category.casefold() == STANDARD else category, int(parts), name)


def _with_categories(rates: dict[str, NamedRate]) -> Iterator[NamedRate]:
    ids: dict[str, int] = {}
    if rates:
        found = db.session.execute(select(Category.slug, Category.id).where(Category.slug.in_(rates)))
        ids = {slug: category_id for slug, category_id in found}
    for slug, rate in rates.items():
        if slug not in ids:
            raise _invalid("rates", f"There is no category with the address {slug}.")
        yield NamedRate(slug, rate.parts_per_million, rate.name, ids[slug])


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, [Detail(field, message)])
