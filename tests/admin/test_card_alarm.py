"""The admin's home while stolen cards are tried out, and while they are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shop.db import db, operation, transaction_time
from shop.domain.payments.models import CardRefusal
from tests.admin.pages import body
from tests.conftest import make_product, placed_order, variants_of


@pytest.fixture
def refusals(app, terms, monkeypatch):
    """`refusals(12)`: so many cards were refused a moment ago, in a shop that takes cards."""
    order = placed_order(terms, (variants_of(make_product())[0], 1))
    monkeypatch.setitem(app.extensions, "shop_terms", replace(terms, takes_cards=True))

    @operation
    def refuse(number):
        for each in range(number):
            db.session.add(
                CardRefusal(
                    order_id=order.id,
                    address=f"192.0.2.{each}",
                    email="thief@example.com",
                    fingerprint=f"fp_{each}",
                    created_at=transaction_time(),
                )
            )

    return refuse


def test_an_attack_is_told_on_the_home_page(owner, terms, refusals):
    refusals(terms.card_limits.alarm)
    assert "somebody tries out stolen cards" in body(owner.get("/admin"))


def test_some_refused_cards_are_no_attack(owner, refusals):
    refusals(2)
    assert "card payments" not in body(owner.get("/admin"))


def test_it_is_for_who_may_read_orders(staff_who_may, terms, refusals):
    refusals(terms.card_limits.alarm)
    assert "stolen cards" not in body(staff_who_may("catalog:read").get("/admin"))


def test_a_shop_without_cards_asks_nothing(app, owner, terms, refusals, monkeypatch, statements):
    refusals(terms.card_limits.alarm)
    monkeypatch.setitem(app.extensions, "shop_terms", replace(terms, takes_cards=False))
    with statements() as sent:
        assert "stolen cards" not in body(owner.get("/admin"))
    assert not any("card_refusals" in each for each in sent)
