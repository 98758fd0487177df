"""Paying by card on the pages: at the checkout, on the order's page, on the way back from the bank."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from shop.db import db, operation, transaction_time
from shop.domain.customers.models import User
from shop.domain.inventory.models import Reservation
from shop.domain.orders.models import Order
from shop.domain.payments import cards
from shop.domain.payments.models import Payment
from shop.payment_provider import Card
from shop.storefront.card_pages import card_policy
from tests import card_shop
from tests.card_shop import BANK
from tests.conftest import make_customer, make_product, variants_of
from tests.domain.payments.fake_provider import DECLINED, GOOD, SECURE, SLOW
from tests.storefront.pages import HTMX, body, order_form, put_in_cart, sign_in, value_of

application, database, provider = card_shop.application, card_shop.database, card_shop.provider
VISA = Card(GOOD, "visa", "4242", "12/2030", "fp_1")


@pytest.fixture
def variant(app):
    return variants_of(make_product("Amber", price="20.00", stock=5))[0]


@pytest.fixture
def page(client, variant):
    """The checkout page of a visitor with two of the variant in the cart."""
    put_in_cart(client, variant, 2)
    return client.get("/checkout")


def check_out(client, page, headers=HTMX, **changes):
    return client.post("/checkout", data=order_form(page, paymentMethod="stripe", **changes), headers=headers)


def the_order():
    db.session.rollback()
    return db.session.scalars(db.select(Order)).one()


def the_payment():
    db.session.rollback()
    return db.session.scalars(db.select(Payment).order_by(Payment.id.desc())).first()


def state():
    order = the_order()
    return order.status, order.payment_status


def open_page(client, answer):
    """The page that HTMX or the browser is led to."""
    return client.get(answer.headers.get("HX-Redirect") or answer.location)


def come_back(client):
    """Return from the bank; the order's page."""
    return client.get(f"/checkout/return?order={the_order().public_id}&redirect_status=whatever", follow_redirects=True)


def pay(client, order_page, headers=HTMX, **fields):
    form = {name: value_of(order_page, name) for name in ("csrf_token", "token")}
    there = f"/orders/{the_order().public_id}/payment"
    return client.post(there, data={"paymentMethod": "stripe", "action": "place", **form, **fields}, headers=headers)


@operation
def end_hold():
    db.session.execute(db.update(Reservation).values(expires_at=transaction_time()))


# -- the checkout ------------------------------------------------------------------------------------------------------


def test_the_checkout_offers_the_card_and_says_what_it_needs(page):
    assert "Card payment needs JavaScript" in page.text and "Cards come soon" not in page.text
    assert "Pay $44.90" in body(page) and "Place order · $44.90" in body(page)
    assert re.search(r'value="stripe"[^>]*disabled', page.text)
    assert 'data-amount="4490" data-currency="usd"' in page.text
    assert "/v3/" in page.text and f'src="{BANK}' not in page.text  # loaded once a card is chosen


def test_only_pages_that_take_a_card_let_the_providers_script_in(client, page):
    policy = page.headers["Content-Security-Policy"]
    assert f"script-src 'self' {BANK};" in policy and f"connect-src 'self' {BANK};" in policy
    assert f"frame-src {BANK}" in policy and "unsafe" not in policy and "default-src 'none'" in policy
    assert page.headers["Permissions-Policy"].endswith(f'payment=(self "{BANK}")')
    for path in ("/", "/cart", "/sign-in", "/pages/terms"):
        other = client.get(path)
        assert other.headers["Permissions-Policy"].endswith("payment=()"), path
        assert BANK not in other.headers["Content-Security-Policy"], path
        assert "frame-src" not in other.headers["Content-Security-Policy"] and "card.js" not in other.text


def test_stripes_own_origins_are_all_that_its_script_needs():
    policy = card_policy("https://js.stripe.com/v3/", "https://api.stripe.com")
    assert "script-src 'self' https://js.stripe.com https://*.js.stripe.com;" in policy
    assert "connect-src 'self' https://api.stripe.com;" in policy
    assert policy.endswith("frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com")


def test_ordering_by_card_places_the_order_and_hands_its_secret_to_the_script_alone(client, page, caplog):
    answer = check_out(client, page)
    assert answer.status_code == 200 and answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json["clientSecret"] == "pi_1_secret" and not answer.json["isAsked"]
    returned = urlsplit(answer.json["returnUrl"])
    assert (returned.netloc, returned.path) == ("localhost", "/checkout/return")
    assert parse_qs(returned.query) == {"order": [the_order().public_id]}  # no token of the order goes to the bank
    assert "secret" not in str(answer.headers) and "pi_1_secret" not in caplog.text
    assert state() == ("pending", "processing")


def test_a_second_press_goes_on_with_the_same_order_and_payment(client, page, provider):
    first, second = check_out(client, page), check_out(client, page)
    assert first.json == second.json and len(provider.intents) == 1
    assert the_order().status == "pending"


def test_a_mistake_in_the_address_orders_nothing_and_asks_no_bank(client, page, provider):
    answer = check_out(client, page, city="")
    assert answer.status_code == 422 and 'id="checkout"' in answer.text
    assert re.search(r'value="stripe" id="pay-card" checked', answer.text)
    assert provider.intents == {}


def test_a_total_that_no_card_pays_is_said_at_the_form(client, page, provider, monkeypatch):
    monkeypatch.setitem(cards.SMALLEST, "USD", 5000)
    answer = check_out(client, page)
    assert answer.status_code == 422 and "A card can pay $50.00 or more." in answer.text
    assert provider.intents == {}


def test_without_script_the_order_waits_on_its_page(client, page):
    answer = check_out(client, page, headers=None)
    assert answer.status_code == 303
    order_page = open_page(client, answer)
    assert "Pay for this order" in order_page.text and "Thank you" not in order_page.text


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_bank_that_was_not_reached_has_charged_nothing_and_the_order_is_paid_at_once(client, page, provider, when):
    provider.fail_next("create_intent", when)
    order_page = open_page(client, check_out(client, page))
    assert "The bank could not be reached. Nothing was charged." in order_page.text
    assert "Pay for this order" in order_page.text and "do not pay again" not in order_page.text

    assert "Thank you" in open_page(client, pay(client, order_page, paymentMethodId=GOOD)).text
    assert provider.charges == ["pi_1"] and len(provider.intents) == 1


def test_when_the_bank_is_silent_the_order_stands_and_its_page_asks_again(client, page, provider):
    check_out(client, page)
    provider.fail_next("fetch_intent", "before")
    order_page = come_back(client)
    assert "We are checking with the bank; do not pay again" in order_page.text
    assert "every 4s" in order_page.text and "Look again" in order_page.text
    assert "Pay for this order" not in order_page.text


def test_a_browser_begins_five_payments_an_hour_whatever_it_calls_itself(client, app, provider, monkeypatch):
    article = variants_of(make_product("Musk", price="20.00", stock=50))[0]
    terms = app.extensions["shop_terms"]
    limits = replace(terms.card_limits, begun=5)
    monkeypatch.setitem(app.extensions, "shop_terms", replace(terms, card_limits=limits, max_open_holds_per_address=99))

    def order(browser, number):
        put_in_cart(browser, article, 1)
        return check_out(browser, browser.get("/checkout"), email=f"thief{number}@example.com")

    assert [order(client, number).is_json for number in range(5)] == [True] * 5
    refused = client.get(order(client, 5).headers["HX-Redirect"])
    assert "You began many card payments" in refused.text and "Pay for this order" in refused.text
    assert len(provider.intents) == 5
    assert order(app.test_client(), 6).is_json  # somebody else at the same address


def test_the_content_pages_speak_of_cards_too(client):
    said = {slug: body(client.get(f"/pages/{slug}")) for slug in ("terms", "shipping", "privacy", "returns")}
    assert "owe its total: at once by card, or at the door" in said["terms"] and "kept for 15 minutes" in said["terms"]
    assert "By card: it is charged once" in said["terms"] and "In cash on delivery" in said["terms"]
    assert "If you did not pay by card, you pay the courier in cash." in said["shipping"]
    assert "its last four digits" in said["privacy"] and "nothing is loaded" not in said["privacy"]
    assert "on the card if you paid by one" in said["returns"]


# -- back from the bank ------------------------------------------------------------------------------------------------


def test_who_paid_comes_back_to_a_confirmed_order(client, page, provider):
    check_out(client, page)
    provider.finish("pi_1", "succeeded")
    order_page = come_back(client)
    assert state() == ("confirmed", "paid")
    assert "Thank you, Lina" in order_page.text and "Pay for this order" not in order_page.text


def test_what_the_bank_said_stands_at_the_form_and_the_order_is_paid_again(client, page, provider):
    check_out(client, page)
    provider.finish("pi_1", "declined")
    order_page = come_back(client)
    assert "The bank said: Your card was declined." in body(order_page)
    assert "Pay for this order" in order_page.text and "Thank you" not in order_page.text
    assert BANK in order_page.headers["Content-Security-Policy"]

    again = pay(client, order_page)
    assert again.json["clientSecret"] == "pi_1_secret"
    provider.finish("pi_1", "succeeded")
    assert "Thank you" in come_back(client).text
    assert provider.charges == ["pi_1"]


def test_who_left_the_banks_page_finds_the_order_by_the_cart(client, page, provider):
    check_out(client, page)
    shown = client.get("/cart")
    assert f"Order {the_order().number} is placed and waits for its payment." in body(shown)
    there = re.search(r'<a href="([^"]+)">See it and pay', shown.text)[1].replace("&amp;", "&")
    assert "Pay for this order" in client.get(there).text

    provider.finish("pi_1", "succeeded")
    come_back(client)
    assert "waits for its payment" not in client.get("/cart").text


def test_a_stranger_who_knows_the_orders_id_learns_nothing(client, app, page, provider):
    check_out(client, page)
    provider.finish("pi_1", "succeeded")
    stranger = app.test_client()
    answer = stranger.get(f"/checkout/return?order={the_order().public_id}")
    assert answer.location == "/pages/track-order"
    assert state() == ("pending", "processing")
    assert client.get("/checkout/return").location == "/pages/track-order"


def test_what_is_processing_is_asked_about_until_it_is_known(client, page, provider):
    check_out(client, page)
    provider.change("pi_1", status="processing")
    order_page = come_back(client)
    assert "do not pay again" in order_page.text
    there = re.search(r'hx-get="(/orders/[^"]+/payment[^"]*)"', order_page.text)[1].replace("&amp;", "&")
    assert client.get(there, headers=HTMX).status_code == 204
    assert "do not pay again" in client.get(there, follow_redirects=True).text
    provider.finish("pi_1", "succeeded")
    ask_long_ago()
    known = client.get(there, headers=HTMX)
    assert "Thank you" in open_page(client, known).text
    assert state() == ("confirmed", "paid")


@operation
def ask_long_ago():
    db.session.execute(db.update(Payment).values(asked_at=transaction_time() - timedelta(seconds=10)))


def test_the_bank_is_not_asked_more_often_because_a_page_is_looked_at(client, page, provider):
    check_out(client, page)
    provider.change("pi_1", status="processing")
    come_back(client)
    asked = []
    provider.before = asked.append
    for _ in range(5):
        token = parse_qs(urlsplit(come_link(client)).query)["token"][0]
        client.get(f"/orders/{the_order().public_id}/payment?token={token}", headers=HTMX)
    assert asked.count("fetch_intent") == 5  # each return asks; none of the five looks


def come_link(client):
    return client.get(f"/checkout/return?order={the_order().public_id}").location


# -- the order's page --------------------------------------------------------------------------------------------------


def test_the_page_says_how_long_the_order_can_be_paid(client, page):
    check_out(client, page)
    assert "Your order is kept for another 15 minutes." in come_back(client).text


def test_cash_can_be_chosen_after_all(client, page, provider):
    check_out(client, page)
    answer = pay(client, come_back(client), paymentMethod="cash_on_delivery")
    assert "Thank you" in open_page(client, answer).text
    assert state() == ("confirmed", "pending") and the_order().payment_method == "cash_on_delivery"
    assert provider.intents["pi_1"].status == "cancelled"


def test_cash_is_refused_once_the_card_was_charged(client, page, provider):
    check_out(client, page)
    order_page = come_back(client)
    provider.finish("pi_1", "succeeded")
    shown = open_page(client, pay(client, order_page, paymentMethod="cash_on_delivery"))
    assert "The bank had taken the money" in shown.text
    assert state() == ("confirmed", "paid")


@pytest.mark.breaks_invariants
def test_after_its_time_the_order_can_be_put_back_in_the_cart(client, page):
    check_out(client, page)
    order_page = come_back(client)
    end_hold()
    late = open_page(client, pay(client, order_page))
    assert "The time to pay for this order has ended" in late.text
    assert "Put back in cart" in late.text and "Pay for this order" not in late.text
    assert "frame-src" not in late.headers["Content-Security-Policy"]


def test_too_many_refusals_are_said_on_the_page(client, page, provider):
    check_out(client, page)
    order_page = come_back(client)
    for number in range(5):
        shown = open_page(client, pay(client, order_page, paymentMethodId=f"{DECLINED}_{number}"))
        assert "The bank said: Your card was declined." in body(shown)
    assert (
        "Too many card payments were refused" in open_page(client, pay(client, order_page, paymentMethodId=GOOD)).text
    )


def test_the_card_that_paid_is_named_by_brand_and_last_four(client, page, provider):
    check_out(client, page)
    order_page = come_back(client)
    paid = open_page(client, pay(client, order_page, paymentMethodId=GOOD))
    assert "Paid with Visa ending in 4242" in body(paid)
    assert "Nothing will be sent, and what you paid is given back." in body(paid)
    invoice = re.search(r'href="(/orders/[^"]+/invoice[^"]*)"', paid.text)[1].replace("&amp;", "&")
    assert "Payment: Paid with Visa ending in 4242." in body(client.get(invoice))


def test_an_order_cancelled_while_the_bank_looks_at_the_card_says_what_comes_of_late_money(client, page, provider):
    check_out(client, page)
    provider.change("pi_1", status="processing")
    order_page = come_back(client)
    assert "Your bank is being asked" in body(order_page) and "$44.90 due" not in body(order_page)

    form = {name: value_of(order_page, name) for name in ("csrf_token", "token")}
    cancelled = open_page(client, client.post(f"/orders/{the_order().public_id}/cancellation", data=form))

    assert "If it takes the money after all, we give it back at once." in body(cancelled)


# -- cards that are kept -----------------------------------------------------------------------------------------------


@pytest.fixture
def customer(client, variant, provider):
    """A signed-in customer with a card kept and something in the cart."""
    actor = make_customer()
    keep_customer(actor.user_id)
    provider.kept["cus_lina"], provider.customers["lina"] = [VISA], "cus_lina"
    sign_in(client)
    put_in_cart(client, variant, 2)
    return actor


@operation
def keep_customer(user_id):
    db.session.execute(db.update(User).where(User.id == user_id).values(provider_customer="cus_lina"))


def test_a_guest_is_not_asked_to_keep_a_card_and_a_customer_is(client, page, customer):
    assert "Keep this card" not in page.text and "kept-cards" not in page.text
    own = client.get("/checkout")
    assert "Keep this card for the next time" in own.text and 'data-from="/account/cards"' in own.text


def test_kept_cards_are_offered_and_pay_at_once(client, customer, provider):
    choice = client.get("/account/cards", headers=HTMX)
    assert "Visa ending in 4242, until 12/2030" in choice.text and "Another card" in choice.text
    answer = check_out(client, client.get("/checkout"), paymentMethodId=VISA.id)
    assert "Thank you" in open_page(client, answer).text
    assert state() == ("confirmed", "paid") and provider.charges == ["pi_1"]


def test_a_kept_card_that_the_bank_asks_about_is_answered_by_the_script(client, customer, provider):
    answer = check_out(client, client.get("/checkout"), paymentMethodId=SECURE)
    assert answer.json["isAsked"] and answer.json["clientSecret"]
    assert the_payment().status == "requires_action"


def test_a_kept_card_that_takes_its_time_leads_to_the_page_that_waits(client, customer):
    answer = check_out(client, client.get("/checkout"), paymentMethodId=SLOW)
    assert "do not pay again" in open_page(client, answer).text


def test_cards_are_listed_in_the_account_and_removed(client, customer, provider):
    shown = client.get("/account/cards")
    assert "Visa ending in 4242" in shown.text and 'href="/account/cards"' in client.get("/account").text
    token = {"csrf_token": value_of(shown, "csrf_token")}
    assert client.post("/account/cards/pm_other/removal", data=token).status_code == 404
    assert client.post(f"/account/cards/{VISA.id}/removal", data=token).status_code == 303
    assert provider.kept["cus_lina"] == []
    assert "No card is kept" in client.get("/account/cards").text


def test_cards_that_cannot_be_read_now_are_said_to_be(client, customer, provider):
    provider.fail_next("list_cards", "before")
    shown = client.get("/account/cards")
    assert shown.status_code == 200 and "cannot be shown right now" in shown.text


def test_cards_are_for_who_is_signed_in(client):
    assert client.get("/account/cards").status_code == 303


def test_a_card_is_kept_for_who_ticked_it(client, customer, provider):
    wishes = []
    create = provider.create_intent
    provider.create_intent = lambda wish, key: wishes.append(wish) or create(wish, key)
    check_out(client, client.get("/checkout"), savePaymentMethod="true")
    assert (wishes[0].customer, wishes[0].save_card) == ("cus_lina", True)


def test_a_card_is_kept_at_a_later_try_too(client, customer, provider):
    check_out(client, client.get("/checkout"))
    provider.finish("pi_1", "declined")
    order_page = come_back(client)
    assert "Keep this card for the next time" in order_page.text
    pay(client, order_page, savePaymentMethod="true")
    assert (provider.intents["pi_1"].customer, provider.intents["pi_1"].keeps_card) == ("cus_lina", True)
