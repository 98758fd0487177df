"""Sending an e-mail: what it says, and that whatever goes wrong it is sent later, once."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jinja2
import pytest
from flask import Flask

from shop.db import db
from shop.domain.actors import Actor
from shop.domain.checkout import check_out_with_cash
from shop.domain.events import Email
from shop.domain.orders.models import Order
from shop.domain.orders.queries import get_order
from shop.domain.outbox import claim_email, unasked_emails
from shop.domain.terms import Terms
from shop.gateways.mail import MailError
from shop.jobs.emails import send_email
from shop.jobs.outbox import dispatch_all
from tests.conftest import SHOPPER, address, cart_with, make_product, order_wish, variants_of
from tests.conftest import test_settings as settings_for_tests
from tests.jobs.conftest import TestMailbox


def row(email_id: int) -> Email:
    db.session.rollback()
    return db.session.get_one(Email, email_id)


def parts(mailbox: TestMailbox) -> tuple[str, str]:
    """The text and the HTML of the one letter."""
    (letter_id,) = mailbox.list_ids()
    message = mailbox.find(letter_id)
    assert message is not None
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text is not None
    assert html is not None
    return text.get_content().replace("\r\n", "\n"), html.get_content()


def send_confirmation(terms: Terms, name: str = "Rose Toner", **wish: object) -> Order:
    """Place and confirm an order of two 100 ml at $20.00, and send its e-mail."""
    variant = variants_of(make_product(name, price="20.00", variants=["100 ml"]))[0]
    order = check_out_with_cash(order_wish(cart_with(terms, (variant, 2)), **wish), SHOPPER, terms)
    dispatch_all()
    send_email(unasked_emails()[0])
    return order


def test_the_letter_has_the_orders_figures_address_and_day(app: Flask, terms: Terms, mailbox: TestMailbox) -> None:
    order = send_confirmation(terms)

    for part in parts(mailbox):
        words = re.sub(r"<[^>]+>|\s+", " ", part)
        for expected in (order.number, "Rose Toner, 100 ml", "$20.00", "$40.00", "$4.90", "$44.90"):
            assert str(expected) in part
        for expected in ("Lina Haddad", "1 Rainbow Street", "New York, NY 10001", "United States", "Standard"):
            assert expected in words
        assert order.estimated_delivery is not None
        assert f"{order.estimated_delivery:%A}, {order.estimated_delivery.day}" in part


@pytest.mark.parametrize(
    ("changes", "lines", "note"),
    [
        ({"tax_rate_percent": "8"}, {"Subtotal": 4000, "Delivery": 490, "Tax": 359, "Total": 4849}, ""),
        (
            {"tax_rate_percent": "16", "tax_included": True},
            {"Subtotal": 4000, "Delivery": 490, "Total": 4490},
            "The total includes $6.20 tax.",
        ),
    ],
)
def test_the_figures_of_the_letter_add_up(
    app: Flask,
    mailbox: TestMailbox,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    lines: dict[str, int],
    note: str,
) -> None:
    taxed = Terms.from_settings(settings_for_tests(**changes))
    monkeypatch.setitem(app.extensions, "shop_terms", taxed)

    send_confirmation(taxed)

    text, html = parts(mailbox)
    figures = dict(re.findall(r"^([A-Z][a-z]+) +\$([0-9.]+)$", text, re.MULTILINE))
    cents = {name: int(figure.replace(".", "")) for name, figure in figures.items()}
    assert cents == lines
    assert cents.pop("Total") == sum(cents.values())
    assert note in text
    assert note in html


def test_the_link_in_the_letter_opens_the_order_and_no_other_does(
    app: Flask, terms: Terms, mailbox: TestMailbox
) -> None:
    order = send_confirmation(terms)

    for part in parts(mailbox):
        (link,) = set(re.findall(r'http://localhost/orders/[^\s"<]+', part))
        address_of_page = urlsplit(link)
        token = parse_qs(address_of_page.query)["token"][0]
        stranger = Actor("customer")
        assert get_order(address_of_page.path.removeprefix("/orders/"), stranger, terms, token).id == order.id


def test_what_customers_typed_is_escaped_in_html_and_as_it_is_in_text(
    app: Flask, terms: Terms, mailbox: TestMailbox
) -> None:
    shipping_address = address(firstName="<b>Lina</b> {{ 7 * 7 }}", street="1 <script>alert(1)</script> & Sons")

    send_confirmation(terms, 'Toner "<i>Rose</i>"', shippingAddress=shipping_address)

    text, html = parts(mailbox)
    assert "<script>" not in html
    assert "<i>Rose" not in html
    assert "&lt;b&gt;Lina&lt;/b&gt; {{ 7 * 7 }}" in html
    assert "<b>Lina</b> {{ 7 * 7 }}" in text
    assert 'Toner "<i>Rose</i>"' in text


def test_a_letter_loads_nothing_from_anywhere(app: Flask, terms: Terms, mailbox: TestMailbox) -> None:
    send_confirmation(terms)

    _text, html = parts(mailbox)

    assert not re.findall(r"<(?:img|script|link|iframe|object|form)|url\(|@import", html)
    assert {urlsplit(link).netloc for link in re.findall(r'href="([^"]+)"', html)} == {"localhost"}


def test_sending_twice_sends_once(app: Flask, mailbox: TestMailbox, email_id: int) -> None:
    send_email(email_id)
    mailbox.error = AssertionError("sent a second time")

    send_email(email_id)

    assert (row(email_id).status, row(email_id).attempts) == ("done", 1)


def test_an_email_that_another_worker_has_in_hand_is_left_alone(
    app: Flask, mailbox: TestMailbox, email_id: int
) -> None:
    claim_email(email_id)

    send_email(email_id)

    assert mailbox.list_ids() == []


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (MailError("the mail server answered 451"), "due", "the mail server answered 451"),
        (MailError("refused (550)", for_good=True), "dead", "refused (550)"),
        (ZeroDivisionError("lina@example.com"), "due", "ZeroDivisionError"),  # a bug, in words without persons
    ],
)
def test_a_failure_is_noted_and_the_email_put_off(
    app: Flask, mailbox: TestMailbox, email_id: int, error: Exception, status: str, reason: str
) -> None:
    mailbox.error = error

    send_email(email_id)

    assert (row(email_id).status, row(email_id).last_error) == (status, reason)


def test_a_template_that_is_broken_puts_the_email_off(
    app: Flask, mailbox: TestMailbox, email_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = jinja2.DictLoader({f"emails/order_confirmed.{ending}": "{{ nothing }}" for ending in ("txt", "html")})
    monkeypatch.setattr(app.jinja_env, "loader", broken)
    monkeypatch.setattr(app.jinja_env, "cache", None)

    send_email(email_id)

    assert (row(email_id).status, row(email_id).last_error) == ("due", "UndefinedError")
