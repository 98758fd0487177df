"""Money given back and goods taken back: to the minor unit, once, never beyond what there is."""

from __future__ import annotations

import random

import pytest
from sqlalchemy.exc import IntegrityError

from shop.db import db
from shop.domain.events import OutboxEvent
from shop.domain.orders.models import OrderLineItem
from shop.domain.orders.returns import ReceiveReturn, receive_return
from shop.domain.orders.shipments import ship_order
from shop.domain.payments.models import Payment, Refund
from shop.domain.payments.operations import collect_cash
from shop.domain.payments.refunds import RefundPayment, quote_refund, refund_payment, share_of
from shop.errors import Conflict, Invalid
from shop.money import Money
from tests.conftest import make_product, make_staff, placed_order, stock_of, variants_of
from tests.domain.orders.stories import delivered_order, fresh, packed_order


@pytest.fixture
def staff(app):
    return make_staff()


@pytest.fixture
def variants(app):
    return variants_of(make_product("Amber", stock=20, price="9.99", variants=["30 ml", "50 ml"]))


@pytest.fixture
def order(terms, staff, variants):
    """3 and 2 units at $9.99, delivered for $4.90, paid."""
    return delivered_order(terms, staff, (variants[0], 3), (variants[1], 2))


def of(order, *counts):
    return {line.public_id: count for line, count in zip(order.line_items, counts, strict=False)}


def given(order):
    db.session.rollback()
    return list(db.session.scalars(db.select(Refund.amount).filter_by(order_id=order.id).order_by(Refund.id)))


def test_a_unit_is_refunded_with_its_share(app, terms, staff, order):
    refund_payment(order.id, staff, RefundPayment(quantities=of(order, 1), reason="Broken"))
    order = fresh(order, terms)
    assert (order.refunded.amount, order.payment_status) == (999, "partially_refunded")
    (refund,) = order.refunds
    assert (refund.status, refund.reason, refund.shipping_amount, refund.other_amount) == ("succeeded", "Broken", 0, 0)
    assert db.session.scalar(db.select(OutboxEvent.subject_id).filter_by(type="payment.refunded")) == refund.public_id


def test_piece_by_piece_comes_to_exactly_the_total(app, terms, staff, order):
    for counts in ((1,), (0, 1), (2,), (0, 1)):
        refund_payment(order.id, staff, RefundPayment(quantities=of(order, *counts)))
    refund_payment(order.id, staff, RefundPayment(shipping=True))
    order = fresh(order, terms)
    assert order.refunded == order.total and order.payment_status == "refunded"
    assert given(order)[-1] == 490
    moves = [(m.from_status, m.to_status) for m in order.history if m.track == "payment"]
    assert moves == [("pending", "paid"), ("paid", "partially_refunded"), ("partially_refunded", "refunded")]
    with pytest.raises(Conflict, match="none can still be refunded"):
        refund_payment(order.id, staff, RefundPayment(quantities=of(order, 1)))
    with pytest.raises(Conflict, match="given back already"):
        refund_payment(order.id, staff, RefundPayment(everything=True))
    with pytest.raises(Invalid):
        refund_payment(order.id, staff, RefundPayment(shipping=True))


def test_everything_at_once_is_the_total(app, terms, staff, order):
    quote = quote_refund(order.id, RefundPayment(everything=True))
    refund_payment(order.id, staff, RefundPayment(everything=True))
    assert given(order) == [order.total_amount] == [quote.total.amount]
    assert fresh(order, terms).payment_status == "refunded"


def test_the_rest_after_a_plain_sum_is_the_rest(app, terms, staff, order):
    refund_payment(order.id, staff, RefundPayment(otherAmount=1000))
    refund_payment(order.id, staff, RefundPayment(quantities=of(order, 0, 1)))
    refund_payment(order.id, staff, RefundPayment(everything=True))
    assert sum(given(order)) == order.total_amount
    assert fresh(order, terms).payment_status == "refunded"


def test_never_more_than_was_collected(app, terms, staff, order):
    refund_payment(order.id, staff, RefundPayment(otherAmount=order.total_amount - 500))
    with pytest.raises(Conflict, match=r"\$9.99 is more than there is: only \$5.00 of it can still be given back"):
        refund_payment(order.id, staff, RefundPayment(quantities=of(order, 1)))
    with pytest.raises(Conflict, match="only"):
        quote_refund(order.id, RefundPayment(otherAmount=501))
    assert db.session.scalar(db.select(Payment.refunded_amount)) == order.total_amount - 500


def test_what_was_not_collected_is_not_given_back(app, terms, staff, variants):
    order = placed_order(terms, (variants[0], 1), confirm=True)
    with pytest.raises(Conflict, match="No money was collected"):
        refund_payment(order.id, staff, RefundPayment(everything=True))
    with pytest.raises(Conflict, match="No money was collected"):
        quote_refund(order.id, RefundPayment(everything=True))


def test_what_cannot_be_refunded_is_refused(app, terms, staff, order):
    with pytest.raises(Invalid, match="Choose what to give back"):
        refund_payment(order.id, staff, RefundPayment())
    with pytest.raises(Invalid, match="Choose what to give back"):
        refund_payment(order.id, staff, RefundPayment(quantities=of(order, 0, 0)))
    with pytest.raises(Invalid, match="no such line"):
        refund_payment(order.id, staff, RefundPayment(quantities={"item_x": 1}))
    with pytest.raises(Invalid, match="no such return"):
        refund_payment(order.id, staff, RefundPayment(returnId="ret_x"))
    with pytest.raises(Conflict, match="only 3"):
        refund_payment(order.id, staff, RefundPayment(quantities=of(order, 4)))
    assert given(order) == []


def test_a_second_press_gives_nothing_a_second_time(app, terms, staff, order):
    wish = RefundPayment(quantities=of(order, 1), formKey="k")
    refund_payment(order.id, staff, wish)
    refund_payment(order.id, staff, wish)
    assert given(order) == [999]


@pytest.mark.parametrize("currency", ["USD", "JPY", "JOD"])
def test_the_shares_of_a_line_s_units_add_up_however_they_are_taken(currency):
    dice = random.Random(5)
    for _ in range(200):
        quantity = dice.randint(1, 99)
        step = 10 if currency == "JOD" else 1
        total, tax = dice.randrange(0, 10**5) * step, dice.randrange(0, 9999) * step
        line = OrderLineItem(quantity=quantity, total_amount=total, tax_amount=tax, currency=currency)
        before, parts = 0, []
        while before < quantity:
            units = dice.randint(1, quantity - before)
            parts.append(share_of(line, before, units))
            before += units
        assert sum(parts, Money(0, currency)) == Money(total + tax, currency)
        assert all(part.amount >= 0 and part.amount % step == 0 for part in parts)


# -- goods that come back ----------------------------------------------------------------------------------------------


def test_units_come_back_and_are_on_sale_again(app, terms, staff, order, variants):
    wish = ReceiveReturn(quantities=of(order, 1, 1), restock=True, reason="Too small")
    receive_return(order.id, staff, wish)
    order = fresh(order, terms)
    (back,) = order.returns
    assert (back.is_restocked, back.reason) == (True, "Too small")
    assert (order.status, order.shipping_status) == ("delivered", "delivered")
    assert stock_of(variants[0]) == (18, 0) and stock_of(variants[1]) == (19, 0)
    assert order.refunded.amount == 0


def test_what_is_not_as_new_is_not_on_sale_again(app, terms, staff, order, variants):
    receive_return(order.id, staff, ReceiveReturn(quantities=of(order, 1)))
    assert stock_of(variants[0]) == (17, 0)


def test_with_the_last_unit_the_goods_are_returned(app, terms, staff, order):
    receive_return(order.id, staff, ReceiveReturn(quantities=of(order, 3)))
    receive_return(order.id, staff, ReceiveReturn())
    assert fresh(order, terms).shipping_status == "returned"
    with pytest.raises(Conflict, match="came back already"):
        receive_return(order.id, staff, ReceiveReturn())
    with pytest.raises(Conflict, match="none can still be returned"):
        receive_return(order.id, staff, ReceiveReturn(quantities=of(order, 1)))


def test_a_return_is_refunded_once(app, terms, staff, order):
    receive_return(order.id, staff, ReceiveReturn(quantities=of(order, 2, 1)))
    back = fresh(order, terms).returns[0]
    refund_payment(order.id, staff, RefundPayment(returnId=back.public_id))
    assert given(order) == [3 * 999]
    with pytest.raises(Conflict, match="refunded already"):
        refund_payment(order.id, staff, RefundPayment(returnId=back.public_id))


def test_goods_come_back_from_delivered_orders_alone(app, terms, staff, variants):
    order = packed_order(terms, staff, (variants[0], 1))
    with pytest.raises(Conflict, match="delivered order"):
        receive_return(order.id, staff, ReceiveReturn())
    ship_order(order.id, staff)
    collect_cash(order.id, order.total, staff)
    with pytest.raises(Conflict, match="delivered order"):
        receive_return(order.id, staff, ReceiveReturn())


def test_no_more_comes_back_than_was_sent(app, terms, staff, order, variants):
    with pytest.raises(Conflict, match="only 3 can still be returned"):
        receive_return(order.id, staff, ReceiveReturn(quantities=of(order, 4), restock=True))
    with pytest.raises(Invalid):
        receive_return(order.id, staff, ReceiveReturn(quantities=of(order, 0)))
    assert stock_of(variants[0]) == (17, 0)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE refunds SET amount = 0",
        "UPDATE refunds SET shipping_amount = -1",
        "UPDATE refunds SET shipping_amount = amount, other_amount = 1",
        "UPDATE refunds SET status = 'done'",
        "UPDATE refund_line_items SET quantity = 0",
        "UPDATE refund_line_items SET amount = -1",
        "UPDATE return_line_items SET quantity = 0",
        "UPDATE shipment_line_items SET quantity = 0",
        "UPDATE payments SET refunded_amount = captured_amount + 1",
        "INSERT INTO shipment_line_items (shipment_id, line_item_id, quantity)"
        " SELECT shipment_id, line_item_id, 1 FROM shipment_line_items",
        "INSERT INTO return_line_items (return_id, line_item_id, quantity)"
        " SELECT return_id, line_item_id, 1 FROM return_line_items",
        "INSERT INTO refund_line_items (refund_id, line_item_id, quantity, amount)"
        " SELECT refund_id, line_item_id, 1, 1 FROM refund_line_items",
    ],
)
def test_constraints_stand_behind(app, terms, staff, order, damage):
    receive_return(order.id, staff, ReceiveReturn(quantities=of(order, 1)))
    refund_payment(order.id, staff, RefundPayment(quantities=of(order, 1)))
    db.session.rollback()
    with pytest.raises(IntegrityError):
        db.session.execute(db.text(damage))
    db.session.rollback()
