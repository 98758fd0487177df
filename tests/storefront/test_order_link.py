"""Find my order: the same answer for everyone, and the link by e-mail for who ordered."""

from __future__ import annotations

import re

import pytest

from shop.db import db
from shop.domain.events import Email
from shop.domain.outbox import unasked_emails
from shop.jobs.emails import send_email
from shop.jobs.outbox import dispatch_all
from tests.conftest import make_product, placed_order, variants_of
from tests.jobs.conftest import mailbox  # noqa: F401 (a fixture)
from tests.storefront.pages import body, value_of


@pytest.fixture
def order(terms):
    return placed_order(terms, (variants_of(make_product("Amber"))[0], 1))


def ask(client, number, email="lina@example.com", **kwargs):
    return client.post("/order-links", data={"number": number, "email": email}, **kwargs)


def kinds_of_email():
    dispatch_all()
    db.session.rollback()
    return sorted(db.session.scalars(db.select(Email.kind)))


def test_who_lost_the_link_finds_the_form_and_gets_the_link(client, order, mailbox):  # noqa: F811
    form = client.get("/pages/track-order")
    assert 'action="/order-links"' in form.text and 'name="number"' in form.text and 'name="email"' in form.text

    answer = ask(client, order.number.lower(), "LINA@example.com")

    assert answer.status_code == 303 and answer.location == "/order-links"
    assert "If there is such an order, we have sent its link to that address." in body(client.get("/order-links"))
    dispatch_all()
    send_email(unasked_emails()[0])
    (letter_id,) = mailbox.list_ids()
    message = mailbox.find(letter_id)
    assert message["To"] == "lina@example.com" and message["Subject"] == f"The link to your order {order.number}"
    for kind in ("plain", "html"):
        (link,) = set(re.findall(r'http://localhost(/orders/[^\s"<]+)', message.get_body((kind,)).get_content()))
        assert f"Order {order.number}" in body(client.get(link))


@pytest.mark.parametrize("email", ["omar@example.com", "lina@example.com"])
def test_a_hit_and_a_miss_are_answered_alike(client, order, email):
    hit, miss = ask(client, order.number), ask(client, "SKN-2020-999999", email)
    drop = {"X-Request-ID"}
    assert hit.status_code == miss.status_code and hit.data == miss.data
    assert {k: v for k, v in hit.headers if k not in drop} == {k: v for k, v in miss.headers if k not in drop}
    assert kinds_of_email() == ["order_link"]


def test_a_wrong_address_and_a_wrong_number_send_nothing(client, order):
    assert ask(client, order.number, "omar@example.com").status_code == 303
    assert ask(client, "SKN-2020-999999").status_code == 303
    assert kinds_of_email() == []


def test_asking_again_and_again_sends_one(client, order):
    for _ in range(5):
        assert ask(client, order.number).status_code == 303
    assert kinds_of_email() == ["order_link"]


@pytest.mark.parametrize(
    ("number", "email"),
    [("", ""), ("", "lina@example.com"), ("SKN-1", "lina"), ("x" * 99, "a@b.com"), ("\x00", "a@b.com")],
)
def test_what_cannot_be_read_is_asked_for_again_and_kept(client, order, number, email):
    answer = ask(client, number, email)
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text
    assert value_of(answer, "email") == email and answer.headers["Cache-Control"] == "private, no-store"
    assert kinds_of_email() == []


def test_it_may_be_asked_a_few_times_only(limited_client, order):
    client = limited_client(ratelimit_order_link="2 per 15 minutes")
    answers = [ask(client, f"SKN-2020-00000{number}").status_code for number in range(3)]
    assert answers == [303, 303, 429]
    last = ask(client, order.number)
    assert last.status_code == 429 and int(last.headers["Retry-After"]) > 0
    assert client.get("/pages/track-order").status_code == 200


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": None}], ids=str)
def test_a_form_from_elsewhere_sends_nothing(client, order, headers):
    assert ask(client, order.number, headers=headers).status_code == 403
    assert kinds_of_email() == []


def test_a_link_that_opens_nothing_leads_to_the_form(client, order):
    page = client.get(f"/orders/{order.public_id}?token=old")
    assert page.status_code == 404 and "Have its link mailed to you again" in body(page)
    assert "Have its link" not in body(client.get("/products/nothing"))
