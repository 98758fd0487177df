"""Carts at random, seeded: each receipt adds up, and page, API, order, letter and admin say the same of it.

First many carts through the pricing function alone, in currencies of 0, 2 and 3 decimals, tax on top and inside; then
some of them through the whole shop, one shop for each currency and kind of tax.
"""

from __future__ import annotations

import argparse
import html
import random
import re
import sys
import time
from collections.abc import Iterator
from decimal import Decimal

from flask import Flask
from flask_migrate import upgrade

from bench.record import Record
from bench.shopper import ADDRESS, hidden_fields
from bench.statements import API, new_app
from shop.db import db, transaction_time
from shop.domain.actors import SYSTEM
from shop.domain.outbox import ClaimedEmail
from shop.domain.pricing import Discount, LineToPrice, price_lines
from shop.domain.promotions.codes import CodeWish, create_code
from shop.domain.tax import TaxRule
from shop.jobs.letters import write_letter
from shop.money import Money, increment_of
from tests.conftest import make_product, make_staff
from tests.domain.test_pricing import expect_whole

CURRENCIES = ("JPY", "USD", "JOD")
RATES = [Decimal(text) for text in ("0", "5.5", "8", "10.75", "16", "19.975", "20", "25")]
STEP = 10_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--carts", type=int, default=100_000)
    parser.add_argument("--whole", type=int, default=300, help="carts that go through the whole shop")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    record, chance = Record("pricing", fresh=True), random.Random(asked.seed)
    for currency in CURRENCIES:
        for included in (False, True):
            name = f"{currency}, tax {'inside' if included else 'on top'}"
            count, whole = asked.carts // 6, asked.whole // 6
            started = time.perf_counter()
            price_many(count, currency, included, chance)
            seconds = time.perf_counter() - started
            buy_many(whole, currency, included, chance)
            record.keep(
                name,
                {
                    "carts priced": f"{count:,}",
                    "a second": f"{count / seconds:,.0f}",
                    "through the whole shop": whole,
                    "verdict": "ok",
                },
            )
            print(name, "ok", flush=True)
    print(record.table())
    record.publish(
        "Prices (`make prove-pricing`)",
        f"Seed {asked.seed}. Each receipt: totals add up, the discount is split exactly, nothing is negative. "
        "Through the whole shop: cart, page, quote, order, its page, letter, invoice and the admin say the same total.",
    )
    return 0


# -- the function alone -----------------------------------------------------------------------------------------------


def price_many(count: int, currency: str, included: bool, chance: random.Random) -> None:
    """Price so many carts; raises AssertionError with the cart that does not add up."""
    for number in range(count):
        lines, shipping, rule, discount = a_cart(currency, included, chance)
        try:
            expect_whole(price_lines(lines, shipping, rule, discount=discount), lines, rule)
        except AssertionError:
            print("does not add up:", lines, shipping, rule, discount, file=sys.stderr)
            raise
        if number % STEP == STEP - 1:
            print(f"  {currency}: {number + 1:,} of {count:,}", flush=True)


def a_cart(
    currency: str, included: bool, chance: random.Random
) -> tuple[list[LineToPrice], Money, TaxRule, Discount | None]:
    """A cart such as people fill, and now and then one that nobody would."""
    step = increment_of(currency)

    def money(most: int) -> Money:
        return Money(chance.choice((0, 1, chance.randint(1, most), chance.randint(1, most))) * step, currency)

    lines = [
        LineToPrice(
            money(50_000),
            chance.choice((1, 1, 2, 3, chance.randint(1, 99))),
            chance.choice((None, None, chance.choice(RATES))),
            chance.random() < 0.7,
        )
        for _ in range(chance.choice((1, 1, 2, 3, 5, 20, 100)) if chance.random() < 0.99 else 0)
    ]
    rule = TaxRule(chance.choice(RATES), included, rounding=chance.choice(("line", "order")))
    percent = Decimal(chance.randint(1, 10_000)) / 100
    discount = chance.choice(
        (
            None,
            Discount("PERCENT", "percentage", percent=percent),
            Discount("AMOUNT", "fixed_amount", amount=money(80_000)),
            Discount("FREE", "free_shipping"),
        )
    )
    return lines, money(2_000), rule, discount


# -- the whole shop ---------------------------------------------------------------------------------------------------


def buy_many(count: int, currency: str, included: bool, chance: random.Random) -> None:
    """Buy so many carts, half over the API and half on the pages, and compare what every face says of each."""
    app = new_app(
        "sqlite",
        shop_currency=currency,
        tax_rate_percent=chance.choice(RATES[1:]),
        tax_included=included,
        max_cash_on_delivery=10**7,
    )
    with app.app_context():
        upgrade()
        products = [
            make_product(
                f"Article {number}",
                price=str(Money(chance.randint(1, 9_000) * increment_of(currency), currency).to_decimal()),
                stock=10_000,
                currency=currency,
            )
            for number in range(12)
        ]
        codes = list(make_codes(currency, chance))
        make_staff(email="owner@example.com")
        ids = [(each.public_id, each.variants[0].public_id) for each in map(_with_variants, products)]
    staff = app.test_client()
    sign_in(staff)
    for number in range(count):
        wanted = [(chance.choice(ids), chance.choice((1, 2, 3, 9))) for _ in range(chance.choice((1, 2, 4)))]
        code = chance.choice((None, *codes))
        buy_one(app, staff, wanted, code, is_page=number % 2 == 0, chance=chance)


def _with_variants(product):
    from shop.domain.catalog.models import Product

    return db.session.get_one(Product, product.id, options=[db.selectinload(Product.variants)], populate_existing=True)


def make_codes(currency: str, chance: random.Random) -> Iterator[str]:
    """Codes of each kind."""
    for number in range(3):
        percent = str(Decimal(chance.randint(100, 6_000)) / 100)
        amount = str(Money(chance.randint(1, 5_000) * increment_of(currency), currency).to_decimal())
        for kind, value in (("percentage", percent), ("fixed_amount", amount), ("free_shipping", "")):
            wish = CodeWish.model_validate({"code": f"{kind}-{number}", "kind": kind, "value": value, "isActive": True})
            yield create_code(wish, SYSTEM, currency).code


def sign_in(client) -> None:
    page = client.get("/admin/sign-in").text
    form = {**hidden_fields(page), "email": "owner@example.com", "password": "correct horse battery"}
    assert client.post("/admin/sign-in", data=form, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303


def buy_one(app: Flask, staff, wanted, code: str | None, *, is_page: bool, chance: random.Random) -> None:
    """One cart from the first article to the admin's page of its order."""
    client = app.test_client()
    method = chance.choice(("standard", "express"))
    order, shown = (buy_on_pages if is_page else buy_over_api)(client, wanted, code, method)
    parts = [order[name] for name in ("subtotal", "discount", "shipping", "tax", "total")]
    subtotal, discount, shipping, tax, total = parts
    assert total == subtotal - discount + shipping + tax >= 0, order
    assert shown == total, (shown, total)
    assert order["receipt"][-1]["amount"] == total
    assert sum(item["totalPrice"] for item in order["items"]) == subtotal - discount, order
    figure = Money(total, order["currency"]).format()
    link = order["statusUrl"].removeprefix("http://localhost")
    assert_says(client.get(link).text, figure, link)
    assert_says(staff.get(f"/admin/orders/{order['id']}").text, figure, "admin")
    with app.app_context():
        now = transaction_time()
        claim = ClaimedEmail(1, "email_1", "order_confirmed", order["email"], order["id"], 1, now, "", now)
        letter = write_letter(claim)
    assert_says(letter.html, figure, "letter")
    assert_says(letter.text, figure, "letter's text")


def buy_over_api(client, wanted, code, method) -> tuple[dict, int]:
    headers = {"Content-Type": "application/json"}

    def ask(verb, path, body=None):
        answer = client.open(API + path, method=verb, json=body, headers=headers)
        assert answer.status_code < 300, (path, answer.text)
        return answer.get_json()["data"]

    cart = ask("POST", "/cart", {})["id"]
    for (product, variant), quantity in wanted:
        ask("POST", f"/cart/{cart}/items", {"productId": product, "variantId": variant, "quantity": quantity})
    if code:
        ask("POST", "/checkout/discount", {"cartId": cart, "discountCode": code})
    quotes = ask("POST", "/checkout/shipping", {"cartId": cart, "shippingAddress": {"country": "US"}})["methods"]
    quoted = next(each["total"] for each in quotes if each["id"] == method)
    body = {
        "cartId": cart,
        "shippingAddress": {**ADDRESS, "email": "buyer@example.com"},
        "shippingMethod": method,
        "paymentMethod": "cash_on_delivery",
        "expectedTotal": quoted,
    }
    placed = ask("POST", "/orders", body)
    if placed["status"] == "pending":
        pay = client.post(
            f"{API}/orders/{placed['id']}/payment",
            json={"paymentMethod": "cash_on_delivery"},
            headers={"X-Order-Token": placed["token"]},
        )
        assert pay.status_code == 200, pay.text
    return placed, quoted


def buy_on_pages(client, wanted, code, method) -> tuple[dict, int]:
    own = {"Sec-Fetch-Site": "same-origin"}
    for (product, variant), quantity in wanted:
        form = {"productId": product, "variantId": variant, "quantity": quantity}
        assert client.post("/cart/items", data=form, headers=own).status_code == 303
    if code:
        form = {**hidden_fields(client.get("/cart").text), "discountCode": code}
        assert client.post("/cart/discount", data=form, headers=own).status_code == 303
    address = {f"shippingAddress.{name}": text for name, text in {**ADDRESS, "email": "buyer@example.com"}.items()}
    choices = {"billingAddress": "same", "shippingMethod": method, "paymentMethod": "cash_on_delivery"}
    page = client.post(
        "/checkout",
        data={**hidden_fields(client.get("/checkout").text), **address, **choices, "action": "quote"},
        headers=own,
    ).text
    fields = hidden_fields(page)
    placed = client.post("/checkout", data={**fields, **address, **choices, "action": "place"}, headers=own)
    assert placed.status_code == 303, placed.text
    found = re.search(r"/orders/(order_\w+)\?token=([^&]+)", placed.location)
    assert found, placed.location
    order = client.get(f"{API}/orders/{found[1]}?token={found[2]}").get_json()["data"]
    return order, int(fields["expectedTotal"])


def assert_says(page: str, figure: str, where: str) -> None:
    words = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).replace("\u00a0", " ").split())
    assert figure.replace("\u00a0", " ") in words, f"{where} does not say {figure}"


if __name__ == "__main__":
    raise SystemExit(main())
