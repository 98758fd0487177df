"""The queue of reviews: one after the other, many at once, and who may."""

from __future__ import annotations

import re

import pytest

from shop.db import db
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.models import Listing
from shop.domain.reviews.models import Review
from shop.domain.reviews.operations import submit_review
from tests.admin.pages import body, fields_of, value_of
from tests.conftest import make_product, make_staff
from tests.domain.reviews.stories import delivered_order, words


@pytest.fixture
def products(app):
    return make_product("Amber"), make_product("Balm"), make_product("Cream")


@pytest.fixture
def waiting(owner, products, terms):
    """Three reviews of one order, the oldest first."""
    order = delivered_order(terms, make_staff(email="packer@example.com"), *products)
    return [
        submit_review(order.id, product.public_id, words(rating, title=f"On {product.name}")).public_id
        for rating, product in zip((5, 2, 4), products, strict=True)
    ]


def decide(owner, review_id, name, **fields):
    token = value_of(owner.get("/admin"), "csrf_token")
    return owner.post(f"/admin/reviews/{review_id}/{name}", data={"csrf_token": token, **fields})


def states():
    db.session.expire_all()
    return list(db.session.scalars(db.select(Review.status).order_by(Review.id)))


def counted(product):
    db.session.expire_all()
    row = db.session.get_one(Listing, product.id)
    return row.rating_count, row.rating_sum


def actions():
    db.session.rollback()
    rows = db.session.scalars(db.select(AuditEntry.action).order_by(AuditEntry.id))
    return [action for action in rows if action.startswith("review.")]


def test_the_queue_leads_from_one_to_the_next_and_back_to_the_list(owner, waiting, products):
    first, second, third = waiting
    assert decide(owner, first, "approval", reply="Thank you!").location == f"/admin/reviews/{second}"
    assert decide(owner, second, "hiding").location == f"/admin/reviews/{third}"
    assert decide(owner, third, "approval").location == "/admin/reviews"

    assert states() == ["approved", "hidden", "approved"]
    assert [counted(product) for product in products] == [(1, 5), (0, 0), (1, 4)]
    assert actions() == ["review.approved", "review.hidden", "review.approved"]
    assert "no reviews here" in body(owner.get("/admin/reviews"))


def test_who_begins_in_the_middle_comes_round_to_the_first(owner, waiting):
    assert decide(owner, waiting[2], "approval").location == f"/admin/reviews/{waiting[0]}"


def test_deciding_anew_stays_on_the_page(owner, waiting, products):
    decide(owner, waiting[0], "approval")
    address = f"/admin/reviews/{waiting[0]}"
    assert decide(owner, waiting[0], "hiding").location == address
    page = owner.get(address)
    assert "The review was hidden." in body(page) and "Approve" in body(page)
    assert counted(products[0]) == (0, 0)


def test_a_reply_is_written_changed_and_taken_away_while_the_review_is_shown(owner, waiting):
    decide(owner, waiting[0], "approval", reply="Thank you!")
    page = owner.get(f"/admin/reviews/{waiting[0]}")
    assert "Thank you!" in body(page) and "Save the reply" in body(page)
    decide(owner, waiting[0], "reply", reply="")
    assert db.session.scalars(db.select(Review.reply).filter_by(public_id=waiting[0])).one() == ""

    decide(owner, waiting[0], "hiding")
    answer = decide(owner, waiting[0], "reply", reply="Too late")
    assert "not shown any more" in body(owner.get(answer.location)) and states()[0] == "hidden"


def test_the_list_has_what_is_needed_to_decide(owner, waiting):
    text = body(owner.get("/admin/reviews"))
    assert re.search(r"Waiting 3 .*Approved 0 .*Hidden 0 .*All 3", text)
    assert "On Amber" in text and "It does what it says." in text and "5 out of 5 stars" in text
    assert text.index("On Amber") < text.index("On Cream")
    assert "On Balm" not in body(owner.get("/admin/reviews?q=amber says"))
    assert "On Balm" in body(owner.get("/admin/reviews?q=BALM"))
    assert "It does what it says." in owner.get("/admin/reviews.csv").text


def test_a_review_shows_its_product_its_order_and_its_buyers_others(owner, waiting, products):
    page = owner.get(f"/admin/reviews/{waiting[0]}")
    assert f"/admin/products/{products[0].public_id}" in page.text
    assert "/admin/orders/order_" in page.text
    assert "On Balm" in body(page) and "On Cream" in body(page)
    assert f"/products/{products[0].slug}" in page.text


def test_many_are_decided_at_once(owner, waiting, products):
    token = value_of(owner.get("/admin"), "csrf_token")
    data = {"csrf_token": token, "action": "reviews.approval", "which": "match"}
    page = owner.post("/admin/reviews/bulk", data=data)
    assert "Approve: 3 reviews" in body(page)
    done = owner.post("/admin/reviews/bulk", data={**fields_of(page), "id": waiting, "step": "do"})
    assert "Done 3 of 3" in body(owner.get(done.location))
    assert states() == ["approved"] * 3 and counted(products[1]) == (1, 2)
    assert actions() == ["review.approved"] * 3


def test_the_home_page_says_how_many_wait(owner, waiting):
    page = owner.get("/admin")
    assert "3 Reviews waiting" in body(page) and "/admin/reviews?tab=waiting" in page.text


def test_reading_is_not_deciding(staff_who_may, waiting):
    reader = staff_who_may("reviews:read")
    page = reader.get(f"/admin/reviews/{waiting[0]}")
    assert page.status_code == 200 and f"{waiting[0]}/approval" not in page.text
    assert "/admin/orders/" not in page.text and "/admin/products/" not in page.text
    assert decide(reader, waiting[0], "approval").status_code == 403
    assert states() == ["pending"] * 3


def test_what_buyers_write_is_text(owner, products, terms):
    order = delivered_order(terms, make_staff(email="packer@example.com"), products[0])
    wish = words(title="<b>x</b>", body="=HYPERLINK(1)\n<script>")
    review = submit_review(order.id, products[0].public_id, wish)
    page = owner.get(f"/admin/reviews/{review.public_id}")
    assert "&lt;script&gt;" in page.text and "<b>x</b>" not in page.text
    assert "'=HYPERLINK" in owner.get("/admin/reviews.csv").text
