"""Who gets into the admin, and how."""

from __future__ import annotations

import re

import pytest

from shop.db import db
from shop.domain.audit.models import AuditEntry
from shop.domain.customers.models import UserSession
from tests.admin.pages import body, sign_in, value_of
from tests.conftest import make_customer, make_staff
from tests.storefront.pages import sign_in as sign_in_as_customer


@pytest.fixture
def staff(app):
    return make_staff(email="owner@example.com")


def test_a_member_of_staff_comes_in_and_is_told_of_the_time_before(client, staff):
    answer = sign_in(client, "owner@example.com")
    assert answer.status_code == 303 and answer.location == "/admin"
    assert "This is your first sign-in." in body(client.get("/admin"))

    client.post("/admin/sign-out", data={"csrf_token": value_of(client.get("/admin"), "csrf_token")})
    sign_in(client, "owner@example.com")

    assert re.search(r"You signed in last on .+ UTC, from 127.0.0.1", body(client.get("/admin")))
    entries = db.session.scalars(db.select(AuditEntry).filter_by(action="staff.signed_in")).all()
    assert len(entries) == 2


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("owner@example.com", "wrong"),
        ("nobody@example.com", "correct horse battery"),
        ("lina@example.com", "correct horse battery"),
        ("' OR 1=1 --", "x"),
    ],
)
def test_whoever_is_not_of_the_staff_is_refused_in_the_same_words(client, staff, email, password):
    make_customer()
    answer = sign_in(client, email, password)
    assert answer.status_code == 401
    assert "The e-mail address and the password do not belong together." in body(answer)
    assert client.get("/admin").location == "/admin/sign-in?next=/admin"


def test_a_guest_is_led_to_the_sign_in_and_back(client, staff):
    answer = client.get("/admin/categories?sort=-updated")
    assert answer.status_code == 303 and answer.location == "/admin/sign-in?next=/admin/categories?sort%3D-updated"

    wanted = value_of(client.get(answer.location), "next")
    assert sign_in(client, "owner@example.com", next=wanted).location == "/admin/categories?sort=-updated"


@pytest.mark.parametrize("wanted", ["https://evil.com", "//evil.com", "/account", "/administrator", "/\\evil.com", ""])
def test_signing_in_leads_nowhere_but_into_the_admin(client, staff, wanted):
    assert sign_in(client, "owner@example.com", next=wanted).location == "/admin"


def test_a_customer_is_told_that_this_is_for_staff(client, staff):
    make_customer()
    sign_in_as_customer(client)
    answer = client.get("/admin")
    assert answer.status_code == 403
    assert "This part of the shop is for its staff." in body(answer)
    assert sign_in(client, "owner@example.com").status_code == 303


def test_a_session_of_staff_ends_after_half_an_hour_unused(client, staff):
    sign_in(client, "owner@example.com")
    row = db.session.scalars(db.select(UserSession)).one()
    assert (row.expires_at - row.created_at).total_seconds() == 30 * 60


def test_signing_out_ends_the_session(app, client, staff):
    sign_in(client, "owner@example.com")
    cookie = client.get_cookie("session").value
    answer = client.post("/admin/sign-out", data={"csrf_token": value_of(client.get("/admin"), "csrf_token")})
    assert answer.location == "/admin/sign-in"
    thief = app.test_client()
    thief.set_cookie("session", cookie)
    assert thief.get("/admin").status_code == 303


def test_too_many_failed_tries_are_a_lock_out_in_words(limited_client, staff):
    client = limited_client()
    assert [sign_in(client, "owner@example.com", "wrong").status_code for _ in range(6)] == [401] * 5 + [429]
    refused = sign_in(client, "owner@example.com")
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 0
    assert re.search(r"Signing in is locked for (a minute|\d+ (minutes|seconds))", body(refused))


def test_both_doors_count_the_same_tries(limited_client, staff):
    client = limited_client()
    for _ in range(5):
        sign_in_as_customer(client, "owner@example.com", "wrong")
    assert sign_in(client, "owner@example.com").status_code == 429


def test_what_is_not_there_is_said_in_the_admins_look(owner):
    answer = owner.get("/admin/nothing")
    assert answer.status_code == 404
    assert "Nothing is here" in body(answer) and 'class="admin-rail"' in answer.text
