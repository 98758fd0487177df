"""Changing stock: always one conditional UPDATE, asserted by its row count, in the order of variant ids (D04-D12)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from shop.db import changed_rows, db, exactly_one, new_public_id, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.models import Variant
from shop.domain.inventory.models import Reservation, StockItem, StockMovement
from shop.domain.inventory.queries import available_units, left_sentence
from shop.errors import Conflict, Detail, OutOfStock


@operation
def reserve_stock(
    quantities: Mapping[int, int], *, order_id: int, expires_at: datetime, names: Mapping[int, str]
) -> None:
    """Hold units for an order until `expires_at`: all variants or none. `names` are the fields that errors point at.

    Raises OutOfStock whose details name each short line and how many are left.
    """
    short: list[Detail] = []
    for variant_id in sorted(quantities):
        wanted = quantities[variant_id]
        if not _take(variant_id, wanted) and not _take_after_overdue_holds(variant_id, wanted):
            left = max(available_units(variant_id), 0)
            short.append(Detail(names[variant_id], left_sentence(left), available=left))
    if short:
        raise OutOfStock("Not everything in the cart is available any more. Change the lines that are marked.", short)
    db.session.add_all(
        Reservation(variant_id=variant_id, order_id=order_id, quantity=quantities[variant_id], expires_at=expires_at)
        for variant_id in sorted(quantities)
    )


def _take(variant_id: int, quantity: int) -> bool:
    taken = db.session.execute(
        update(StockItem)
        .where(StockItem.variant_id == variant_id, StockItem.on_hand - StockItem.reserved >= quantity)
        .values(reserved=StockItem.reserved + quantity)
        .execution_options(synchronize_session=False)
    )
    return changed_rows(taken) == 1


def _take_after_overdue_holds(variant_id: int, quantity: int) -> bool:
    """End overdue holds and try once more; the row is locked first, to wait for others who are ending them."""
    db.session.execute(select(StockItem.variant_id).where(StockItem.variant_id == variant_id).with_for_update())
    expire_overdue_holds(variant_id)
    return _take(variant_id, quantity)


@operation
def promise_reservations(order_id: int, expected_units: int) -> None:
    """Turn the order's holds into promises, which do not end by time. Raises Conflict when a hold has ended."""
    held = db.session.execute(
        update(Reservation)
        .where(Reservation.order_id == order_id, Reservation.status == "held")
        .values(status="promised", expires_at=None)
        .returning(Reservation.quantity)
        .execution_options(synchronize_session=False)
    ).scalars()
    if sum(held) != expected_units:
        raise Conflict("The time to pay for this order has ended and its stock was given back. Place the order again.")


@operation
def release_reservations(order_id: int, *, ended_as: str = "released") -> None:
    """Give back what the order still holds; each reservation ends once. `ended_as`: released or expired."""
    ended = db.session.execute(
        update(Reservation)
        .where(Reservation.order_id == order_id, Reservation.status.in_(("held", "promised")))
        .values(status=ended_as, ended_at=transaction_time(), expires_at=None)
        .returning(Reservation.variant_id, Reservation.quantity)
        .execution_options(synchronize_session=False)
    ).all()
    for variant_id, quantity in sorted(tuple(row) for row in ended):
        _give_back(variant_id, quantity)


@operation
def expire_overdue_holds(variant_id: int) -> int:
    """End a variant's holds whose time is over; returns the units that came free. The sweep's death costs nothing."""
    now = transaction_time()
    overdue = (
        select(Reservation.id)
        .where(Reservation.variant_id == variant_id, Reservation.status == "held", Reservation.expires_at < now)
        .with_for_update(skip_locked=True)
    )
    ended = db.session.execute(
        update(Reservation)
        .where(Reservation.id.in_(db.session.scalars(overdue).all()), Reservation.status == "held")
        .values(status="expired", ended_at=now, expires_at=None)
        .returning(Reservation.quantity)
        .execution_options(synchronize_session=False)
    ).scalars()
    units = sum(ended)
    if units:
        _give_back(variant_id, units)
    return units


def _give_back(variant_id: int, quantity: int) -> None:
    given = db.session.execute(
        update(StockItem)
        .where(StockItem.variant_id == variant_id, StockItem.reserved >= quantity)
        .values(reserved=StockItem.reserved - quantity)
        .execution_options(synchronize_session=False)
    )
    _assert_counted(given, variant_id)


def _assert_counted(result: Any, variant_id: int) -> None:
    """The counters hold what reservations say, whoever is quicker; anything else is a bug and stops the operation."""
    if changed_rows(result) != 1:
        raise RuntimeError(f"stock of variant {variant_id} is not what its reservations say: run flask shop audit")


@operation
def ship_reservations(quantities: Mapping[int, int], *, order_id: int, shipment_id: str, actor: Actor) -> None:
    """Take promised units of an order out of the house: both counters fall, one `sale` movement a variant.

    `quantities` are units by variant; `shipment_id` is the public id of the parcel they leave in. Where a reservation
    has more units than are sent, it is split first. Raises Conflict when the order has fewer promised units.
    """
    for variant_id in sorted(quantities):
        quantity = quantities[variant_id]
        _end_promises(order_id, variant_id, quantity)
        gone = db.session.execute(
            update(StockItem)
            .where(StockItem.variant_id == variant_id, StockItem.reserved >= quantity)
            .values(on_hand=StockItem.on_hand - quantity, reserved=StockItem.reserved - quantity)
            .execution_options(synchronize_session=False)
        )
        _assert_counted(gone, variant_id)
        record_movement(variant_id, "sale", -quantity, shipment_id, actor, line=variant_id)


def _end_promises(order_id: int, variant_id: int, quantity: int) -> None:
    """Make that many of the order's promised units shipped, each reservation by one conditional UPDATE."""
    promised = db.session.execute(
        select(Reservation.id, Reservation.quantity)
        .where(
            Reservation.order_id == order_id, Reservation.variant_id == variant_id, Reservation.status == "promised"
        )
        .order_by(Reservation.id)
        .with_for_update()
    ).all()
    left = quantity
    for reservation_id, units in promised:
        taken = min(units, left)
        if taken == 0:
            break
        _ship_part(reservation_id, units, taken, order_id, variant_id)
        left -= taken
    if left:
        raise Conflict("Not all of these units are kept for this order any more. Look at the order again.")


def _ship_part(reservation_id: int, units: int, taken: int, order_id: int, variant_id: int) -> None:
    now = transaction_time()
    values = {"status": "shipped", "ended_at": now} if taken == units else {"quantity": units - taken}
    changed = db.session.execute(
        update(Reservation)
        .where(Reservation.id == reservation_id, Reservation.status == "promised", Reservation.quantity == units)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    exactly_one(changed)
    if taken < units:
        db.session.add(
            Reservation(variant_id=variant_id, order_id=order_id, quantity=taken, status="shipped", ended_at=now)
        )


@operation
def put_back_on_shelf(quantities: Mapping[int, int], *, return_id: str, actor: Actor) -> None:
    """Add units that came back to what is on sale: one `return` movement a variant. `return_id` is public."""
    for variant_id in sorted(quantities):
        quantity = quantities[variant_id]
        added = db.session.execute(
            update(StockItem)
            .where(StockItem.variant_id == variant_id)
            .values(on_hand=StockItem.on_hand + quantity)
            .execution_options(synchronize_session=False)
        )
        exactly_one(added)
        record_movement(variant_id, "return", quantity, return_id, actor, line=variant_id)


@operation
def receive_stock(variant_id: int, quantity: int, *, reference: str, actor: Actor, reason: str = "") -> None:
    """Add units that arrived; `reference` names the delivery and counts once a variant. Raises ValueError below 1."""
    if quantity < 1:
        raise ValueError("receive_stock() takes 1 unit or more")
    added = db.session.execute(
        update(StockItem)
        .where(StockItem.variant_id == variant_id)
        .values(on_hand=StockItem.on_hand + quantity)
        .execution_options(synchronize_session=False)
    )
    exactly_one(added)
    record_movement(variant_id, "receipt", quantity, reference, actor, line=variant_id, reason=reason)


def add_units(
    variant: Variant,
    change: int,
    actor: Actor,
    *,
    reason: str,
    note: str = "",
    reference: str = "",
    field: str = "units",
) -> int:
    """Add units, or take them away, with the reason in the ledger and the audit log; returns how many there are then.

    For use in an operation. `reference` names a delivery, which counts once a variant. Raises Conflict naming `field`
    when orders have reserved more than would be left.
    """
    changed = db.session.scalars(
        update(StockItem)
        .where(StockItem.variant_id == variant.id, StockItem.on_hand + change >= StockItem.reserved)
        .values(on_hand=StockItem.on_hand + change)
        .returning(StockItem.on_hand)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if changed is None:
        item = _locked_item(variant.id)
        free = item.on_hand - item.reserved
        message = f"Only {free} of {variant.sku} can be taken away: {item.on_hand} are there, {item.reserved} reserved."
        raise Conflict(message, [Detail(field, message, available=free)])
    kind = "receipt" if reason == "received" and change > 0 else "correction"
    _note_change(variant, kind, changed - change, changed, actor, reason=reason, note=note, reference=reference)
    return changed


def set_units(
    variant: Variant, units: int, actor: Actor, *, reason: str = "", note: str = "", field: str = "stock"
) -> int | None:
    """Set how many units are in the house; returns how many there were, or None when that is no change.

    For use in an operation. With a `reason` the audit log tells of it; without one, the caller does. Raises Conflict
    naming `field` when orders have reserved more than that.
    """
    item = _locked_item(variant.id)
    before = item.on_hand
    if before == units:
        return None
    if units < item.reserved:
        message = f"{item.reserved} of {variant.sku} are reserved for orders: the stock cannot be {units}."
        raise Conflict(message, [Detail(field, message, available=item.reserved)])
    set_level = update(StockItem).where(
        StockItem.variant_id == variant.id, StockItem.on_hand == before, StockItem.reserved <= units
    )
    exactly_one(db.session.execute(set_level.values(on_hand=units).execution_options(synchronize_session=False)))
    db.session.expire(item)
    if reason:
        _note_change(variant, "correction", before, units, actor, reason=reason, note=note)
    else:
        record_movement(variant.id, "correction", units - before, new_public_id("move"), actor)
    return before


def _locked_item(variant_id: int) -> StockItem:
    statement = select(StockItem).filter_by(variant_id=variant_id).with_for_update()
    return db.session.scalars(statement.execution_options(populate_existing=True)).one()


def _note_change(
    variant: Variant, kind: str, before: int, after: int, actor: Actor, *, reason: str, note: str, reference: str = ""
) -> None:
    """Why staff changed the units, in the ledger and in the audit log."""
    written = f"{reason}: {note}" if note else reason
    reference = reference or new_public_id("move")
    record_movement(variant.id, kind, after - before, reference, actor, line=variant.id, reason=written)
    told = {"sku": variant.sku, "on_hand": after, "reason": reason, **({"note": note} if note else {})}
    record_change(actor, "stock.changed", "variant", variant.public_id, {"on_hand": before}, told)


def record_movement(
    variant_id: int, kind: str, quantity: int, reference: str, actor: Actor, *, line: int = 0, reason: str = ""
) -> None:
    """Write the ledger row of a change of `on_hand`; the same (kind, reference, line) a second time is refused."""
    db.session.add(
        StockMovement(
            variant_id=variant_id,
            kind=kind,
            quantity=quantity,
            reference=reference,
            line=line,
            reason=reason,
            actor=f"{actor.kind}:{actor.user_id}" if actor.user_id else actor.kind,
        )
    )


def orders_with_overdue_holds(limit: int = 100) -> list[int]:
    """Ids of orders that hold stock past its time, the longest overdue first."""
    now = transaction_time()
    rows = (
        select(Reservation.order_id)
        .where(Reservation.status == "held", Reservation.expires_at < now, Reservation.order_id.is_not(None))
        .group_by(Reservation.order_id)
        .order_by(func.min(Reservation.expires_at))
        .limit(limit)
    )
    return [order_id for order_id in db.session.scalars(rows) if order_id is not None]
