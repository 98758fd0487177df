"""The invoice of an order: who may open it, that page and PDF tell the same, and which orders have none."""

from __future__ import annotations

import html
import io
import re

import pypdf
import pytest

from shop.domain.actors import SYSTEM
from shop.domain.checkout import cancel_order
from shop.domain.orders.operations import start_processing
from shop.domain.orders.tokens import order_token
from shop.domain.payments.operations import CashOnDelivery, confirm_cash_on_delivery
from shop.domain.terms import Terms
from tests.conftest import (
    SHOPPER,
    address,
    cart_with,
    make_customer,
    make_product,
    order_wish,
    place_order,
    placed_order,
    variants_of,
)
from tests.conftest import test_settings as settings_for_tests
from tests.storefront.pages import body, put_in_cart, sign_in
from tests.storefront.pages import place_order as place_by_form

NO_BREAK = "\N{NO-BREAK SPACE}"
FORMS = ["invoice", "invoice.pdf"]


@pytest.fixture
def variant(app):
    return variants_of(make_product("Amber", slug="amber", price="20.00", stock=5, variants=["30 ml"]))[0]


@pytest.fixture
def order(terms, variant):
    return placed_order(terms, (variant, 2), confirm=True)


def path_of(order, terms, form="invoice"):
    return f"/orders/{order.public_id}/{form}?token={order_token(order, terms.order_token_secrets)}"


def text_of(answer):
    """What a reader sees, of a page as of a PDF."""
    if answer.mimetype != "application/pdf":
        return body(answer)
    pages = pypdf.PdfReader(io.BytesIO(answer.data)).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


@pytest.mark.parametrize("form", FORMS)
def test_the_link_opens_the_invoice_for_whoever_holds_it(client, order, terms, form):
    answer = client.get(path_of(order, terms, form))

    assert answer.status_code == 200
    for expected in (
        f"Order {order.number}",
        "shop@example.com",
        "Bill to Lina Haddad 1 Rainbow Street New York, NY 10001 United States",
        "Article SKU Quantity Unit price Total",
        "Amber, 30 ml SKU-",
        "2 $20.00 $40.00",
        "Subtotal $40.00 Delivery to the United States (Standard) $4.90 Total $44.90",
        "No tax is included or added.",
        "Payment: Cash on delivery, $44.90 due at the door.",
    ):
        assert expected in text_of(answer)


@pytest.mark.parametrize("form", FORMS)
def test_it_is_private_and_in_no_index(client, order, terms, form):
    answer = client.get(path_of(order, terms, form))
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Frame-Options"] == "DENY" and answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_pdf_is_named_by_the_number_and_the_same_each_time(client, order, terms):
    first, second = (client.get(path_of(order, terms, "invoice.pdf")) for _ in range(2))
    assert first.mimetype == "application/pdf" and first.data.startswith(b"%PDF-")
    assert first.headers["Content-Disposition"] == f'inline; filename="invoice-{order.number}.pdf"'
    assert "script-src" not in first.headers["Content-Security-Policy"]
    assert first.data == second.data


@pytest.mark.parametrize("form", FORMS)
def test_a_missing_invoice_and_a_foreign_one_look_alike(client, order, terms, form):
    foreign = client.get(f"/orders/{order.public_id}/{form}")
    missing = client.get(f"/orders/order_{'x' * 22}/{form}")
    wrong = client.get(path_of(order, terms, form)[:-1])
    assert foreign.status_code == missing.status_code == wrong.status_code == 404
    assert foreign.data == missing.data == wrong.data
    assert foreign.data == client.get(f"/orders/{order.public_id}").data


@pytest.mark.parametrize("form", FORMS)
def test_its_customer_needs_no_token_and_another_customer_has_none(app, client, variant, form):
    make_customer()
    make_customer("omar@example.com")
    sign_in(client)
    put_in_cart(client, variant)
    address_of_invoice = place_by_form(client).location.split("?")[0] + f"/{form}"
    omar = app.test_client()
    sign_in(omar, "omar@example.com")

    assert client.get(address_of_invoice).status_code == 200
    assert omar.get(address_of_invoice).status_code == 404
    assert app.test_client().get(address_of_invoice).status_code == 404


def links_of(page):
    return [html.unescape(link) for link in re.findall(r'href="(/orders/[^"]*)"', page.text)]


def test_the_orders_page_leads_to_it_and_it_leads_back_with_the_token(client, order, terms):
    link = path_of(order, terms)
    assert links_of(client.get(link.replace("/invoice", ""))) == [link]
    assert links_of(client.get(link)) == [link.replace("/invoice", "/invoice.pdf"), link.replace("/invoice", "")]


@pytest.mark.parametrize("form", FORMS)
def test_an_order_that_is_not_confirmed_or_cancelled_unpaid_has_none(client, terms, variant, form):
    order = placed_order(terms, (variant, 1))
    link = path_of(order, terms, form)
    answer = client.get(link)
    assert answer.status_code == 404 and "not confirmed yet" in body(answer)
    assert links_of(client.get(link.replace(f"/{form}", ""))) == []

    cancel_order(order.id, SYSTEM)

    answer = client.get(link)
    assert answer.status_code == 404 and "cancelled before anything was paid" in body(answer)
    assert links_of(client.get(link.replace(f"/{form}", ""))) == []


def test_it_is_there_as_long_as_the_order_goes_on(client, order, terms):
    start_processing(order.id, SYSTEM)
    assert client.get(path_of(order, terms)).status_code == 200


def figures_in(page):
    """The amounts of a page, without those of its header."""
    return [
        html.unescape(text) for text in re.findall(r'<bdi class="price">([^<]*)</bdi>', page.text.split("<main")[1])
    ]


@pytest.mark.parametrize(
    ("currency", "price", "shown"),
    [("USD", "1234.50", "$2,469.00"), ("JOD", "12.340", "JOD 24.680"), ("JPY", "1980", "¥3,960")],
)
@pytest.mark.parametrize("taxed", [{}, {"tax_rate_percent": "16"}, {"tax_rate_percent": "16", "tax_included": True}])
def test_every_figure_is_the_same_on_order_invoice_and_pdf(app, client, monkeypatch, currency, price, shown, taxed):
    terms = Terms.from_settings(settings_for_tests(shop_currency=currency, max_cash_on_delivery=10_000, **taxed))
    monkeypatch.setitem(app.extensions, "shop_terms", terms)
    first, second = (variants_of(make_product(price=price, stock=5, currency=currency))[0] for _ in range(2))
    order = placed_order(terms, (first, 2), (second, 1), confirm=True)

    link = path_of(order, terms)
    page, invoice = client.get(link.replace("/invoice", "")), client.get(link)
    pdf = text_of(client.get(link.replace("/invoice", "/invoice.pdf")))

    figures = figures_in(page)
    assert shown.replace(" ", NO_BREAK) in figures and len(figures) >= 6
    on_invoice = set(figures_in(invoice))
    assert set(figures) <= on_invoice
    for figure in on_invoice:
        assert figure.replace(NO_BREAK, " ") in pdf.replace(NO_BREAK, " ")
    sums = re.search(r"Subtotal .* Total \S+(?: [\d.,]+)?", body(page).replace(NO_BREAK, " "))[0]
    assert sums in pdf.replace(NO_BREAK, " ") and sums in body(invoice).replace(NO_BREAK, " ")


@pytest.mark.parametrize("form", FORMS)
def test_the_seller_is_named_with_the_address(app, client, order, terms, monkeypatch, form):
    lines = "12 Weaver Lane; Amman 11118 ;Jordan; VAT JO-1234"
    monkeypatch.setitem(app.extensions, "shop_settings", settings_for_tests(shop_address=lines))
    text = text_of(client.get(path_of(order, terms, form)))
    assert "Flask Shop 12 Weaver Lane Amman 11118 Jordan VAT JO-1234 shop@example.com" in text


@pytest.mark.parametrize("form", FORMS)
def test_what_a_shopper_typed_is_shown_as_text(client, terms, variant, form):
    wish = order_wish(
        cart_with(terms, (variant, 1)),
        shippingAddress=address(firstName="<b>Łina</b>", lastName='<img src="x">', company="A & B", city="لينا 😀"),
    )
    order = confirm_cash_on_delivery(place_order(wish, SHOPPER, terms).id, CashOnDelivery(), SHOPPER, terms)
    answer = client.get(path_of(order, terms, form))
    assert answer.status_code == 200
    if form == "invoice":
        assert "<b>Łina" not in answer.text and "&lt;b&gt;Łina&lt;/b&gt; &lt;img" in answer.text
    else:
        assert '<b>Łina</b> <img src="x">' in text_of(answer) and "A & B" in text_of(answer)


def test_nothing_on_the_page_needs_more_than_the_policy_allows(client, order, terms):
    text = client.get(path_of(order, terms)).text
    assert "style=" not in text and "<style" not in text and text.count("<h1") == 1
