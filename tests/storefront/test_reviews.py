"""Reviews on the pages: what everybody reads, who may write, and what a refused form says."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from shop.db import db, transaction_time
from shop.domain.reviews.models import Review
from shop.domain.reviews.operations import ModerateReview, moderate_review, submit_review
from shop.domain.reviews.tokens import review_token
from tests.conftest import make_customer, make_product, make_staff, placed_order, variants_of
from tests.domain.reviews.stories import approved_review, delivered_order, words
from tests.storefront.pages import HTMX, body, sign_in, value_of

MARK = re.compile(r'<script type="application/ld\+json">(.*?)</script>', re.DOTALL)


@pytest.fixture
def staff(app):
    return make_staff()


@pytest.fixture
def amber(app):
    return make_product("Amber", slug="amber", stock=100)


@pytest.fixture
def order(terms, staff, amber):
    return delivered_order(terms, staff, amber)


@pytest.fixture
def link(order, terms):
    return link_of(order, terms)


def link_of(order, terms, days=30):
    ends_at = transaction_time() + timedelta(days=days)
    return f"/reviews/{review_token(order, ends_at, terms.order_token_secrets)}"


def write(client, link, amber, **changes):
    fields = {
        "csrf_token": changes.pop("csrf_token", None) or value_of(client.get(link), "csrf_token"),
        "productId": amber.public_id,
        "rating": "4",
        "title": "Warm",
        "body": "Stays until the evening.",
        "authorName": "Lina",
        **changes,
    }
    return client.post(link, data={name: text for name, text in fields.items() if text is not None})


def written():
    db.session.rollback()
    return db.session.scalars(db.select(Review)).all()


def test_a_buyer_writes_a_review_and_reads_that_it_waits(client, order, link, amber):
    page = client.get(link)
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert value_of(page, "authorName") == "Lina H."

    answer = write(client, link, amber)

    assert answer.status_code == 303
    (review,) = written()
    assert (review.rating, review.title, review.author_name, review.status) == (4, "Warm", "Lina", "pending")
    thanks = client.get(answer.location.replace("http://localhost", ""))
    assert "Thank you." in body(thanks) and "Stays until the evening." in body(thanks)
    assert "<textarea" not in thanks.text
    assert "Stays until" not in client.get("/products/amber").text


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"rating": None}, "rating", "Enter how many stars, 1 to 5."),
        ({"rating": "6"}, "rating", "Enter 5 or less."),
        ({"body": "  "}, "body", "Enter what you think of it."),
        ({"title": "x" * 121}, "title", "Use at most 120 characters."),
    ],
)
def test_a_refused_form_keeps_what_was_typed_and_marks_the_field(client, link, amber, changes, field, sentence):
    answer = write(client, link, amber, **{"authorName": "L. <b>", **changes})

    assert answer.status_code == 422
    assert f'id="{field}-{amber.public_id}-mistake">{sentence}<' in answer.text
    assert f'aria-describedby="{field}-{amber.public_id}-mistake"' in answer.text
    assert value_of(answer, "authorName") == "L. <b>" and "L. <b>" not in answer.text
    assert written() == []


def test_a_second_review_and_one_before_delivery_are_refused(client, order, link, amber, terms):
    token = value_of(client.get(link), "csrf_token")
    assert write(client, link, amber).status_code == 303
    assert write(client, link, amber, csrf_token=token).status_code == 409
    early = link_of(placed_order(terms, (variants_of(amber)[0], 1), confirm=True), terms)
    assert "not delivered yet" in body(client.get(early))
    assert write(client, early, amber, csrf_token=token).status_code == 409
    assert write(client, link, make_product("Other"), csrf_token=token).status_code == 404
    assert len(written()) == 1


def test_a_wrong_link_opens_nothing_and_an_old_one_has_ended(client, order, link, terms, amber):
    assert client.get(link[:-1] + ("A" if link[-1] != "A" else "B")).status_code == 404
    assert client.get("/reviews/x").status_code == 404
    assert client.get(link_of(order, terms, days=-1)).status_code == 410
    token = link.removeprefix("/reviews/")
    assert client.get(f"/orders/{order.public_id}?token={token}").status_code == 404  # it is for reviews alone


def test_what_was_written_is_shown_as_text(client, staff, link, amber, order):
    evil = '<script>alert(1)</script><img src=x onerror="alert(1)">'
    review = submit_review(order.id, amber.public_id, words(title=evil, body=evil, authorName="<b>Eve</b>"))
    moderate_review(review.public_id, ModerateReview(decision="approve", reply="<i>no</i>"), staff)

    for path in ("/products/amber", "/products/amber/reviews", link):
        page = client.get(path).text
        assert "<script>alert" not in page and "<img src=x" not in page
        assert "<b>Eve" not in page and "<i>no" not in page
    told = [json.loads(found) for found in MARK.findall(client.get("/products/amber").text)]
    assert told[0]["review"][0]["reviewBody"] == evil


def test_a_products_page_shows_average_and_five_reviews_and_leads_on(client, terms, staff, amber):
    for stars in (5, 4, 4, 5, 5, 1, 5):
        approved_review(terms, staff, amber, rating=stars, title=f"{stars} of 5")

    page = client.get("/products/amber")

    assert "4.1 out of 5 stars" in body(page) and "7 reviews" in body(page)
    assert page.text.count('<li class="review"') == 5
    assert page.text.count("Verified purchase") == 5
    more = client.get("/products/amber/reviews?page=2", headers=HTMX)
    assert more.text.count('<li class="review"') == 2 and "autofocus" in more.text
    assert '<div id="more-reviews"' in more.text and "Show more" not in more.text
    whole = client.get("/products/amber/reviews?page=2")
    assert whole.text.count('<li class="review"') == 2 and "<h1>Reviews of Amber" in whole.text


def test_reviews_are_filtered_by_stars_with_and_without_script(client, terms, staff, amber):
    for stars in (5, 4, 1):
        approved_review(terms, staff, amber, rating=stars, title=f"It is {stars}")

    page = client.get("/products/amber/reviews?stars=4")
    piece = client.get("/products/amber/reviews?stars=4", headers=HTMX)

    for answer in (page, piece):
        assert "It is 4" in answer.text and "It is 5" not in answer.text
        assert 'aria-current="true"' in answer.text and "Show all 3" in body(answer)
    assert "<html" not in piece.text
    assert client.get("/products/amber/reviews?stars=6").status_code == 422


def test_search_engines_are_told_ratings_only_where_there_are_some(client, terms, staff, amber):
    plain = json.loads(MARK.findall(client.get("/products/amber").text)[0])
    assert "aggregateRating" not in plain and "review" not in plain
    for stars in (5, 4):
        approved_review(terms, staff, amber, rating=stars, authorName="Lina")

    told = json.loads(MARK.findall(client.get("/products/amber").text)[0])

    assert told["aggregateRating"] == {"@type": "AggregateRating", "ratingValue": 4.5, "reviewCount": 2}
    assert [row["reviewRating"]["ratingValue"] for row in told["review"]] == [4, 5]
    assert told["review"][0]["author"] == {"@type": "Person", "name": "Lina"}


def test_a_page_with_reviews_reads_as_often_however_many_there_are(client, terms, staff, amber, statements):
    counts = []
    for _ in range(2):
        for _ in range(4):
            approved_review(terms, staff, amber)
        with statements() as sent:
            assert client.get("/products/amber").status_code == 200
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 13


def test_write_a_review_leads_a_customer_straight_on_and_tells_others_how(client, terms, staff, amber, order):
    assert "Ordered as a guest?" in body(client.get(f"/reviews/products/{amber.slug}"))
    assert client.get("/reviews/products/nothing").status_code == 404
    lina = make_customer()
    assert sign_in(client, "lina@example.com").status_code == 303
    assert "No order of yours with Amber" in body(client.get("/reviews/products/amber"))
    delivered_order(terms, staff, amber, actor=lina)

    answer = client.get("/reviews/products/amber")

    assert answer.status_code == 303 and "/reviews/" in answer.location
    assert client.get(answer.location).status_code == 200


def test_the_page_of_a_delivered_order_leads_to_its_reviews(client, order, terms):
    from shop.domain.orders.tokens import order_token

    page = client.get(f"/orders/{order.public_id}?token={order_token(order, terms.order_token_secrets)}")
    address = re.search(r'href="(/reviews/[^"]+)"', page.text)[1]
    assert client.get(address).status_code == 200


def test_a_card_shows_the_rating(client, terms, staff, amber):
    approved_review(terms, staff, amber, rating=4)
    assert "4 out of 5 stars from 1 review" in body(client.get("/"))
