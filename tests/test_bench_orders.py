"""The bench's orders are as sound as those that were placed: the audit after each test says so, too."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import func, select

from bench.order_stories import FATES
from bench.orders import make_orders
from shop.db import db
from shop.domain.audit_checks.run import run_audit
from shop.domain.catalog.models import Product
from shop.domain.orders.models import ORDER_STATUSES, Order
from shop.domain.orders.operations import start_processing
from shop.domain.terms import Terms
from tests.conftest import make_staff, placed_order, variants_of

pytestmark = pytest.mark.both_databases


def test_orders_in_every_status_are_written_and_the_audit_is_clean(app: Flask) -> None:
    seen = []

    made = make_orders(200, products=40, on_progress=lambda done, count: seen.append((done, count)))

    assert made == 200
    assert seen == [(200, 200)]
    assert set(db.session.scalars(select(Order.status).distinct())) == set(ORDER_STATUSES)
    assert sum(FATES.values()) == 100
    assert [finding for finding in run_audit(with_lateness=False) if finding.rows] == []


def test_it_goes_on_where_it_stopped_and_the_shop_goes_on_after_it(app: Flask, terms: Terms) -> None:
    make_orders(60, products=40)

    assert make_orders(80, products=40) == 20
    assert make_orders(80, products=40) == 0

    variant = next(v for v in variants_of_all() if v.stock.available > 3)
    order = placed_order(terms, (variant, 1), confirm=True)
    assert start_processing(order.id, make_staff()).status == "processing"
    assert db.session.scalar(select(func.count()).select_from(Order)) == 81


def variants_of_all():
    return [v for product in db.session.scalars(select(Product)) for v in variants_of(product)]
