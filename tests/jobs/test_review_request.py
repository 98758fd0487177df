"""The letter that asks for a review: once an order, some days after delivery, with a link that ends."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from shop.db import db, frozen_time, transaction_time
from shop.domain.events import Email
from shop.domain.orders.tokens import order_link
from shop.domain.outbox import revive_dead_emails, unasked_emails
from shop.domain.payments.refunds import RefundPayment, refund_payment
from shop.domain.reviews.queries import get_order_to_review
from shop.domain.reviews.tokens import VALID_FOR
from shop.jobs.emails import send_email
from shop.jobs.outbox import dispatch_all
from tests.conftest import make_product, make_staff
from tests.domain.reviews.stories import delivered_order

LINK = re.compile(r"http://localhost/reviews/([^\s\"<]+)")


@pytest.fixture
def order(app, terms):
    return delivered_order(terms, make_staff(), make_product("Rose Toner"), make_product("Amber & Oud"))


def due_letter():
    return db.session.scalars(select(Email).filter_by(kind="review_request")).one()


def test_it_is_due_three_days_after_delivery_and_not_before(order, mailbox, terms):
    now = transaction_time()
    dispatch_all()

    letter = due_letter()

    assert timedelta(days=3) <= letter.due_at - now < timedelta(days=3, minutes=5)
    assert letter.id not in unasked_emails()
    with frozen_time(letter.due_at):
        assert letter.id in unasked_emails()


def test_it_names_what_was_bought_and_opens_its_page_until_it_ends(order, mailbox, terms):
    dispatch_all()
    letter = due_letter()
    with frozen_time(letter.due_at):
        send_email(letter.id)

    (letter_id,) = mailbox.list_ids()
    message = mailbox.find(letter_id)
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    assert (message["To"], message["Subject"]) == ("lina@example.com", "How do you like what you ordered?")
    (token,), tokens = set(LINK.findall(text)), set(LINK.findall(html))
    assert tokens == {token}
    assert "Rose Toner" in text and "Amber & Oud" in text and "Amber &amp; Oud" in html
    assert max(map(len, (line for line in text.splitlines() if "http" not in line))) <= 64
    assert get_order_to_review(token, terms, letter.created_at + VALID_FOR - timedelta(minutes=1)).id == order.id


def test_who_got_all_the_money_back_is_not_asked(order, mailbox, client, terms):
    dispatch_all()
    refund_payment(order.id, make_staff(email="other@example.com"), RefundPayment(everything=True))
    letter = due_letter()
    with frozen_time(letter.due_at):
        send_email(letter.id)
        page = client.get(order_link(order, "", terms.order_token_secrets))

    db.session.rollback()
    assert (mailbox.list_ids(), due_letter().status) == ([], "dead")
    assert revive_dead_emails() == 0
    assert page.status_code == 200 and "Review what you bought" not in page.text


def test_who_got_part_of_the_money_back_is_asked(order, mailbox):
    dispatch_all()
    refund_payment(order.id, make_staff(email="other@example.com"), RefundPayment(otherAmount=100))
    letter = due_letter()
    with frozen_time(letter.due_at):
        send_email(letter.id)
    assert len(mailbox.list_ids()) == 1
