"""Programs with keys: the three ways to send one, and what each may."""

from __future__ import annotations

import pytest

from shop.db import db
from shop.domain.api_keys.models import ApiKey
from shop.domain.api_keys.operations import NewApiKey, create_api_key
from shop.domain.audit.models import AuditEntry
from shop.domain.customers.models import User
from tests.api.test_auth import sign_in
from tests.api.test_buying import API, new_cart, order_body, post
from tests.conftest import make_customer, make_product, make_staff


@pytest.fixture
def owner(app):
    return make_staff()


def key_of(owner, *scopes):
    return create_api_key(NewApiKey(name="Sync", scopes=list(scopes)), owner, is_live=True).secret


@pytest.fixture
def order(client, owner):
    product = make_product("Amber", price="20.00", stock=5, variants=["30 ml", "50 ml"])
    return post(client, "/orders", order_body(new_cart(client, product))).get_json()["data"]


@pytest.mark.parametrize(
    "headers",
    [
        lambda key: {"Authorization": f"ApiKey {key}"},
        lambda key: {"Authorization": f"Bearer {key}"},
        lambda key: {"authorization": f"bearer {key}"},
        lambda key: {"X-API-Key": key},
    ],
)
def test_a_key_is_taken_in_each_of_its_headers(client, owner, order, headers):
    sent = headers(key_of(owner, "orders:read"))
    assert client.get(f"{API}/orders/{order['id']}", headers=sent).status_code == 200


def test_a_key_without_the_scope_sees_what_a_guest_sees(client, owner, order):
    sent = {"X-API-Key": key_of(owner, "products:read")}
    assert client.get(f"{API}/orders/{order['id']}", headers=sent).status_code == 404


@pytest.mark.parametrize("sent", ["ApiKey sk_live_x.y", "Bearer sk_live_x.y", "ApiKey eyJ.x.y", "Basic sk_live_x.y"])
def test_a_key_that_is_not_good_is_401(client, sent):
    assert client.get(f"{API}/products", headers={"Authorization": sent}).status_code == 401


def test_two_credentials_at_once_are_refused(client, owner):
    key = key_of(owner, "all")
    answer = client.get(f"{API}/products", headers={"Authorization": f"Bearer {key}", "X-API-Key": key})
    assert answer.status_code == 401


def test_a_key_in_the_address_is_no_key(client, owner, order):
    key = key_of(owner, "all")
    for name in ("key", "api_key", "apiKey", "X-API-Key", "token"):
        assert client.get(f"{API}/orders/{order['id']}", query_string={name: key}).status_code == 404


def test_a_key_is_no_customer(client, owner):
    sent = {"X-API-Key": key_of(owner, "all")}
    assert client.get(f"{API}/me", headers=sent).status_code == 401
    assert client.get(f"{API}/me/wishlist", headers=sent).status_code == 401


def test_a_key_has_no_cart_of_its_owner(client, owner):
    cart = post(client, "/cart", {}, **{"X-API-Key": key_of(owner, "all")}).get_json()["data"]
    assert cart["customerId"] is None


def test_its_use_is_noted(client, owner):
    client.get(f"{API}/products", headers={"X-API-Key": key_of(owner, "products:read")})
    assert db.session.scalars(db.select(ApiKey.last_used_at)).one() is not None


def test_staff_by_token_are_customers_here(client, owner, order):
    pair = sign_in(client, email="staff@example.com")
    answer = client.get(f"{API}/orders/{order['id']}", headers={"Authorization": f"Bearer {pair['accessToken']}"})
    assert answer.status_code == 404


def test_a_cancelling_program_is_told_in_the_history(client, owner, order):
    sent = {"X-API-Key": key_of(owner, "orders:write")}
    cancelled = client.post(f"{API}/orders/{order['id']}/cancel", json={}, headers=sent)
    assert cancelled.status_code == 200
    assert cancelled.get_json()["data"]["history"][-1]["by"] == "staff"
    key_id = db.session.scalars(db.select(ApiKey.id)).one()
    entries = db.session.scalars(db.select(AuditEntry).where(AuditEntry.subject_kind == "order")).all()
    assert all((entry.user_id, entry.api_key_id) == (owner.user_id, key_id) for entry in entries)


def test_a_key_is_made_on_the_command_line(app, owner):
    email = db.session.get_one(User, owner.user_id).email
    runner = app.test_cli_runner()
    done = runner.invoke(args=["user", "create-api-key", "Sync", "--owner", email, "--scope", "products:read"])
    assert done.exit_code == 0 and done.output.startswith("sk_test_")
    refused = runner.invoke(args=["user", "create-api-key", "Sync", "--owner", email, "--scope", "nothing"])
    assert refused.exit_code != 0 and "products:read" in refused.output
    make_customer()
    nobody = runner.invoke(args=["user", "create-api-key", "Sync", "--owner", "lina@example.com", "--scope", "all"])
    assert nobody.exit_code != 0
