"""GET and POST /products/{id}/reviews."""

from __future__ import annotations

from flask import Blueprint, Response, request
from pydantic import Field

from shop.api.openapi import PREFIX, endpoint
from shop.api.presenters import link_header, present_pagination, present_review, present_taken_review
from shop.api.schemas import Data, Many, ReviewOut, ReviewTaken
from shop.domain.catalog.queries import get_product
from shop.domain.inputs import PublicId
from shop.domain.orders.queries import get_order
from shop.domain.reviews.operations import WriteReview, submit_review
from shop.domain.reviews.queries import ReviewFilter, list_reviews, tally_reviews
from shop.errors import Detail, NotFound, Unauthenticated, Unknown
from shop.extensions import limiter, settings, terms
from shop.policies import current_caller, policy

bp = Blueprint("api_reviews", __name__, url_prefix=PREFIX)


class WriteReviewOfOrder(WriteReview):
    """A review, and the delivered order (id or number) that the product was bought with."""

    order_id: PublicId = Field(title="an order id")


@bp.get("/products/<product_id>/reviews")
@policy("api")
@endpoint("List a product's reviews", query=ReviewFilter, answers={200: Many[ReviewOut]}, errors=(404, 422))
def list_reviews_json(product_id: str, query: ReviewFilter) -> Response:
    product = get_product(product_id)
    total = tally_reviews(product).with_stars(query.rating)
    pagination = present_pagination(query.page, query.limit, total)
    page = Many[ReviewOut](data=[present_review(row) for row in list_reviews(product, query)], pagination=pagination)
    response = Response(page.model_dump_json(by_alias=True), mimetype="application/json")
    response.headers["Cache-Control"] = "public, max-age=0, must-revalidate"
    response.headers["Link"] = link_header(pagination)
    response.add_etag()
    return response.make_conditional(request)


@bp.post("/products/<product_id>/reviews")
@policy("api")
@limiter.limit(lambda: settings.ratelimit_review)
@endpoint(
    "Review a product of a delivered order; it is shown once staff have read it",
    body=WriteReviewOfOrder,
    answers={202: Data[ReviewTaken]},
    errors=(400, 401, 404, 409, 415, 422),
    by_order_token=True,
)
def submit_review_json(product_id: str, body: WriteReviewOfOrder) -> tuple[Data[ReviewTaken], int]:
    token, caller = request.headers.get("X-Order-Token") or request.args.get("token"), current_caller()
    if not token and caller.customer_id is None:
        raise Unauthenticated("Send the token of the order that it was bought with, in the header X-Order-Token.")
    try:
        order = get_order(body.order_id, caller, terms, token)
    except NotFound:
        message = "There is no such order, or the token is not that order's."
        raise Unknown(message, [Detail("orderId", message)]) from None
    review = submit_review(order.id, get_product(product_id).public_id, body)
    return Data[ReviewTaken](data=present_taken_review(review)), 202
