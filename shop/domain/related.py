"""What goes with a product: what was bought together with it, and what its category has that is like it."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import func, select

from shop.db import db
from shop.domain.catalog.models import FacetValue, Listing, Product
from shop.domain.catalog.queries import with_details
from shop.domain.orders.models import Order, OrderLineItem

ORDERS_LOOKED_AT = 200  # the latest with this product
CANDIDATES = 60  # of its category, what sells best first
BOUGHT_TOGETHER_COUNTS = 4  # as much as so many shared values


def list_related(product: Product, limit: int = 8) -> list[Product]:
    """Products on sale that go with this one, best first, with what a card shows. Three statements, bounded each."""
    scores: Counter[int] = Counter()
    sold: dict[int, int] = {}
    for product_id, orders, sold_count in _bought_together(product):
        scores[product_id] += BOUGHT_TOGETHER_COUNTS * orders
        sold[product_id] = sold_count
    for product_id, shared, sold_count in _alike(product):
        scores[product_id] += shared + 1
        sold[product_id] = sold_count
    best = sorted(scores, key=lambda other: (-scores[other], -sold[other], -other))[:limit]
    if not best:
        return []
    statement = select(Product).where(Product.status == "active", Product.id.in_(best)).options(*with_details())
    found = db.session.scalars(statement).unique().all()
    return sorted(found, key=lambda other: best.index(other.id))


def related_ids(product: Product, limit: int = 8) -> list[str]:
    """The public ids of the same."""
    return [other.public_id for other in list_related(product, limit)]


def _bought_together(product: Product) -> list[tuple[int, int, int]]:
    """(product key, in how many of the latest orders of this one it was too, units sold lately)."""
    variants = [variant.id for variant in product.variants]
    latest = (
        select(OrderLineItem.order_id)
        .join(Order, Order.id == OrderLineItem.order_id)
        .where(OrderLineItem.variant_id.in_(variants), Order.status.not_in(("pending", "cancelled")))
        .distinct()
        .order_by(OrderLineItem.order_id.desc())
        .limit(ORDERS_LOOKED_AT)
        .subquery()
    )
    orders = func.count(OrderLineItem.order_id.distinct())
    rows = db.session.execute(
        select(Product.id, orders, Listing.sold_count)
        .join(Listing, Listing.product_id == Product.id)
        .join(OrderLineItem, OrderLineItem.product_public_id == Product.public_id)
        .where(OrderLineItem.order_id.in_(select(latest.c.order_id)))
        .where(Product.id != product.id, Product.status == "active")
        .group_by(Product.id, Listing.sold_count)
        .order_by(orders.desc(), Product.id)
        .limit(CANDIDATES)
    )
    return [(product_id, count, sold_count) for product_id, count, sold_count in rows]


def _alike(product: Product) -> list[tuple[int, int, int]]:
    """(product key, how many values lists narrow by it shares, units sold lately) of the same category's products."""
    if product.category_id is None:
        return []
    near = (
        select(Listing.product_id, Listing.sold_count)
        .where(Listing.category_id == product.category_id, Listing.status == "active")
        .where(Listing.product_id != product.id)
        .order_by(Listing.sold_count.desc(), Listing.created_at.desc(), Listing.product_id)
        .limit(CANDIDATES)
        .subquery()
    )
    own = select(FacetValue.name, FacetValue.value).where(FacetValue.product_id == product.id).subquery()
    shared = (
        select(FacetValue.product_id, func.count().label("values"))
        .join(own, (own.c.name == FacetValue.name) & (own.c.value == FacetValue.value))
        .where(FacetValue.product_id.in_(select(near.c.product_id)))
        .group_by(FacetValue.product_id)
        .subquery()
    )
    rows = db.session.execute(
        select(near.c.product_id, func.coalesce(shared.c["values"], 0), near.c.sold_count).outerjoin(
            shared, shared.c.product_id == near.c.product_id
        )
    )
    return [(product_id, count, sold_count) for product_id, count, sold_count in rows]
