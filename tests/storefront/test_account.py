"""Signing in and out, and the customer's page."""

from __future__ import annotations

import re

import pytest

from shop.db import db, operation
from shop.domain.customers.models import User, UserSession
from shop.redirects import safe_next
from tests.conftest import make_customer, make_product, variants_of
from tests.storefront.pages import body, place_order, put_in_cart, sign_in, value_of


@pytest.fixture
def customer(app):
    return make_customer()


def test_signing_in_opens_the_account_with_a_new_session(client, customer):
    client.get("/sign-in")
    before = client.get_cookie("session").value

    answer = sign_in(client)

    assert answer.status_code == 303 and answer.location == "/account"
    cookie = client.get_cookie("session")
    assert cookie.value != before and cookie.http_only and cookie.same_site == "Lax"
    assert "Hello, Lina" in client.get("/account").text
    assert db.session.scalar(db.select(db.func.count()).select_from(UserSession)) == 1


def test_the_old_session_is_no_key_any_more(app, client, customer):
    client.get("/sign-in")
    before = client.get_cookie("session").value
    sign_in(client)
    thief = app.test_client()
    thief.set_cookie("session", before)
    assert thief.get("/account").status_code == 303


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("lina@example.com", "wrong"),
        ("nobody@example.com", "correct horse battery"),
        ("no address", "correct horse battery"),
        ("' OR 1=1 --", "x"),
    ],
)
def test_a_wrong_pair_is_refused_in_the_same_words_for_all(client, customer, email, password):
    answer = sign_in(client, email, password)

    assert answer.status_code == 401
    assert "The e-mail address and the password do not belong together." in body(answer)
    assert value_of(answer, "email") == email and value_of(answer, "password") == ""
    assert client.get("/account").status_code == 303


@pytest.mark.parametrize(("email", "password"), [("", ""), ("lina@example.com", ""), ("lina@example.com", "x" * 129)])
def test_what_is_missing_is_asked_for(client, customer, email, password):
    answer = sign_in(client, email, password)
    assert answer.status_code == 422 and 'aria-invalid="true"' in answer.text


@operation
def block(email):
    db.session.scalars(db.select(User).filter_by(email=email)).one().is_active = False


def test_a_blocked_account_does_not_open_and_an_open_session_ends(client, customer):
    sign_in(client)
    block("lina@example.com")
    assert client.get("/account").location == "/sign-in?next=/account"
    assert sign_in(client).status_code == 401


def test_signing_out_ends_the_session_on_both_sides(app, client, customer):
    sign_in(client)
    cookie = client.get_cookie("session").value

    answer = client.post("/sign-out", data={"csrf_token": value_of(client.get("/account"), "csrf_token")})

    assert answer.status_code == 303 and answer.location == "/"
    assert client.get_cookie("session") is None
    other = app.test_client()
    other.set_cookie("session", cookie)
    assert other.get("/account").status_code == 303
    assert db.session.scalar(db.select(db.func.count()).select_from(UserSession)) == 0


def test_a_guests_cart_joins_the_customers_at_sign_in(app, client, customer):
    amber, balm = (variants_of(make_product(name))[0] for name in ("Amber", "Balm"))
    other = app.test_client()
    sign_in(other)
    put_in_cart(other, amber, 1)
    put_in_cart(client, amber, 2)
    put_in_cart(client, balm, 1)

    sign_in(client)

    assert client.get_cookie("cart") is None and client.get_cookie("cart_count").value == "4"
    assert "Balm" in other.get("/cart").text


def test_after_signing_out_the_cart_is_not_shown(client, customer):
    sign_in(client)
    put_in_cart(client, variants_of(make_product("Amber"))[0])
    client.post("/sign-out", data={"csrf_token": value_of(client.get("/account"), "csrf_token")})
    assert "Your cart is empty" in client.get("/cart").text


def test_a_page_for_customers_leads_to_sign_in_and_back(client, customer):
    answer = client.get("/account?page=2")
    assert answer.status_code == 303 and answer.location == "/sign-in?next=/account?page%3D2"

    page = client.get(answer.location)
    assert value_of(page, "next") == "/account?page=2"
    fields = {name: value_of(page, name) for name in ("csrf_token", "next")}
    back = client.post("/sign-in", data={**fields, "email": "lina@example.com", "password": "correct horse battery"})
    assert back.location == "/account?page=2"


@pytest.mark.parametrize(
    "wanted",
    [
        *("https://evil.com", "//evil.com", "/\\evil.com", "\\/evil.com", "javascript:alert(1)", "evil.com", ""),
        *("/a\nb", "/a\r\nSet-Cookie: x=1", "/\t/evil.com", " //evil.com", "/" + "x" * 600, "http:/evil.com", "/é"),
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(client, customer, wanted):
    assert safe_next(wanted, "/account") == "/account"
    page = client.get("/sign-in", query_string={"next": wanted})
    assert value_of(page, "next") == "/account"


@pytest.mark.parametrize("wanted", ["/", "/checkout", "/account?page=2", "/products/a-b?variant=var_1#x"])
def test_an_own_page_is_gone_back_to(app, wanted):
    assert safe_next(wanted, "/account") == wanted


def test_who_is_signed_in_needs_no_sign_in_page(client, customer):
    sign_in(client)
    assert client.get("/sign-in?next=/checkout").location == "/checkout"


def test_the_account_lists_ones_own_orders_newest_first(app, client, customer):
    variant = variants_of(make_product("Amber", stock=50))[0]
    put_in_cart(app.test_client(), variant)
    sign_in(client)
    numbers = []
    for _ in range(2):
        put_in_cart(client, variant)
        order_page = client.get(place_order(client).location)
        numbers.insert(0, body(order_page).split("Order ")[1].split()[0])

    text = client.get("/account").text

    assert text.index(numbers[0]) < text.index(numbers[1])
    assert "token=" not in text


def test_pages_past_the_last_and_pages_that_cannot_be(client, customer):
    sign_in(client)
    assert "Your orders will be listed here" in client.get("/account").text
    assert "The list ends before this page" in client.get("/account?page=5").text
    assert client.get("/account?page=-1").status_code == 422


def test_failed_tries_are_counted_by_address_and_person_and_good_ones_are_not(limited_client):
    make_customer()
    make_customer("omar@example.com")
    client = limited_client()
    for _ in range(7):
        assert sign_in(client).status_code == 303
        client.post("/sign-out", data={"csrf_token": value_of(client.get("/account"), "csrf_token")})
    assert [sign_in(client, password="wrong").status_code for _ in range(6)] == [401] * 5 + [429]

    refused = sign_in(client)
    assert refused.status_code == 429 and int(refused.headers["Retry-After"]) > 0
    # How long depends on where in its window the clock stands.
    assert re.search(r"tried too often in a short time. Wait (a minute|\d+ (minutes|seconds)) and try", body(refused))
    assert sign_in(client, "omar@example.com").status_code == 303


def test_one_address_cannot_try_one_person_after_another(limited_client):
    client = limited_client(ratelimit_sign_in_per_address="3 per 15 minutes")
    tries = [sign_in(client, f"{number}@example.com").status_code for number in range(4)]
    assert tries == [401, 401, 401, 429]


def test_a_cookie_that_is_no_cart_does_not_stop_a_sign_in(client, customer):
    client.set_cookie("cart", '"\\000"')
    assert sign_in(client).status_code == 303
