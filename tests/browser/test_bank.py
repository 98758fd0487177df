"""The script that stands in for Stripe.js, on a page under the policy that a checkout has, and the bank's own pages."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, Page, expect
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from shop.money import Money
from shop.payment_provider import IntentWish
from tests.bank import PUBLISHABLE_KEY, QuietHandler, RunningBank
from tests.browser.test_accessibility import AXE, violations
from tests.servers import free_port

pytestmark = pytest.mark.thorough

PAGE = """<!doctype html><html lang="en"><title>Pay</title><main><h1>Pay</h1>
<form data-secret="{secret}"><div id="card"></div><button>Pay</button><p role="status"></p></form></main>
<script src="{bank}/v3/"></script><script src="/pay.js"></script></html>"""
SCRIPT = """
const form = document.querySelector("form"), said = form.querySelector("[role=status]");
const stripe = Stripe("KEY"), elements = stripe.elements({ mode: "payment", amount: 100, currency: "usd" });
elements.create("payment").on("ready", () => { said.textContent = "ready"; }).mount("#card");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  elements.update({ amount: 5495 });
  const { error: wrong } = await elements.submit();
  if (wrong) { said.textContent = wrong.message; return; }
  const { error, paymentIntent } = await stripe.confirmPayment({ elements, clientSecret: form.dataset.secret,
    confirmParams: { return_url: `${location.origin}/return` }, redirect: "if_required" });
  said.textContent = error ? error.message : paymentIntent.status;
});
"""


class Checkout:
    """A page that pays for one intent, at an origin of its own."""

    def __init__(self, bank: RunningBank) -> None:
        self.bank, self.intent = bank, bank.provider().create_intent(WISH, "key")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.server = make_server("127.0.0.1", self.port, self.answer, threaded=True, request_handler=QuietHandler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @Request.application
    def answer(self, request: Request) -> Response:
        if request.path == "/pay.js":
            return Response(SCRIPT.replace("KEY", PUBLISHABLE_KEY), mimetype="text/javascript")
        if request.path == "/return":
            return Response(f"<title>Back</title><p>{request.args['redirect_status']}</p>", mimetype="text/html")
        response = Response(PAGE.format(secret=self.intent.client_secret, bank=self.bank.url), mimetype="text/html")
        response.headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'self' {self.bank.url}; style-src 'self'; connect-src 'self' "
            f"{self.bank.url}; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        return response


WISH = IntentWish(Money(5495, "USD"), "order_abc", "pay_abc", "SKN-2026-000001", "lina@example.com")


@pytest.fixture
def checkout(bank: RunningBank) -> Iterator[Checkout]:
    made = Checkout(bank)
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def page(browser: Browser, checkout: Checkout) -> Iterator[Page]:
    """The checkout, open; nothing on it may complain."""
    context = browser.new_context(base_url=checkout.url)
    complaints: list[str] = []
    context.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    opened = context.new_page()
    opened.goto("/")
    expect(opened.get_by_role("status")).to_have_text("ready")
    yield opened
    context.close()
    # A refusal is an answer with the status 402, which the browser itself notes; a favicon nobody asked for likewise.
    assert [text for text in complaints if "402" not in text and "404" not in text] == []


def pay(page: Page, outcome: str) -> None:
    page.get_by_role("radio", name=outcome, exact=True).check()
    page.get_by_role("button", name="Pay").click()


def test_the_outcomes_are_radio_buttons_that_the_keyboard_chooses(page: Page):
    group = page.get_by_role("group", name="What should the bank say?")
    expect(group.get_by_role("radio")).to_have_count(5)
    expect(group.get_by_role("radio", name="Approve", exact=True)).to_be_checked()

    group.get_by_role("radio", name="Approve", exact=True).focus()
    page.keyboard.press("ArrowDown")

    expect(group.get_by_role("radio", name="Ask me first")).to_be_checked()
    assert page.evaluate("new FormData(document.querySelector('form')).has('outcome')") is False


def test_it_pays_and_says_when_the_bank_declines(page: Page, checkout: Checkout):
    pay(page, "Decline: insufficient funds")
    expect(page.get_by_role("status")).to_have_text("Your card has insufficient funds.")

    pay(page, "Approve")
    expect(page.get_by_role("status")).to_have_text("succeeded")

    assert [line["amount"] for line in checkout.bank.ledger("capture")] == [5495]


@pytest.mark.parametrize(("button", "status", "captures"), [("Approve", "succeeded", 1), ("Refuse", "failed", 0)])
def test_three_d_secure_is_a_page_of_the_bank_that_leads_back(
    page: Page, checkout: Checkout, button: str, status: str, captures: int
):
    pay(page, "Ask me first (3-D Secure)")
    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()
    expect(page.get_by_text("$54.95")).to_be_visible()

    page.get_by_role("button", name=button).click()

    expect(page.get_by_text(status)).to_be_visible()
    assert page.url.startswith(f"{checkout.url}/return?payment_intent={checkout.intent.id}")
    assert len(checkout.bank.ledger("capture")) == captures


def test_a_card_that_was_charged_by_the_shop_may_still_have_to_ask(page: Page, checkout: Checkout):
    wish = replace(WISH, payment_method="pm_card_3ds", return_url=f"{checkout.url}/return")
    asked = checkout.bank.provider().create_intent(wish, "asked")
    call = "([key, secret]) => Stripe(key).retrievePaymentIntent(secret).then(told => told.paymentIntent.status)"
    assert page.evaluate(call, [PUBLISHABLE_KEY, asked.client_secret]) == "requires_action"

    page.evaluate(
        "([key, clientSecret]) => { Stripe(key).handleNextAction({ clientSecret }); }",
        [PUBLISHABLE_KEY, asked.client_secret],
    )

    expect(page.get_by_role("heading", name="Is it you?")).to_be_visible()


def test_axe_finds_nothing_on_the_choices_and_the_banks_pages(browser: Browser, checkout: Checkout):
    context = browser.new_context(bypass_csp=True)
    context.add_init_script(path=AXE)
    page, provider = context.new_page(), checkout.bank.provider()
    provider.create_intent(replace(WISH, payment_method="pm_card_dispute"), "disputed")
    wish = replace(WISH, payment_method="pm_card_3ds", return_url=f"{checkout.url}/return")
    asked = checkout.bank.bank.get("payment_intent", provider.create_intent(wish, "asked").id)

    found = []
    for url in (checkout.url, checkout.bank.url, asked["next_action"]["redirect_to_url"]["url"]):
        page.goto(url)
        found += violations(page, url)

    context.close()
    assert not found, "\n".join(found)
