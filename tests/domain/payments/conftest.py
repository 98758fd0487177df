"""A shop that takes cards, its provider in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shop.domain.checkout import place_order
from tests.conftest import SHOPPER, address, cart_with, make_product, make_staff, order_wish, variants_of
from tests.domain.payments.fake_provider import FakeProvider


@pytest.fixture
def terms(terms):
    limits = replace(terms.card_limits, begun=1000)
    return replace(terms, takes_cards=True, card_limits=limits)


@pytest.fixture
def provider(app):
    return FakeProvider()


@pytest.fixture
def staff(app):
    return make_staff()


@pytest.fixture
def variant(app):
    return variants_of(make_product(stock=5))[0]


@pytest.fixture
def order(terms, variant):
    return card_order(terms, (variant, 2))


def card_order(terms, *wanted, actor=SHOPPER, email="lina@example.com", **changes):
    wish = order_wish(cart_with(terms, *wanted, actor=actor), paymentMethod="stripe",
                      shippingAddress=address(email=email), **changes)  # fmt: skip
    return place_order(wish, actor, terms)
