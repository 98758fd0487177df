"""The places of a zone as staff write them down: one a line, countries by code or name."""

from __future__ import annotations

from collections.abc import Sequence

from shop.domain.address_forms import comparable
from shop.domain.addresses import country_names, region_as_written
from shop.domain.shipping import Area
from shop.errors import Detail, Invalid

MOST_PLACES = 500  # of one kind
LONGEST_PLACE = 80


def read_areas(countries: str, regions: str, cities: str, *, is_everywhere: bool) -> list[Area]:
    """The areas that a form names: `Jordan` or `JO`; `US: California`; `JO: Amman`, `US, Oregon: Portland`.

    Raises Invalid, at its field, for a line that cannot be read, or for no place at all.
    """
    areas = [Area(country=_country(line, "countries")) for line in _lines(countries, "countries")]
    areas += [_area(line, "regions") for line in _lines(regions, "regions")]
    areas += [_area(line, "cities") for line in _lines(cities, "cities")]
    if is_everywhere:
        areas.append(Area())
    if not areas:
        raise _invalid("countries", "Name at least one place, or tick that it covers everywhere else.")
    return list(dict.fromkeys(areas))


def written_places(areas: Sequence[Area]) -> dict[str, str]:
    """The areas as the form has them, by the names of its fields."""
    names = country_names()

    def of(area: Area) -> str:
        return names.get(area.country, area.country)

    cities = [area for area in areas if area.city]
    return {
        "countries": "\n".join(of(area) for area in areas if area.exactness == 1),
        "regions": "\n".join(f"{area.country}: {area.region}" for area in areas if area.region and not area.city),
        "cities": "\n".join(
            f"{area.country}{', ' if area.region else ''}{area.region}: {area.city}" for area in cities
        ),
    }


def area_in_words(area: Area) -> str:
    """An area as a sentence names it."""
    country = country_names().get(area.country, area.country)
    return ", ".join(part for part in (area.city, area.region, country) if part) or "everywhere else"


def _lines(text: str, field: str) -> list[str]:
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if len(lines) > MOST_PLACES:
        raise _invalid(field, f"Name at most {MOST_PLACES} places, one a line.")
    return lines


def _area(line: str, field: str) -> Area:
    before, colon, name = (part.strip() for part in line.partition(":"))
    example = "US: California" if field == "regions" else "JO: Amman"
    if not (before and colon and name):
        raise _invalid(field, f"Write “{line[:40]}” as a country, a colon and a name, such as {example}.")
    if len(line) > 2 * LONGEST_PLACE or len(name) > LONGEST_PLACE:
        raise _invalid(field, f"Use at most {LONGEST_PLACE} characters for a name.")
    if field == "regions":
        country = _country(before, field)
        return Area(country, region=_region(country, name, field))
    country, _, region = (part.strip() for part in before.partition(","))
    country = _country(country, field)
    return Area(country, region=_region(country, region, field) if region else "", city=name)


def _region(country: str, text: str, field: str) -> str:
    """The region as it was typed, once it is sure that there is one of that name."""
    try:
        region_as_written(country, text)
    except ValueError as mistake:
        raise _invalid(field, str(mistake)) from None
    return text


def _country(text: str, field: str) -> str:
    names = country_names()
    if text.upper() in names:
        return text.upper()
    wanted = comparable(text)
    found = next((code for code, name in names.items() if comparable(name) == wanted), None)
    if found is None:
        raise _invalid(field, f"There is no country “{text[:40]}”. Write its name or its two-letter code, such as JO.")
    return found


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, [Detail(field, message)])
