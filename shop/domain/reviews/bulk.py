"""Deciding on many reviews at once; each by itself, with its own audit entry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import select

from shop.db import db, operation
from shop.domain.actors import Actor
from shop.domain.bulk_changes import BulkChange
from shop.domain.catalog.models import Product
from shop.domain.reviews.models import Review
from shop.domain.reviews.operations import MAY_MODERATE, STATUS_AFTER, ModerateReview, moderate_review
from shop.domain.reviews.queries import get_review


@operation
def approve(review_id: str, _wish: Any, actor: Actor) -> str:
    """Show the review. Raises as moderate_review."""
    return _decide(review_id, "approve", actor)


@operation
def hide(review_id: str, _wish: Any, actor: Actor) -> str:
    """Hide the review. Raises as moderate_review."""
    return _decide(review_id, "hide", actor)


def _decide(review_id: str, decision: Literal["approve", "hide"], actor: Actor) -> str:
    before = get_review(review_id).status
    moderate_review(review_id, ModerateReview(decision=decision), actor)
    return "" if before == STATUS_AFTER[decision] else STATUS_AFTER[decision]


def names_of(public_ids: Sequence[str]) -> Mapping[str, str]:
    """What each review is called in a report: its product and its title."""
    rows = db.session.execute(
        select(Review.public_id, Product.name, Review.title)
        .join(Product, Product.id == Review.product_id)
        .where(Review.public_id.in_(public_ids))
    )
    return {public_id: f"{name}: {title}" if title else name for public_id, name, title in rows}


APPROVE = BulkChange("reviews.approval", MAY_MODERATE, approve, names_of)
HIDE = BulkChange("reviews.hiding", MAY_MODERATE, hide, names_of)
CHANGES = (APPROVE, HIDE)
