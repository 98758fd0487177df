"""Writing reviews and deciding on them. A product's average and count change with the decision, in its transaction."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy import select, update

from shop.db import changed_rows, db, exactly_one, insert_unless_there, new_public_id, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.models import Listing, Product, Variant
from shop.domain.events import record_event
from shop.domain.inputs import Input, Line, Text
from shop.domain.orders.models import Order, OrderLineItem
from shop.domain.reviews.models import Review
from shop.domain.reviews.queries import get_review
from shop.errors import Conflict, Forbidden, NotFound

MAY_MODERATE = "reviews:write"
STATUS_AFTER = {"approve": "approved", "hide": "hidden"}


class WriteReview(Input):
    """What a review says."""

    rating: Annotated[int, Field(ge=1, le=5)] = Field(title="how many stars, 1 to 5")
    title: Line = Field(default="", max_length=120)
    body: Text = Field(min_length=1, title="what you think of it")
    author_name: Line = Field(default="", max_length=60, title="a name")


class ModerateReview(Input):
    """What staff decide. A reply that is left out stays as it is."""

    decision: Literal["approve", "hide"] = Field(title="approve or hide")
    reply: Text | None = None


class ReplyWish(Input):
    """What the shop answers; nothing takes its answer away."""

    reply: Text = ""


@operation
def submit_review(order_id: int, product_id: str, wanted: WriteReview) -> Review:
    """Take a buyer's review of a product of their delivered order; it is pending until staff have read it.

    The caller has shown already that the order is the writer's. Raises NotFound for a product that is not in the order,
    Conflict before delivery and for a second review of the same product and order.
    """
    order = db.session.get_one(Order, order_id, populate_existing=True)
    bought = _bought_product_id(order_id, product_id)
    if bought is None:
        raise NotFound("This order has no such product.")
    if order.status != "delivered":
        raise Conflict("This can be reviewed once it was delivered.")
    public_id = new_public_id("rev")
    row = {
        "public_id": public_id,
        "product_id": bought,
        "order_id": order.id,
        "user_id": order.user_id,
        "rating": wanted.rating,
        "title": wanted.title,
        "body": wanted.body,
        "author_name": wanted.author_name,
        "status": "pending",
        "reply": "",
        "created_at": transaction_time(),
    }
    if not insert_unless_there(Review, row):
        raise Conflict("You have reviewed this already. Thank you.")
    record_event("review.submitted", public_id)
    return get_review(public_id)


def _bought_product_id(order_id: int, product_id: str) -> int | None:
    return db.session.scalar(
        select(Product.id)
        .join(Variant, Variant.product_id == Product.id)
        .join(OrderLineItem, OrderLineItem.variant_id == Variant.id)
        .where(OrderLineItem.order_id == order_id, Product.public_id == product_id)
        .limit(1)
    )


@operation
def moderate_review(review_id: str, wanted: ModerateReview, actor: Actor) -> Review:
    """Show or hide a review, with a reply of the shop or without; deciding the same again changes nothing.

    Raises Forbidden without reviews:write, NotFound.
    """
    if not actor.may(MAY_MODERATE):
        raise Forbidden("Your role does not allow this. Ask an owner of the shop for it.")
    review = _lock_review(review_id)
    before = {"status": review.status, "reply": review.reply}
    after = {"status": STATUS_AFTER[wanted.decision], "reply": review.reply if wanted.reply is None else wanted.reply}
    if before == after:
        return get_review(review_id)
    moved = db.session.execute(
        update(Review)
        .where(Review.id == review.id, Review.status == before["status"])
        .values(**after, moderated_at=transaction_time(), moderated_by=actor.user_id)
        .execution_options(synchronize_session=False)
    )
    exactly_one(moved)
    count_rating(review, (after["status"] == "approved") - (before["status"] == "approved"))
    record_change(actor, f"review.{after['status']}", "review", review.public_id, before, after)
    if before["status"] != after["status"]:
        record_event(f"review.{after['status']}", review.public_id)
    return get_review(review_id)


@operation
def reply_to_review(review_id: str, wish: ReplyWish, actor: Actor) -> Review:
    """Answer a review that is shown. Raises as moderate_review, and Conflict for one that is not shown."""
    if _lock_review(review_id).status != "approved":
        raise Conflict("This review is not shown any more. Approve it before replying.")
    return moderate_review(review_id, ModerateReview(decision="approve", reply=wish.reply), actor)


def _lock_review(review_id: str) -> Review:
    statement = select(Review).filter_by(public_id=review_id).with_for_update()
    review = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if review is None:
        raise NotFound("There is no such review.")
    return review


def count_rating(review: Review, times: int) -> None:
    """Count a review in its product's flat row (1), take it out again (-1), or neither (0), by one UPDATE."""
    if not times:
        return
    counted = db.session.execute(
        update(Listing)
        .where(Listing.product_id == review.product_id, Listing.rating_count + times >= 0)
        .values(
            rating_sum=Listing.rating_sum + times * review.rating,
            rating_count=Listing.rating_count + times,
        )
        .execution_options(synchronize_session=False)
    )
    if changed_rows(counted) != 1:
        raise RuntimeError(f"review {review.public_id} cannot be counted: its product has no flat row that fits")
