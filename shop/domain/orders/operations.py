"""Moving orders through their states: one table of moves, one conditional UPDATE each (reliability.md 5.1)."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field
from sqlalchemy import delete, func, insert, select, update

from shop.db import changed_rows, db, new_public_id, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.events import OutboxEvent, record_event
from shop.domain.inputs import Email, Input, Line
from shop.domain.inventory.models import Reservation
from shop.domain.inventory.operations import release_reservations
from shop.domain.orders.changes import NO_FORM, OrderChange, is_repeat, lock_order, note_change
from shop.domain.orders.models import Order, OrderEvent, Shipment
from shop.domain.promotions.operations import release_code
from shop.errors import Conflict

# status -> the statuses from which it may be reached
ALLOWED_MOVES = {
    "confirmed": ("pending", "cancelled"),  # cancelled: paid after its hold was over, and all of it still there
    "processing": ("confirmed",),
    "shipped": ("processing",),
    "delivered": ("shipped",),
    "cancelled": ("pending", "confirmed", "processing", "shipped"),  # shipped: a parcel refused at the door, only that
}
CANCELLABLE_BY_STAFF = ("pending", "confirmed", "processing")  # and no unit sent yet
CANCELLABLE_BY_CUSTOMER = ("pending", "confirmed")
LINK_PAUSE = timedelta(minutes=10)  # between two e-mails with the same order's link
LINKS_A_DAY = 5  # of one order


class AskForLink(Input):
    """What asking for an order's link asks for."""

    number: Line = Field(min_length=1, max_length=32, title="an order number")
    email: Email = Field(title="an e-mail address")


def can_be_cancelled(order: Order, actor: Actor) -> bool:
    """Whether this actor may still cancel: customers until it is worked on, staff until something has shipped."""
    return order.status in _cancellable_from(actor) and order.shipping_status == "pending"


def _cancellable_from(actor: Actor) -> tuple[str, ...]:
    return CANCELLABLE_BY_CUSTOMER if actor.kind == "customer" else CANCELLABLE_BY_STAFF


def move_status(
    order_id: int, to: str, actor: Actor, *, allowed_from: tuple[str, ...] | None = None, note: str = ""
) -> str:
    """Move an order's status in the current operation and write its history; returns the status it had.

    Raises Conflict when the order is in none of the states that lead there.
    """
    sources = allowed_from or ALLOWED_MOVES[to]
    before = db.session.scalars(select(Order.status).where(Order.id == order_id).with_for_update()).one()
    moved = db.session.execute(
        update(Order)
        .where(Order.id == order_id, Order.status == before, Order.status.in_(sources))
        .values(status=to, updated_at=transaction_time())
        .execution_options(synchronize_session=False)
    )
    if changed_rows(moved) != 1:
        raise Conflict(
            f"The order is {before} already."
            if before == to
            else f"The order is {before}; it cannot become {to} any more."
        )
    record_move(order_id, "status", before, to, actor, note)
    return before


def record_move(order_id: int, track: str, before: str | None, after: str, actor: Actor, note: str = "") -> None:
    """Append to the order's history; gapless, because the order's row is locked by the caller's move."""
    next_seq = select(func.coalesce(func.max(OrderEvent.seq), 0) + 1).where(OrderEvent.order_id == order_id)
    db.session.execute(
        insert(OrderEvent).values(
            order_id=order_id,
            seq=next_seq.scalar_subquery(),
            track=track,
            from_status=before,
            to_status=after,
            by=actor.kind,
            user_id=actor.user_id,
            note=note,
            created_at=transaction_time(),
        )
    )


@operation
def close_order(order_id: int, actor: Actor, *, reason: str = "", because_unpaid: bool = False) -> Order:
    """Cancel an order and give its stock back; checkout.cancel_order closes its payments too.

    Raises Conflict when it is too late for this actor.

    `because_unpaid` is the end of a hold: only a pending order, and its reservations end as expired.
    """
    if lock_order(order_id).shipping_status != "pending":
        raise Conflict("Part of the order is on its way already; it cannot be cancelled any more.")
    allowed = ("pending",) if because_unpaid else _cancellable_from(actor)
    before = move_status(order_id, "cancelled", actor, allowed_from=allowed, note=reason)
    release_code(order_id)
    release_reservations(order_id, ended_as="expired" if because_unpaid else "released")
    order = reload_order(order_id)
    note_change(actor, "order.cancelled", order, {"status": before}, {"status": "cancelled", "reason": reason})
    record_event("order.cancelled", order.public_id, {"unpaid": because_unpaid})
    return order


@operation
def start_processing(order_id: int, actor: Actor, wanted: OrderChange = NO_FORM) -> Order:
    """Staff begin to pack: confirmed -> processing. Raises Conflict from elsewhere, or where all was given back."""
    order = lock_order(order_id)
    if is_repeat(order, wanted):
        return order
    if order.payment_status == "refunded":
        raise Conflict("All the money of this order was given back. Cancel it; it cannot be packed any more.")
    before = move_status(order_id, "processing", actor)
    order = reload_order(order_id)
    note_change(actor, "order.packing_started", order, {"status": before}, {"status": "processing"})
    record_event("order.processing", order.public_id)
    return order


@operation
def deliver_order(order_id: int, actor: Actor, wanted: OrderChange = NO_FORM) -> Order:
    """The order and all its parcels reached their customer: shipped -> delivered. Raises Conflict from elsewhere."""
    order = lock_order(order_id)
    if is_repeat(order, wanted):
        return order
    move_status(order_id, "delivered", actor)
    order = reload_order(order_id)
    move_shipping(order, "delivered", actor)
    on_their_way = update(Shipment).where(Shipment.order_id == order_id, Shipment.delivered_at.is_(None))
    db.session.execute(
        on_their_way.values(delivered_at=transaction_time()).execution_options(synchronize_session=False)
    )
    note_change(actor, "order.delivered", order, {"status": "shipped"}, {"status": "delivered"})
    record_event("order.delivered", order.public_id)
    return order


def move_shipping(order: Order, to: str, actor: Actor) -> None:
    """Move how far the goods are, with its history; nothing happens where they are there already."""
    if order.shipping_status != to:
        record_move(order.id, "shipping", order.shipping_status, to, actor)
        order.shipping_status = to


def reload_order(order_id: int) -> Order:
    """The order as the current operation has made it."""
    return db.session.scalars(select(Order).where(Order.id == order_id).execution_options(populate_existing=True)).one()


@operation
def ask_for_order_link(wanted: AskForLink) -> None:
    """Have the link of an order mailed to the address it was placed with, where number and address belong together.

    At most once in 10 minutes and five times a day an order. Whatever comes of it, the caller learns nothing and as
    much is read and written, so that neither words nor time tell who ordered what.
    """
    found = db.session.execute(
        select(Order.public_id, Order.email).where(Order.number == wanted.number.upper()).with_for_update()
    ).one_or_none()
    is_right = found is not None and found.email.lower() == wanted.email
    subject_id = found.public_id if found is not None else new_public_id("order")  # a stand-in that names no order
    now = transaction_time()
    asked = select(OutboxEvent.created_at).where(
        OutboxEvent.subject_id == subject_id,
        OutboxEvent.type == "order_link.requested",
        OutboxEvent.created_at > now - timedelta(days=1),
    )
    sent_at = db.session.scalars(asked).all()
    is_soon = len(sent_at) >= LINKS_A_DAY or any(at > now - LINK_PAUSE for at in sent_at)
    record_event("order_link.requested" if is_right and not is_soon else "order_link.refused", subject_id)


@operation
def forget_refused_links() -> int:
    """Delete what was noted of requests for a link that came to nothing, after a day; returns how many."""
    yesterday = transaction_time() - timedelta(days=1)
    old = delete(OutboxEvent).where(OutboxEvent.type == "order_link.refused", OutboxEvent.created_at < yesterday)
    return changed_rows(db.session.execute(old.where(OutboxEvent.dispatched_at.is_not(None))))


def pending_orders_without_hold(limit: int = 100) -> list[int]:
    """Ids of pending orders of which another order's need has ended a hold already."""
    ended = (
        select(Reservation.order_id).where(Reservation.status == "expired", Reservation.order_id == Order.id).exists()
    )
    held = select(Reservation.order_id).where(Reservation.status == "held", Reservation.order_id == Order.id).exists()
    rows = select(Order.id).where(Order.status == "pending", ended, ~held).order_by(Order.id).limit(limit)
    return list(db.session.scalars(rows))
