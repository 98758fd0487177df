"""Putting the catalogue's figures right from what they are made of: variants, products and reviews."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import func, select

from shop.db import db, end_read, operation
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.listing_check import OutOfStep, listings_out_of_step
from shop.domain.catalog.listings import BATCH, refresh_listings
from shop.domain.catalog.models import Listing, Product, Variant
from shop.domain.reviews.models import Review


def recompute_from_prices(actor: Actor) -> Iterator[str]:
    """Set every from-price to the lowest price on offer; a sentence for each that was another."""
    lowest = (
        select(func.coalesce(func.min(Variant.price_amount), 0))
        .where(Variant.product_id == Product.id, Variant.is_active)
        .scalar_subquery()
    )
    wrong = list(db.session.scalars(select(Product.id).where(Product.from_price_amount != lowest).order_by(Product.id)))
    end_read()
    for product_id in wrong:
        yield _recompute_from_price(product_id, actor)


@operation
def _recompute_from_price(product_id: int, actor: Actor) -> str:
    product = db.session.scalars(
        select(Product).filter_by(id=product_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    before = product.from_price
    prices = select(func.min(Variant.price_amount)).where(Variant.product_id == product_id, Variant.is_active)
    product.from_price_amount = db.session.scalar(prices) or 0
    was, now = {"from_price_amount": before.amount}, {"from_price_amount": product.from_price_amount}
    record_change(actor, "product.from_price_recomputed", "product", product.public_id, was, now)
    return f"{product.name}: it was offered from {before.format()}; it is {product.from_price.format()}."


def refresh_wrong_listings(actor: Actor) -> Iterator[str]:
    """Make the flat rows anew that say other than their products; a sentence for each."""
    wrong = list(listings_out_of_step())
    end_read()
    for start in range(0, len(wrong), BATCH):
        yield from _refresh(wrong[start : start + BATCH], actor)


@operation
def _refresh(wrong: Sequence[OutOfStep], actor: Actor) -> list[str]:
    refresh_listings([one.product_id for one in wrong])
    for one in wrong:
        record_change(
            actor, "listing.refreshed", "product", one.public_id, {"listing": one.what}, {"listing": "as the product"}
        )
    return [f"{one.public_id}: lists had it otherwise than it is ({one.what}); its row was made anew." for one in wrong]


def recount_ratings(actor: Actor) -> Iterator[str]:
    """Count stars and reviews of every product anew from the approved ones; a sentence for each that was wrong."""
    approved = (
        select(Review.product_id, func.sum(Review.rating).label("stars"), func.count().label("times"))
        .where(Review.status == "approved")
        .group_by(Review.product_id)
        .subquery()
    )
    stars, times = func.coalesce(approved.c.stars, 0), func.coalesce(approved.c.times, 0)
    wrong = (
        select(Listing.product_id)
        .outerjoin(approved, approved.c.product_id == Listing.product_id)
        .where((Listing.rating_sum != stars) | (Listing.rating_count != times))
        .order_by(Listing.product_id)
    )
    ids = list(db.session.scalars(wrong))
    end_read()
    for product_id in ids:
        yield _recount_rating(product_id, actor)


@operation
def _recount_rating(product_id: int, actor: Actor) -> str:
    row = db.session.scalars(
        select(Listing).filter_by(product_id=product_id).with_for_update().execution_options(populate_existing=True)
    ).one()
    approved = select(func.coalesce(func.sum(Review.rating), 0), func.count())
    stars, times = db.session.execute(approved.filter_by(product_id=product_id, status="approved")).one()
    public_id, name = db.session.execute(select(Product.public_id, Product.name).filter_by(id=product_id)).one()
    before = {"rating_sum": row.rating_sum, "rating_count": row.rating_count}
    row.rating_sum, row.rating_count = int(stars), int(times)
    after = {"rating_sum": row.rating_sum, "rating_count": row.rating_count}
    record_change(actor, "listing.ratings_recounted", "product", public_id, before, after)
    return f"{name}: {before['rating_count']} reviews were counted; it is {times}, as those that are shown."
