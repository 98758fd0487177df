"""Reviews: all of a product's on a public page, and the private page where a buyer writes theirs."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from pydantic import Field

from shop.db import transaction_time
from shop.domain.catalog.queries import get_product
from shop.domain.inputs import Input, PublicId, read_form, read_query
from shop.domain.orders.models import Order
from shop.domain.reviews.operations import WriteReview, submit_review
from shop.domain.reviews.queries import (
    find_delivered_order_with,
    get_order_to_review,
    reviewables_of,
    usual_author_name,
)
from shop.domain.reviews.tokens import VALID_FOR, review_token
from shop.errors import Conflict, Invalid
from shop.extensions import limiter, settings, terms
from shop.filled import FilledForm
from shop.htmx import go_to, is_partial, vary_by_htmx
from shop.policies import policy
from shop.refusals import status_of
from shop.storefront.ratings import read_reviews
from shop.storefront.rendering import render_page

blueprint = Blueprint("reviews", __name__)


class ReviewsQuery(Input):
    """How the address of a product's reviews is written."""

    stars: int | None = Field(default=None, ge=1, le=5)
    page: int = Field(default=1, ge=1, le=10_000)


class ReviewedProduct(Input):
    """Which of an order's products a form is about."""

    product_id: PublicId = Field(title="a product id")


# -- what others say ---------------------------------------------------------------------------------------------------


@blueprint.get("/products/<slug>/reviews")
@policy("public")
def list_reviews(slug: str) -> ResponseReturnValue:
    asked = read_query(ReviewsQuery, request.args)
    product = get_product(slug)
    reviews = read_reviews(product, asked.stars, asked.page)
    if not is_partial():
        return vary_by_htmx(render_page("catalog/reviews.html", product=product, reviews=reviews))
    template = "catalog/_more_reviews.html" if asked.page > 1 else "catalog/_reviews.html"
    return vary_by_htmx(render_template(template, product=product, reviews=reviews))


@blueprint.get("/reviews/products/<slug>")
@policy("guest")
def explain_review(slug: str) -> ResponseReturnValue:
    """Where “Write a review” leads: straight on for a customer who has the product, else who can and how."""
    product = get_product(slug)
    if current_user.is_authenticated:
        order = find_delivered_order_with(product, current_user.id)
        if order is not None:
            return go_to(review_address(order) + f"#{product.public_id}")
    page = render_page("reviews/who_can.html", product=product, is_signed_in=current_user.is_authenticated)
    return _out_of_indexes(page)


# -- writing one: opened by the token that the buyer was sent, or that their order's page gives them -------------------


def review_address(order: Order) -> str:
    """The address where who may see this order reviews it."""
    token = review_token(order, transaction_time() + VALID_FOR, terms.order_token_secrets)
    return url_for("reviews.show_order", token=token)


@dataclass(frozen=True)
class RefusedReview:
    """The form that was refused, of one product."""

    product_id: str
    form: FilledForm


@blueprint.get("/reviews/<token>")
@policy("guest")
def show_order(token: str) -> ResponseReturnValue:
    return _show_order(token, get_order_to_review(token, terms, transaction_time()))


@blueprint.post("/reviews/<token>")
@limiter.limit(lambda: settings.ratelimit_review)
@policy("guest")
def write_review(token: str) -> ResponseReturnValue:
    order = get_order_to_review(token, terms, transaction_time())
    product_id = read_form(ReviewedProduct, request.form.items()).product_id
    try:
        submit_review(order.id, product_id, read_form(WriteReview, request.form.items()))
    except (Invalid, Conflict) as refusal:
        order = get_order_to_review(token, terms, transaction_time())
        refused = RefusedReview(product_id, FilledForm.refused(request.form, refusal))
        return _show_order(token, order, refused), status_of(refusal)
    return go_to(url_for("reviews.show_order", token=token, thanks=product_id) + f"#{product_id}")


def _show_order(token: str, order: Order, refused: RefusedReview | None = None) -> Response:
    page = render_page(
        "reviews/order.html",
        author_name=usual_author_name(order),
        order=order,
        refused=refused,
        reviewables=reviewables_of(order),
        thanks=request.args.get("thanks", ""),
        token=token,
    )
    return _out_of_indexes(page)


def _out_of_indexes(answer: ResponseReturnValue) -> Response:
    response = make_response(answer)
    response.headers["X-Robots-Tag"] = "noindex"
    return response
