"""Disputes: read with their order, amount, reason and deadline, and answered elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shop.db import db
from shop.domain.payments.models import Dispute
from tests.admin.pages import body, value_of
from tests.conftest import make_product, placed_order, variants_of
from tests.domain.payments.stories import make_dispute


@pytest.fixture
def soap(app):
    return variants_of(make_product("Soap", stock=20))[0]


@pytest.fixture
def order(terms, soap):
    return placed_order(terms, (soap, 1), confirm=True)


def address():
    return f"/admin/disputes/{db.session.scalars(db.select(Dispute.public_id)).one()}"


def test_the_list_and_the_page_say_what_the_bank_wants_and_until_when(owner, order):
    make_dispute(order, evidence_due_at=datetime(2020, 5, 4, 12, tzinfo=UTC))
    page, detail = owner.get("/admin/disputes"), owner.get(address())
    for text in (body(page), body(detail)):
        assert "$5.00" in text and "Fraudulent" in text and "Needs response" in text
        assert "Mon 4 May 2020" in text and "Overdue" in text
    assert f"/admin/orders/{order.public_id}" in page.text and f"/admin/orders/{order.public_id}" in detail.text
    assert "Answer it at the payment provider by" in body(detail)


def test_one_that_is_closed_or_not_yet_due_is_not_overdue(owner, order):
    make_dispute(order, evidence_due_at=datetime.now(UTC) + timedelta(days=3))
    assert "Overdue" not in body(owner.get("/admin/disputes"))
    make_dispute(order, status="won", is_closed=True, evidence_due_at=datetime(2020, 5, 4, tzinfo=UTC))
    assert "No bank wants money back." in body(owner.get("/admin/disputes"))
    closed = body(owner.get("/admin/disputes?tab=closed"))
    assert "Won" in closed and "Overdue" not in closed
    assert "The bank closed it: won." in body(owner.get(address()))


def test_it_is_found_by_its_order_and_exported(owner, order):
    make_dispute(order)
    assert "Fraudulent" in body(owner.get(f"/admin/disputes?q={order.number}"))
    assert "Fraudulent" not in body(owner.get("/admin/disputes?q=SKN-1"))
    assert f'"{order.number}","5.00","Fraudulent","needs_response"' in owner.get("/admin/disputes.csv").text


def test_it_is_read_only_and_for_who_may_read_orders(owner, order, staff_who_may):
    make_dispute(order)
    token = value_of(owner.get("/admin"), "csrf_token")
    assert owner.post(address(), data={"csrf_token": token}).status_code == 405
    assert owner.get("/admin/disputes/dis_x").status_code == 404
    editor = staff_who_may("catalog:read")
    assert editor.get(address()).status_code == 403 and "/admin/disputes" not in editor.get("/admin").text


def test_the_list_has_as_many_statements_for_many_as_for_one(owner, terms, soap, order, statements):
    make_dispute(order)
    with statements() as few:
        owner.get("/admin/disputes")
    for number in range(4):
        make_dispute(placed_order(terms, (soap, 1), confirm=True), f"dp_more_{number}")
    with statements() as many:
        owner.get("/admin/disputes")
    assert len(many) == len(few)
