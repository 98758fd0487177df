"""Orders of any number, written in bulk, the same each time, and consistent: `flask shop audit` is clean on them.

`python -m bench.orders --orders 100000` on the settings of the environment, or `make_orders()` from another proof.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bench.bulk_rows import write_rows
from bench.catalogue import make_catalogue
from bench.order_stories import Batch, Shelf, tell_order
from shop import create_app
from shop.db import db, operation
from shop.domain.carts.models import Cart
from shop.domain.catalog.models import Image, Listing, Product, Variant
from shop.domain.customers.models import User
from shop.domain.customers.operations import create_user, save_staff_role
from shop.domain.events import OutboxEvent
from shop.domain.inventory.models import StockItem, StockMovement
from shop.domain.orders.models import Order, OrderLineItem, Shipment
from shop.domain.reviews.models import Review

AT_ONCE = 2000
STAFF = "bench-staff@example.com"
Progress = Callable[[int, int], object]


def make_orders(
    count: int = 100_000,
    *,
    products: int = 1000,
    seed: int = 1,
    now: datetime | None = None,
    on_progress: Progress = lambda done, count: None,
) -> int:
    """Bring the shop to `count` orders with all that belongs to them; returns how many were written.

    In all statuses, with carts, lines, payments, reservations, stock and its ledger, histories, events, e-mails, keys
    and reviews, over the two years before `now`. There are `products` products at least. It stops and goes on anywhere:
    each 2,000 orders are one transaction. `on_progress` is told the orders so far and those wanted.
    """
    make_catalogue(products, seed)
    _write_missing_reviews()
    shelves, staff_id = _shelves(), _staff_id()
    now = now or datetime.now(UTC)
    have = db.session.scalar(db.select(db.func.count()).select_from(Order)) or 0
    for start in range(have, count, AT_ONCE):
        firsts = {model: (db.session.scalar(db.select(db.func.max(model.id))) or 0) + 1 for model in NUMBERED}
        db.session.rollback()
        batch = Batch(shelves, staff_id, now, seed, firsts)
        stop = min(start + AT_ONCE, count)
        for number in range(start, stop):
            tell_order(batch, number)
        _write(batch, start)
        on_progress(stop, count)
    _settle()
    return max(count - have, 0)


NUMBERED = (Order, Cart, OutboxEvent, User, OrderLineItem, Shipment)  # tables whose keys others in the same batch name


def _shelves() -> list[Shelf]:
    rows = db.session.execute(
        db.select(
            Variant.id,
            Variant.public_id,
            Variant.sku,
            Variant.name,
            Variant.price_amount,
            Variant.currency,
            Product.id,
            Product.public_id,
            Product.slug,
            Product.name,
            Image.file_name,
        )
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Image, (Image.product_id == Product.id) & (Image.position == 0))
        .where(Variant.is_active, Product.status == "active")
        .order_by(Variant.id)
    ).all()
    db.session.rollback()
    return [Shelf(*row) for row in rows]


def _staff_id() -> int:
    found = db.session.scalar(db.select(User.id).where(User.email == STAFF))
    db.session.rollback()
    if found is not None:
        return found
    save_staff_role("Bench packers", ["all"])
    return create_user(email=STAFF, password="packs all day", staff_role="Bench packers").id  # noqa: S106


@operation
def _write(batch: Batch, start: int) -> None:
    _lift_timeout()
    receipts = batch.kept + batch.shipped
    for model, rows in batch.rows.items():
        if model is StockMovement:  # what was sold had arrived before
            arrived = [_receipt(variant_id, units, start, batch.now) for variant_id, units in sorted(receipts.items())]
            write_rows(StockMovement, [*arrived, *rows])
        else:
            write_rows(model, rows)
    _add(StockItem.__table__, "variant_id", batch.kept, ("on_hand", "reserved"))
    stars = Counter({product_id: times * batch.STARS for product_id, times in batch.rated.items()})
    _add(Listing.__table__, "product_id", batch.rated, ("rating_count",))
    _add(Listing.__table__, "product_id", stars, ("rating_sum",))


def _receipt(variant_id: int, units: int, start: int, at: datetime) -> dict[str, Any]:
    cause = {"kind": "receipt", "reference": f"bench-orders:{start}", "line": variant_id, "actor": "system"}
    return {"variant_id": variant_id, "quantity": units, **cause, "created_at": at}


def _add(table: Any, key: str, amounts: Counter[int], columns: tuple[str, ...]) -> None:
    """Add to counters, row by row of their table."""
    if amounts:
        statement = table.update().where(table.c[key] == db.bindparam("row"))
        statement = statement.values({name: table.c[name] + db.bindparam("units") for name in columns})
        rows = [{"row": row, "units": units} for row, units in sorted(amounts.items())]
        db.session.connection().execute(statement, rows)


@operation
def _write_missing_reviews() -> None:
    """The catalogue's products have stars of nobody; here are those who gave them."""
    has_one = db.select(Review.id).where(Review.product_id == Listing.product_id).exists()
    rated = db.select(Listing.product_id, Listing.rating_count, Listing.rating_sum).where(Listing.rating_count > 0)
    now = datetime.now(UTC)
    rows = [
        {
            "public_id": f"rev_bench{product_id:015x}{place:012x}",
            "product_id": product_id,
            "rating": stars // times,
            "body": "Good.",
            "status": "approved",
            "created_at": now,
            "moderated_at": now,
        }
        for product_id, times, stars in db.session.execute(rated.where(~has_one)).all()
        for place in range(times)
    ]
    write_rows(Review, rows)


def _lift_timeout() -> None:
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(db.text("SET LOCAL statement_timeout = 0"))


@operation
def _settle() -> None:
    """Go on counting where the rows end, and let the database look at how many of what there are."""
    _lift_timeout()
    if db.session.get_bind().dialect.name == "postgresql":
        for table in (model.__tablename__ for model in NUMBERED):
            db.session.execute(
                db.text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), COALESCE(max(id), 1)) FROM {table}")
            )
    db.session.execute(db.text("ANALYZE"))


def show_progress(done: int, count: int) -> None:
    """Say on standard error how far it is, on one line of a terminal."""
    print(f"\r{done} of {count} orders", end="\n" if done == count else "", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--products", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with create_app().app_context():
        started = time.monotonic()
        made = make_orders(asked.orders, products=asked.products, seed=asked.seed, on_progress=show_progress)
        print(f"{made} orders in {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
