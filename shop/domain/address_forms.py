"""The form of each country's addresses: which parts they have and need, what these are called, how codes are written.

All of it stands in address_forms.json, by ISO country code. A country that is not in it has a region and a postal
code, and needs neither.
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from dataclasses import dataclass
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
    regions: tuple[tuple[str, str], ...] = ()  # the short and the whole name of each, where both are in use


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
        wrong["region"] = f"Enter the {_in_sentence(form.region.name)}."
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


def comparable_region(country: str, text: str) -> str:
    """A region's name as it is compared; its short name counts as its whole one (NY is New York)."""
    name = comparable(text)
    wholes = (whole for short, whole in address_form(country).regions if comparable(short) == name)
    return comparable(next(wholes, name))


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
        )
        for country, form in written.items()
    }


def _part(written: dict[str, Any] | None) -> AddressPart | None:
    if written is None:
        return None
    return AddressPart(written["name"], written["isNeeded"], written.get("pattern", ""), written.get("example", ""))
