"""Sending an e-mail: what it says, and that whatever goes wrong it is sent later, once."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jinja2
import pytest
from flask import Flask

from shop.db import db
from shop.domain.actors import SYSTEM, Actor
from shop.domain.checkout import cancel_order, check_out_with_cash
from shop.domain.events import Email
from shop.domain.orders.models import Order, OrderLineItem
from shop.domain.orders.queries import get_order
from shop.domain.outbox import claim_email, unasked_emails
from shop.domain.payments.operations import CashOnDelivery, confirm_cash_on_delivery
from shop.domain.terms import Terms
from shop.gateways.mail import MailError
from shop.jobs.emails import send_email
from shop.jobs.outbox import dispatch_all
from shop.money import exponent_of
from tests.conftest import SHOPPER, address, cart_with, make_product, order_wish, placed_order, variants_of
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


def seen(html: str) -> str:
    """What a reader sees of the letter's HTML."""
    body = re.sub(r'<div class="preheader">.*?</div>', "", html.partition("<body")[2])
    inline = re.sub(r"</?(?:b|bdi|a|span)\b[^>]*>", "", body.partition(">")[2])
    return unescape(re.sub(r"<[^>]+>", " ", inline))


def plain(words: str) -> str:
    """The words in one line."""
    return re.sub(r"\s+", " ", words)


def send_confirmation(
    terms: Terms,
    name: str = "Rose Toner",
    price: str = "20.00",
    before_sending: Callable[[Order], object] = lambda order: None,
    **wish: object,
) -> Order:
    """Place and confirm an order of two 100 ml, and send its e-mail."""
    product = make_product(name, price=price, variants=["100 ml"], currency=terms.currency)
    order = check_out_with_cash(order_wish(cart_with(terms, (variants_of(product)[0], 2)), **wish), SHOPPER, terms)
    dispatch_all()
    before_sending(order)
    send_email(unasked_emails()[0])
    return order


def set_terms(app: Flask, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Terms:
    terms = Terms.from_settings(settings_for_tests(**changes))
    monkeypatch.setitem(app.extensions, "shop_terms", terms)
    return terms


def set_on_lines(**columns: object) -> Callable[[Order], None]:
    def set_them(order: Order) -> None:
        db.session.execute(db.update(OrderLineItem).filter_by(order_id=order.id).values(**columns))
        db.session.commit()

    return set_them


def test_both_parts_have_the_orders_figures_address_and_day(app: Flask, terms: Terms, mailbox: TestMailbox) -> None:
    order = send_confirmation(terms, notes="Ring twice,\nplease.")

    text, html = parts(mailbox)
    assert order.estimated_delivery is not None
    day = f"{order.estimated_delivery:%a} {order.estimated_delivery.day} {order.estimated_delivery:%b %Y}"
    for words in (plain(text), plain(seen(html))):
        for expected in (
            f"Order {order.number}",
            "Thank you, Lina",
            f"Expected by {day}",
            "To pay at the door, in cash $44.90",
            "2 × $20.00 $40.00",
            "Delivery to the United States (Standard) $4.90",
            "Total $44.90",
            "We send it: Standard delivery, 3–5 working days.",
            f"We expect it at your door by {day}. Please have $44.90 in cash ready.",
            "Lina Haddad 1 Rainbow Street New York, NY 10001 United States +962 7 9012 3456",
            "Cash on delivery, $44.90 due at the door",
            "Ring twice, please.",
            "write to shop@example.com and name order",
            "Sent to lina@example.com",
        ):
            assert expected in words


def test_delivery_that_costs_nothing_is_free_as_on_the_page(app: Flask, terms: Terms, mailbox: TestMailbox) -> None:
    send_confirmation(terms, price="40.00")

    text, html = parts(mailbox)
    assert "Delivery to the United States (Standard) Free" in plain(text)
    assert "Delivery to the United States (Standard) Free" in plain(seen(html))
    assert "$0.00" not in text + html


@pytest.mark.parametrize(
    ("changes", "price", "rows"),
    [
        (
            {"tax_rate_percent": "8"},
            "20.00",
            ["Subtotal $40.00", "Delivery to the United States (Standard) $4.90", "Tax $3.59", "Total $48.49"],
        ),
        (
            {"tax_rate_percent": "16", "tax_included": True},
            "20.00",
            ["Subtotal $40.00", "Delivery to the United States (Standard) $4.90", "Total $44.90", "Tax included $6.20"],
        ),
        (
            {"tax_rate_percent": "16", "shop_currency": "JOD"},
            "1234.560",
            ["Subtotal JOD 2,469.120", "Delivery to the United States (Standard) Free", "Tax JOD 395.060"]
            + ["Total JOD 2,864.180"],
        ),
        (
            {"tax_rate_percent": "10", "shop_currency": "JPY"},
            "30",
            ["Subtotal ¥60", "Delivery to the United States (Standard) ¥5", "Tax ¥7", "Total ¥72"],
        ),
    ],
    ids=["USD", "USD with tax included", "JOD", "JPY"],
)
def test_the_rows_add_up_and_every_amount_of_the_html_is_in_the_text(
    app: Flask,
    mailbox: TestMailbox,
    monkeypatch: pytest.MonkeyPatch,
    changes: dict[str, Any],
    price: str,
    rows: list[str],
) -> None:
    terms = set_terms(app, monkeypatch, max_cash_on_delivery="9000", **changes)

    order = send_confirmation(terms, price=price)

    text, html = parts(mailbox)
    amount = re.compile(r"(?:\$|¥|JOD\s)[\d,]+(?:\.\d+)?")
    assert amount.findall(text) == amount.findall(seen(html))
    assert len(amount.findall(text)) >= 7
    assert order.total.format() in amount.findall(text)
    for words in (plain(text), plain(seen(html))):
        assert " ".join(rows) in words.replace("-" * 60 + " ", "")
    exponent = Decimal(1).scaleb(exponent_of(order.currency))
    figures = [
        int(Decimal("".join(re.findall(r"[\d.]", found[-1]))) * exponent) if (found := amount.findall(row)) else 0
        for row in rows
        if not row.startswith("Tax included")
    ]
    assert sum(figures[:-1]) == figures[-1] == order.total_amount


def test_the_figures_of_the_text_stand_in_one_column(app: Flask, terms: Terms, mailbox: TestMailbox) -> None:
    send_confirmation(terms)

    text, _html = parts(mailbox)
    figures = [line for line in text.splitlines() if re.search(r" {2,}\S+$", line) and "$" in line]
    assert len(figures) == 5
    assert {len(line) for line in figures} == {60}


def test_the_text_is_text(app: Flask, terms: Terms, mailbox: TestMailbox) -> None:
    send_confirmation(terms, "Soap & Water")

    text, _html = parts(mailbox)
    assert "Soap & Water, 100 ml" in text
    assert not re.search(r"&\w+;|&#|</?[a-z]+[ >]|\n{4,}|[ \t]\n", text)


def test_an_order_cancelled_before_its_letter_went_out_asks_for_nothing(
    app: Flask, terms: Terms, mailbox: TestMailbox
) -> None:
    send_confirmation(terms, before_sending=lambda order: cancel_order(order.id, SYSTEM))

    text, html = parts(mailbox)
    for words in (plain(text), plain(seen(html))):
        assert "was confirmed, and cancelled since. Nothing will be sent, and nothing is due." in words
        assert "Nothing is due" in words
        assert not re.search("To pay|Expected by|What happens next|cash", words)


def test_a_call_before_sending_is_announced_with_the_number(app: Flask, terms: Terms, mailbox: TestMailbox) -> None:
    variant = variants_of(make_product("Rose Toner"))[0]
    order = placed_order(terms, (variant, 1))
    confirm_cash_on_delivery(order.id, CashOnDelivery.model_validate({"confirmationRequired": True}), SHOPPER, terms)
    dispatch_all()

    send_email(unasked_emails()[0])

    text, html = parts(mailbox)
    assert "1. We call you on +962 7 9012 3456, then we pack your order." in text
    assert "We call you on +962 7 9012 3456, then we pack your order." in html


def test_a_billing_address_of_its_own_is_shown(app: Flask, terms: Terms, mailbox: TestMailbox) -> None:
    send_confirmation(terms, billingAddress=address(firstName="Omar", street="9 Ledger Lane"))

    text, html = parts(mailbox)
    for words in (plain(text), plain(seen(html))):
        assert "Billing address" in words
        assert "9 Ledger Lane" in words


def test_the_seller_is_named_by_the_address_of_the_shop(
    app: Flask, terms: Terms, mailbox: TestMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.extensions["shop_settings"], "shop_address", "Aster SARL; 12 Rue des Ateliers")

    send_confirmation(terms)

    text, html = parts(mailbox)
    assert "\nAster SARL\n12 Rue des Ateliers\nhttp://localhost\nshop@example.com" in text
    assert "Aster SARL<br>12 Rue des Ateliers" in html


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


def test_a_letter_loads_nothing_but_pictures_of_the_shop(app: Flask, terms: Terms, mailbox: TestMailbox) -> None:
    send_confirmation(terms, before_sending=set_on_lines(image_file="demo/rose toner-1.w960.jpg"))

    _text, html = parts(mailbox)

    assert not re.findall(r"<(?:script|link|iframe|object|form)|url\(|@import", html)
    assert re.findall(r"<img [^>]+>", html) == [
        '<img src="http://localhost/media/demo/rose%20toner-1.w960.jpg" width="60" alt="">'
    ]
    links = [urlsplit(link) for link in re.findall(r'href="([^"]+)"', html)]
    assert {(link.scheme, link.netloc) for link in links} == {("http", "localhost"), ("mailto", "")}


@pytest.mark.parametrize("image_file", [None, "demo/rose-toner-1.svg", "demo/rose-toner-1.w960.avif"])
def test_a_picture_that_mail_programs_do_not_show_is_left_out(
    app: Flask, terms: Terms, mailbox: TestMailbox, image_file: str | None
) -> None:
    send_confirmation(terms, before_sending=set_on_lines(image_file=image_file))

    assert "<img" not in parts(mailbox)[1]


def test_the_html_is_made_for_mail_programs(app: Flask, terms: Terms, mailbox: TestMailbox) -> None:
    send_confirmation(terms)

    _text, html = parts(mailbox)
    assert html.startswith("<!doctype html>")
    assert '<html lang="en" dir="ltr">' in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert '<meta name="supported-color-schemes" content="light dark">' in html
    assert html.count("@media (prefers-color-scheme: dark)") == 1  # the mailbox page turns it on and off
    assert html.count("<h1") == 1
    assert re.findall(r'<table class="(\w+)"(?! role="presentation")', html) == ["sums"]
    assert re.search(r'<div class="preheader">Expected by [^.]+\. \$44\.90 in cash at the door\.', html)
    assert len(html) < 60_000  # far below the 102 kB at which Gmail cuts a letter


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
