"""Paying orders in cash on delivery: confirmed now, collected at the door. Cards are in cards.py and settle.py."""

from __future__ import annotations

from pydantic import Field
from sqlalchemy import func, or_, select, update

from shop.db import db, exactly_one, lock_names, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.events import record_event
from shop.domain.inputs import Input
from shop.domain.inventory.operations import promise_reservations
from shop.domain.orders.changes import NO_FORM, OrderChange, is_repeat, lines_of, lock_order, note_change
from shop.domain.orders.models import Order, OrderLineItem
from shop.domain.orders.operations import move_status, record_move, reload_order
from shop.domain.orders.returns import units_to_return, write_return
from shop.domain.payments.models import Payment
from shop.domain.terms import Terms
from shop.errors import Conflict, Detail, Invalid, TooMany
from shop.money import Money

CASH = "cash_on_delivery"
CARD = "stripe"
OPEN_CARD = ("created", "sent", "requires_action", "processing", "unknown")
OPEN_STATUSES = ("confirmed", "processing", "shipped")


class CashOnDelivery(Input):
    """What paying in cash asks for."""

    confirmation_required: bool = Field(default=False, title="whether staff should call before sending")


@operation
def confirm_cash_on_delivery(order_id: int, wanted: CashOnDelivery, actor: Actor, terms: Terms) -> Order:
    """Confirm a pending order to be paid at the door; its hold becomes a promise.

    Repeating it on an order that is confirmed so changes nothing. Raises Conflict when the order is cancelled or paid
    or its hold has ended, Invalid above the shop's highest cash sum, TooMany with three such orders open already.
    """
    order = db.session.scalars(
        select(Order).filter_by(id=order_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if order.status == "confirmed" and order.payment_method == CASH and order.payment_status == "pending":
        order.call_before_sending = order.call_before_sending or wanted.confirmation_required
        return order
    if order.status != "pending":
        raise Conflict(f"This order is {order.status} already; it cannot be paid again.")
    refuse_beside_card(order)
    _check_cash_limits(order, terms)
    move_status(order.id, "confirmed", actor, allowed_from=("pending",))
    units = db.session.scalar(select(func.sum(OrderLineItem.quantity)).filter_by(order_id=order.id))
    promise_reservations(order.id, int(units or 0))
    if order.payment_status != "pending":  # a card was tried before
        record_move(order.id, "payment", order.payment_status, "pending", actor)
    order.status, order.payment_status = "confirmed", "pending"
    order.payment_method = CASH
    order.call_before_sending = wanted.confirmation_required
    db.session.add(
        Payment(order_id=order.id, provider=CASH, status="due", amount=order.total_amount, currency=order.currency)
    )
    record_event("order.confirmed", order.public_id)
    return order


def refuse_beside_card(order: Order) -> None:
    """Raise Conflict where a card payment of the order is open: it is cancelled before another way is chosen (I15)."""
    is_open = select(Payment.id).where(Payment.order_id == order.id, Payment.status.in_(OPEN_CARD))
    if db.session.scalar(is_open.limit(1)) is not None:
        raise Conflict("A card payment of this order is open. Finish it, or choose cash on the page of the order.")


def refuse_cards(payment_method: str) -> None:
    """Raise Invalid for a way to pay that this shop has not."""
    if payment_method != CASH:
        message = "Card payment is not set up in this shop yet. Choose cash_on_delivery."
        raise Invalid(message, [Detail("paymentMethod", message)])


def _check_cash_limits(order: Order, terms: Terms) -> None:
    if terms.max_cash_on_delivery < order.total:
        most = terms.max_cash_on_delivery.format()
        message = f"Cash on delivery is possible up to {most}. Order less at a time."
        raise Invalid(message, [Detail("paymentMethod", message)])
    lock_names(f"cash:{order.email}", f"cash:{order.phone}")
    open_orders = db.session.scalar(
        select(func.count())
        .select_from(Order)
        .where(Order.status.in_(OPEN_STATUSES), Order.payment_method == CASH, Order.payment_status == "pending")
        .where(or_(Order.email == order.email, Order.phone == order.phone), Order.id != order.id)
    )
    if (open_orders or 0) >= terms.max_open_cash_orders:
        raise TooMany(
            f"{open_orders} cash on delivery orders with this e-mail address or phone are still on their way. "
            "Order again once one has arrived.",
            retry_after=3600,
        )


@operation
def collect_cash(order_id: int, amount: Money, actor: Actor, wanted: OrderChange = NO_FORM) -> Order:
    """Note that the money was taken at the door. Raises Invalid for another sum, Conflict a second time."""
    order = lock_order(order_id)
    if is_repeat(order, wanted):
        return order
    if amount != order.total:
        message = f"The amount to collect is {order.total.format()}."
        raise Invalid(message, [Detail("amount", message)])
    collected = db.session.execute(
        update(Payment)
        .where(Payment.order_id == order.id, Payment.provider == CASH, Payment.status == "due")
        .values(status="collected", captured_amount=order.total_amount, updated_at=transaction_time())
    )
    exactly_one(collected, "There is no cash to collect for this order.")
    before = order.payment_status
    record_move(order.id, "payment", before, "paid", actor)
    order.payment_status = "paid"
    after = {"payment_status": "paid", "amount": amount.format()}
    note_change(actor, "order.collected", order, {"payment_status": before}, after)
    record_event("payment.collected", order.public_id)
    return order


@operation
def refuse_parcel(order_id: int, actor: Actor, wanted: OrderChange = NO_FORM) -> Order:
    """The whole order was refused at the door and came back: it is cancelled, and its units are on sale again.

    Raises Conflict when it is not on its way, or its cash was collected.
    """
    order = lock_order(order_id)
    if is_repeat(order, wanted):
        return order
    reason = "Refused at the door"
    move_status(order_id, "cancelled", actor, allowed_from=("shipped",), note=reason)
    refused = db.session.execute(
        update(Payment)
        .where(Payment.order_id == order_id, Payment.provider == CASH, Payment.status == "due")
        .values(status="refused", updated_at=transaction_time())
    )
    exactly_one(refused, "The cash of this order was collected, so it was not refused at the door.")
    order = reload_order(order_id)
    lines = lines_of(order.id)
    write_return(order, lines, units_to_return(lines), actor, restock=True, reason=reason)
    note_change(actor, "order.cancelled", order, {"status": "shipped"}, {"status": "cancelled", "reason": reason})
    record_event("order.cancelled", order.public_id, {"unpaid": False})
    return order


@operation
def cancel_open_payments(order_id: int) -> None:
    """Close what is still due of a cancelled order."""
    db.session.execute(
        update(Payment)
        .where(Payment.order_id == order_id, Payment.status == "due")
        .values(status="cancelled", updated_at=transaction_time())
    )
