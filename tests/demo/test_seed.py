"""Seeding the demo: a shop with a past, once."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from shop.db import db, transaction_time
from shop.demo.place import stored_name
from shop.demo.seed import ADMIN, CUSTOMER, seed_demo
from shop.domain.catalog.models import Category, Image, Listing, Product
from shop.domain.catalog.renditions import renditions_of
from shop.domain.customers.operations import Credentials, authenticate
from shop.domain.events import OutboxEvent
from shop.domain.orders.models import ORDER_STATUSES, Order
from shop.domain.payments.models import Payment
from shop.domain.reviews.models import Review
from tests.domain.catalog.drafts import everything


class Shelf:
    """A store that keeps files in memory."""

    def __init__(self):
        self.files = {}

    def save(self, name, data):
        self.files[name] = data


def count(rows):
    return db.session.scalar(select(func.count()).select_from(rows.subquery()))


@pytest.fixture
def seeded(app, terms):
    store, lines = Shelf(), []
    assert seed_demo(terms, store, echo=lines.append) is True
    db.session.rollback()
    return store, lines


@pytest.mark.both_databases
def test_the_shop_is_filled_with_a_past_and_a_second_time_nothing_happens(seeded, terms):
    store, lines = seeded
    assert [count(select(model)) for model in (Category, Product, Order)] == [16, 93, 60]
    names = db.session.scalars(select(Image.file_name)).all()
    assert len(names) == 2 * 93
    assert {each.file_name for name in names for each in renditions_of(name)} | set(names) <= set(store.files)
    assert stored_name("hero.w1920.jpg") in store.files
    assert "60 orders of the last 90 days." in lines
    assert count(select(OutboxEvent).filter_by(dispatched_at=None)) == 0  # nobody gets mail about the past
    expect_a_past()
    expect_people_who_can_sign_in()
    before = everything()

    again = Shelf()
    assert seed_demo(terms, again, echo=lines.append) is False
    assert again.files == {}
    assert everything() == before


def expect_a_past():
    now = transaction_time()
    first, last = db.session.execute(select(func.min(Product.created_at), func.max(Product.created_at))).one()
    assert timedelta(days=299) < now - first < timedelta(days=301)
    assert now - last < timedelta(days=5)

    orders = db.session.scalars(select(Order).order_by(Order.id)).all()
    assert [order.created_at for order in orders] == sorted(order.created_at for order in orders)
    assert now - orders[0].created_at > timedelta(days=85)
    assert all(order.updated_at <= now for order in orders)

    statuses = Counter(order.status for order in orders)
    assert set(statuses) == set(ORDER_STATUSES)
    assert statuses["delivered"] == count(select(Payment).filter_by(status="collected"))

    reviews = Counter(db.session.scalars(select(Review.status)))
    assert reviews == {"approved": 120, "pending": 4}
    verified = count(select(Review).where(Review.order_id.is_not(None)))
    assert 60 <= verified < 124
    assert db.session.scalar(select(func.sum(Listing.rating_count))) == 120


def expect_people_who_can_sign_in():
    lina = authenticate(Credentials(email=CUSTOMER[0], password=CUSTOMER[1]))
    admin = authenticate(Credentials(email=ADMIN[0], password=ADMIN[1]))
    assert count(select(Order).filter_by(user_id=lina.id)) >= 5
    assert admin.staff_role.permissions == ["all"]
