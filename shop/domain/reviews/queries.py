"""Reading reviews: what a product's page shows of them, and what an order's buyer may still write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import Field
from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from shop.db import db
from shop.domain.catalog.models import Product, Variant
from shop.domain.inputs import Input
from shop.domain.orders.models import Order, OrderLineItem
from shop.domain.reviews.models import Review
from shop.domain.reviews.tokens import is_signed_for, read_token
from shop.domain.terms import Terms
from shop.errors import Gone, NotFound

STARS = (5, 4, 3, 2, 1)


class ReviewFilter(Input):
    """How a product's reviews are asked for."""

    page: int = Field(default=1, ge=1, le=10_000)
    limit: int = Field(default=20, ge=1, le=100)
    rating: int | None = Field(default=None, ge=1, le=5)


@dataclass(frozen=True)
class Tally:
    """How many approved reviews gave each number of stars."""

    counts: Mapping[int, int]

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    @property
    def average(self) -> float | None:
        """Between 1 and 5; None without reviews."""
        return sum(stars * count for stars, count in self.counts.items()) / self.count if self.count else None

    def with_stars(self, stars: int | None) -> int:
        """How many reviews a list of these stars has; of all, without stars."""
        return self.count if stars is None else self.counts.get(stars, 0)


def tally_reviews(product: Product) -> Tally:
    """The product's approved reviews by their stars. Its average and count are those of its flat row."""
    rows = db.session.execute(
        select(Review.rating, func.count())
        .where(Review.product_id == product.id, Review.status == "approved")
        .group_by(Review.rating)
    )
    return Tally({rating: count for rating, count in rows})


def list_reviews(product: Product, asked: ReviewFilter) -> Sequence[Review]:
    """One page of the product's approved reviews, newest first."""
    statement = select(Review).where(Review.product_id == product.id, Review.status == "approved")
    if asked.rating is not None:
        statement = statement.where(Review.rating == asked.rating)
    statement = statement.order_by(Review.created_at.desc(), Review.id.desc())
    return db.session.scalars(statement.limit(asked.limit).offset((asked.page - 1) * asked.limit)).all()


def get_order_to_review(token: str, terms: Terms, now: datetime) -> Order:
    """The order that a review token opens, with its lines. Raises NotFound for a wrong token, Gone for an old one."""
    read = read_token(token)
    order = None
    if read is not None:
        statement = select(Order).where(Order.public_id == read.order_id).options(selectinload(Order.line_items))
        order = db.session.scalars(statement).one_or_none()
    if read is None or order is None or not is_signed_for(read, order, terms.order_token_secrets):
        raise NotFound("This link opens nothing. It may have been cut short: copy the whole of it from the e-mail.")
    if read.ends_at <= now:
        raise Gone("This link has ended. Ask for your order's link on “Track an order” and review it from there.")
    return order


def is_asked_for_reviews(order: Order) -> bool:
    """Whether its buyer is asked what they think of it: it was delivered, and not all of it was given back."""
    return order.status == "delivered" and order.payment_status != "refunded"


@dataclass(frozen=True)
class Reviewable:
    """A product of an order as it was sold, and the review that its buyer wrote, if they have."""

    line: OrderLineItem
    review: Review | None


def reviewables_of(order: Order) -> list[Reviewable]:
    """Each product of the order once, by its first line, as long as the shop still knows it."""
    rows = db.session.execute(
        select(Product.public_id, Review)
        .select_from(OrderLineItem)
        .join(Variant, Variant.id == OrderLineItem.variant_id)
        .join(Product, Product.id == Variant.product_id)
        .outerjoin(Review, (Review.order_id == OrderLineItem.order_id) & (Review.product_id == Product.id))
        .where(OrderLineItem.order_id == order.id)
    ).all()
    written = {public_id: review for public_id, review in rows}
    lines = {line.product_public_id: line for line in reversed(order.line_items)}
    return [Reviewable(lines[public_id], written[public_id]) for public_id in reversed(lines) if public_id in written]


def usual_author_name(order: Order) -> str:
    """What a buyer is called unless they say otherwise: first name and an initial."""
    address = order.shipping_address
    first, last = str(address.get("firstName", "")), str(address.get("lastName", ""))
    return f"{first} {last[:1]}.".strip() if last else first


def find_delivered_order_with(product: Product, user_id: int) -> Order | None:
    """The customer's latest delivered order with this product that they have not reviewed it for."""
    reviewed = select(Review.id).where(Review.order_id == Order.id, Review.product_id == product.id).exists()
    bought = (
        select(OrderLineItem.id)
        .join(Variant, Variant.id == OrderLineItem.variant_id)
        .where(OrderLineItem.order_id == Order.id, Variant.product_id == product.id)
        .exists()
    )
    statement = select(Order).where(Order.user_id == user_id, Order.status == "delivered", bought, ~reviewed)
    return db.session.scalars(statement.order_by(Order.id.desc()).limit(1)).one_or_none()


def get_review(public_id: str) -> Review:
    """The review of this id with its product, whatever its status. Raises NotFound."""
    statement = select(Review).filter_by(public_id=public_id).options(joinedload(Review.product))
    review = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if review is None:
        raise NotFound("There is no such review.")
    return review


def is_waiting(public_id: str) -> bool:
    """Whether nobody has decided on the review yet."""
    return db.session.scalar(select(Review.status).filter_by(public_id=public_id)) == "pending"


def find_next_waiting(public_id: str) -> str | None:
    """The review that waits after this one, the longest waiting first; past the last it begins anew. None: no other."""
    here = db.session.execute(select(Review.created_at, Review.id).filter_by(public_id=public_id)).one_or_none()
    if here is None:
        return None
    later = or_(Review.created_at > here.created_at, and_(Review.created_at == here.created_at, Review.id > here.id))
    return db.session.scalar(
        select(Review.public_id)
        .where(Review.status == "pending", Review.id != here.id)
        .order_by(case((later, 0), else_=1), Review.created_at, Review.id)
        .limit(1)
    )


def list_reviews_beside(review: Review, limit: int = 20) -> Sequence[Review]:
    """Other reviews of the same order, the same customer or the same buyer's e-mail address, newest first."""
    email = select(Order.email).where(Order.id == review.order_id).scalar_subquery()
    same = [Review.order_id == review.order_id, Review.order_id.in_(select(Order.id).where(Order.email == email))]
    if review.user_id is not None:
        same.append(Review.user_id == review.user_id)
    statement = select(Review).where(Review.id != review.id, or_(*same)).options(joinedload(Review.product))
    return db.session.scalars(statement.order_by(Review.created_at.desc(), Review.id.desc()).limit(limit)).all()
