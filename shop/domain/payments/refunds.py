"""Giving money back: by unit, delivery or a plain sum, never more than was taken (reliability.md D19, I09).

Cash is given back at once. A card's refund is `requested` with its key, and card_refunds.py has the provider send it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from pydantic import Field
from sqlalchemy import func, select, update

from shop.db import changed_rows, db, new_public_id, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.events import record_event
from shop.domain.inputs import Line, PublicId
from shop.domain.orders.changes import OrderChange, Quantities, is_repeat, lines_of, lock_order, note_change, pick, told
from shop.domain.orders.models import Order, OrderLineItem, Return, ReturnLineItem
from shop.domain.orders.operations import record_move
from shop.domain.payments.models import Payment, Refund, RefundLineItem
from shop.domain.payments.operations import CASH
from shop.errors import Conflict, Detail, Forbidden, Invalid
from shop.money import Money


class RefundPayment(OrderChange):
    """What giving money back asks for: all that is left, or units, delivery and a plain sum, alone or together."""

    everything: bool = False
    quantities: Quantities = Field(default_factory=dict)
    shipping: bool = Field(default=False, title="whether delivery is given back")
    other_amount: int = Field(default=0, ge=0, le=10**15, title="a sum for no unit, in minor units")
    return_id: PublicId | None = Field(default=None, title="the return that this is for")
    reason: Line = Field(default="", max_length=500, title="a reason")


@dataclass(frozen=True)
class RefundQuote:
    """What would be given back: an amount for each line's units, for delivery, and for no unit in particular."""

    units: dict[int, int]
    by_line: dict[int, Money]
    shipping: Money
    other: Money
    return_id: int | None = None

    @property
    def total(self) -> Money:
        return sum(self.by_line.values(), self.shipping + self.other)


@operation
def refund_payment(order_id: int, actor: Actor, wanted: RefundPayment) -> Order:
    """Give money of an order back; a row for it, the payment's sum raised by one conditional UPDATE.

    Each unit has its share of its line's total and tax, so that all pieces come to exactly the order's total. Raises
    Conflict when nothing was collected, a unit was refunded already or it is more than is left, Invalid where nothing
    is named.
    """
    order = lock_order(order_id)
    if is_repeat(order, wanted):
        return order
    payment = _captured_payment(order)
    if payment is None:
        raise Conflict("No money was collected for this order, so there is none to give back.")
    quote = _quote(order, payment, wanted)
    _write_refund(order, payment, quote, actor, wanted.reason)
    return order


@operation
def quote_refund(order_id: int, wanted: RefundPayment) -> RefundQuote:
    """What refund_payment would give back now. Raises what it raises, and changes nothing."""
    order = lock_order(order_id)
    payment = _captured_payment(order)
    if payment is None:
        raise Conflict("No money was collected for this order, so there is none to give back.")
    quote = _quote(order, payment, wanted)
    _refuse_beyond(payment, quote.total)
    return quote


@operation
def refund_what_was_paid(order_id: int, actor: Actor, reason: str) -> None:
    """Give back all that was collected for an order that is being cancelled; nothing where nothing was.

    Raises Conflict for a customer who paid in cash (a person hands it back), Forbidden for staff who may not refund.
    """
    order = lock_order(order_id)
    payment = _captured_payment(order)
    if payment is None or payment.refunded_amount == payment.captured_amount:
        return
    if actor.kind == "customer" and payment.provider == CASH:
        raise Conflict("This order is paid already. Write to us: we cancel it and give your money back.")
    if actor.kind == "staff" and not actor.may("refunds:write"):
        raise Forbidden("This order is paid: cancelling gives money back, which your role does not allow.")
    _write_refund(order, payment, _quote(order, payment, RefundPayment(everything=True)), actor, reason)


def _captured_payment(order: Order) -> Payment | None:
    """The payment by which the order's money came, locked."""
    return db.session.scalars(
        select(Payment)
        .where(Payment.order_id == order.id, Payment.captured_amount > 0)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()


# -- what it comes to --------------------------------------------------------------------------------------------------


def _quote(order: Order, payment: Payment, wanted: RefundPayment) -> RefundQuote:
    lines = lines_of(order.id)
    done = refunded_units(lines)
    left = {line.id: line.quantity - done[line.id] for line in lines}
    if wanted.everything:
        return _all_that_is_left(order, payment, lines, done, left)
    back = _return_to_refund(order, wanted)
    quantities = wanted.quantities
    if back is not None and not quantities:
        quantities = _quantities_of(back, lines)
    units = pick(lines, quantities, left, "refunded") if any(quantities.values()) else {}
    quote = RefundQuote(
        units=units,
        by_line={line.id: share_of(line, done[line.id], units[line.id]) for line in lines if line.id in units},
        shipping=shipping_left(order, lines) if wanted.shipping else order.money(0),
        other=order.money(wanted.other_amount),
        return_id=back.id if back is not None else None,
    )
    if not quote.total:
        raise Invalid("Choose what to give back: units, delivery or a sum.", [])
    return quote


def _all_that_is_left(
    order: Order, payment: Payment, lines: Sequence[OrderLineItem], done: dict[int, int], left: dict[int, int]
) -> RefundQuote:
    """All units, delivery and the rest; what was given back for no unit before lowers them from the last on."""
    rest = payment.captured_amount - payment.refunded_amount
    if rest == 0:
        raise Conflict("All that was paid for this order was given back already.")
    by_line: dict[int, Money] = {}
    for line in lines:
        if left[line.id]:
            by_line[line.id] = order.money(min(share_of(line, done[line.id], left[line.id]).amount, rest))
            rest -= by_line[line.id].amount
    shipping = order.money(min(shipping_left(order, lines).amount, rest))
    units = {line_id: left[line_id] for line_id in by_line}
    return RefundQuote(units=units, by_line=by_line, shipping=shipping, other=order.money(rest) - shipping)


def share_of(line: OrderLineItem, before: int, units: int) -> Money:
    """What `units` of a line are refunded with when `before` of its units were already.

    The line's total and added tax are spread over its units by largest remainder; a unit keeps its share, so that
    however the units are taken together, all of them come to the line's total and tax.
    """
    whole = Money(line.total_amount + line.tax_amount, line.currency)
    shares = whole.allocate([1] * line.quantity)[before : before + units]
    return sum(shares, Money(0, line.currency))


def shipping_left(order: Order, lines: Sequence[OrderLineItem]) -> Money:
    """What delivery cost with its tax, less what of it was given back: the order's total without its lines' shares."""
    goods = sum(line.total_amount + line.tax_amount for line in lines)
    back = db.session.scalar(
        select(func.sum(Refund.shipping_amount)).where(Refund.order_id == order.id, Refund.status != "failed")
    )
    return order.money(max(order.total_amount - goods - int(back or 0), 0))


def refunded_units(lines: Sequence[OrderLineItem]) -> dict[int, int]:
    """How many units of each line (by its key) were refunded; what failed does not count."""
    keys = [line.id for line in lines]
    rows = db.session.execute(
        select(RefundLineItem.line_item_id, func.sum(RefundLineItem.quantity))
        .join(Refund, Refund.id == RefundLineItem.refund_id)
        .where(RefundLineItem.line_item_id.in_(keys), Refund.status != "failed")
        .group_by(RefundLineItem.line_item_id)
    )
    return dict.fromkeys(keys, 0) | {line_id: int(units) for line_id, units in rows}


def _return_to_refund(order: Order, wanted: RefundPayment) -> Return | None:
    if wanted.return_id is None:
        return None
    back = db.session.scalars(select(Return).filter_by(order_id=order.id, public_id=wanted.return_id)).one_or_none()
    if back is None:
        raise Invalid("This order has no such return.", [Detail("returnId", "Name a return of this order.")])
    done = select(Refund.id).where(Refund.return_id == back.id, Refund.status != "failed")
    if db.session.scalar(done.limit(1)) is not None:
        raise Conflict("This return is refunded already.")
    return back


def _quantities_of(back: Return, lines: Sequence[OrderLineItem]) -> Quantities:
    rows = db.session.execute(
        select(ReturnLineItem.line_item_id, ReturnLineItem.quantity).where(ReturnLineItem.return_id == back.id)
    )
    names = {line.id: line.public_id for line in lines}
    return {names[line_id]: int(units) for line_id, units in rows}


# -- writing it --------------------------------------------------------------------------------------------------------


def _write_refund(order: Order, payment: Payment, quote: RefundQuote, actor: Actor, reason: str) -> None:
    total = quote.total
    raised = db.session.execute(
        update(Payment)
        .where(Payment.id == payment.id, Payment.refunded_amount + total.amount <= Payment.captured_amount)
        .values(refunded_amount=Payment.refunded_amount + total.amount, updated_at=transaction_time())
        .execution_options(synchronize_session=False)
    )
    if changed_rows(raised) != 1:
        _refuse_beyond(payment, total)
        raise Conflict("Somebody else gave money of this order back a moment ago. Look at it again.")
    now, is_cash = transaction_time(), payment.provider == CASH
    refund = Refund(
        public_id=new_public_id("ref"),
        order_id=order.id,
        payment_id=payment.id,
        return_id=quote.return_id,
        key=None if is_cash else str(uuid4()),
        status="succeeded" if is_cash else "requested",
        amount=total.amount,
        shipping_amount=quote.shipping.amount,
        other_amount=quote.other.amount,
        currency=order.currency,
        reason=reason,
        user_id=actor.user_id,
        created_at=now,
        updated_at=now,
        line_items=[
            RefundLineItem(line_item_id=line_id, quantity=quote.units[line_id], amount=share.amount)
            for line_id, share in quote.by_line.items()
        ],
    )
    db.session.add(refund)
    before = order.payment_status
    is_all = payment.refunded_amount + total.amount == payment.captured_amount
    move_payment(order, "refunded" if is_all else "partially_refunded", actor)
    given = {"units": told(lines_of(order.id), quote.units), "amount": total.format(), "reason": reason}
    after = {"payment_status": order.payment_status, **given}
    note_change(actor, "order.refunded", order, {"payment_status": before}, after)
    record_event("payment.refunded" if is_cash else "refund.requested", refund.public_id)


def _refuse_beyond(payment: Payment, total: Money) -> None:
    left = Money(payment.captured_amount - payment.refunded_amount, payment.currency)
    if left < total:
        said = f"only {left.format()} of it can still be" if left else "all of it was"
        raise Conflict(f"{total.format()} is more than there is: {said} given back.")


def move_payment(order: Order, to: str, actor: Actor) -> None:
    """Move how far the order is paid, with its history; nothing happens where it is there already."""
    if order.payment_status != to:
        record_move(order.id, "payment", order.payment_status, to, actor)
        order.payment_status = to
