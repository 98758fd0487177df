"""Webhooks of the provider: what became of each, trying a parked one again, and no secret anywhere."""

from __future__ import annotations

import re

import pytest

from shop.db import db
from shop.domain.audit.models import AuditEntry
from shop.domain.payments.models import ProviderEvent
from tests.admin.pages import body, value_of
from tests.domain.payments.stories import make_event


@pytest.fixture
def parked(app):
    return make_event()


def try_again(browser, event):
    token = value_of(browser.get("/admin"), "csrf_token")
    return browser.post(f"/admin/webhooks/{event}/retry", data={"csrf_token": token})


def state():
    db.session.expire_all()
    return tuple(db.session.execute(db.select(ProviderEvent.status, ProviderEvent.attempts)).one())


def test_each_tab_has_its_own(owner, parked):
    for status in ("received", "applied", "ignored"):
        make_event(f"evt_{status}", status, "", type=f"refund.{status}")
    text = body(owner.get("/admin/webhooks"))
    assert re.search(r"Parked 1 .*Received 1 .*Applied 1 .*Ignored 1 .*All 4", text)
    assert "It cannot be asked." in text and "payment_intent.succeeded" in text and "pi_1" in text
    for status in ("received", "applied", "ignored"):
        rows = owner.get(f"/admin/webhooks?tab={status}&type=refund.{status}&q=EVT_{status}")
        assert rows.status_code == 200 and "1–1 of 1" in body(rows)


def test_no_page_shows_the_body(owner, parked, statements):
    with statements() as sent:
        pages = [owner.get(f"/admin/webhooks{each}") for each in ("", "?tab=all", f"/{parked}", ".csv")]
    assert [page.status_code for page in pages] == [200] * 4
    assert not any("secret" in page.text for page in pages)
    assert not any("provider_events.payload" in each for each in sent if not each.startswith("SELECT count"))


def test_a_parked_one_is_tried_again(owner, parked):
    assert "Try again" in body(owner.get(f"/admin/webhooks/{parked}"))
    page = owner.get(try_again(owner, parked).location)
    assert "It is tried again in a moment." in body(page) and "/retry" not in page.text
    assert state() == ("received", 0)
    entry = db.session.scalars(db.select(AuditEntry).filter_by(subject_kind="provider_event")).one()
    assert entry.action == "provider_event.retried" and entry.subject_id == parked


@pytest.mark.parametrize("status", ["received", "applied", "ignored"])
def test_what_is_not_parked_is_not_tried_again(owner, status):
    event = make_event(status=status)
    assert "/retry" not in owner.get(f"/admin/webhooks/{event}").text
    assert f"It is {status} already" in body(owner.get(try_again(owner, event).location))
    assert state() == (status, 1)


def test_one_that_is_not_there(owner):
    assert owner.get("/admin/webhooks/whk_x").status_code == 404
    assert try_again(owner, "whk_x").status_code == 404


def test_reading_is_not_trying_again(staff_who_may, parked):
    clerk = staff_who_may("orders:read", "orders:write")
    assert "/retry" not in clerk.get(f"/admin/webhooks/{parked}").text
    assert try_again(clerk, parked).status_code == 403 and state() == ("parked", 8)


def test_the_home_page_says_how_many_are_parked(owner, parked):
    assert "1 Webhooks parked" in body(owner.get("/admin"))


def test_the_list_has_as_many_statements_for_many_as_for_one(owner, parked, statements):
    with statements() as few:
        owner.get("/admin/webhooks")
    for number in range(5):
        make_event(f"evt_more_{number}")
    with statements() as many:
        owner.get("/admin/webhooks")
    assert len(many) == len(few)
