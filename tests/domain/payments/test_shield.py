"""Carding: from one address or from 200, at most 20 cards reach the bank, and shoppers who are known go on paying."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shop.db import frozen_time
from shop.domain.actors import Actor
from shop.domain.payments.shield import card_traffic
from shop.errors import PaymentRefused, TooMany
from tests.conftest import SHOPPER, make_product, variants_of
from tests.domain.payments.conftest import card_order
from tests.domain.payments.fake_provider import DECLINED, GOOD
from tests.domain.payments.stories import pay
from tests.races.test_buyers import at_once


@pytest.fixture
def article(app):
    return variants_of(make_product(stock=400))[0]


def tries(order, terms, provider, card, actor):
    try:
        pay(order, terms, provider, card=card, actor=actor)
    except (PaymentRefused, TooMany) as error:
        return error


@pytest.mark.parametrize(("addresses", "most"), [(1, 5), (60, 20)])
def test_few_stolen_cards_reach_the_bank(app, terms, provider, article, addresses, most):
    known = Actor("customer", address="203.0.113.9")
    pay(card_order(terms, (article, 1), actor=known, email="known@example.com"), terms, provider, actor=known)
    provider.tries = 0
    refusals = []
    for number in range(60):
        actor = Actor("customer", address=f"198.51.100.{number % addresses}")
        order = card_order(terms, (article, 1), actor=actor, email=f"thief{number}@example.com")
        refusals.append(tries(order, terms, provider, f"{DECLINED}_{number}", actor))

    assert provider.tries <= most
    last = refusals[-1]
    assert isinstance(last, TooMany) and last.retry_after > 0 and "cash on delivery" in last.message

    again = card_order(terms, (article, 1), actor=known, email="known@example.com")
    assert pay(again, terms, provider, actor=known).order.status == "confirmed"
    guest = Actor("customer", address="192.0.2.1")
    new = card_order(terms, (article, 1), actor=guest, email="new@example.com")
    if addresses == 1:  # there is no alarm: nobody else notices
        assert pay(new, terms, provider, actor=guest).order.status == "confirmed"
        assert not card_traffic(terms.card_limits).is_attack
        return
    traffic = card_traffic(terms.card_limits)
    assert traffic.is_attack and traffic.addresses_last_hour >= 12 and "stolen cards" in traffic.sentence
    with frozen_time(datetime.now(UTC) + timedelta(minutes=3)):
        assert pay(new, terms, provider, actor=guest).order.status == "confirmed"  # one after the other
    with frozen_time(datetime.now(UTC) + timedelta(minutes=11)):
        assert not card_traffic(terms.card_limits).is_attack


@pytest.mark.thorough
def test_200_addresses_at_once_get_20_cards_to_the_bank_at_most(app, terms, provider, article):
    def thief(number):
        actor = Actor("customer", address=f"198.51.100.{number}")
        order = card_order(terms, (article, 1), actor=actor, email=f"thief{number}@example.com")
        return lambda: tries(order, terms, provider, f"{DECLINED}_{number}", actor)

    for wave in range(0, 200, 10):
        at_once(app, [thief(number) for number in range(wave, wave + 10)])

    assert provider.tries <= 20


def test_ordinary_refusals_among_many_payments_are_no_attack(app, terms, provider, article):
    limits = replace(terms.card_limits, alarm=2)
    terms = replace(terms, card_limits=limits)
    for number in range(8):
        actor = Actor("customer", address=f"192.0.2.{number}")
        order = card_order(terms, (article, 1), actor=actor, email=f"buyer{number}@example.com")
        if number % 4 == 1:
            assert isinstance(tries(order, terms, provider, DECLINED, actor), PaymentRefused)
        assert pay(order, terms, provider, actor=actor).order.status == "confirmed"
    assert not card_traffic(limits).is_attack


def test_a_shopper_with_one_bad_card_can_use_another(app, terms, provider, article):
    order = card_order(terms, (article, 1))
    assert isinstance(tries(order, terms, provider, DECLINED, SHOPPER), PaymentRefused)
    assert pay(order, terms, provider, card=GOOD).order.status == "confirmed"


@pytest.mark.parametrize("limit", ["refused_of_order", "refused_of_email", "refused_at_address", "refused_of_card"])
def test_each_limit_refuses(app, terms, provider, article, limit):
    names = ("refused_of_order", "refused_of_email", "refused_at_address", "refused_of_card")
    terms = replace(
        terms, card_limits=replace(terms.card_limits, alarm=100, **{n: 2 if n == limit else 99 for n in names})
    )
    order = card_order(terms, (article, 1))
    results = [tries(order, terms, provider, DECLINED, SHOPPER) for _ in range(3)]
    assert [type(each) for each in results] == [PaymentRefused, PaymentRefused, TooMany]
    with frozen_time(datetime.now(UTC) + timedelta(minutes=10)):
        assert isinstance(tries(order, terms, provider, GOOD, SHOPPER), TooMany)


def test_five_payments_an_hour_are_begun_by_one_shopper(app, terms, provider, article):
    terms = replace(terms, card_limits=replace(terms.card_limits, begun=5))
    for _ in range(5):
        assert pay(card_order(terms, (article, 1)), terms, provider).order.status == "confirmed"
    order = card_order(terms, (article, 1))
    with pytest.raises(TooMany) as caught:
        pay(order, terms, provider)
    assert caught.value.retry_after == 3600
