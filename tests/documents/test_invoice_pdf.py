"""The invoice as PDF: whole on every page, the same bytes each time, and whatever was typed is text."""

from __future__ import annotations

import dataclasses
import io
import socket
from datetime import date

import pypdf
import pytest

from shop.documents.invoice_pdf import render_invoice_pdf
from shop.domain.orders.invoices import Invoice, InvoiceLine, Seller, TaxShare
from shop.domain.orders.receipts import Figure
from shop.money import Money

NO_BREAK = "\N{NO-BREAK SPACE}"
NO_SPACE = {ord(" "): None, ord("\n"): None}


def usd(amount):
    return Money(amount, "USD")


def line(number, article="Amber serum, 30 ml"):
    return InvoiceLine(article, f"SKU-{number}", 2, usd(2000), usd(4000))


INVOICE = Invoice(
    number="SKN-2026-000123",
    ordered_on=date(2026, 11, 20),
    issued_on=date(2026, 11, 21),
    seller=Seller("Skein", ("12 Weaver Lane", "Amman"), "shop@example.com"),
    bill_to=("Lina Haddad", "1 Rainbow Street", "Jordan"),
    ship_to=("Omar Haddad", "2 Rainbow Street", "Jordan"),
    country="JO",
    lines=(line(1),),
    sums=(Figure("Subtotal", "$40.00"), Figure("Delivery (Standard)", "Free")),
    total=usd(4000),
    taxes=(TaxShare("16% VAT, included in the prices", usd(3448), usd(552), usd(4000)),),
    payment="Cash on delivery, $40.00 due at the door",
)


def invoice(**changes):
    return dataclasses.replace(INVOICE, **changes)


def pages_of(wanted):
    return pypdf.PdfReader(io.BytesIO(render_invoice_pdf(wanted))).pages


def words_of(page):
    return " ".join(page.extract_text().replace(NO_BREAK, " ").split())


def test_it_has_all_that_an_invoice_needs():
    (page,) = pages_of(INVOICE)

    text = words_of(page)

    for expected in (
        *("Skein 12 Weaver Lane Amman shop@example.com", "Invoice Order SKN-2026-000123"),
        *("Invoice date: Sat 21 Nov 2026", "Order date: Fri 20 Nov 2026"),
        *("Bill to Lina Haddad 1 Rainbow Street Jordan", "Ship to Omar Haddad 2 Rainbow Street Jordan"),
        *("Article SKU Quantity Unit price Total", "Amber serum, 30 ml SKU-1 2 $20.00 $40.00"),
        *("Subtotal $40.00 Delivery (Standard) Free Total $40.00", "Net Tax Gross"),
        *("16% VAT, included in the prices $34.48 $5.52 $40.00", "Payment: Cash on delivery, $40.00 due at the door."),
        "Page 1 of 1",
    ):
        assert expected in text


def test_where_there_is_no_tax_it_says_so():
    (page,) = pages_of(invoice(taxes=()))
    assert "No tax is included or added." in words_of(page) and "Gross" not in words_of(page)


def test_the_same_order_gives_the_same_bytes():
    assert render_invoice_pdf(INVOICE) == render_invoice_pdf(INVOICE)


def test_twelve_articles_are_one_page_and_a_hundred_are_several_that_repeat_the_head():
    assert len(pages_of(invoice(lines=tuple(line(number) for number in range(12))))) == 1
    assert len(pages_of(invoice(country="US", lines=tuple(line(number) for number in range(12))))) == 1

    pages = pages_of(invoice(lines=tuple(line(number) for number in range(100))))

    assert len(pages) > 2
    for number, page in enumerate(pages, start=1):
        assert ("Article SKU Quantity Unit price Total" in words_of(page)) == ("SKU-" in words_of(page))
        assert f"Page {number} of {len(pages)}" in words_of(page)
    together = " ".join(words_of(page) for page in pages)
    assert all(f" SKU-{number} 2 $20.00 $40.00" in together for number in range(100))
    assert "Subtotal $40.00" in words_of(pages[-1]) and "Payment:" in words_of(pages[-1])


@pytest.mark.parametrize("count", range(12, 34))
def test_the_sum_is_never_torn_apart(count):
    *_, last = pages_of(invoice(lines=tuple(line(number) for number in range(count))))
    assert "Subtotal $40.00 Delivery (Standard) Free Total $40.00" in words_of(last)
    assert "Payment: Cash on delivery" in words_of(last)


@pytest.mark.parametrize(("country", "height"), [("JO", 842), ("DE", 842), ("", 842), ("US", 792), ("CA", 792)])
def test_the_paper_is_that_of_the_country(country, height):
    (page,) = pages_of(invoice(country=country))
    assert round(page.mediabox.height) == height


@pytest.mark.parametrize(
    "typed",
    [
        "<b>Lina</b>",
        "Lina & Sons",
        "<script>alert(1)</script>",
        '<img src="http://127.0.0.1:9/x.png" width="10" height="10"/>',
        '<a href="http://evil.example.com">me</a>',
        "<font color='white' size='99'>",
        "&lt;b&gt; &#65; &nbsp;x",
        "{{ 7 * 7 }} %s %(x)s",
        "</para><para>",
        "a\\b(c)",
    ],
)
def test_markup_that_was_typed_is_text_and_fetches_nothing(typed, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("something was fetched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    (page,) = pages_of(invoice(bill_to=(typed,), seller=Seller(typed, (typed,), typed), lines=(line(1, typed),)))
    assert page.extract_text().translate(NO_SPACE).count(typed.translate(NO_SPACE)) == 6  # with the foot
    assert "/Annots" not in page


@pytest.mark.parametrize("name", ["Łódź", "Ωμέγα", "Привет", "€ 5", "Žluťoučký kůň", "ﬁx", "Ünïcödé"])
def test_the_letters_of_europe_are_on_it(name):
    (page,) = pages_of(invoice(bill_to=(name,)))
    assert name in words_of(page)


@pytest.mark.parametrize(
    "name", ["لينا حداد", "דנה", "日本語", "😀", "\u202eabc", "\ufeff", "a\u0301", "\U0010ffff", "\ud800"]
)
def test_no_letter_stops_it(name):
    (page,) = pages_of(invoice(bill_to=(name, "Amman")))
    assert "Amman" in words_of(page)


def test_letters_that_the_font_lacks_are_boxes():
    (page,) = pages_of(invoice(bill_to=("東京 😀",)))
    assert "Bill to □□ □" in words_of(page)


def test_long_names_are_wrapped_and_whole():
    article, street = "x" * 255, "y" * 160
    (page,) = pages_of(invoice(lines=(line(1, article), line(2, "Long word " * 25)), bill_to=(street,)))
    text = page.extract_text()
    assert text.count("x") >= 255 and text.count("y") >= 160 and text.count("Long") == 25


def test_it_says_its_title_and_language():
    reader = pypdf.PdfReader(io.BytesIO(render_invoice_pdf(INVOICE)))
    assert reader.metadata.title == "Invoice SKN-2026-000123" and reader.metadata.author == "Skein"
    assert reader.trailer["/Root"]["/Lang"] == "en"
