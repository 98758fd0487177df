"""Putting stock right where the reservations say how: counters follow them, they follow their orders."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy import Select, func, or_, select

from shop.db import db, end_read, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.carts.models import Cart
from shop.domain.catalog.models import Variant
from shop.domain.inventory.models import Reservation, StockItem
from shop.domain.orders.models import Order

KEPT = ("held", "promised")
LONGEST_HOLD = timedelta(minutes=60)


def recount_reserved(actor: Actor) -> Iterator[str]:
    """Count the reserved units of every variant anew; a sentence for each that was wrong."""
    kept = (
        select(Reservation.variant_id, func.sum(Reservation.quantity).label("units"))
        .where(Reservation.status.in_(KEPT))
        .group_by(Reservation.variant_id)
        .subquery()
    )
    wrong = (
        select(StockItem.variant_id)
        .outerjoin(kept, kept.c.variant_id == StockItem.variant_id)
        .where(StockItem.reserved != func.coalesce(kept.c.units, 0))
        .order_by(StockItem.variant_id)
    )
    for variant_id in _found(wrong):
        if sentence := _recount_reserved_of(variant_id, actor):
            yield sentence


@operation
def _recount_reserved_of(variant_id: int, actor: Actor) -> str | None:
    """Bring one counter in step. Whoever is at work on the stock meanwhile adds to it or takes from it afterwards."""
    stock = db.session.scalars(
        select(StockItem).filter_by(variant_id=variant_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    kept = select(func.sum(Reservation.quantity)).where(Reservation.status.in_(KEPT))
    units = int(db.session.scalar(kept.where(Reservation.variant_id == variant_id)) or 0)
    if stock.reserved == units or units > stock.on_hand:
        return None
    before, stock.reserved = stock.reserved, units
    sku, public_id = db.session.execute(select(Variant.sku, Variant.public_id).where(Variant.id == variant_id)).one()
    record_change(actor, "stock.recounted", "variant", public_id, {"reserved": before}, {"reserved": units})
    return f"{sku}: {before} units were counted as reserved; it is {units}, as the reservations say."


def end_orphaned_holds(actor: Actor) -> Iterator[str]:
    """Give back what is kept for orders that are cancelled and carts that are not open, and shorten endless holds."""
    orphaned = (
        select(Reservation.id)
        .outerjoin(Order, Order.id == Reservation.order_id)
        .outerjoin(Cart, Cart.id == Reservation.cart_id)
        .where(Reservation.status.in_(KEPT))
        .where(or_(Order.status == "cancelled", Order.id.is_(None) & (Cart.status != "open")))
        .order_by(Reservation.id)
    )
    for reservation_id in _found(orphaned):
        if sentence := _end(reservation_id, actor):
            yield sentence
    held = select(Reservation.id, Reservation.expires_at, Reservation.created_at).where(Reservation.status == "held")
    rows = db.session.execute(held.order_by(Reservation.id)).all()
    end_read()
    for reservation_id, expires_at, created_at in rows:
        if (expires_at is None or expires_at - created_at > LONGEST_HOLD) and (
            sentence := _shorten(reservation_id, actor)
        ):
            yield sentence


@operation
def _end(reservation_id: int, actor: Actor) -> str | None:
    row = _lock(reservation_id)
    if row.status not in KEPT:
        return None
    before, row.status, row.ended_at, row.expires_at = row.status, "released", transaction_time(), None
    record_change(
        actor, "reservation.released", "reservation", row.public_id, {"status": before}, {"status": "released"}
    )
    stock = db.session.scalars(
        select(StockItem)
        .filter_by(variant_id=row.variant_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if stock is not None:
        stock.reserved = max(stock.reserved - row.quantity, 0)
    return f"{row.public_id}: {row.quantity} units were kept for nobody any more; they are for sale again."


@operation
def _shorten(reservation_id: int, actor: Actor) -> str | None:
    row = _lock(reservation_id)
    if row.status != "held":
        return None
    before, row.expires_at = row.expires_at, row.created_at + LONGEST_HOLD
    ends = {"expires_at": row.expires_at.isoformat()}
    was = {"expires_at": before.isoformat() if before else None}
    record_change(actor, "reservation.shortened", "reservation", row.public_id, was, ends)
    return f"{row.public_id}: the hold had no end within the hour; it ends 60 minutes after it began."


def _lock(reservation_id: int) -> Reservation:
    return db.session.scalars(
        select(Reservation).filter_by(id=reservation_id).with_for_update().execution_options(populate_existing=True)
    ).one()


def mark_ordered_carts(actor: Actor) -> Iterator[str]:
    """Close carts that became their one order and were left open; two orders of one cart are left to people."""
    open_ones = (
        select(Cart.id)
        .join(Order, Order.cart_id == Cart.id)
        .where(Cart.status != "ordered")
        .group_by(Cart.id)
        .having(func.count(Order.id) == 1)
        .order_by(Cart.id)
    )
    for cart_id in _found(open_ones):
        if sentence := _mark_ordered(cart_id, actor):
            yield sentence


@operation
def _mark_ordered(cart_id: int, actor: Actor) -> str | None:
    cart = db.session.scalars(
        select(Cart).filter_by(id=cart_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    if cart.status == "ordered":
        return None
    number, order_id = db.session.execute(select(Order.number, Order.public_id).where(Order.cart_id == cart_id)).one()
    before, cart.status, cart.order_public_id = cart.status, "ordered", order_id
    record_change(actor, "cart.ordered", "cart", cart.public_id, {"status": before}, {"status": "ordered"})
    return f"{cart.public_id}: the cart was {before} though it is order {number}; it is ordered."


def _found(statement: Select[int]) -> list[int]:
    """The ids that a query finds, with its read at an end."""
    ids = list(db.session.scalars(statement))
    end_read()
    return ids
