"""Making an account and setting a password on the pages, without script."""

from __future__ import annotations

import pytest

from shop.db import db
from shop.domain.customers.models import AccountLink, User
from tests.api.test_auth import letters, token_in
from tests.conftest import make_customer, make_product, variants_of
from tests.jobs.conftest import mailbox as mailbox
from tests.storefront.pages import body, put_in_cart, sign_in, value_of

WISH = {"email": "lina@example.com", "password": "correct horse battery", "firstName": "Lina", "lastName": ""}


def fill(client, path, **fields):
    page = client.get(path)
    return client.post(path.partition("?")[0], data={"csrf_token": value_of(page, "csrf_token"), **fields})


def test_an_account_from_its_form_to_its_page(client, mailbox):
    put_in_cart(client, variants_of(make_product("Amber"))[0])
    asked = fill(client, "/account/register", **WISH)
    assert asked.status_code == 303 and asked.location == "/account/letter"
    assert "Look into your mailbox" in body(client.get(asked.location))
    (letter,) = letters(mailbox)
    token = token_in(letter)
    page = client.get(f"/account/confirm?token={token}")
    assert page.status_code == 200 and db.session.scalars(db.select(User.id)).all() == []  # opening it is not enough

    entered = fill(client, f"/account/confirm?token={token}", token=token)

    assert entered.status_code == 303 and entered.location == "/account"
    assert "Hello, Lina" in body(client.get("/account"))
    assert "Amber" in body(client.get("/cart"))
    again = fill(client, f"/account/confirm?token={token}", token=token)
    assert again.status_code == 410 and "This link has ended" in body(again)


def test_both_forms_of_the_letter_have_the_link(client, mailbox):
    fill(client, "/account/register", **WISH)
    (letter,) = letters(mailbox)
    token = token_in(letter)
    assert token in letter.get_body(("html",)).get_content().replace("&amp;", "&")


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"email": "no address"}, "name@example.com"), ({"password": "short"}, "10 characters")],
)
def test_a_mistake_keeps_what_was_typed_but_the_password(client, changes, words):
    refused = fill(client, "/account/register", **{**WISH, **changes})
    assert refused.status_code == 422 and words in body(refused)
    assert value_of(refused, "firstName") == "Lina" and value_of(refused, "password") == ""
    assert db.session.scalars(db.select(AccountLink.id)).all() == []


def test_a_known_address_gets_the_same_page(client, mailbox):
    make_customer()
    known = fill(client, "/account/register", **WISH)
    unknown = fill(client, "/account/register", **{**WISH, "email": "nobody@example.com"})
    assert (known.status_code, known.location) == (unknown.status_code, unknown.location)


def test_a_forgotten_password(app, client, mailbox):
    make_customer()
    elsewhere = app.test_client()
    sign_in(elsewhere)
    asked = fill(client, "/account/password", email="lina@example.com")
    assert asked.status_code == 303 and asked.location == "/account/letter"
    (letter,) = letters(mailbox)
    there = f"/account/password/reset?token={token_in(letter)}"
    refused = fill(client, there, token=token_in(letter), password="short")
    assert refused.status_code == 422 and value_of(refused, "token") == token_in(letter)

    done = fill(client, there, token=token_in(letter), password="another good password")

    assert done.status_code == 303
    assert "Your password is changed" in body(client.get(done.location))
    assert elsewhere.get("/account").status_code == 303  # signed out there
    assert sign_in(client, password="another good password").status_code == 303


def test_a_link_without_its_token_says_so(client):
    for path in ("/account/confirm", "/account/password/reset"):
        answer = fill(client, path, password="another good password")
        assert answer.status_code in {410, 422}


def test_who_is_signed_in_needs_no_account(client):
    make_customer()
    sign_in(client)
    assert client.get("/account/register").status_code == 303


def test_the_ways_are_named_where_one_signs_in(client):
    page = client.get("/sign-in").text
    assert 'href="/account/password"' in page and 'href="/account/register"' in page
