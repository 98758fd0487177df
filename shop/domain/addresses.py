"""Postal addresses as the checkout takes them, and the names of countries."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Annotated, Any

from babel import Locale
from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo, model_validator

from shop.domain.address_forms import address_form, find_region
from shop.domain.inputs import Email, Input, Line, Phone, Text


@functools.cache
def country_names(locale: str = "en") -> dict[str, str]:
    """ISO 3166-1 alpha-2 codes with their names in a language."""
    names = Locale.parse(locale).territories
    return {
        code: str(name) for code, name in names.items() if len(code) == 2 and code.isalpha() and code not in NO_COUNTRY
    }


def country_in_sentence(code: str) -> str:
    """A country's name as it stands in a sentence, such as "to the United States"; empty for no country."""
    name = country_names().get(code, "")
    return f"the {name}" if code in WITH_ARTICLE else name


WITH_ARTICLE = frozenset(["AE", "BS", "CF", "CK", "DO", "FK", "GB", "GM", "KY", "MH", "MV", "NL", "PH", "SB", "US"])
NO_COUNTRY = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})


def region_as_written(country: str, text: str) -> str:
    """A listed region as addresses of the country have it; of a country without a list what was typed.

    Raises ValueError with a sentence where the country's list lacks it.
    """
    form, found = address_form(country), find_region(country, text)
    if found is not None or not form.regions:
        return found or text
    where, (short, whole) = country_in_sentence(country), form.regions[0]
    example = f"{short} or {whole}" if form.written_short else whole
    raise ValueError(f"There is no {form.region_word} “{text[:40]}” in {where}. Choose one, such as {example}.")


def _country(code: str) -> str:
    if code not in country_names():
        raise ValueError("Choose a country by its two-letter ISO code, such as JO.")
    return code


Country = Annotated[
    str, StringConstraints(strip_whitespace=True, to_upper=True, max_length=60), AfterValidator(_country)
]


def _region(text: str, info: ValidationInfo) -> str:
    """The region as addresses of the country have it, which is read before it."""
    return region_as_written(info.data.get("country", ""), text)


Region = Annotated[Line, Field(max_length=80), AfterValidator(_region)]


class Destination(Input):
    """As much of an address as a shipping quote needs."""

    country: Country = Field(title="a country")
    region: Region | None = Field(default=None, title="a region")
    city: Line | None = Field(default=None, max_length=80, title="a city")
    postal_code: Line | None = Field(default=None, max_length=16, title="a postal code")
    first_name: Line | None = Field(default=None, max_length=80)
    last_name: Line | None = Field(default=None, max_length=80)
    email: Email | None = None
    phone: Phone | None = None
    company: Line | None = Field(default=None, max_length=80)
    governorate: Line | None = Field(default=None, max_length=80)
    street: Line | None = Field(default=None, max_length=160)
    building: Line | None = Field(default=None, max_length=80)
    apartment: Line | None = Field(default=None, max_length=80)
    instructions: Text | None = Field(default=None, max_length=500)

    @model_validator(mode="before")
    @classmethod
    def _governorate_is_a_region(cls, values: object) -> object:
        return _with_region(values)


def _with_region(values: object) -> object:
    """`governorate` is another word for `region`, and counts where that is not given."""
    if not isinstance(values, dict) or "governorate" not in values:
        return values
    others = {name: value for name, value in values.items() if name != "governorate"}
    return others if others.get("region") else {**others, "region": values["governorate"]}


class Address(Input):
    """A whole address with the person to reach there; `governorate` is read as `region`."""

    first_name: Line = Field(min_length=1, max_length=80, title="a first name")
    last_name: Line = Field(min_length=1, max_length=80, title="a last name")
    email: Email = Field(title="an e-mail address")
    phone: Phone = Field(title="a phone number")
    company: Line | None = Field(default=None, max_length=80)
    country: Country = Field(title="a country")
    region: Region | None = None
    governorate: Line | None = Field(default=None, max_length=80)
    city: Line = Field(min_length=1, max_length=80, title="a city")
    postal_code: Line | None = Field(default=None, max_length=16)
    street: Line = Field(min_length=1, max_length=160, title="a street and building")
    building: Line | None = Field(default=None, max_length=80)
    apartment: Line | None = Field(default=None, max_length=80)
    instructions: Text | None = Field(default=None, max_length=500)

    @model_validator(mode="before")
    @classmethod
    def _governorate_is_a_region(cls, values: object) -> object:
        return _with_region(values)


class BillingAddress(Address):
    """An address for the invoice; e-mail and phone are those of the delivery unless given."""

    email: Email | None = None  # type: ignore[assignment]
    phone: Phone | None = None  # type: ignore[assignment]


def comparable_phone(phone: str) -> str:
    """A phone number as it is compared: digits alone, without the ways of writing it or the international prefix."""
    digits = "".join(char for char in phone if char.isdigit())
    return digits.removeprefix("00")


def address_lines(address: Mapping[str, Any], locale: str = "en") -> list[str]:
    """An order's copy of an address (by its JSON names) as the lines of a label; the person first, the country last."""

    def joined(*names: str, by: str = " ") -> str:
        return by.join(str(address[name]) for name in names if address.get(name))

    town = " ".join(part for part in (joined("city", "region", by=", "), joined("postalCode")) if part)
    lines = [
        joined("firstName", "lastName"),
        joined("company"),
        joined("street", "building", "apartment", by=", "),
        town,
        country_names(locale).get(str(address.get("country")), ""),
    ]
    return [line for line in lines if line]
