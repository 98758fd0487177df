"""Writing reviews and deciding on them; average and count are right whoever decides at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import select

from shop.db import db, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.models import Listing
from shop.domain.events import OutboxEvent
from shop.domain.inputs import read_form, read_json
from shop.domain.orders.models import Order
from shop.domain.reviews.models import Review
from shop.domain.reviews.operations import ModerateReview, WriteReview, moderate_review, submit_review
from shop.domain.reviews.queries import (
    ReviewFilter,
    find_delivered_order_with,
    get_order_to_review,
    list_reviews,
    reviewables_of,
    tally_reviews,
)
from shop.domain.reviews.tokens import review_token
from shop.errors import Conflict, Forbidden, Gone, Invalid, NotFound
from tests.conftest import make_customer, make_product, make_staff, placed_order, variants_of
from tests.domain.reviews.stories import approved_review, delivered_order, words

APPROVE, HIDE = ModerateReview(decision="approve"), ModerateReview(decision="hide")


@pytest.fixture
def staff(app):
    return make_staff("reviews:write")


@pytest.fixture
def amber(app):
    return make_product("Amber", slug="amber", stock=100)


def figures(product):
    db.session.rollback()
    row = db.session.execute(select(Listing.rating_sum, Listing.rating_count).filter_by(product_id=product.id)).one()
    return tuple(row)


def test_a_review_of_a_delivered_order_waits_for_staff_and_is_counted_once_approved(staff, terms, amber):
    order = delivered_order(terms, staff, amber)

    review = submit_review(order.id, amber.public_id, words(4))

    assert (review.status, review.author_name, review.is_verified) == ("pending", "", True)
    assert figures(amber) == (0, 0)
    assert moderate_review(review.public_id, APPROVE, staff).status == "approved"
    assert figures(amber) == (4, 1)
    assert moderate_review(review.public_id, APPROVE, staff).status == "approved"
    assert figures(amber) == (4, 1)
    moderate_review(review.public_id, HIDE, staff)
    assert figures(amber) == (0, 0)
    told = db.session.scalars(select(OutboxEvent.type).filter_by(subject_id=review.public_id)).all()
    assert sorted(told) == ["review.approved", "review.hidden", "review.submitted"]


def test_only_what_was_delivered_can_be_reviewed_and_only_once_an_order(staff, terms, amber):
    other = make_product("Other")
    confirmed = placed_order(terms, (variants_of(amber)[0], 1), confirm=True)
    delivered = delivered_order(terms, staff, amber)
    with pytest.raises(Conflict, match="once it was delivered"):
        submit_review(confirmed.id, amber.public_id, words())
    with pytest.raises(NotFound):
        submit_review(delivered.id, other.public_id, words())

    submit_review(delivered.id, amber.public_id, words())

    with pytest.raises(Conflict, match="already"):
        submit_review(delivered.id, amber.public_id, words(1))
    again = delivered_order(terms, staff, amber)
    assert submit_review(again.id, amber.public_id, words(3)).rating == 3


def test_deciding_takes_the_permission_and_leaves_an_audit_row(staff, terms, amber):
    order = delivered_order(terms, staff, amber)
    review = submit_review(order.id, amber.public_id, words())
    stranger = Actor("staff", user_id=staff.user_id, permissions=frozenset({"orders:write"}))
    with pytest.raises(Forbidden):
        moderate_review(review.public_id, APPROVE, stranger)
    with pytest.raises(NotFound):
        moderate_review("rev_none", APPROVE, staff)

    shown = moderate_review(review.public_id, ModerateReview(decision="approve", reply="Thank you!"), staff)

    assert (shown.reply, shown.moderated_by) == ("Thank you!", staff.user_id)
    entry = db.session.scalars(select(AuditEntry).filter_by(subject_id=review.public_id)).one()
    assert (entry.action, entry.user_id) == ("review.approved", staff.user_id)
    assert entry.before == {"status": "pending", "reply": ""}
    assert entry.after == {"status": "approved", "reply": "Thank you!"}


def at_once(app, *calls):
    """Run the calls in threads of their own, all at one moment; what each returned or raised."""
    barrier = Barrier(len(calls))

    def run(call):
        with app.app_context():
            barrier.wait()
            try:
                return call()
            except Exception as error:
                return error
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


@pytest.mark.parametrize("decisions", [(APPROVE, APPROVE), (APPROVE, HIDE), (HIDE, HIDE, APPROVE, APPROVE)])
def test_whoever_decides_at_the_same_time_the_count_is_that_of_what_is_shown(app, staff, terms, amber, decisions):
    order = delivered_order(terms, staff, amber)
    for _ in range(4):
        review = submit_review(order.id, amber.public_id, words(3))

        at_once(app, *[partial(moderate_review, review.public_id, wanted, staff) for wanted in decisions])

        db.session.rollback()
        status = db.session.scalar(select(Review.status).filter_by(public_id=review.public_id))
        assert status in {"approved", "hidden"}
        before = figures(amber)
        moderate_review(review.public_id, HIDE, staff)
        assert before[0] == 3 * before[1]
        assert before[1] - figures(amber)[1] == (status == "approved")
        order = delivered_order(terms, staff, amber)


def test_many_reviews_of_a_product_approved_at_once_are_all_counted(app, staff, terms, amber):
    reviews = [
        submit_review(delivered_order(terms, staff, amber).id, amber.public_id, words(stars))
        for stars in (1, 2, 4, 5, 5)
    ]
    ids = [review.public_id for review in reviews]

    at_once(app, *[partial(moderate_review, review_id, APPROVE, staff) for review_id in ids])

    assert figures(amber) == (17, 5)


def test_a_second_press_at_the_same_moment_writes_one_review(app, staff, terms, amber):
    order = delivered_order(terms, staff, amber)

    results = at_once(app, *[lambda: submit_review(order.id, amber.public_id, words())] * 4)

    assert [type(result) for result in results].count(Review) == 1
    assert all(isinstance(result, Review | Conflict) for result in results)


def test_reviews_are_counted_by_stars_and_listed_newest_first(staff, terms, amber):
    reviews = [approved_review(terms, staff, amber, rating=stars) for stars in (5, 4, 4, 1)]
    submit_review(delivered_order(terms, staff, amber).id, amber.public_id, words(2))

    tally = tally_reviews(amber)

    assert (dict(tally.counts), tally.count, tally.average) == ({5: 1, 4: 2, 1: 1}, 4, 3.5)
    assert [tally.with_stars(stars) for stars in (None, 4, 2)] == [4, 2, 0]
    ids = [review.public_id for review in list_reviews(amber, ReviewFilter(limit=3))]
    assert ids == [review.public_id for review in reversed(reviews)][:3]
    assert [review.rating for review in list_reviews(amber, ReviewFilter(rating=4))] == [4, 4]


def test_a_token_opens_the_page_for_reviewing_its_order_until_it_ends(staff, terms, amber):
    order, now = delivered_order(terms, staff, amber), transaction_time()
    token = review_token(order, now + timedelta(days=1), terms.order_token_secrets)

    assert get_order_to_review(token, terms, now).id == order.id
    with pytest.raises(Gone):
        get_order_to_review(token, terms, now + timedelta(days=2))
    order_part, end, signature = token.split(".")
    later = f"{int(end, 16) + 10**6:08x}"
    other = delivered_order(terms, staff, amber).public_id.removeprefix("order_")
    for forged in ("", "x", f"{order_part}.{later}.{signature}", f"{other}.{end}.{signature}", token[:-1] + "é"):
        with pytest.raises(NotFound):
            get_order_to_review(forged, terms, now)
    db.session.execute(db.update(Order).filter_by(id=order.id).values(access_version=2))
    db.session.commit()
    with pytest.raises(NotFound):
        get_order_to_review(token, terms, now)


def test_an_order_names_each_product_once_with_the_review_it_has(staff, terms, amber):
    other = make_product("Other")
    order = delivered_order(terms, staff, amber, other)
    submit_review(order.id, other.public_id, words(2))
    token = review_token(order, transaction_time() + timedelta(days=1), terms.order_token_secrets)

    found = reviewables_of(get_order_to_review(token, terms, transaction_time()))

    assert [(row.line.product_name, row.review and row.review.rating) for row in found] == [
        ("Amber", None),
        ("Other", 2),
    ]


def test_a_customer_finds_the_order_that_they_can_review(staff, terms, amber):
    lina = make_customer()
    assert find_delivered_order_with(amber, lina.user_id) is None
    order = delivered_order(terms, staff, amber, actor=lina)
    assert find_delivered_order_with(amber, lina.user_id).id == order.id
    assert submit_review(order.id, amber.public_id, words()).user_id == lina.user_id
    assert find_delivered_order_with(amber, lina.user_id) is None


def test_a_form_and_a_body_are_refused_in_the_same_words(app):
    with pytest.raises(Invalid) as of_form:
        read_form(WriteReview, [("rating", "6"), ("title", "x" * 121), ("authorName", "y" * 61)])
    with pytest.raises(Invalid) as of_body:
        read_json(WriteReview, b'{"rating": 6, "title": "%s", "authorName": "%s"}' % (b"x" * 121, b"y" * 61))
    assert of_form.value.details == of_body.value.details
    assert {detail.field: detail.message for detail in of_form.value.details} == {
        "rating": "Enter 5 or less.",
        "title": "Use at most 120 characters.",
        "body": "Enter what you think of it.",
        "authorName": "Use at most 60 characters.",
    }
