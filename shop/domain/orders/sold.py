"""How much of each product was sold lately, as lists are sorted by it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import bindparam, func, select, update

from shop.db import db, end_read, operation, transaction_time
from shop.domain.catalog.models import Listing, Product
from shop.domain.orders.models import Order, OrderLineItem

SOLD_WITHIN = timedelta(days=90)
BATCH = 500


def recount_sold() -> int:
    """Bring every product's `sold_count` in step with the orders, a few hundred in a transaction; how many changed.

    Counted are units of orders of the last 90 days that were confirmed and not cancelled.
    """
    sold = _units_sold()
    known = dict(db.session.execute(select(Listing.product_id, Listing.sold_count).where(Listing.sold_count > 0)).all())
    end_read()
    units = {row: (known.get(row, 0), sold.get(row, 0)) for row in sorted({*sold, *known})}
    wrong = [(row, after) for row, (before, after) in units.items() if before != after]
    for start in range(0, len(wrong), BATCH):
        _write_counts(dict(wrong[start : start + BATCH]))
    return len(wrong)


def _units_sold() -> dict[int, int]:
    rows = db.session.execute(
        select(Product.id, func.sum(OrderLineItem.quantity))
        .join(OrderLineItem, OrderLineItem.product_public_id == Product.public_id)
        .join(Order, Order.id == OrderLineItem.order_id)
        .where(Order.created_at >= transaction_time() - SOLD_WITHIN, Order.status.not_in(("pending", "cancelled")))
        .group_by(Product.id)
    )
    return {product_id: int(units) for product_id, units in rows}


@operation
def _write_counts(counts: Mapping[int, int]) -> None:
    statement = update(Listing).where(Listing.product_id == bindparam("row")).values(sold_count=bindparam("units"))
    statement = statement.execution_options(synchronize_session=False)
    db.session.connection().execute(statement, [{"row": row, "units": units} for row, units in counts.items()])
