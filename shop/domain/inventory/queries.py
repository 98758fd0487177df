"""Reading stock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from shop.db import db
from shop.domain.catalog.models import Product, Variant
from shop.domain.inventory.models import Reservation, StockItem, StockMovement
from shop.errors import NotFound


def get_variant_with_stock(product_name: str, variant_public_id: str) -> Variant:
    """An active variant of the active product of this id or slug, with product and stock; raises NotFound."""
    statement = (
        select(Variant)
        .join(Variant.product)
        .options(joinedload(Variant.product), joinedload(Variant.stock))
        .where(or_(Product.public_id == product_name, Product.slug == product_name), Product.status == "active")
        .where(Variant.public_id == variant_public_id, Variant.is_active.is_(True))
    )
    variant = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if variant is None:
        raise NotFound("There is no such variant of this product.")
    return variant


def available_units(variant_id: int) -> int:
    """Units of a variant that can be sold now, read from the row."""
    found = db.session.execute(select(StockItem.on_hand - StockItem.reserved).where(StockItem.variant_id == variant_id))
    return found.scalar() or 0


def left_sentence(left: int) -> str:
    """How many units are left, in words for a shopper."""
    return "Sold out." if left == 0 else f"Only {left} left."


# -- the ledger -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """A movement and how many units there were after it."""

    movement: StockMovement
    balance: int


def list_movements(variant_id: int, limit: int, offset: int = 0) -> list[Entry]:
    """The variant's movements, the newest first, each with the balance after it."""
    balance = func.sum(StockMovement.quantity).over(order_by=StockMovement.id).label("balance")
    rows = db.session.execute(
        select(StockMovement, balance)
        .where(StockMovement.variant_id == variant_id)
        .order_by(StockMovement.id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [Entry(movement, int(units)) for movement, units in rows]


def movement_counts(variant_ids: Sequence[int]) -> dict[int, int]:
    """How many movements each of these variants has: a number that only grows, and so tells whether stock moved."""
    rows = db.session.execute(
        select(StockMovement.variant_id, func.count())
        .where(StockMovement.variant_id.in_(variant_ids))
        .group_by(StockMovement.variant_id)
    )
    return dict.fromkeys(variant_ids, 0) | {variant_id: count for variant_id, count in rows}


def list_kept(variant_id: int, limit: int) -> tuple[Sequence[Reservation], int]:
    """What is held or promised of the variant now, what ends first before what does not end; and how many they are."""
    kept = select(Reservation).where(Reservation.variant_id == variant_id, Reservation.status.in_(("held", "promised")))
    total = db.session.scalar(select(func.count()).select_from(kept.subquery())) or 0
    in_order = kept.order_by(Reservation.expires_at.is_(None), Reservation.expires_at, Reservation.id)
    return db.session.scalars(in_order.limit(limit)).all(), total
