"""Where we deliver and how, as the pages tell it. The table is read once a request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from flask import g

from shop.domain.address_forms import OTHER, AddressForm, address_form
from shop.domain.addresses import country_in_sentence, country_names
from shop.domain.places import Place
from shop.domain.shipping import Area, ShippingMethod, ShippingTable
from shop.domain.shipping_zones.queries import listed, read_shipping_table
from shop.extensions import terms


@dataclass(frozen=True)
class Served:
    """Places with the same ways to send."""

    places: tuple[str, ...]
    methods: tuple[ShippingMethod, ...]


def shipping_table() -> ShippingTable:
    """How it is sent, as it stood when this request first asked."""
    if "shipping_table" not in g:
        g.shipping_table = read_shipping_table(terms)
    return cast(ShippingTable, g.shipping_table)


def home_country() -> str:
    """The country that is assumed until another is known: the shop's own, or the first that is delivered to."""
    table = shipping_table()
    if table.methods_for(Place(terms.home_country)):
        return terms.home_country
    whole = (country for country in table.countries if table.methods_for(Place(country)))
    return next(whole, next(iter(table.countries), terms.home_country))


def home_methods() -> tuple[ShippingMethod, ...]:
    """The ways to send within that country."""
    return shipping_table().methods_for(Place(home_country()))


def asked_parts(country: str) -> AddressForm:
    """The parts of an address that the checkout asks for: the country's own, and a region where a zone goes by it."""
    form = address_form(country)
    if form.region is None and shipping_table().names_regions_of(country):
        return replace(form, region=OTHER.region)
    return form


def delivery_countries() -> list[str]:
    """The countries that an address can be in: those that are named, or all once everywhere else is served too."""
    table = shipping_table()
    named = list(table.countries)
    if not table.covers_everywhere:
        return named
    names = country_names()
    return named + sorted(set(names) - set(named), key=names.__getitem__)


def served_places() -> list[Served]:
    """All that is delivered to, places with the same ways to send together."""
    groups: dict[tuple[ShippingMethod, ...], list[Area]] = {}
    for zone in sorted((each for each in shipping_table().zones if each.is_active), key=lambda each: each.position):
        methods = tuple(method for method in zone.methods if method.is_active)
        if methods:
            groups.setdefault(methods, []).extend(zone.areas)
    return [Served(tuple(_names(areas)), methods) for methods, areas in groups.items()]


def _names(areas: Sequence[Area]) -> Iterator[str]:
    """The places as a sentence names them: those inside of one country together, everywhere else last."""
    table = shipping_table()
    for code in dict.fromkeys(area.country for area in areas if area.country):
        country = country_in_sentence(code)
        own = [area for area in areas if area.country == code]
        inside = list(dict.fromkeys(", ".join(filter(None, (area.city, area.region))) for area in own))
        if named := [name for name in inside if name]:
            yield f"{listed(named)} in {country}"
        if "" in inside:
            yield f"the rest of {country}" if table.differs_within(code) else country
    if Area() in areas:
        yield "everywhere else"


def depends_on_weight(methods: Sequence[ShippingMethod]) -> bool:
    """Whether what is said of these methods has to mention the weight."""
    return any(method.max_weight is not None or (method.basis == "weight" and method.bands[1:]) for method in methods)
