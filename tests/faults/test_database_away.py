"""While the database is away every address says when to come back, or answers without it; nothing is a failure."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from shop import create_app
from tests import servers
from tests.conftest import test_settings

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def shop() -> Flask:
    """A shop whose PostgreSQL does not answer."""
    nowhere = f"postgresql://shop@127.0.0.1:{servers.free_port()}/shop"
    app = create_app(test_settings(database_url=nowhere))
    app.testing = False
    return app


@pytest.fixture
def browser(shop: Flask) -> FlaskClient:
    """The browser of somebody who is signed in and has a cart."""
    browser = shop.test_client()
    browser.set_cookie("session", "s" * 43)
    browser.set_cookie("cart", "cart_" + "0" * 32)
    return browser


def addresses(shop: Flask, method: str) -> set[str]:
    """Every address that takes the method, with something in the place of its names."""
    rules = [rule for rule in shop.url_map.iter_rules() if method in (rule.methods or ())]
    return {re.sub(r"<(int:)?[^>]*>", _filled, rule.rule) for rule in rules if not _is_file(rule)}


def _filled(name: re.Match[str]) -> str:
    return "1" if name[1] else "something"


def _is_file(rule: Rule) -> bool:
    return rule.endpoint in {"static", "pages.media"}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_no_address_fails(shop: Flask, browser: FlaskClient, method: str) -> None:
    failed, silent = {}, []

    for address in sorted(addresses(shop, method)):
        body = {"json": {}} if address.startswith("/api/") else {"data": {}}
        answer = browser.open(address, method=method, headers=SAME_ORIGIN, **({} if method == "GET" else body))
        if answer.status_code >= 500 and answer.status_code != 503:
            failed[address] = answer.status_code
        if answer.status_code == 503 and "Retry-After" not in answer.headers:
            silent.append(address)

    assert failed == {}
    assert silent == []


@pytest.mark.parametrize("address", ["/", "/search?q=soap", "/cart", "/checkout", "/admin", "/admin/orders"])
def test_pages_that_need_it_say_when_to_come_back(browser: FlaskClient, address: str) -> None:
    answer = browser.get(address)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert "/sign-in" not in answer.headers.get("Location", "")


def test_an_address_that_is_none_is_not_found_without_it(browser: FlaskClient) -> None:
    answer = browser.get("/no/such/page")

    assert answer.status_code == 404
    assert "There is no page at this address" in answer.text
