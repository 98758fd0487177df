"""Orders on their way, for tests: packed, sent, delivered, paid."""

from __future__ import annotations

from shop.db import db
from shop.domain.actors import SYSTEM, Actor
from shop.domain.catalog.models import Variant
from shop.domain.orders.models import Order
from shop.domain.orders.operations import deliver_order, start_processing
from shop.domain.orders.queries import get_order
from shop.domain.orders.shipments import ship_order
from shop.domain.payments.operations import collect_cash
from shop.domain.terms import Terms
from tests.conftest import placed_order


def packed_order(terms: Terms, staff: Actor, *wanted: tuple[Variant, int]) -> Order:
    """An order in cash that is being packed."""
    order = placed_order(terms, *wanted, confirm=True)
    start_processing(order.id, staff)
    return fresh(order, terms)


def delivered_order(terms: Terms, staff: Actor, *wanted: tuple[Variant, int], paid: bool = True) -> Order:
    """An order that reached its customer, its cash collected."""
    order = packed_order(terms, staff, *wanted)
    ship_order(order.id, staff)
    deliver_order(order.id, staff)
    if paid:
        collect_cash(order.id, order.total, staff)
    return fresh(order, terms)


def fresh(order: Order, terms: Terms) -> Order:
    """The order as it is now, with its lines, history, shipments, returns and refunds."""
    db.session.rollback()
    found = get_order(order.public_id, SYSTEM, terms)
    db.session.expunge_all()  # a test keeps what it saw; the next operation would expire it
    return found
