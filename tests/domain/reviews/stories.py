"""What must have happened before something can be reviewed."""

from __future__ import annotations

from typing import Any

from shop.domain.actors import Actor
from shop.domain.catalog.models import Product
from shop.domain.orders.models import Order
from shop.domain.orders.operations import deliver_order, start_processing
from shop.domain.orders.shipments import ship_order
from shop.domain.payments.operations import collect_cash
from shop.domain.reviews.models import Review
from shop.domain.reviews.operations import ModerateReview, WriteReview, moderate_review, submit_review
from shop.domain.terms import Terms
from tests.conftest import SHOPPER, placed_order, variants_of


def deliver(order: Order, staff: Actor) -> None:
    """Take a confirmed order to its customer, who pays."""
    start_processing(order.id, staff)
    ship_order(order.id, staff)
    deliver_order(order.id, staff)
    collect_cash(order.id, order.total, staff)


def delivered_order(terms: Terms, staff: Actor, *products: Product, actor: Actor = SHOPPER) -> Order:
    """An order of one of each product that has reached its customer."""
    wanted = [(variants_of(product)[0], 1) for product in products]
    order = placed_order(terms, *wanted, confirm=True, actor=actor)
    deliver(order, staff)
    return order


def words(rating: int = 5, **changes: Any) -> WriteReview:
    """A review as a form or a JSON body has it."""
    return WriteReview.model_validate({"rating": rating, "title": "Good", "body": "It does what it says.", **changes})


def approved_review(terms: Terms, staff: Actor, product: Product, rating: int = 5, **changes: Any) -> Review:
    """A review of an order of its own, shown on the product's page."""
    order = delivered_order(terms, staff, product)
    review = submit_review(order.id, product.public_id, words(rating, **changes))
    return moderate_review(review.public_id, ModerateReview(decision="approve"), staff)
