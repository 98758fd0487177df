"""Reviews: the queue of those that wait, one after the other, and what became of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import joinedload

from shop.admin.resource import MOST_WORDS, Act, BulkAction, Card, Column, Detail, Fact, Field, Resource, Tab, words_in
from shop.db import db
from shop.domain.catalog.models import Product
from shop.domain.orders.models import Order
from shop.domain.reviews.bulk import APPROVE, HIDE
from shop.domain.reviews.models import Review
from shop.domain.reviews.operations import ModerateReview, ReplyWish, moderate_review, reply_to_review
from shop.domain.reviews.queries import find_next_waiting, is_waiting, list_reviews_beside
from shop.policies import may_open

REPLY = Field("reply", "Reply of the shop", "textarea", hint="Shown below the review, to everybody.")


def has_words(text: str) -> ColumnElement[bool]:
    """Each word is in the review, its author's name or the product's name."""
    own, named = words_in(Review.title, Review.body, Review.author_name), words_in(Product.name)
    return and_(*(or_(own(word), Review.product.has(named(word))) for word in text.split()[:MOST_WORDS]))


def of_status(status: str) -> ColumnElement[bool]:
    return Review.status == status


def address_of(review_id: str) -> str:
    return url_for("admin.reviews_row", public_id=review_id)


def after_deciding(review_id: str) -> str:
    """Whoever works through the queue is led to the next that waits; whoever decides anew stays where they are."""
    if not is_waiting(review_id):
        return address_of(review_id)
    following = find_next_waiting(review_id)
    return address_of(following) if following else url_for("admin.reviews_list")


def facts(review: Review) -> Sequence[Fact]:
    order = db.session.get(Order, review.order_id) if review.order_id else None
    product = url_for("admin_products.show", public_id=review.product.public_id)
    may_see_order = order is not None and may_open("admin_orders.show")
    return (
        Fact("Product", review.product.name, address=product if may_open("admin_products.show") else ""),
        Fact("Status", review.status, "badge"),
        Fact("Bought here", review.is_verified, "yes_no"),
        *(
            [Fact("Order", order.number, address=url_for("admin_orders.show", public_id=order.public_id))]
            if order is not None and may_see_order
            else []
        ),
        Fact("Written", review.created_at, "time"),
        *([Fact("Decided", review.moderated_at, "time")] if review.moderated_at else []),
    )


def beside(review: Review) -> Mapping[str, Any]:
    return {"reviews": [(each, address_of(each.public_id)) for each in list_reviews_beside(review)]}


def links(review: Review) -> Sequence[tuple[str, str]]:
    if not review.product.is_active:
        return ()
    return [("Product in shop", url_for("catalog.product", slug=review.product.slug))]


REVIEWS = Resource(
    name="reviews",
    title="Reviews",
    singular="review",
    section="Selling",
    read="reviews:read",
    write="reviews:write",
    icon="star",
    model=Review,
    select=lambda: select(Review).options(joinedload(Review.product)),
    row_name=lambda row: row.title or f"Review of {row.product.name}",
    columns=(
        Column("product", "Product", lambda row: row.product.name, on_phone="note"),
        Column("stars", "Stars", lambda row: row.rating, "stars", sort=Review.rating),
        Column("review", "Review", lambda row: (row.title, row.body), "excerpt", on_phone="lead"),
        Column("text", "Text", lambda row: row.body, in_list=False),
        Column("verified", "Bought here", lambda row: row.is_verified, "yes_no"),
        Column("name", "Name", lambda row: row.author_name, sort=Review.author_name),
        Column("status", "Status", lambda row: row.status, "badge", sort=Review.status, on_phone="none"),
        Column("date", "Written", lambda row: row.created_at, "moment", sort=Review.created_at),
    ),
    search=has_words,
    search_hint="by text, name or product",
    sort="date",
    tabs=(
        Tab("waiting", "Waiting", lambda: of_status("pending"), todo="Reviews waiting"),
        Tab("approved", "Approved", lambda: of_status("approved")),
        Tab("hidden", "Hidden", lambda: of_status("hidden")),
        Tab("all", "All"),
    ),
    bulk=(BulkAction(APPROVE, "Approve"), BulkAction(HIDE, "Hide")),
    detail=Detail(
        (
            Card("Review", "admin/reviews/_review.html"),
            Card("By the same buyer", "admin/reviews/_beside.html", beside),
        )
    ),
    facts=facts,
    links=links,
    acts=(
        Act(
            "approval",
            "Approve",
            lambda public_id, wish, actor: moderate_review(
                public_id, ModerateReview(decision="approve", reply=wish.reply), actor
            ),
            "The review was approved.",
            wish=ReplyWish,
            fields=lambda row: (REPLY,),
            values=lambda row: {"reply": row.reply},
            is_possible=lambda row: row.status != "approved",
            leads_to=after_deciding,
            key="a",
            is_main=True,
        ),
        Act(
            "reply",
            "Save the reply",
            reply_to_review,
            "The reply was saved.",
            wish=ReplyWish,
            fields=lambda row: (REPLY,),
            values=lambda row: {"reply": row.reply},
            is_possible=lambda row: row.status == "approved",
        ),
        Act(
            "hiding",
            "Hide",
            lambda public_id, wish, actor: moderate_review(public_id, ModerateReview(decision="hide"), actor),
            "The review was hidden.",
            is_possible=lambda row: row.status != "hidden",
            leads_to=after_deciding,
            key="h",
            is_danger=True,
        ),
    ),
    is_in_search=True,
    note=lambda row: row.product.name,
)
