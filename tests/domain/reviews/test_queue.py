"""The queue of reviews: which waits next, what else its buyer wrote, and deciding on many."""

from __future__ import annotations

import pytest

from shop.db import db
from shop.domain.reviews.bulk import approve, hide, names_of
from shop.domain.reviews.models import Review
from shop.domain.reviews.operations import ReplyWish, reply_to_review, submit_review
from shop.domain.reviews.queries import find_next_waiting, get_review, is_waiting, list_reviews_beside
from shop.errors import Conflict, Forbidden
from tests.conftest import make_product, make_staff
from tests.domain.reviews.stories import delivered_order, words


@pytest.fixture
def staff(app):
    return make_staff()


@pytest.fixture
def waiting(terms, staff):
    """Two reviews of one order and one of another of the same guest."""
    first, second = make_product("Amber"), make_product("Balm")
    order, later = delivered_order(terms, staff, first, second), delivered_order(terms, staff, first)
    told = [(order, first), (order, second), (later, first)]
    return [submit_review(order.id, product.public_id, words()).public_id for order, product in told]


def test_the_queue_goes_round_and_ends_with_the_last(waiting, staff):
    first, second, third = waiting
    assert [find_next_waiting(each) for each in waiting] == [second, third, first]
    approve(second, None, staff)
    assert find_next_waiting(first) == third and not is_waiting(second)
    hide(third, None, staff)
    assert find_next_waiting(first) is None and find_next_waiting("rev_none") is None


def test_what_else_the_buyer_wrote_is_found_by_order_and_address(waiting):
    db.session.rollback()
    beside = list_reviews_beside(get_review(waiting[0]))
    assert [each.public_id for each in beside] == [waiting[2], waiting[1]]


def test_deciding_on_many_says_what_was_done_to_each(waiting, staff):
    assert approve(waiting[0], None, staff) == "approved"
    assert approve(waiting[0], None, staff) == ""
    assert hide(waiting[0], None, staff) == "hidden"
    assert names_of(waiting[:1]) == {waiting[0]: "Amber: Good"}
    with pytest.raises(Forbidden):
        approve(waiting[1], None, make_staff("reviews:read", email="reader@example.com"))


def test_only_what_is_shown_is_answered(waiting, staff):
    with pytest.raises(Conflict):
        reply_to_review(waiting[0], ReplyWish(reply="Thank you"), staff)
    approve(waiting[0], None, staff)
    assert reply_to_review(waiting[0], ReplyWish(reply="Thank you"), staff).reply == "Thank you"
    assert reply_to_review(waiting[0], ReplyWish(), staff).reply == ""
    db.session.rollback()
    assert db.session.scalars(db.select(Review.status).filter_by(public_id=waiting[0])).one() == "approved"
