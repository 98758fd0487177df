"""How a place taxes is decided in one place."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.catalog.models import Category
from shop.domain.catalog.operations import save_category
from shop.domain.places import Place
from shop.domain.tax import PlaceTax, TaxRule
from shop.domain.tax_zones.operations import change_tax_zone, delete_tax_zone
from shop.domain.tax_zones.queries import nearest, tax_for
from tests.domain.tax_zones.zones import make_zone, wish

FLAT = TaxRule(Decimal(8), included=False)


@pytest.fixture
def flat(terms):
    """Terms with one rate for all places."""
    return replace(terms, tax=FLAT)


def standard(terms, country: str, region: str = "") -> Decimal:
    db.session.rollback()
    return tax_for(Place(country, region), terms).rule.rate_percent


def test_without_an_active_zone_the_one_rate_of_the_settings_is_everywhere(flat):
    make_zone("DE", isActive=False)
    assert tax_for(Place("DE"), flat) == PlaceTax(FLAT)


def test_with_an_active_zone_a_place_in_none_is_not_taxed_at_all(flat):
    make_zone("DE", "standard 19 VAT", pricesIncludeTax=True, rounding="order", shippingIsTaxed=False)

    inside, outside = tax_for(Place("DE"), flat), tax_for(Place("US"), flat)

    assert inside.rule == TaxRule(Decimal(19), included=True, rounding="order", shipping_percent=Decimal(0))
    assert (inside.zone, inside.name, inside.is_by_zone) == ("Zone", "VAT", True)
    assert outside == PlaceTax(TaxRule(Decimal(0), included=False), is_by_zone=True)


def test_the_last_zone_gone_gives_the_settings_their_rate_back(flat):
    zone = make_zone("DE")
    assert standard(flat, "US") == 0
    delete_tax_zone(zone.public_id, SYSTEM)
    assert standard(flat, "US") == 8


@pytest.mark.parametrize("typed", ["Québec", "quebec", "  QUEBEC ", "que\u0301bec"])
def test_a_region_beats_its_country_however_it_is_typed(flat, typed):
    make_zone("CA", "standard 5", position=0)
    make_zone("CA: Québec", "standard 14.975", position=9)

    assert standard(flat, "CA", typed) == Decimal("14.975")
    assert standard(flat, "CA", "Ontario") == standard(flat, "CA") == 5
    assert standard(flat, "FR", "Quebec") == 0


@pytest.mark.parametrize(("written", "typed"), [("California", "CA"), ("CA", "california"), ("California", " ca ")])
def test_the_short_name_of_a_region_counts_as_its_whole_one(flat, written, typed):
    make_zone(f"US: {written}", "standard 7.25")

    assert standard(flat, "US", typed) == Decimal("7.25")
    assert standard(flat, "US", "Nevada") == standard(flat, "CA", typed) == 0


def test_an_inactive_zone_covers_nothing(flat):
    make_zone("US: NY", "standard 9", isActive=False)
    make_zone("US", "standard 1")
    assert standard(flat, "US", "NY") == 1


def test_a_product_has_the_rate_of_its_category_or_the_nearest_above_it(flat):
    categories = {}
    for slug, parent in (("food", None), ("sweets", "food"), ("bars", "sweets"), ("toys", None)):
        categories[slug] = save_category(slug, slug.title(), parent_slug=parent).id
    make_zone("FR", "standard 20\nfood 5.5 Reduced\nbars 19.6")
    make_zone("DE", "standard 19\nfood 7")

    tax = tax_for(Place("FR"), flat)

    rates = {slug: tax.percent_for(category_id) for slug, category_id in categories.items()}
    assert rates == {"food": Decimal("5.5"), "sweets": Decimal("5.5"), "bars": Decimal("19.6"), "toys": 20}
    assert tax.percent_for(None) == 20
    assert (tax.rates[categories["sweets"]].category, tax.rates[categories["sweets"]].name) == ("Food", "Reduced")
    assert tax_for(Place("FR"), flat, only_standard=True).rates == {}


def test_a_deleted_category_takes_its_rate_along(flat):
    from shop.domain.catalog.categories import delete_category

    category = save_category("food", "Food")
    make_zone("FR", "standard 20\nfood 5.5")
    delete_category(category.public_id, SYSTEM)
    assert tax_for(Place("FR"), flat).rates == {}


def test_a_loop_of_categories_ends():
    assert nearest({9: "rate"}, {1: 2, 2: 1, 3: 9, 9: None, 4: 77}) == {3: "rate", 9: "rate"}


def test_it_reads_nothing_where_there_is_known_to_be_no_zone_and_twice_at_most(flat, statements):
    save_category("food", "Food")
    with statements() as sent:
        assert tax_for(Place("FR"), flat, has_zones=False).rule == FLAT
    assert sent == []
    zone = make_zone("FR", "standard 20")
    for rates, count in (("standard 20", 1), ("standard 20\nfood 5", 2)):
        change_tax_zone(zone.public_id, wish("FR", rates), SYSTEM)
        db.session.rollback()
        with statements() as sent:
            tax_for(Place("FR"), flat)
        assert len(sent) == count
    assert db.session.scalar(db.select(db.func.count()).select_from(Category)) == 1
