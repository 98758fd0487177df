"""Errors as pages: the right status, plain words, nothing leaked, nothing asked of a database that is away."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import OperationalError

from shop import errors
from shop.db import db
from shop.refusals import STATUS, status_of
from shop.storefront import catalog
from tests.conftest import make_product, variants_of
from tests.storefront.pages import HTMX, body, put_in_cart


@pytest.fixture
def failing(monkeypatch):
    """Make the home page fail with an error."""

    def fail_with(error):
        def fail(*_args, **_kwargs):
            raise error

        monkeypatch.setattr(catalog, "list_products", fail)

    return fail_with


def test_every_family_of_errors_has_a_status():
    families = {
        value for value in vars(errors).values() if isinstance(value, type) and errors.ShopError in value.__bases__
    }
    assert families == set(STATUS)
    assert status_of(errors.OutOfStock("x")) == 409


@pytest.mark.parametrize("path", ["/nothing", "/categories/nothing", "/products/nothing", "/pages/nothing"])
def test_what_is_not_there_is_404_with_a_way_on(client, app, path):
    page = client.get(path)
    assert page.status_code == 404 and 'id="search-again"' in page.text
    assert "Set-Cookie" not in page.headers and page.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("path", ["/products/%00", "/categories/a%00b", "/media/%00", "/orders/%00?token=a"])
def test_addresses_with_control_characters_are_not_there(client, app, path):
    assert client.get(path).status_code == 404


def test_the_wrong_method_is_405_and_says_which_are_right(client, app):
    answer = client.get("/cart/items")
    assert answer.status_code == 405 and "POST" in answer.headers["Allow"]


def test_too_large_a_form_is_413(client, app):
    assert client.post("/cart/items", data={"quantity": "1" * 1_100_000}).status_code == 413


def test_a_bug_is_a_500_with_the_id_of_its_request_and_nothing_else(client, app, failing):
    failing(ZeroDivisionError("secret detail"))
    page = client.get("/", headers={"X-Request-ID": "abc-123"})
    assert page.status_code == 500
    assert "abc-123" in page.text and "secret" not in page.text and "Traceback" not in page.text
    assert page.headers["X-Request-ID"] == "abc-123" and page.headers["Cache-Control"] == "private, no-store"


def test_the_pages_of_a_500_and_a_503_ask_the_database_for_nothing(client, app, failing, statements):
    for error in (ZeroDivisionError(), OperationalError("SELECT", {}, Exception("connection refused"))):
        failing(error)
        with statements() as sent:
            assert client.get("/").status_code in {500, 503}
        assert sent == []


def test_a_database_that_is_away_is_a_503_that_says_when_to_come_back(client, app, failing):
    failing(OperationalError("SELECT", {}, Exception("connection refused")))
    page = client.get("/")
    assert page.status_code == 503 and page.headers["Retry-After"] == "30"
    assert "your cart and your orders are safe" in body(page)


def test_a_404_while_the_database_is_away_is_still_a_page(client, app, monkeypatch):
    def fail():
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    monkeypatch.setattr("shop.storefront.errors.list_categories", fail)
    assert client.get("/nothing").status_code == 404


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.Unavailable("Busy.", retry_after=2), 503),
        (errors.TooMany("Wait.", retry_after=9), 429),
        (errors.Conflict("Changed."), 409),
        (errors.Gone("Ended."), 410),
        (errors.Forbidden("No."), 403),
        (errors.PaymentRefused("Declined."), 402),
        (errors.Unknown("What?"), 400),
        (errors.Malformed("What?"), 400),
        (errors.Invalid("Not so.", [errors.Detail("x", "That is why.")]), 422),
    ],
)
def test_refusals_are_pages_in_their_own_words(client, app, failing, error, status):
    failing(error)
    page = client.get("/")
    assert page.status_code == status and error.message in body(page)
    assert page.text.count("<h1") == 1
    assert page.headers.get("Retry-After") == (str(error.retry_after) if error.retry_after else None)
    for detail in error.details:
        assert detail.message in page.text


@pytest.mark.parametrize("error", [ZeroDivisionError(), errors.Conflict("Changed meanwhile.")])
def test_htmx_gets_a_toast_and_keeps_its_page(client, app, failing, error):
    failing(error)
    answer = client.get("/", headers=HTMX)
    assert answer.status_code in {500, 409}
    assert answer.headers["HX-Retarget"] == "#toasts" and answer.headers["HX-Reswap"] == "innerHTML"
    assert "<html" not in answer.text and 'class="toast"' in answer.text


def test_htmx_is_sent_to_sign_in_as_a_whole_page(client, app):
    answer = client.get("/account", headers=HTMX)
    assert answer.status_code == 204 and answer.headers["HX-Redirect"] == "/sign-in?next=/account"


def test_a_database_that_is_away_in_the_cart_is_a_503(client, app, monkeypatch):
    put_in_cart(client, variants_of(make_product())[0])

    def fail(*_args):
        raise OperationalError("SELECT", {}, Exception("connection refused"))

    monkeypatch.setattr("shop.storefront.own_cart.get_cart", fail)
    assert client.get("/cart").status_code == 503
    assert db.session is not None


@pytest.mark.parametrize("address", ["/search?q=%00", "/products/amber?variant=%00", "/?%00=1"])
def test_an_address_with_a_nul_byte_is_refused_in_our_own_words(client, address):
    answer = client.get(address)
    assert answer.status_code == 400
    assert "Open the page anew" in answer.text and "<h1" in answer.text
