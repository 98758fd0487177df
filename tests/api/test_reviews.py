"""Reviews and wish lists over the API."""

from __future__ import annotations

import pytest

from shop.domain.orders.tokens import order_token
from shop.domain.reviews.operations import ModerateReview, moderate_review
from tests.conftest import make_product, make_staff
from tests.domain.reviews.stories import approved_review, delivered_order

API = "/api/v1"


@pytest.fixture
def staff(app):
    return make_staff()


@pytest.fixture
def amber(app):
    return make_product("Amber", slug="amber", stock=100)


def test_a_review_is_written_by_who_holds_the_orders_token_and_shown_once_approved(client, terms, staff, amber):
    order = delivered_order(terms, staff, amber)
    path = f"{API}/products/{amber.public_id}/reviews"
    wish = {"orderId": order.public_id, "rating": 4, "title": "Warm", "body": "It lasts."}
    token = {"X-Order-Token": order_token(order, terms.order_token_secrets)}

    without, wrong = client.post(path, json=wish), client.post(path, json=wish, headers={"X-Order-Token": "x"})
    taken = client.post(path, json=wish, headers=token)
    again = client.post(path, json=wish, headers=token)

    assert [answer.status_code for answer in (without, wrong, taken, again)] == [401, 400, 202, 409]
    data = taken.get_json()["data"]
    assert (data["status"], data["productId"], data["authorName"]) == ("pending", amber.public_id, "")
    assert client.get(path).get_json()["data"] == []
    moderate_review(data["id"], ModerateReview(decision="approve"), staff)
    (shown,) = client.get(path).get_json()["data"]
    assert set(shown) == {"id", "rating", "title", "body", "authorName", "verified", "reply", "createdAt"}
    assert (shown["rating"], shown["verified"], shown["reply"]) == (4, True, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rating": 0}, "rating"),
        ({"rating": "5"}, "rating"),
        ({"body": ""}, "body"),
        ({"status": "approved"}, "status"),
    ],
)
def test_a_wrong_field_is_named(client, terms, staff, amber, changes, field):
    order = delivered_order(terms, staff, amber)
    wish = {"orderId": order.public_id, "rating": 4, "body": "It lasts.", **changes}
    token = {"X-Order-Token": order_token(order, terms.order_token_secrets)}
    answer = client.post(f"{API}/products/amber/reviews", json=wish, headers=token)
    assert answer.status_code == 422
    assert answer.get_json()["error"]["details"][0]["field"] == field


def test_ratings_are_told_wherever_a_product_is(client, terms, staff, amber):
    for stars in (5, 4, 4):
        approved_review(terms, staff, amber, rating=stars)

    row = client.get(f"{API}/products").get_json()["data"][0]
    detail = client.get(f"{API}/products/amber").get_json()["data"]
    fours = client.get(f"{API}/products/amber/reviews?rating=4&limit=1").get_json()

    assert row["rating"] == detail["rating"] == {"average": 4.33, "count": 3}
    assert detail["reviews"] == {"averageRating": 4.33, "totalReviews": 3}
    assert (len(fours["data"]), fours["pagination"]["total"]) == (1, 2)
    assert client.get(f"{API}/products/none/reviews").status_code == 404


def test_the_wish_list_asks_for_a_customers_token(client, amber):
    path = f"{API}/me/wishlist"
    answers = [
        client.get(path),
        client.post(path, json={"productId": amber.public_id}),
        client.delete(f"{path}/{amber.public_id}"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert all(answer.headers["WWW-Authenticate"].startswith("Bearer") for answer in answers)
