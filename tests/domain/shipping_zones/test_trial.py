"""The test box says in plain words what is offered and why."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shop.domain.places import Place
from shop.domain.shipping_zones.queries import read_shipping_table
from shop.domain.shipping_zones.trial import try_destination
from shop.money import Money
from tests.domain.shipping_zones.stories import make_method, make_zone

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)  # a Wednesday, noon in Amman


@pytest.fixture
def table(app, terms):
    jordan = make_zone("Jordan", countries="JO", position=1)
    make_method(jordan, "post", basis="weight", prices="0: 3\n2000: 6", freeFrom="80", maxWeightGrams=10_000)
    make_method(jordan, "pickup", prices="0", isActive=False, position=1)
    amman = make_zone("Amman", cities="JO: Amman", timeZone="Asia/Amman")
    make_method(amman, "today", prices="4", minDays=0, maxDays=0, cutOffHour=14)
    make_zone("Off", countries="JO", isActive=False, position=2)
    make_zone("Jordan again", countries="JO", position=3)
    return read_shipping_table(terms, with_inactive=True)


def usd(text):
    return Money.parse(text, "USD")


def test_the_exact_zone_is_named_and_why_the_others_do_not_decide(table):
    trial = try_destination(table, Place("JO", city="amman"), usd("20"), 500, NOW)

    assert trial.zone.name == "Amman" and "covers Amman, Jordan" in trial.why
    (today,) = trial.offered
    assert (today.price, today.arrives) == (usd("4"), (NOW.date(), NOW.date()))
    assert "Days: same day." in today.why and "14:00 (Asia/Amman)" in today.why
    assert {zone.name: why for zone, why in trial.others} == {
        "Jordan": "It covers Jordan, but Amman, Jordan is more exact.",
        "Off": "It covers Jordan, but is switched off.",
        "Jordan again": "It covers Jordan, but Amman, Jordan is more exact.",
    }


@pytest.mark.parametrize(
    ("value", "weight", "price", "words"),
    [
        ("20", 500, "3", "The price by weight, from 0 g on and below 2 kg. Free from $80.00."),
        ("20", 2000, "6", "The price by weight, from 2 kg on."),
        ("80", 2000, "0", "Free, because the goods are worth $80.00 or more."),
    ],
)
def test_a_price_is_told_with_its_reason(table, value, weight, price, words):
    trial = try_destination(table, Place("JO"), usd(value), weight, NOW)
    (post,) = trial.offered
    assert post.price == usd(price) and words in post.why
    assert "offers nothing" not in trial.why


def test_what_is_not_offered_says_why(table):
    trial = try_destination(table, Place("JO", city="Irbid"), usd("20"), 12_500, NOW)
    assert trial.offered == [] and "It offers nothing for such an order" in trial.why
    assert {each.method.id: each.why for each in trial.not_offered} == {
        "post": "It takes at most 10 kg; this weighs 12.5 kg.",
        "pickup": "It is switched off.",
    }
    assert "It covers Jordan as exactly, but comes later in the order of zones." in [why for _, why in trial.others]


def test_a_place_without_a_zone_says_so(table):
    trial = try_destination(table, Place("DE"), usd("20"), 500, NOW)
    assert trial.zone is None and "do not deliver there" in trial.why
    assert {why for _, why in trial.others} == {"It does not cover this place."}
