"""The letters about an order on its way: one for each parcel, delivery, cancellation and refund, in HTML and text."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest

from shop.db import db, frozen_time, transaction_time
from shop.domain.checkout import cancel_order, cancel_unpaid_orders
from shop.domain.events import Email
from shop.domain.orders.shipments import ShipOrder, ship_order
from shop.domain.payments.operations import refuse_parcel
from shop.domain.payments.refunds import RefundPayment, refund_payment
from shop.jobs.emails import send_email
from shop.jobs.outbox import dispatch_all
from tests.conftest import SHOPPER, make_product, make_staff, placed_order, variants_of
from tests.domain.orders.stories import delivered_order, packed_order
from tests.domain.payments.conftest import card_order
from tests.domain.payments.fake_provider import SLOW, FakeProvider
from tests.domain.payments.stories import pay, send_all
from tests.jobs.test_emails import plain, seen


@pytest.fixture
def staff(app):
    return make_staff()


@pytest.fixture
def variants(app):
    return variants_of(make_product("Amber & Oud", stock=10, price="20.00", variants=["30 ml", "50 ml"]))


def letters(mailbox, kind):
    """(subject, text, HTML as it is read) of each letter of this kind, sent now."""
    db.session.rollback()
    dispatch_all()
    found = []
    for email in db.session.scalars(db.select(Email).filter_by(kind=kind).order_by(Email.id)).all():
        before = set(mailbox.list_ids())
        send_email(email.id)
        (letter_id,) = set(mailbox.list_ids()) - before
        message = mailbox.find(letter_id)
        text, html = (message.get_body((each,)).get_content() for each in ("plain", "html"))
        assert max(map(len, (line for line in text.splitlines() if "http" not in line))) <= 64
        assert "{{" not in html and "None" not in unescape(html)
        assert message["To"] == "lina@example.com"
        found.append((message["Subject"], plain(text), plain(seen(html))))
    return found


def test_each_parcel_has_its_letter(app, terms, staff, variants, mailbox):
    order = packed_order(terms, staff, (variants[0], 2), (variants[1], 1))
    day = transaction_time().date() + timedelta(days=4)
    first = {order.line_items[0].public_id: 1}
    wish = ShipOrder(quantities=first, carrier="DHL", trackingNumber="JD 01", estimatedDelivery=day)
    ship_order(order.id, staff, wish)
    ship_order(order.id, staff)

    one, two = letters(mailbox, "shipment_sent")

    assert one[0] == two[0] == f"A parcel of your order {order.number}"
    for words in one[1:]:
        assert f"{day:%a} {day.day} {day:%b %Y}" in words and "JD 01" in words and "DHL" in words
        assert "In this parcel" in words and "To follow" in words and "Amber & Oud" in words
        assert "To pay with this parcel Nothing" in words and "1 Rainbow Street" in words
        assert "at the door, in cash" not in words and "in cash at the door" not in words
    assert "With the last one, in cash $64.90" in one[1] and "With the last one: $64.90, in cash." in one[2]
    assert all("To pay at the door, in cash $64.90" in words for words in two[1:])
    assert "1 × Amber & Oud, 30 ml" in one[1] and "1 × Amber & Oud, 50 ml" in one[1]
    assert all("Part of your order left our house." in words for words in one[1:])
    assert all("The rest of your order left our house." in words for words in two[1:])
    assert "To follow" not in two[1] + two[2]


def test_an_order_in_one_parcel_is_on_its_way(app, terms, staff, variants, mailbox):
    order = packed_order(terms, staff, (variants[0], 2))
    ship_order(order.id, staff)
    ((subject, text, html),) = letters(mailbox, "shipment_sent")
    assert subject == f"Your order {order.number} is on its way"
    assert "Your order left our house." in text and "Your order left our house." in html
    assert "Tracking number" not in text + html and "Carrier" not in text


def test_a_delivered_order_says_until_when_it_can_come_back(app, terms, staff, variants, mailbox):
    order = delivered_order(terms, staff, (variants[0], 2))
    ((subject, text, html),) = letters(mailbox, "order_delivered")
    until = transaction_time().date() + timedelta(days=30)
    assert subject == f"Your order {order.number} was delivered"
    assert f"{until.day} {until:%b %Y}" in text and f"{until.day} {until:%b %Y}" in html
    assert "2 × Amber & Oud, 30 ml" in text


def test_who_cancelled_and_why_is_told(app, terms, staff, variants, mailbox):
    by_staff, by_customer = (placed_order(terms, (variants[0], 1), confirm=True) for _ in range(2))
    unconfirmed = placed_order(terms, (variants[0], 1))
    cancel_order(by_staff.id, staff, reason="We broke it")
    cancel_order(by_customer.id, SHOPPER, reason="Cancelled on the order page")
    with frozen_time(transaction_time() + timedelta(minutes=16)):
        cancel_unpaid_orders()

    one, two, three = letters(mailbox, "order_cancelled")

    assert unconfirmed.number in three[0]
    for words in one[1:]:
        assert "We cancelled your order." in words and "We broke it" in words and "Nothing is due." in words
    for words in two[1:]:
        assert "You cancelled your order." in words and "order page" not in words.partition("Would you")[0]
    for words in three[1:]:
        assert "not confirmed in time" in words


def test_a_parcel_refused_at_the_door_is_a_cancelled_order(app, terms, staff, variants, mailbox):
    order = packed_order(terms, staff, (variants[0], 1))
    ship_order(order.id, staff)
    refuse_parcel(order.id, staff)
    ((_, text, html),) = letters(mailbox, "order_cancelled")
    assert "Refused at the door" in text and "Refused at the door" in html
    assert "Nothing will be sent" not in text + html


def test_a_refund_says_what_for_and_what_it_comes_to(app, terms, staff, variants, mailbox):
    order = delivered_order(terms, staff, (variants[0], 2))
    units = {order.line_items[0].public_id: 1}
    refund_payment(order.id, staff, RefundPayment(quantities=units, shipping=True, reason="It leaked"))
    refund_payment(order.id, staff, RefundPayment(otherAmount=500))

    one, two = letters(mailbox, "order_refunded")

    assert one[0] == f"$24.90 of your order {order.number} is given back"
    for words in one[1:]:
        assert "1 × Amber & Oud, 30 ml $20.00" in words and "Delivery $4.90" in words
        assert "Given back $24.90" in words and "It leaked" in words and "in all" not in words
    for words in two[1:]:
        assert "To make up for it $5.00" in words and "$29.90 of $44.90 in all" in words


def test_letters_about_a_card_name_it_and_say_what_became_of_its_money(app, terms, staff, variants, mailbox):
    terms, provider = replace(terms, takes_cards=True), FakeProvider()
    paid, gone = (card_order(terms, (variants[0], 1)) for _ in range(2))
    for order in (paid, gone):
        pay(order, terms, provider)
    cancel_order(gone.id, staff)
    refund_payment(paid.id, staff, RefundPayment(otherAmount=500))
    send_all(provider)

    still, since = letters(mailbox, "order_confirmed")
    for words in still[1:]:
        assert "Paid with Visa ending in 4242 and refunded in part" in words
    for words in since[1:]:
        assert "Nothing will be sent, and $24.90 is given back to you." in words and "nothing is due" not in words
    for _, *both in letters(mailbox, "order_refunded"):
        for words in both:
            assert "to Visa ending in 4242. Your bank may take up to ten days to show it." in words


def test_an_order_cancelled_while_the_bank_looks_at_the_card_says_so_in_its_letter(
    app, terms, staff, variants, mailbox
):
    terms = replace(terms, takes_cards=True)
    order = card_order(terms, (variants[0], 1))
    pay(order, terms, FakeProvider(), card=SLOW)
    cancel_order(order.id, staff)

    ((_, *both),) = letters(mailbox, "order_cancelled")

    for words in both:
        assert "If your bank takes the money for it after all, we give it back at once." in words
