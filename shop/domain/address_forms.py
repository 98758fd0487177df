"""The form of each country's addresses: which parts they have and need, what these are called, how codes are written.

All of it stands in address_forms.json, by ISO country code. A country that is not in it has a region and a postal
code, and needs neither. Where its regions are listed, no other one is taken.
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("address_forms.json")


@dataclass(frozen=True)
class AddressPart:
    """A part that differs by country: what it is called there, and whether an address needs it."""

    name: str
    is_needed: bool = False
    pattern: str = ""  # of the whole text; empty: anything
    example: str = ""


@dataclass(frozen=True)
class AddressForm:
    """How addresses of a country are written; a part that is None has no field there."""

    city: AddressPart
    region: AddressPart | None
    postal_code: AddressPart | None
    regions: tuple[tuple[str, str], ...] = ()  # the short and the whole name of each, where all are listed
    written_short: bool = False  # addresses have a region's short name: CA, and not California
    region_names: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # by each way to write one, squeezed

    @property
    def region_choices(self) -> list[tuple[str, str]]:
        """What an address has of each listed region, and its whole name, in the order of the names."""
        choices = [(short if self.written_short else whole, whole) for short, whole in self.regions]
        return sorted(choices, key=lambda choice: comparable(choice[1]))

    @property
    def region_word(self) -> str:
        """What a region is called within a sentence: state."""
        return _in_sentence(self.region.name) if self.region else "region"


OTHER = AddressForm(AddressPart("City", is_needed=True), AddressPart("Region"), AddressPart("Postal code"))


def address_form(country: str) -> AddressForm:
    """The form of a country's addresses, by its ISO 3166-1 alpha-2 code; a common one where none is written."""
    return _forms().get(country, OTHER)


def wrong_parts(country: str, *, region: str | None, postal_code: str | None) -> dict[str, str]:
    """What the country's addresses need and this one lacks, or has in another form.

    Field name to the sentence that asks for it; empty where nothing is wrong.
    """
    form = address_form(country)
    wrong = {}
    if form.region and form.region.is_needed and not region:
        verb = "Choose" if form.regions else "Enter"
        wrong["region"] = f"{verb} the {form.region_word}."
    if form.postal_code and form.postal_code.is_needed and not postal_code:
        wrong["postalCode"] = f"Enter the {_in_sentence(form.postal_code.name)}."
    return wrong | wrongly_written_parts(country, postal_code=postal_code)


def wrongly_written_parts(country: str, *, postal_code: str | None) -> dict[str, str]:
    """As wrong_parts, of what is there alone: an address for an invoice may lack what only a courier needs."""
    part = address_form(country).postal_code
    if not part or not part.pattern or not postal_code or re.fullmatch(part.pattern, postal_code.strip(), re.ASCII):
        return {}
    return {"postalCode": f"Enter the {_in_sentence(part.name)} like {part.example}."}


def comparable(text: str) -> str:
    """A name of a place as it is compared: without case, accents and spaces around it."""
    letters = (char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return " ".join(unicodedata.normalize("NFKD", "".join(letters).casefold()).split())


def find_region(country: str, text: str) -> str | None:
    """A listed region as addresses of the country have it, by its short or whole name in any way of writing it."""
    names = names_of_region(country, text)
    return names[0 if address_form(country).written_short else 1] if names else None


def names_of_region(country: str, text: str) -> tuple[str, ...]:
    """The short and the whole name of a listed region; none where it is not listed."""
    return address_form(country).region_names.get(_squeezed(text), ())


def comparable_region(country: str, text: str) -> str:
    """A region's name as it is compared; a listed one's short name counts as its whole one (NY is New York)."""
    return comparable(find_region(country, text) or text)


def _squeezed(text: str) -> str:
    """A name without all that differs between ways to write it: case, accents, dots, spaces."""
    return "".join(char for char in comparable(text) if char.isalnum())


def _in_sentence(name: str) -> str:
    """State becomes state, ZIP code stays."""
    first = name.split()[0]
    return name if first.isupper() else name[0].lower() + name[1:]


@functools.cache
def _forms() -> dict[str, AddressForm]:
    written: dict[str, Any] = json.loads(DATA.read_text("utf-8"))
    return {
        country: AddressForm(
            city=AddressPart(form["city"], is_needed=True),
            region=_part(form["region"]),
            postal_code=_part(form["postalCode"]),
            regions=tuple(form.get("regions", {}).items()),
            written_short=form.get("writtenShort", False),
            region_names=_region_names(form.get("regions", {}), form.get("otherRegionNames", {})),
        )
        for country, form in written.items()
    }


def _region_names(regions: Mapping[str, str], others: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Both names of a region by each way to write it, squeezed."""
    ways = {short: short for short in regions} | {whole: short for short, whole in regions.items()} | {**others}
    return {_squeezed(way): (short, regions[short]) for way, short in ways.items()}


def _part(written: dict[str, Any] | None) -> AddressPart | None:
    if written is None:
        return None
    return AddressPart(written["name"], written["isNeeded"], written.get("pattern", ""), written.get("example", ""))
