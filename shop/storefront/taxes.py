"""What pages say of the tax in their prices or on top of them. Public pages speak of the home country."""

from __future__ import annotations

from dataclasses import dataclass

from shop.domain.addresses import country_in_sentence
from shop.domain.explanations import percent
from shop.domain.places import Place
from shop.domain.tax import PlaceTax
from shop.domain.tax_zones.queries import tax_for
from shop.extensions import terms
from shop.storefront.delivery import home_country


@dataclass(frozen=True)
class TaxNote:
    """A rate as it is said: "plus 8% tax". `country` is named where others are taxed in another way, else empty."""

    rate: str
    is_included: bool
    country: str = ""
    varies: bool = False  # some of its regions are taxed by themselves


def read_home_tax(*, has_zones: bool | None, only_standard: bool = False) -> PlaceTax:
    """How the home country taxes; `has_zones` and `only_standard` as of tax_for."""
    return tax_for(Place(home_country()), terms, has_zones=has_zones, only_standard=only_standard)


def note_of(tax: PlaceTax, country: str, category_id: int | None = None) -> TaxNote | None:
    """What is said of a country's tax on goods of a category (by key), else at its standard rate; None for no tax."""
    rate = tax.percent_for(category_id)
    if not rate:
        return None
    named = country_in_sentence(country) if tax.is_by_zone else ""
    return TaxNote(percent(rate), tax.rule.included, named, tax.is_by_region)
