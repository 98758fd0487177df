"""Accounts and signing in over the API, from registering to signing out."""

from __future__ import annotations

import re

import pytest

from shop.db import db
from shop.domain.customers.models import RefreshFamily, User
from shop.domain.outbox import unasked_emails
from shop.jobs.emails import send_email
from shop.jobs.outbox import dispatch_all
from tests.api.test_buying import API, error_of, new_cart, order_body, post
from tests.conftest import make_customer, make_product, make_staff
from tests.jobs.conftest import mailbox as mailbox

PAIR = {"email": "lina@example.com", "password": "correct horse battery"}


@pytest.fixture
def customer(app):
    return make_customer()


def get(client, path, token=None):
    headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
    return client.get(API + path, headers={"Sec-Fetch-Site": None, **headers})


def sign_in(client, **changes):
    answer = post(client, "/auth/login", {**PAIR, **changes})
    assert answer.status_code == 200, answer.text
    return answer.get_json()["data"]


def letters(mailbox):
    dispatch_all()
    for email_id in unasked_emails():
        send_email(email_id)
    return [mailbox.find(letter_id) for letter_id in mailbox.list_ids()]


def token_in(letter):
    return re.search(r"token=(\S+)", letter.get_body(("plain",)).get_content())[1]


def test_from_registering_to_signing_out(client, mailbox):
    asked = post(client, "/auth/register", {**PAIR, "firstName": "Lina"})
    assert asked.status_code == 202 and asked.get_json()["message"]
    (letter,) = letters(mailbox)
    assert letter["To"] == PAIR["email"] and "Confirm" in letter["Subject"]

    verified = post(client, "/auth/email/verify", {"token": token_in(letter)})
    pair = verified.get_json()["data"]
    assert verified.status_code == 200 and pair["tokenType"] == "Bearer" and pair["expiresIn"] == 900
    user = pair["user"]
    assert user["email"] == PAIR["email"] and user["emailVerified"] is True and user["role"] == "customer"
    assert get(client, "/me", pair["accessToken"]).get_json()["data"] == user
    assert get(client, "/user", pair["accessToken"]).get_json()["data"] == user

    second = post(client, "/auth/refresh", {"refreshToken": pair["refreshToken"]}).get_json()["data"]
    assert post(client, "/auth/logout", {"refreshToken": second["refreshToken"]}).status_code == 204
    assert get(client, "/me", second["accessToken"]).status_code == 401
    assert sign_in(client)["user"]["id"] == user["id"]


def test_registering_a_known_address_answers_alike(client, customer, mailbox):
    known = post(client, "/auth/register", PAIR)
    unknown = post(client, "/auth/register", {**PAIR, "email": "nobody@example.com"})
    assert (known.status_code, known.get_json()) == (unknown.status_code, unknown.get_json())
    subjects = {letter["To"]: letter["Subject"] for letter in letters(mailbox)}
    assert "already" in subjects[PAIR["email"]] and "Confirm" in subjects["nobody@example.com"]


def test_a_forgotten_password_is_set_anew_by_letter(client, customer, mailbox):
    pair = sign_in(client)
    for email in (PAIR["email"], "nobody@example.com"):
        assert post(client, "/auth/password/forgot", {"email": email}).status_code == 202
    (letter,) = letters(mailbox)
    wanted = {"token": token_in(letter), "password": "another good password"}
    assert post(client, "/auth/password/reset", wanted).status_code == 204
    again = post(client, "/auth/password/reset", wanted)
    assert again.status_code == 410 and error_of(again)["code"] == "GONE"
    assert get(client, "/me", pair["accessToken"]).status_code == 401
    assert post(client, "/auth/login", PAIR).status_code == 401
    assert sign_in(client, password="another good password")
    assert any("was changed" in letter["Subject"] for letter in letters(mailbox))


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/auth/register", {"email": "x", "password": "long enough password"}, 422, "email"),
        ("/auth/register", {"email": "a@example.com", "password": "short"}, 422, "password"),
        ("/auth/register", {"email": "a@example.com", "password": "x" * 129}, 422, "password"),
        ("/auth/register", {"email": "a@example.com"}, 422, "password"),
        ("/auth/register", {**PAIR, "role": "admin"}, 422, "role"),
        ("/auth/login", {**PAIR, "passwort": "x"}, 422, "passwort"),
        ("/auth/login", {"email": 1, "password": "x"}, 422, "email"),
        ("/auth/refresh", {}, 422, "refreshToken"),
        ("/auth/password/reset", {"token": "x", "password": "short"}, 422, "password"),
    ],
)
def test_wrong_fields_are_named(client, path, body, status, field):
    answer = post(client, path, body)
    assert answer.status_code == status
    assert [detail["field"] for detail in error_of(answer)["details"]] == [field]


@pytest.mark.parametrize(
    "body", [{**PAIR, "password": "wrong"}, {**PAIR, "email": "nobody@example.com"}, {**PAIR, "email": "no address"}]
)
def test_any_wrong_pair_is_401_in_the_same_words(client, customer, body):
    answer = post(client, "/auth/login", body)
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert error_of(answer)["code"] == "AUTHENTICATION_ERROR"
    assert "do not belong together" in error_of(answer)["message"]


@pytest.mark.parametrize(
    "sent", ["Bearer x", "Bearer", "Basic bGluYTp4", "bearer ", "Bearer a.b.c", "Token x", "Bearer \u00e9"]
)
def test_credentials_that_are_not_good_are_refused_everywhere(client, sent):
    cart = new_cart(client)
    for path in ("/me", f"/cart/{cart}", "/products"):
        answer = client.get(API + path, headers={"Authorization": sent.encode().decode("latin-1")})
        assert answer.status_code == 401, (path, sent)


def test_a_session_cookie_is_no_credential_of_the_api(client, customer):
    from tests.storefront.pages import sign_in as sign_in_on_page

    sign_in_on_page(client)
    assert client.get(f"{API}/me").status_code == 401


def test_a_profile_is_changed_by_what_is_sent(client, customer):
    headers = {"Authorization": f"Bearer {sign_in(client)['accessToken']}"}
    changed = client.patch(f"{API}/me", json={"firstName": "Lena", "phone": "+962 7 9012 3456"}, headers=headers)
    assert changed.status_code == 200
    user = changed.get_json()["data"]
    assert (user["firstName"], user["lastName"], user["phone"]) == ("Lena", "Haddad", "+962 7 9012 3456")
    refused = client.patch(f"{API}/me", json={"email": "x@example.com"}, headers=headers)
    assert refused.status_code == 422 and error_of(refused)["details"][0]["field"] == "email"
    assert client.patch(f"{API}/me", json={"phone": None}, headers=headers).status_code == 422


def test_a_customer_buys_with_a_token_and_nobody_else_sees_it(client, customer):
    product = make_product("Amber", price="20.00", stock=5, variants=["30 ml", "50 ml"])
    pair = sign_in(client)
    mine = {"Authorization": f"Bearer {pair['accessToken']}"}
    cart = post(client, "/cart", {}, **mine).get_json()["data"]
    assert cart["customerId"] == pair["user"]["id"]
    variant = product.variants[0]
    item = {"productId": product.public_id, "variantId": variant.public_id, "quantity": 1}
    assert post(client, f"/cart/{cart['id']}/items", item).status_code == 404  # a guest with its id
    assert post(client, f"/cart/{cart['id']}/items", item, **mine).status_code == 200
    order = post(client, "/orders", order_body(cart["id"]), **mine).get_json()["data"]
    assert order["customerId"] == pair["user"]["id"]
    assert get(client, f"/orders/{order['id']}", pair["accessToken"]).status_code == 200
    make_customer("other@example.com")
    other = sign_in(client, email="other@example.com")
    assert get(client, f"/orders/{order['id']}", other["accessToken"]).status_code == 404
    assert get(client, f"/cart/{cart['id']}", other["accessToken"]).status_code == 404


def test_a_wish_list_over_the_api(client, customer):
    product = make_product("Amber")
    headers = {"Authorization": f"Bearer {sign_in(client)['accessToken']}"}
    assert client.get(f"{API}/me/wishlist").status_code == 401
    added = client.post(f"{API}/me/wishlist", json={"productId": product.public_id}, headers=headers)
    assert added.status_code == 201
    listed = client.get(f"{API}/me/wishlist", headers=headers).get_json()["data"]
    assert len(listed) == 1
    assert client.delete(f"{API}/me/wishlist/{product.public_id}", headers=headers).status_code == 204
    assert client.delete(f"{API}/me/wishlist/{product.public_id}", headers=headers).status_code == 404


def test_staff_have_their_role_in_the_token(client):
    make_staff("orders:read")
    assert sign_in(client, email="staff@example.com")["user"]["role"] == "staff"


def test_wrong_passwords_are_limited_by_account_and_address(limited_client, app):
    client = limited_client(ratelimit_sign_in="3 per 15 minutes")
    make_customer()
    wrong = {**PAIR, "password": "wrong"}
    assert [post(client, "/auth/login", wrong).status_code for _ in range(4)] == [401, 401, 401, 429]
    last = post(client, "/auth/login", PAIR)
    assert last.status_code == 429 and int(last.headers["Retry-After"]) > 0
    assert post(client, "/auth/login", {**PAIR, "email": "other@example.com"}).status_code == 401


def test_nothing_is_kept_of_a_refused_sign_in(client, customer):
    post(client, "/auth/login", {**PAIR, "password": "wrong"})
    assert db.session.scalars(db.select(RefreshFamily.id)).all() == []
    assert db.session.scalar(db.select(db.func.count()).select_from(User)) == 1
