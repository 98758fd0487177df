"""Payment differences: which are open and overdue, settling one with a note, and who may."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shop.db import db
from shop.domain.audit.models import AuditEntry
from shop.domain.payments.differences import end_difference, note_difference
from shop.domain.payments.models import PaymentDifference
from tests.admin.pages import body, value_of
from tests.conftest import make_product, placed_order, variants_of


@pytest.fixture
def order(app, terms):
    return placed_order(terms, (variants_of(make_product("Amber"))[0], 1), confirm=True)


@pytest.fixture
def difference(order):
    """The public id of one that is open, of an order, and overdue since yesterday."""
    due_at = datetime.now(UTC) - timedelta(days=1)
    note_difference("books_payment", "pi_1", "Here <b>nothing</b>.", order_id=order.id, due_at=due_at)
    return db.session.scalars(db.select(PaymentDifference.public_id)).one()


def settle(browser, difference, **fields):
    token = value_of(browser.get("/admin"), "csrf_token")
    return browser.post(f"/admin/differences/{difference}/settlement", data={"csrf_token": token, **fields})


def row():
    db.session.expire_all()
    return db.session.scalars(db.select(PaymentDifference)).one()


def test_the_list_tells_what_differs_of_which_order_and_what_is_overdue(owner, order, difference):
    note_difference("refund_failed", "ref_2", "It could not be given back.")
    page = owner.get("/admin/differences")
    text = body(page)
    assert "A payment differs" in text and "A refund failed" in text and text.count("Overdue") == 1
    assert f'href="/admin/orders/{order.public_id}">{order.number}</a>' in page.text
    assert "&lt;b&gt;nothing" in page.text
    assert "could not be" in text and "could not be" not in body(owner.get(f"/admin/differences?q={order.number}"))
    assert "could not be" not in body(owner.get("/admin/differences?kind=books_payment"))
    assert "Here <b>nothing</b>." in owner.get("/admin/differences.csv").text


def test_settling_takes_a_note_and_is_written_down(owner, difference):
    assert "what you did about it" in body(owner.get(settle(owner, difference, note=" ").location)).lower()
    assert row().resolved_at is None

    answer = settle(owner, difference, note="Booked by hand")
    page = owner.get(answer.location)
    assert "The difference is settled." in body(page) and "Booked by hand" in body(page)
    assert "Overdue" not in body(page) and "/settlement" not in page.text
    assert row().resolution == "Booked by hand" and row().user_id is not None
    entry = db.session.scalars(db.select(AuditEntry).filter_by(subject_kind="payment_difference")).one()
    assert entry.action == "payment.difference_resolved" and entry.subject_id == difference


def test_what_is_settled_is_not_settled_again(owner, difference):
    settle(owner, difference, note="First")
    assert "settled this already" in body(owner.get(settle(owner, difference, note="Second").location))
    assert row().resolution == "First"


def test_what_the_shop_settled_itself_says_so(owner, difference):
    end_difference("books_payment", "pi_1", "The books agree.")
    text = body(owner.get(f"/admin/differences/{difference}"))
    assert "The books agree." in text and "The shop" in text
    assert "A payment differs" in body(owner.get("/admin/differences?tab=settled"))
    assert "The provider's books and ours agree." in body(owner.get("/admin/differences"))


def test_one_that_is_not_there(owner):
    assert owner.get("/admin/differences/dif_x").status_code == 404
    assert settle(owner, "dif_x", note="x").status_code == 404


def test_only_who_may_refund_settles(staff_who_may, difference):
    clerk = staff_who_may("orders:read", "orders:write")
    assert "/settlement" not in clerk.get(f"/admin/differences/{difference}").text
    assert settle(clerk, difference, note="Mine").status_code == 403
    assert row().resolved_at is None


def test_the_home_page_says_how_many_are_open(owner, difference):
    page = owner.get("/admin")
    assert "1 Payments that differ" in body(page) and "/admin/differences?tab=open" in page.text


def test_the_list_has_as_many_statements_for_many_as_for_one(owner, terms, difference, statements):
    with statements() as few:
        owner.get("/admin/differences")
    soap = variants_of(make_product(stock=10))[0]
    for number in range(5):
        note_difference("dispute", f"dp_{number}", "x", order_id=placed_order(terms, (soap, 1)).id)
    with statements() as many:
        owner.get("/admin/differences")
    assert len(many) == len(few)
