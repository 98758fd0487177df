"""Staff and customers who change one order at the same instant: one of them wins, the others are told why not."""

from __future__ import annotations

import pytest

from shop.db import db
from shop.domain.checkout import cancel_order
from shop.domain.orders.models import Order, Return, Shipment
from shop.domain.orders.operations import start_processing
from shop.domain.orders.returns import ReceiveReturn, receive_return
from shop.domain.orders.shipments import ShipOrder, ship_order
from shop.domain.payments.models import Payment, Refund
from shop.domain.payments.refunds import RefundPayment, refund_payment
from shop.errors import Conflict
from tests.conftest import SHOPPER, make_product, make_staff, placed_order, stock_of, variants_of
from tests.domain.orders.stories import delivered_order, packed_order
from tests.races.test_buyers import at_once

pytestmark = pytest.mark.both_databases


@pytest.fixture
def staff(app):
    return make_staff()


@pytest.fixture
def variant(app):
    return variants_of(make_product(stock=10))[0]


def count(table):
    db.session.rollback()
    return db.session.scalar(db.select(db.func.count()).select_from(table))


def split(results):
    """(how many won, the refusals)"""
    refused = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(refusal, Conflict) and refusal.message for refusal in refused), refused
    return len(results) - len(refused), refused


def test_cancelling_against_sending_has_one_winner(app, terms, staff, variant):
    order_id = packed_order(terms, staff, (variant, 2)).id
    db.session.remove()

    results = at_once(
        app,
        [lambda: cancel_order(order_id, staff).status] * 4 + [lambda: ship_order(order_id, staff).status] * 4,
    )

    won, _ = split(results)
    assert won == 1
    status = db.session.scalars(db.select(Order.status)).one()
    assert stock_of(variant) == ((10, 0) if status == "cancelled" else (8, 0))


def test_a_customer_s_cancelling_against_packing_has_one_winner(app, terms, staff, variant):
    order_id = placed_order(terms, (variant, 2), confirm=True).id
    db.session.remove()

    results = at_once(
        app,
        [lambda: cancel_order(order_id, SHOPPER).status] * 3 + [lambda: start_processing(order_id, staff).status] * 3,
    )

    assert split(results)[0] == 1


def test_units_are_sent_once_however_many_send_them(app, terms, staff, variant):
    order = packed_order(terms, staff, (variant, 3))
    order_id, one = order.id, {order.line_items[0].public_id: 1}
    db.session.remove()

    results = at_once(app, [lambda: ship_order(order_id, staff, ShipOrder(quantities=one)).status] * 8)

    assert split(results)[0] == 3
    assert count(Shipment) == 3 and stock_of(variant) == (7, 0)


def test_a_unit_is_refunded_once_however_many_refund_it(app, terms, staff, variant):
    order = delivered_order(terms, staff, (variant, 3))
    order_id, total, one = order.id, order.total_amount, {order.line_items[0].public_id: 1}
    db.session.remove()

    wishes = [RefundPayment(quantities=one)] * 6 + [RefundPayment(everything=True)] * 3
    results = at_once(app, [lambda w=wish: refund_payment(order_id, staff, w).payment_status for wish in wishes])

    split(results)
    db.session.rollback()
    assert db.session.scalar(db.select(db.func.sum(Refund.amount))) <= total
    assert db.session.scalar(db.select(Payment.refunded_amount)) <= total


def test_plain_sums_together_stay_below_what_was_collected(app, terms, staff, variant):
    order = delivered_order(terms, staff, (variant, 1))
    order_id, third = order.id, order.total_amount // 3
    db.session.remove()

    results = at_once(app, [lambda: refund_payment(order_id, staff, RefundPayment(otherAmount=third)).id] * 8)

    assert split(results)[0] == 3


def test_one_form_sent_many_times_has_one_effect(app, terms, staff, variant):
    order = delivered_order(terms, staff, (variant, 3))
    order_id, one = order.id, {order.line_items[0].public_id: 1}
    db.session.remove()

    back = ReceiveReturn(quantities=one, restock=True, formKey="one")
    results = at_once(app, [lambda: receive_return(order_id, staff, back).status] * 8)

    assert split(results) == (8, [])
    assert count(Return) == 1 and stock_of(variant) == (8, 0)
