"""Paying by card in a browser, at the demo's bank: what it says is chosen in place of a card."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from shop.db import db
from shop.domain.orders.models import Order
from shop.jobs.payments import sweep_payments
from tests.bank import running_bank
from tests.browser import conftest
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.shopper import add_to_cart, fill_address
from tests.browser.test_accessibility import AXE, EVERYTHING, RUN, STILL
from tests.conftest import make_customer

PICTURES = os.environ.get("CARD_PICTURES")  # a folder for what these pages look like


@pytest.fixture(scope="module")
def bank(tmp_path_factory):
    with running_bank(tmp_path_factory.mktemp("bank")) as running:
        yield running


@pytest.fixture(scope="module")
def shop(tmp_path_factory, bank):
    """A shop whose bank this is."""
    more = {**bank.settings(), "card_payments_per_hour": "1000", "card_refusals_per_address": "1000"}
    with conftest.running_shop(tmp_path_factory.mktemp("card-shop"), **more) as running:
        yield running


@pytest.fixture
def watched(watched, bank):
    watched.expected = [f"foreign: {bank.url}", "status of 402"]  # a refused card is answered so
    return watched


@pytest.fixture
def page(page) -> Page:
    """A visitor at the checkout with the address filled in."""
    return at_checkout(page)


def at_checkout(page: Page) -> Page:
    add_to_cart(page)
    page.goto("/checkout")
    fill_address(page)
    return page


def choose(page: Page, words: str) -> None:
    page.get_by_label("Card", exact=False).and_(page.locator("#pay-card")).check()
    page.get_by_label(words, exact=True).check()


def press_pay(page: Page) -> None:
    page.wait_for_timeout(750)  # a press right after another one is the same press
    page.get_by_role("button", name=re.compile(r"^Pay \$\d+\.\d\d$")).click()


def order_of(page: Page, shop) -> Order:
    """The order whose page is shown, as it is now."""
    with shop.app.app_context():
        db.session.rollback()
        found = re.search(r"order_[A-Za-z0-9]+", page.url)
        return db.session.scalars(db.select(Order).filter_by(public_id=found[0])).one()


def last_order(shop) -> Order:
    with shop.app.app_context():
        db.session.rollback()
        return db.session.scalars(db.select(Order).order_by(Order.id.desc())).first()


def look(page: Page, name: str) -> None:
    """Keep a picture of the page at two widths, where one is asked for."""
    if PICTURES:
        for width, size in (("390", PHONE), ("1280", DESKTOP)):
            page.set_viewport_size(size)
            page.screenshot(path=str(Path(PICTURES) / f"{name}-{width}.png"), full_page=True)


def test_an_approved_card_confirms_the_order(page, shop):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    expect(page.get_by_role("button", name=re.compile("Place order · "))).to_be_visible()
    assert not any("/v3/" in url for url in asked)
    choose(page, "Approve")
    expect(page.get_by_role("button", name="Pay $62.90")).to_be_visible()
    look(page, "checkout-card")
    press_pay(page)
    expect(page.get_by_role("heading", name="Thank you, Lina")).to_be_visible()
    order = order_of(page, shop)
    assert (order.status, order.payment_status) == ("confirmed", "paid")
    assert not any("secret" in url for url in asked if url.startswith(shop.url))


def test_the_sum_on_the_button_and_at_the_bank_follows_the_delivery(page, shop, bank):
    choose(page, "Approve")
    page.get_by_label(re.compile("Express")).check()
    expect(page.get_by_role("button", name="Pay $70.90")).to_be_visible()
    expect(page.get_by_label("Approve", exact=True)).to_be_checked()
    press_pay(page)
    expect(page.get_by_role("heading", name="Thank you, Lina")).to_be_visible()
    assert bank.ledger("capture")[-1]["amount"] == order_of(page, shop).total_amount == 7090


def test_a_declined_card_is_told_in_the_banks_words_and_another_one_pays(page, shop):
    choose(page, "Decline: insufficient funds")
    press_pay(page)
    expect(page.get_by_role("heading", name="Pay for this order")).to_be_visible()
    expect(page.locator("#pay")).to_contain_text("The bank said: Your card has insufficient funds.")
    look(page, "order-declined")

    page.get_by_label("Decline without a reason", exact=True).check()
    press_pay(page)
    expect(page.locator("#card-said")).to_have_text("Your card was declined.")

    page.get_by_label("Approve", exact=True).check()
    press_pay(page)
    expect(page.get_by_role("heading", name="Thank you, Lina")).to_be_visible()
    assert order_of(page, shop).payment_status == "paid"


def test_a_mistake_in_the_form_leaves_what_was_typed_into_the_card(page, watched):
    watched.expected.append("status of 422")
    choose(page, "Decline without a reason")
    page.locator('[name="shippingAddress.postalCode"]').fill("x")
    press_pay(page)
    expect(page.locator("#mistakes")).to_be_visible()
    expect(page.get_by_label("Decline without a reason", exact=True)).to_be_checked()
    expect(page.locator("#pay-card")).to_be_checked()
    expect(page.locator("#pay-card")).to_be_enabled()
    page.locator('[name="shippingAddress.postalCode"]').fill("10001")
    page.get_by_label("Approve", exact=True).check()
    press_pay(page)
    expect(page.get_by_role("heading", name="Thank you, Lina")).to_be_visible()


def test_the_bank_asks_first_and_is_told_yes(page, shop):
    choose(page, "Ask me first (3-D Secure)")
    press_pay(page)
    page.get_by_role("button", name=re.compile("Approve|Yes", re.I)).click()
    expect(page.get_by_role("heading", name="Thank you, Lina")).to_be_visible()
    assert order_of(page, shop).payment_status == "paid"
    assert "secret" not in page.url


def test_the_bank_asks_first_and_is_told_no(page, shop):
    choose(page, "Ask me first (3-D Secure)")
    press_pay(page)
    page.get_by_role("button", name=re.compile("Refuse|No", re.I)).click()
    expect(page.get_by_role("heading", name="Pay for this order")).to_be_visible()
    expect(page.locator("#pay")).to_contain_text("The bank said:")
    assert order_of(page, shop).status == "pending"

    page.get_by_label("Cash on delivery").check()
    page.get_by_role("button", name=re.compile("in cash at the door")).click()
    expect(page.get_by_role("heading", name="Thank you, Lina")).to_be_visible()
    assert order_of(page, shop).payment_method == "cash_on_delivery"


def test_back_from_the_banks_page_leads_to_the_order(page):
    choose(page, "Ask me first (3-D Secure)")
    press_pay(page)
    expect(page.get_by_role("button", name=re.compile("Approve|Yes", re.I))).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Pay for this order")).to_be_visible()


def test_a_slow_bank_is_waited_for_without_paying_again(page, shop, bank):
    choose(page, "Take a few seconds, then approve")
    press_pay(page)
    expect(page.get_by_role("heading", name="We are checking with the bank; do not pay again")).to_be_visible()
    expect(page.get_by_role("link", name="Look again")).to_be_visible()
    look(page, "order-checking")
    bank.pass_time()
    expect(page.get_by_role("heading", name="Thank you, Lina")).to_be_visible()
    assert order_of(page, shop).payment_status == "paid"


def test_a_browser_that_is_closed_after_paying_needs_not_come_back(page, shop, bank, watched):
    watched.expected += ["failed: ", "ERR_FAILED"]
    page.route("**/checkout/return*", lambda route: route.abort())
    choose(page, "Approve")
    captured = len(bank.ledger("capture"))
    press_pay(page)
    for _ in range(400):
        if len(bank.ledger("capture")) > captured:
            break
        page.wait_for_timeout(50)
    assert len(bank.ledger("capture")) == captured + 1
    page.close()
    assert last_order(shop).status == "pending"

    client = shop.app.test_client()
    for body, signature in bank.events():
        assert client.post("/webhooks/stripe", data=body, headers={"Stripe-Signature": signature}).status_code == 200
    with shop.app.app_context():
        give_up = time.monotonic() + 30  # a sweep does only a little at a time, and all that the bank ever told is due
        while last_order(shop).status != "confirmed" and time.monotonic() < give_up:
            sweep_payments()
            time.sleep(0.1)
    assert (last_order(shop).status, last_order(shop).payment_status) == ("confirmed", "paid")


def test_without_script_the_card_says_what_it_needs_and_cash_works(open_browser):
    page = open_browser(javascript=False)
    page.goto("/products/amber")
    page.locator("#add").click()
    page.goto("/checkout")
    expect(page.locator("#pay-card")).to_be_disabled()
    expect(page.get_by_text("Card payment needs JavaScript.")).to_be_visible()
    look(page, "checkout-without-script")
    fill_address(page)
    page.get_by_role("button", name=re.compile("Place order · ")).click()
    expect(page.get_by_role("heading", name="Thank you, Lina")).to_be_visible()


def test_a_card_is_kept_offered_and_removed(page, shop):
    with shop.app.app_context():
        make_customer("keeps@example.com")
    sign_in(page, "keeps@example.com")
    at_checkout(page)
    choose(page, "Approve")
    page.get_by_label("Keep this card for the next time").check()
    press_pay(page)
    expect(page.get_by_role("heading", name="Thank you, Lina")).to_be_visible()

    at_checkout(page)
    page.locator("#pay-card").check()
    expect(page.get_by_label(re.compile("Visa ending in 4242"))).to_be_checked()
    look(page, "checkout-kept-card")
    press_pay(page)
    expect(page.get_by_role("heading", name="Thank you, Lina")).to_be_visible()
    assert order_of(page, shop).payment_status == "paid"

    page.goto("/account")
    page.get_by_role("link", name="Your cards").click()
    look(page, "account-cards")
    page.get_by_role("button", name=re.compile("Remove")).first.click()
    expect(page.get_by_text("No card is kept.")).to_be_visible()


def sign_in(page: Page, email: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/account*")


@pytest.mark.thorough
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_a_card_is_asked_for(open_browser, scheme):
    page = at_checkout(open_browser(bypass_csp=True, color_scheme=scheme))
    choose(page, "Decline: insufficient funds")
    assert findings(page) == []
    press_pay(page)
    expect(page.get_by_role("heading", name="Pay for this order")).to_be_visible()
    expect(page.get_by_label("Approve", exact=True)).to_be_visible()
    assert findings(page) == []


def findings(page: Page) -> list[str]:
    page.evaluate(STILL)
    page.add_script_tag(path=str(AXE))
    return page.evaluate(RUN, EVERYTHING)
