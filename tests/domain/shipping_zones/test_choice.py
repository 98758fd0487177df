"""Zone, price and date as pure rules: exactly one zone or none, no gap between bands, no price below nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shop.domain.places import Place
from shop.domain.shipping import Area, Band, ShippingMethod, ShippingTable, Zone, days_in_words
from shop.money import Money


def usd(amount):
    return Money(amount, "USD")


METHOD = ShippingMethod(
    id="standard", name="Standard", description="", price=usd(490), free_from=None, min_days=3, max_days=5
)


def zone(name, *areas, position=0, is_active=True, methods=(METHOD,)):
    return Zone(name, name, tuple(areas), tuple(methods), position, is_active)


WORLD = ShippingTable(
    (
        zone("rest", Area()),
        zone("jordan", Area("JO")),
        zone("north", Area("JO", region="Irbid")),
        zone("amman", Area("JO", city="Amman")),
        zone("portland", Area("US", region="Oregon", city="Portland")),
        zone("california", Area("US", region="California")),
        zone("off", Area("DE"), is_active=False),
    )
)


@pytest.mark.parametrize(
    ("place", "name"),
    [
        (Place("JO", "Amman", "Amman"), "amman"),
        (Place("JO", "", "  ÂMMAN "), "amman"),
        (Place("JO", "IRBID", "Ramtha"), "north"),
        (Place("JO", "IR", "Ramtha"), "north"),
        (Place("JO", "Irbid", "amman"), "amman"),
        (Place("JO"), "jordan"),
        (Place("US", "OR", "Portland"), "portland"),
        (Place("US", "ME", "Portland"), "rest"),
        (Place("US", "CA", "Amman"), "california"),
        (Place("US", "Cali fornia", "X"), "california"),
        (Place("US", "calif.", "X"), "rest"),
        (Place("DE", "", "Berlin"), "rest"),
    ],
)
def test_the_most_exact_zone_decides(place, name):
    assert WORLD.zone_for(place).name == name


def test_between_equals_the_position_decides_and_without_a_zone_nothing_is_delivered():
    both = ShippingTable((zone("second", Area("JO"), position=2), zone("first", Area("JO"), position=1)))
    assert both.zone_for(Place("JO")).name == "first"
    assert both.zone_for(Place("DE")) is None and both.methods_for(Place("DE")) == ()


def test_a_zone_without_methods_keeps_its_place_from_the_zones_around_it():
    table = ShippingTable((zone("jordan", Area("JO")), zone("none", Area("JO", city="Aqaba"), methods=())))
    assert table.methods_for(Place("JO", city="Aqaba")) == ()
    assert table.methods_for(Place("JO", city="Amman")) == (METHOD,)
    assert table.areas == (Area("JO"),) and table.differs_within("JO")


def test_the_default_is_the_first_that_takes_the_weight():
    light, heavy = replace(METHOD, id="light", max_weight=1000), replace(METHOD, id="heavy", max_weight=5000)
    table = ShippingTable((zone("jordan", Area("JO"), methods=(replace(METHOD, is_active=False), light, heavy)),))
    assert table.default_for(Place("JO"), 1000).id == "light"
    assert table.default_for(Place("JO"), 1001).id == "heavy"
    assert table.default_for(Place("JO"), 5001) is None


NAMES = st.sampled_from(["", "Amman", "amman ", "Âmman", "Irbid", "Zarqa", "CA"])
PLACES = st.builds(Place, st.sampled_from(["JO", "US", "DE"]), NAMES, NAMES)
AREAS = st.builds(Area, st.sampled_from(["", "JO", "US"]), NAMES, NAMES)


ZONES = st.lists(st.tuples(st.lists(AREAS, max_size=3), st.integers(0, 2), st.booleans()), max_size=6)


@given(PLACES, ZONES, st.data())
def test_exactly_one_zone_or_none_whatever_order_they_stand_in(place, wanted, data):
    zones = [zone(str(at), *areas, position=spot, is_active=on) for at, (areas, spot, on) in enumerate(wanted)]
    found = ShippingTable(tuple(zones)).zone_for(place)

    covering = [each for each in zones if each.is_active and each.area_for(place)]
    assert (found in covering) if covering else found is None
    assert all(found.area_for(place).exactness >= each.area_for(place).exactness for each in covering)
    assert ShippingTable(tuple(data.draw(st.permutations(zones)))).zone_for(place) == found


STARTS = st.lists(st.integers(1, 50_000), unique=True, max_size=6).map(lambda starts: [0, *sorted(starts)])


@given(STARTS, st.data(), st.sampled_from(["weight", "value"]), st.integers(0, 60_000), st.integers(0, 60_000))
def test_bands_leave_no_gap_and_no_price_is_below_nothing(starts, data, basis, worth, weight):
    bands = tuple(Band(start, usd(data.draw(st.integers(0, 10_000)))) for start in starts)
    free_from = data.draw(st.none() | st.integers(0, 60_000).map(usd))
    method = replace(METHOD, bands=bands, basis=basis, free_from=free_from, price=min(b.price for b in bands))

    measure = weight if basis == "weight" else worth
    holding = [
        band
        for band, end in zip(bands, [*starts[1:], None], strict=True)
        if band.start <= measure and (end is None or measure < end)
    ]
    assert holding == [method.band_for(usd(worth), weight)]
    price = method.price_for(usd(worth), weight)
    assert price.amount >= 0
    assert price in ({usd(0)} if free_from is not None and worth >= free_from.amount else {holding[0].price})


FRIDAY, SATURDAY = datetime(2026, 11, 20, 11, tzinfo=UTC), datetime(2026, 11, 21, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "days", "cut_off", "by"),
    [
        (FRIDAY, 0, 14, date(2026, 11, 23)),  # 14:00 in Amman
        (FRIDAY.replace(hour=10, minute=59), 0, 14, date(2026, 11, 20)),
        (FRIDAY.replace(hour=22), 0, 14, date(2026, 11, 23)),  # Saturday there
        (FRIDAY, 1, 14, date(2026, 11, 24)),
        (FRIDAY, 1, None, date(2026, 11, 23)),
        (SATURDAY, 0, 14, date(2026, 11, 23)),
        (SATURDAY, 0, None, date(2026, 11, 23)),
        (SATURDAY, 2, None, date(2026, 11, 24)),
    ],
)
def test_days_become_a_date_by_the_zone_s_clock(now, days, cut_off, by):
    method = replace(METHOD, min_days=days, max_days=days, cut_off_hour=cut_off, time_zone="Asia/Amman")
    assert method.arrives(now, "US") == (by, by)


@pytest.mark.parametrize(
    ("country", "days", "by"),
    [
        ("JO", 4, date(2026, 11, 26)),
        ("JO", 5, date(2026, 11, 30)),  # Friday and Saturday are the weekend there
        ("US", 5, date(2026, 11, 27)),
        ("IN", 0, date(2026, 11, 23)),
        ("ZZ", 5, date(2026, 11, 27)),
    ],
)
def test_nothing_arrives_on_the_weekend_of_its_country(country, days, by):
    method = replace(METHOD, min_days=days, max_days=days)
    assert method.arrives(SATURDAY, country) == (by, by)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ((0, 0), "same day"),
        ((0, 1), "up to 1 working day"),
        ((0, 2), "up to 2 working days"),
        ((1, 1), "1 working day"),
        ((3, 3), "3 working days"),
        ((3, 5), "3–5 working days"),
    ],
)
def test_days_are_said_in_words(days, words):
    assert days_in_words(*days) == words
