"""What every request passes: hosts, sizes, headers, ids."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from shop.db import db


def test_security_headers_are_on_every_answer(client, app):
    for path in ("/api/v1/products", "/api/nothing", "/healthz", "/static/css/shop.css"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("host", ["evil.example.com", "localhost.evil.com", "localhost@evil.com"])
def test_another_host_is_refused(client, app, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 400


def test_database_errors_hide_what_was_sent(app):
    with pytest.raises(IntegrityError) as caught:
        db.session.execute(db.text("INSERT INTO staff_roles (name) VALUES (:name)"), {"name": "secret-person"})
    db.session.rollback()
    assert "secret-person" not in str(caught.value)


def test_static_files_with_their_hash_are_kept_for_ever(client, app):
    assert "immutable" in client.get("/static/css/shop.css?v=1").headers["Cache-Control"]
    assert "immutable" not in client.get("/static/css/shop.css").headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/reviews/a.secret.token", "/wish-lists/wish_0123", "/reviews/a.secret.token/more"])
def test_a_path_that_bears_a_token_is_not_logged(app, path):
    from shop.edge import logged_path

    with app.test_request_context(path):
        assert not any(part in logged_path() for part in ("secret", "0123"))
    with app.test_request_context("/products/amber?token=x"):
        assert logged_path() == "/products/amber"
