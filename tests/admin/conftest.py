"""What the tests of the admin share: members of staff at their browsers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.admin.pages import sign_in
from tests.conftest import make_staff
from tests.storefront.conftest import limited_client

__all__ = ["limited_client"]


@pytest.fixture
def owner(client: FlaskClient) -> FlaskClient:
    """The browser of somebody who may do everything."""
    make_staff(email="owner@example.com")
    assert sign_in(client, "owner@example.com").status_code == 303
    client.get("/admin")  # reads what is said after signing in
    return client


@pytest.fixture
def staff_who_may(app, client: FlaskClient) -> Callable[..., FlaskClient]:
    """`staff_who_may("catalog:read")`: the browser of somebody with these permissions alone."""

    def make(*permissions: str) -> FlaskClient:
        make_staff(*permissions or ("nothing",), email="limited@example.com")
        browser = app.test_client()
        assert sign_in(browser, "limited@example.com").status_code == 303
        return browser

    return make
