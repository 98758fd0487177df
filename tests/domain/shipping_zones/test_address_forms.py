"""The form of each country's addresses, from one data file."""

from __future__ import annotations

import re

import pytest

from shop.domain.address_forms import _forms, address_form, comparable, comparable_region, find_region, wrong_parts
from shop.domain.addresses import Destination, country_names, region_as_written


def test_every_example_of_the_file_is_written_as_its_pattern_says():
    assert set(_forms()) <= set(country_names())
    for country, form in _forms().items():
        assert form.city.name and (form.region is None or form.region.name), country
        if form.postal_code:
            assert re.fullmatch(form.postal_code.pattern, form.postal_code.example), country


@pytest.mark.parametrize(
    ("country", "region", "postal_code", "wrong"),
    [
        ("US", "NY", "10001", {}),
        ("US", "NY", "10001-1234", {}),
        ("US", "", "", {"region": "Choose the state.", "postalCode": "Enter the ZIP code."}),
        ("US", "NY", "1000", {"postalCode": "Enter the ZIP code like 10001."}),
        ("US", "NY", "١٠٠٠١", {"postalCode": "Enter the ZIP code like 10001."}),
        ("GB", None, "sw1a 1aa", {}),
        ("GB", None, "10001", {"postalCode": "Enter the postcode like SW1A 1AA."}),
        ("JO", None, None, {"region": "Choose the governorate."}),
        ("JO", "Amman", "whatever", {}),
        ("DE", None, " 10115 ", {}),
        ("IE", None, None, {}),
        ("ZW", None, None, {}),
        ("ZW", "x", "y", {}),
    ],
)
def test_an_address_has_what_its_country_needs(country, region, postal_code, wrong):
    assert wrong_parts(country, region=region, postal_code=postal_code) == wrong


def test_names_of_places_are_compared_without_case_accents_and_spaces():
    assert comparable("  São   PAULO ") == "sao paulo" == comparable("sa\u0303o paulo")
    assert comparable("Straße") == comparable("STRASSE")
    assert comparable("عَمّان") == comparable("عمان")
    assert comparable("Amman") != comparable("Irbid")


def test_short_names_of_regions_count_as_their_whole_ones():
    assert comparable_region("US", "ny") == comparable_region("US", "New York")
    assert comparable_region("CA", "QC") == comparable_region("CA", "Québec")
    assert comparable_region("DE", "NY") == "ny"
    assert address_form("ZW").region.name == "Region"


@pytest.mark.parametrize(
    ("country", "typed", "kept"),
    [
        ("US", "N.Y.", "NY"),
        ("US", "NewYork", "NY"),
        ("US", "new  york", "NY"),
        ("US", "Washington, D.C.", "DC"),
        ("US", "pr", "PR"),
        ("CA", "quebec", "QC"),
        ("JO", "MAAN", "Ma'an"),
        ("JO", "am", "Amman"),
        ("DE", "Bayern ", "Bayern"),
    ],
)
def test_a_listed_region_is_kept_as_addresses_of_its_country_have_it(country, typed, kept):
    assert Destination.model_validate({"country": country, "region": typed}).region == kept


@pytest.mark.parametrize("typed", ["calif.", "Atlantis", "..."])
def test_a_region_that_is_not_listed_is_none(typed):
    with pytest.raises(ValueError, match=f"no state “{re.escape(typed)}” in the United States. Choose one, such as AL"):
        region_as_written("US", typed)


def test_each_name_of_a_region_means_one_alone():
    for country, form in _forms().items():
        for short, whole in form.regions:
            assert find_region(country, short) == find_region(country, whole) in {short, whole}, (country, short)
        assert len({find_region(country, short) for short, _ in form.regions}) == len(form.regions)
