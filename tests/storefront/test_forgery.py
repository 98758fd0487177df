"""Nothing is changed by a form that did not come from our own pages (architecture.md, CSRF)."""

from __future__ import annotations

import re

import pytest

from shop.db import db
from shop.domain.carts.models import Cart, CartLineItem
from shop.domain.catalog.models import Product, Variant
from shop.domain.customers.models import AccountLink, UserSession
from shop.domain.orders.models import Order
from shop.domain.reviews.models import Review
from shop.domain.wishlists.models import WishListItem
from shop.policies import policy_of
from tests.conftest import make_customer, make_product, variants_of
from tests.storefront.pages import HTMX, id_of_item, order_form, put_in_cart, sign_in, value_of, wish_of

FOREIGN = [
    {"Sec-Fetch-Site": None},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": None, "Origin": "null"},
    {"Sec-Fetch-Site": None, "Origin": "https://evil.example.com"},
    {"Sec-Fetch-Site": None, "Origin": "http://localhost.evil.com"},
    {"Sec-Fetch-Site": None, "Origin": "https://localhost"},
    {"Sec-Fetch-Site": None, "Referer": "http://localhost/"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
]


@pytest.fixture
def variant(app):
    return variants_of(make_product("Amber"))[0]


def snapshot():
    db.session.rollback()
    lines = db.session.execute(db.select(CartLineItem.variant_id, CartLineItem.quantity)).all()
    wishes = db.session.execute(db.select(WishListItem.product_id, WishListItem.removed_at)).all()
    tables = (Cart, Order, UserSession, Review, AccountLink)
    return (lines, wishes), *(db.session.scalar(db.select(db.func.count()).select_from(table)) for table in tables)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("htmx", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("path", ["/cart/items", "/wish-list/items"])
def test_a_foreign_form_adds_nothing_to_the_cart_or_the_wish_list(client, variant, path, headers, htmx):
    before = snapshot()
    answer = client.post(path, data=wish_of(variant), headers={**headers, **htmx})
    assert answer.status_code == 403
    assert snapshot() == before


def test_an_old_browser_is_known_by_its_origin(client, variant):
    headers = {"Sec-Fetch-Site": None, "Origin": "http://localhost"}
    assert client.post("/cart/items", data=wish_of(variant), headers=headers).status_code == 303


@pytest.fixture
def known(client, variant):
    """A customer with a cart, a checkout page open and an order."""
    make_customer()
    sign_in(client)
    put_in_cart(client, variant)
    return client


def forms_of(client):
    """Every form of a private page, with the token it needs."""
    cart = client.get("/cart")
    checkout = order_form(client.get("/checkout"))
    item, token = id_of_item(cart), value_of(cart, "csrf_token")
    saved = {"productId": db.session.scalar(db.select(Product.public_id))}
    assert client.post("/wish-list/items", data=saved).status_code == 303
    wish = re.search(r'id="(item_\w+)"', client.get("/wish-list").text)[1]
    again = {"variantId": db.session.scalar(db.select(Variant.public_id)), "quantity": "1"}
    again["productId"] = db.session.scalar(db.select(Product.public_id))
    return {
        f"/cart/items/{item}": {"csrf_token": token, "quantity": "2"},
        f"/cart/items/{item}/removal": {"csrf_token": token},
        "/cart/acknowledgement": {"csrf_token": token},
        "/cart/restoration": {"csrf_token": token, **again},
        "/cart/discount": {"csrf_token": token, "discountCode": "SPRING"},
        "/cart/discount/removal": {"csrf_token": token},
        "/checkout": checkout,
        "/checkout/discount": {**checkout, "discountCode": "SPRING"},
        "/checkout/discount/removal": checkout,
        "/sign-out": {"csrf_token": token},
        "/sign-in": {"csrf_token": token, "email": "lina@example.com", "password": "correct horse battery"},
        "/account/register": {"csrf_token": token, "email": "new@example.com", "password": "correct horse battery"},
        "/account/confirm": {"csrf_token": token, "token": "x"},
        "/account/password": {"csrf_token": token, "email": "lina@example.com"},
        "/account/password/reset": {"csrf_token": token, "token": "x", "password": "correct horse battery"},
        "/orders/order_x/cancellation": {"csrf_token": token, "token": "x"},
        "/orders/order_x/cart-items": {"csrf_token": token, "token": "x"},
        "/orders/order_x/payment": {"csrf_token": token, "token": "x", "paymentMethod": "cash_on_delivery"},
        "/account/cards/pm_x/removal": {"csrf_token": token},
        "/reviews/token_x": {"csrf_token": token, "productId": "prod_x", "rating": "5", "body": "Good."},
        f"/wish-list/items/{wish}/removal": {"csrf_token": token},
        f"/wish-list/items/{wish}/move": {"csrf_token": token, "variantId": again["variantId"]},
        "/wish-list/restoration": {"csrf_token": token, "itemId": wish},
        "/wish-list/sharing": {"csrf_token": token},
        "/wish-list/sharing/end": {"csrf_token": token},
    }


@pytest.mark.parametrize("token", [None, "", "wrong", "a.b.c", "\x00"])
def test_a_private_form_without_its_token_changes_nothing(known, token):
    forms = forms_of(known)
    before = snapshot()
    for path, fields in forms.items():
        sent = {name: text for name, text in fields.items() if name != "csrf_token"}
        if token is not None:
            sent["csrf_token"] = token
        answer = known.post(path, data=sent)
        assert answer.status_code == 400, path
        assert "reload the page and try again" in answer.text
    assert snapshot() == before


def test_the_token_of_another_session_is_none(app, known):
    forms = forms_of(known)
    stranger = app.test_client()
    foreign = value_of(stranger.get("/sign-in"), "csrf_token")
    before = snapshot()
    for path, fields in forms.items():
        assert known.post(path, data={**fields, "csrf_token": foreign}).status_code == 400, path
    assert snapshot() == before


def test_a_private_form_with_its_token_from_elsewhere_changes_nothing(known):
    forms = forms_of(known)
    before = snapshot()
    for path, fields in forms.items():
        assert known.post(path, data=fields, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403, path
    assert snapshot() == before


def test_the_forms_above_are_all_there_are(app, known):
    posts = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "POST" in rule.methods
        and rule.endpoint.split(".")[0]
        in {
            "catalog",
            "reviews",
            "wishlists",
            "viewed",
            "cart",
            "checkout",
            "paying",
            "orders",
            "account",
            "registration",
            "pages",
        }
        and policy_of(app, rule.endpoint).form_token
    }
    paths = [re.sub(r"item_\w+", "<item_id>", path) for path in forms_of(known)]
    paths = [path.replace("pm_x", "<card_id>") for path in paths]
    covered = {path.replace("order_x", "<order_id>").replace("token_x", "<token>") for path in paths}
    assert posts == covered


def test_a_get_changes_nothing(known):
    before = snapshot()
    for path in ("/", "/cart", "/checkout", "/account", "/sign-out", "/cart/items", "/cart/acknowledgement"):
        known.get(path)
    assert snapshot() == before
