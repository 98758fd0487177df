"""Invoices: which orders have one, and that what they say adds up."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from shop.db import frozen_time, transaction_time
from shop.domain.actors import SYSTEM
from shop.domain.catalog.operations import save_category
from shop.domain.checkout import cancel_order, place_order
from shop.domain.orders.invoices import Seller, has_invoice, invoice_of
from shop.domain.orders.models import Order
from shop.domain.orders.operations import deliver_order, start_processing
from shop.domain.orders.queries import get_order
from shop.domain.orders.shipments import ship_order
from shop.domain.payments.operations import CashOnDelivery, collect_cash, confirm_cash_on_delivery
from shop.domain.terms import Terms
from shop.errors import NotFound
from tests.conftest import SHOPPER, address, cart_with, make_product, make_staff, order_wish, placed_order, variants_of
from tests.conftest import test_settings as settings_for_tests
from tests.domain.tax_zones.zones import make_zone

SELLER = Seller("Skein", ("12 Weaver Lane",), "shop@example.com")


@pytest.fixture
def variant(app):
    return variants_of(make_product("Amber", price="20.00", variants=["30 ml"]))[0]


def read(order, terms):
    return get_order(order.public_id, SYSTEM, terms)


@pytest.mark.parametrize(
    ("status", "payment_status", "total", "expected"),
    [
        ("pending", "pending", 100, False),
        ("confirmed", "pending", 100, True),
        ("confirmed", "paid", 0, True),
        ("processing", "paid", 100, True),
        ("shipped", "pending", 100, True),
        ("delivered", "refunded", 100, True),
        ("cancelled", "pending", 100, False),
        ("cancelled", "failed", 100, False),
        ("cancelled", "paid", 100, True),
        ("cancelled", "refunded", 100, True),
        ("cancelled", "partially_refunded", 100, True),
        ("cancelled", "paid", 0, False),
    ],
)
def test_an_order_has_an_invoice_once_confirmed_and_when_cancelled_only_if_money_moved(
    status, payment_status, total, expected
):
    order = Order(status=status, payment_status=payment_status, total_amount=total)
    assert has_invoice(order) is expected


def test_there_is_none_before_the_confirmation_nor_after_a_cancellation(terms, variant):
    order = placed_order(terms, (variant, 1))
    with pytest.raises(NotFound, match="not confirmed yet"):
        invoice_of(read(order, terms), SELLER)

    cancel_order(order.id, SYSTEM)

    with pytest.raises(NotFound, match="cancelled before anything was paid"):
        invoice_of(read(order, terms), SELLER)


def test_it_names_parties_articles_and_days(terms, variant):
    start = transaction_time()
    with frozen_time(start - timedelta(minutes=5)):
        wish = order_wish(
            cart_with(terms, (variant, 2)), billingAddress=address(firstName="Omar", company="Haddad & Co")
        )
        order = place_order(wish, SHOPPER, terms)
    confirm_cash_on_delivery(order.id, CashOnDelivery(), SHOPPER, terms)

    invoice = invoice_of(read(order, terms), SELLER)

    assert invoice.number == order.number and invoice.seller == SELLER
    assert invoice.bill_to[:2] == ("Omar Haddad", "Haddad & Co") and invoice.ship_to[0] == "Lina Haddad"
    assert invoice.country == "US"
    assert [(line.article, line.sku, line.quantity) for line in invoice.lines] == [("Amber, 30 ml", variant.sku, 2)]
    assert invoice.ordered_on == (start - timedelta(minutes=5)).date()
    assert isinstance(invoice.issued_on, date) and invoice.issued_on >= start.date()


@pytest.mark.parametrize(
    ("changes", "label", "figures"),
    [
        ({}, None, None),
        ({"tax_rate_percent": "8"}, "8% tax, added to the prices", ("$44.90", "$3.59", "$48.49")),
        (
            {"tax_rate_percent": "16", "tax_included": True},
            "16% tax, included in the prices",
            ("$38.70", "$6.20", "$44.90"),
        ),
    ],
)
def test_net_and_tax_are_the_total(app, variant, changes, label, figures):
    taxed = Terms.from_settings(settings_for_tests(**changes))
    order = placed_order(taxed, (variant, 2), confirm=True)

    invoice = invoice_of(read(order, taxed), SELLER)

    if label is None:
        assert invoice.taxes == ()
    else:
        (tax,) = invoice.taxes
        assert (tax.label, (tax.net.format(), tax.tax.format(), tax.gross.format())) == (label, figures)
        assert tax.net + tax.tax == tax.gross == invoice.total
    assert sum(line.total.amount for line in invoice.lines) == order.subtotal_amount


def test_each_rate_is_told_by_its_name_and_what_is_not_taxed_beside_it(terms, variant):
    books = save_category("books", "Books").id
    make_zone("US", "standard 20 VAT\nbooks 5.5 Reduced VAT", shippingIsTaxed=False)
    book = make_product("Book", price="10.00", stock=5, category_id=books)
    order = placed_order(terms, (variant, 2), (variants_of(book)[0], 1), confirm=True)

    invoice = invoice_of(read(order, terms), SELLER)

    assert [(each.label, each.net.format(), each.tax.format(), each.gross.format()) for each in invoice.taxes] == [
        ("20% VAT, added to the prices", "$40.00", "$8.00", "$48.00"),
        ("5.5% Reduced VAT, added to the prices", "$10.00", "$0.55", "$10.55"),
        ("Not taxed", "$4.90", "$0.00", "$4.90"),
    ]
    assert sum(each.gross.amount for each in invoice.taxes) == order.total_amount


def test_an_order_that_does_not_know_its_rates_tells_the_tax_as_a_whole(app, variant):
    taxed = Terms.from_settings(settings_for_tests(tax_rate_percent="8"))
    order = read(placed_order(taxed, (variant, 2), confirm=True), taxed)
    order.receipt_steps = []

    (tax,) = invoice_of(order, SELLER).taxes

    assert (tax.label, tax.gross) == ("Tax, added to the prices", order.total)


def test_the_payment_is_due_until_it_is_collected(terms, variant):
    order = placed_order(terms, (variant, 2), confirm=True)
    assert invoice_of(read(order, terms), SELLER).payment == "Cash on delivery, $44.90 due at the door"

    for move in (start_processing, ship_order, deliver_order):
        move(order.id, SYSTEM)
    collect_cash(order.id, order.total, make_staff())

    assert invoice_of(read(order, terms), SELLER).payment == "Paid in cash on delivery"
