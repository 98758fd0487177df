"""What an order's page tells staff of a card payment, asking the bank, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shop.domain.checkout import cancel_order
from shop.domain.orders.operations import start_processing
from shop.domain.payments.refunds import RefundPayment, refund_payment
from shop.errors import Conflict, PaymentRefused
from tests.admin.pages import body, fields_of, value_of
from tests.admin.test_orders import address_of, follow, forms_of, press, send
from tests.conftest import make_product, make_staff, placed_order, variants_of
from tests.domain.payments.conftest import card_order
from tests.domain.payments.fake_provider import DECLINED, SLOW, FakeProvider
from tests.domain.payments.stories import make_dispute, pay, payment_of, refunds_of, run, send_all, states


@pytest.fixture
def terms(terms):
    return replace(terms, takes_cards=True, card_limits=replace(terms.card_limits, begun=1000))


@pytest.fixture
def provider(app, monkeypatch):
    fake = FakeProvider()
    monkeypatch.setitem(app.extensions, "shop_payment_provider", fake)
    return fake


@pytest.fixture
def order(terms):
    return card_order(terms, (variants_of(make_product("Amber", stock=5))[0], 1))


def page_of(browser, order):
    return body(browser.get(address_of(order)))


def ask(browser, order):
    """Press the button though the page has none."""
    token = value_of(browser.get("/admin"), "csrf_token")
    return browser.post(f"{address_of(order)}/inquiry", data={"csrf_token": token})


def test_a_paid_order_tells_its_card_and_the_provider_s_name_for_it(owner, terms, provider, order):
    pay(order, terms, provider)
    text = page_of(owner, order)
    assert "Visa •••• 4242" in text and payment_of(order).provider_reference in text and "paid" in text
    assert "Ask the bank now" not in text and "secret" not in text


def test_a_refused_card_is_told_in_words(owner, terms, provider, order):
    with pytest.raises(PaymentRefused):
        pay(order, terms, provider, card=DECLINED)
    text = page_of(owner, order)
    assert "The bank said: Your card was declined." in text and "no card was taken yet" in text


def test_asking_the_bank_settles_what_was_open(owner, terms, provider, order):
    pay(order, terms, provider, card=SLOW)
    assert "the bank is looking at it" in page_of(owner, order)
    assert "The bank was asked" in press(owner, order, "ask") and states(order)[1] == ["processing"]

    provider.finish(payment_of(order).provider_reference, "succeeded")
    text = press(owner, order, "ask")
    assert "The bank was asked" in text and "ask" not in forms_of(owner, order)
    assert states(order) == (("confirmed", "paid"), ["succeeded"])


def test_a_bank_that_does_not_answer_is_asked_again(owner, terms, provider, order):
    pay(order, terms, provider, card=SLOW)
    provider.fail_next("fetch_intent", "before")
    text = press(owner, order, "ask")
    assert "We are checking with the bank" in text and "the bank did not answer" in text
    assert states(order)[1] == ["unknown"] and "ask" in forms_of(owner, order)


def test_with_nothing_open_there_is_nothing_to_ask(owner, terms, provider, order):
    cash = placed_order(terms, (variants_of(make_product())[0], 1), confirm=True)
    pay(order, terms, provider)
    for each in (cash, order):
        assert "ask" not in forms_of(owner, each)
        assert "there is nothing to ask" in body(owner.get(ask(owner, each).location))


def test_a_shop_without_a_provider_says_so(app, owner, terms, provider, order, monkeypatch):
    pay(order, terms, provider, card=SLOW)
    monkeypatch.setitem(app.extensions, "shop_payment_provider", None)
    assert "no payment provider to ask" in press(owner, order, "ask")
    assert states(order)[1] == ["processing"]


def test_who_only_reads_orders_does_not_ask(terms, provider, order, staff_who_may):
    pay(order, terms, provider, card=SLOW)
    reader = staff_who_may("orders:read")
    assert "the bank is looking at it" in page_of(reader, order) and "ask" not in forms_of(reader, order)
    assert ask(reader, order).status_code == 403


def test_a_refund_tells_how_far_it_is(owner, terms, provider, order):
    pay(order, terms, provider)
    refund_payment(order.id, make_staff(email="refunder@example.com"), RefundPayment(otherAmount=300))
    assert "It is sent to the provider in a moment." in page_of(owner, order)

    provider.fail_next("create_refund", "before")
    send_all(provider)
    assert refunds_of(order) == [("unknown", 300)]
    assert "it is asked again and again" in page_of(owner, order)
    run("UPDATE refunds SET status = 'requested', asked_at = NULL")
    provider.fail_next("create_refund", "refused")
    send_all(provider)
    assert "The money did not go. No." in page_of(owner, order)


def test_a_refund_under_way_says_so(owner, terms, provider, order):
    pay(order, terms, provider)
    refund_payment(order.id, make_staff(email="refunder@example.com"), RefundPayment(otherAmount=300))
    provider.refund_status = "processing"
    send_all(provider)
    assert "The provider has it and gives it back." in page_of(owner, order)


def test_a_dispute_stands_by_its_order(owner, terms, provider, order):
    pay(order, terms, provider)
    make_dispute(order)
    assert "The customer's bank wants $5.00 back." in page_of(owner, order)
    assert "/admin/disputes/dis_" in owner.get(address_of(order)).text
    make_dispute(order, status="lost", is_closed=True)
    assert "wanted $5.00 back and closed it: lost." in page_of(owner, order)


def test_nobody_is_told_to_hand_cash_over_for_what_goes_back_to_a_card(owner, terms, provider, order):
    pay(order, terms, provider)
    question = send(owner, order, owner.get(address_of(order)), "refund", otherSum="3.00")
    assert "It goes back to the card by itself" in body(question) and "Hand the cash over" not in body(question)

    said = follow(owner, owner.post(f"{address_of(order)}/refunds", data=fields_of(question)))
    assert "The money goes back to the card." in said and "The money is given back." not in said
    assert refunds_of(order) == [("requested", 300)]


def test_what_was_given_back_in_full_is_not_packed(owner, terms, provider, order):
    pay(order, terms, provider)
    staff = make_staff(email="refunder@example.com")
    assert "pack" in forms_of(owner, order)
    stale = owner.get(address_of(order))
    refund_payment(order.id, staff, RefundPayment(otherAmount=300))
    assert "pack" in forms_of(owner, order)
    refund_payment(order.id, staff, RefundPayment(everything=True))

    assert "pack" not in forms_of(owner, order)
    token = value_of(stale, "csrf_token")
    answer = owner.post(f"{address_of(order)}/packing", data={"csrf_token": token})
    assert "All the money of this order was given back" in body(owner.get(answer.location))
    with pytest.raises(Conflict):
        start_processing(order.id, staff)
    assert states(order)[0] == ("confirmed", "refunded")
    assert cancel_order(order.id, staff).status == "cancelled"


def test_a_page_has_as_many_statements_for_many_disputes_as_for_one(owner, terms, provider, order, statements):
    pay(order, terms, provider, card=SLOW)
    make_dispute(order)
    with statements() as few:
        owner.get(address_of(order))
    for number in range(3):
        make_dispute(order, f"dp_{number}")
    with statements() as many:
        owner.get(address_of(order))
    assert len(many) == len(few)
