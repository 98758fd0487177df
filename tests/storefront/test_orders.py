"""An order's own page: who may open it, what it shows, and its cancellation."""

from __future__ import annotations

import re

import pytest

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.checkout import cancel_order
from shop.domain.orders.models import Order, OrderLineItem
from shop.domain.orders.operations import deliver_order, start_processing
from shop.domain.orders.shipments import ShipOrder, ship_order
from shop.domain.orders.tokens import order_link, order_token
from shop.domain.payments.operations import collect_cash
from shop.domain.payments.refunds import RefundPayment, refund_payment
from tests.conftest import make_customer, make_product, make_staff, placed_order, stock_of, variants_of
from tests.domain.orders.stories import packed_order
from tests.storefront.pages import body, place_order, put_in_cart, sign_in, value_of


@pytest.fixture
def variant(app):
    return variants_of(make_product("Amber", slug="amber", price="20.00", stock=5, variants=["30 ml"]))[0]


@pytest.fixture
def order(terms, variant):
    return placed_order(terms, (variant, 2), confirm=True)


@pytest.fixture
def link(order, terms):
    return f"/orders/{order.public_id}?token={order_token(order, terms.order_token_secrets)}"


@pytest.fixture
def staff(app):
    return make_staff()


def line_ids(order):
    return list(db.session.scalars(db.select(OrderLineItem.public_id).filter_by(order_id=order.id)))


def status_of_order():
    db.session.rollback()
    return db.session.scalar(db.select(Order.status))


def cancel(client, page, order):
    fields = {name: value_of(page, name) for name in ("csrf_token", "token")}
    return client.post(f"/orders/{order.public_id}/cancellation", data=fields)


def test_the_link_opens_the_order_for_whoever_holds_it(client, order, link):
    page = client.get(link)
    text = body(page)

    assert page.status_code == 200
    assert f"Order {order.number}" in text
    assert "2 × $20.00" in text
    assert "Subtotal $40.00 Delivery to the United States (Standard) $4.90 Total $44.90" in text
    assert "1 Rainbow Street New York, NY 10001 United States" in text
    assert "Cash on delivery, $44.90 due at the door" in text and "last parcel" not in text
    assert "Expected by" in text
    assert "Thank you" not in text


def test_the_page_is_private_and_in_no_index(client, link):
    page = client.get(link)
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["X-Robots-Tag"] == "noindex" and 'content="noindex"' in page.text
    assert page.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("change", [lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"), lambda t: "", lambda t: "é" + t])
def test_a_link_with_another_token_opens_nothing(client, order, link, change):
    address, token = link.split("?token=")
    answer = client.get(address, query_string={"token": change(token)})
    assert answer.status_code == 404 and order.number not in answer.text
    assert client.get(address).status_code == 404


def test_the_token_of_one_order_does_not_open_another(client, order, link, terms, variant):
    other = placed_order(terms, (variant, 1))
    assert client.get(f"/orders/{other.public_id}?{link.split('?')[1]}").status_code == 404


def test_a_missing_order_and_a_foreign_one_look_alike(client, order):
    foreign, missing = client.get(f"/orders/{order.public_id}"), client.get("/orders/order_" + "x" * 22)
    assert foreign.status_code == missing.status_code == 404
    assert foreign.data == missing.data


def test_its_customer_needs_no_token_and_another_customer_has_none(app, client, variant):
    make_customer()
    make_customer("omar@example.com")
    sign_in(client)
    put_in_cart(client, variant)
    address = place_order(client).location.split("?")[0]
    omar = app.test_client()
    sign_in(omar, "omar@example.com")

    assert client.get(address).status_code == 200
    assert omar.get(address).status_code == 404
    assert app.test_client().get(address).status_code == 404


def test_thanks_are_said_once_and_a_reload_orders_nothing(client, variant):
    put_in_cart(client, variant)
    address = place_order(client).location
    for _ in range(3):
        assert "Thank you, Lina" in client.get(address).text
    assert db.session.scalar(db.select(db.func.count()).select_from(Order)) == 1


@pytest.mark.parametrize(
    ("moves", "sentence", "done"),
    [
        ([], "we will pack it soon", ["Placed", "Confirmed"]),
        ([start_processing], "We are packing it", ["Placed", "Confirmed", "Being packed"]),
        ([start_processing, ship_order], "on its way to you", ["Placed", "Confirmed", "Being packed", "On its way"]),
        (
            [start_processing, ship_order, deliver_order],
            "It was delivered",
            ["Placed", "Confirmed", "Being packed", "On its way", "Delivered"],
        ),
    ],
)
def test_the_way_of_the_order_is_shown_with_its_times(client, order, link, moves, sentence, done):
    for move in moves:
        move(order.id, SYSTEM)
    page = client.get(link)
    assert sentence in body(page)
    assert re.findall(r'<li class="done[^>]*>\s*<b>([^<]*)</b>', page.text) == done
    assert page.text.count("UTC</time>") == len(done)


def test_the_holder_of_the_link_cancels_while_it_is_possible(client, order, link, variant):
    page = client.get(link)
    answer = cancel(client, page, order)

    assert answer.status_code == 303 and answer.location == link
    assert status_of_order() == "cancelled" and stock_of(variant) == (5, 0)
    after = body(client.get(link))
    assert "This order was cancelled" in after and "Nothing is due" in after and "Cancel this order" not in after


def test_a_second_cancellation_and_a_late_one_change_nothing(client, order, link):
    page = client.get(link)
    start_processing(order.id, SYSTEM)

    answer = cancel(client, page, order)

    assert answer.status_code == 409 and status_of_order() == "processing"
    assert "Cancel this order" not in client.get(link).text


@pytest.mark.parametrize("token", ["", "wrong", "\x00"])
def test_without_its_token_an_order_is_not_cancelled(client, order, link, token):
    fields = {"csrf_token": value_of(client.get(link), "csrf_token"), "token": token}
    answer = client.post(f"/orders/{order.public_id}/cancellation", data=fields)
    assert answer.status_code == 404 and status_of_order() == "confirmed"


def test_what_a_shopper_typed_is_shown_as_text(client, terms, variant):
    from tests.conftest import SHOPPER, address, cart_with, order_wish
    from tests.conftest import place_order as place

    wish = order_wish(
        cart_with(terms, (variant, 1)),
        shippingAddress=address(firstName="<script>alert(1)</script>", company="A & B"),
        notes="<b>ring</b>",
    )
    order = place(wish, SHOPPER, terms)
    page = client.get(f"/orders/{order.public_id}?token={order_token(order, terms.order_token_secrets)}&placed=1")
    assert "<script>alert" not in page.text and "<b>ring" not in page.text
    assert "A & B" in body(page)


def test_parcels_are_shown_with_their_number_and_what_is_in_them(client, order, link, staff):
    start_processing(order.id, staff)
    one = {line_ids(order)[0]: 1}
    ship_order(order.id, staff, ShipOrder(quantities=one, carrier="DHL", trackingNumber="JD 01"))

    page = client.get(link)

    text = body(page)
    assert "Part of it is on its way to you; the rest follows." in text
    assert "1 × Amber (30 ml)" in text and "DHL, number JD 01" in text and "expected by" in text
    assert 'href="https://www.dhl.com/global-en/home/tracking.html?tracking-id=JD%2001"' in page.text
    assert "hx-trigger" in page.text and "Cancel this order" not in text and "Buy again" not in text
    ship_order(order.id, staff)
    deliver_order(order.id, staff)
    assert body(client.get(link)).count("Delivered ") >= 2 and "Buy again" in body(client.get(link))


def test_money_given_back_is_shown_with_its_reason(client, order, link, staff):
    for move in (start_processing, ship_order, deliver_order):
        move(order.id, staff)
    collect_cash(order.id, order.total, staff)
    refund_payment(order.id, staff, RefundPayment(otherAmount=500, reason="It leaked"))
    text = body(client.get(link))
    assert ": It leaked −$5.00" in text and "Paid and refunded in part" in text


def test_a_reason_of_staff_is_told(client, order, link, staff):
    cancel_order(order.id, staff, reason="We broke it")
    assert "This order was cancelled. We broke it." in body(client.get(link))


def test_what_is_paid_in_cash_is_not_cancelled_by_its_customer(client, order, link, staff):
    page = client.get(link)
    collect_cash(order.id, order.total, staff)
    assert "Cancel this order" not in body(client.get(link))
    answer = cancel(client, page, order)
    assert answer.status_code == 409 and "Write to us" in body(answer) and status_of_order() == "confirmed"


def put_back(client, page, order):
    fields = {name: value_of(page, name) for name in ("csrf_token", "token")}
    return client.post(f"/orders/{order.public_id}/cart-items", data=fields)


def test_a_cancelled_order_is_put_back_into_the_cart(client, order, link):
    cancel(client, client.get(link), order)
    page = client.get(link)
    assert "Put back in cart" in body(page)
    for _ in range(2):
        answer = put_back(client, page, order)
        assert (answer.status_code, answer.location) == (303, "/cart")
    assert "2 items" in body(client.get("/cart")) and client.get_cookie("cart_count").value == "2"


def test_what_is_put_back_is_clipped_with_a_notice(client, terms, order, link, variant):
    cancel(client, client.get(link), order)
    placed_order(terms, (variant, 4))
    answer = put_back(client, client.get(link), order)
    assert answer.status_code == 200
    assert "Amber, 30 ml: only 1 of 2 can be ordered now." in body(answer)


def test_an_order_of_others_is_not_put_back(client, order, link):
    page = client.get(link)
    fields = {"csrf_token": value_of(page, "csrf_token"), "token": "wrong"}
    assert client.post(f"/orders/{order.public_id}/cart-items", data=fields).status_code == 404


def test_an_order_in_several_parcels_is_paid_with_the_last_one(client, terms):
    variant = variants_of(make_product("Amber", stock=5, price="20.00"))[0]
    staff = make_staff()
    order = packed_order(terms, staff, (variant, 2))
    ship_order(order.id, staff, ShipOrder(quantities={order.line_items[0].public_id: 1}))
    page = client.get(order_link(order, "", terms.order_token_secrets))
    assert "Cash on delivery, $44.90 due at the door with the last parcel" in body(page)
