"""PostgreSQL is stopped under a running shop and started again: the shop says so, and serves again by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from flask import Flask, request_finished
from flask_migrate import upgrade

from shop import create_app
from shop.db import db
from tests import servers
from tests.conftest import make_product, test_settings, variants_of


@pytest.fixture(scope="module")
def server() -> Iterator[servers.OwnPostgres]:
    if servers._postgres_binaries() is None:
        if os.environ.get("REQUIRE_ALL"):
            pytest.fail("PostgreSQL is required here and missing")
        pytest.skip("no PostgreSQL that can be stopped: install its server")
    own = servers.OwnPostgres()
    own.start()
    yield own
    own.stop()


@pytest.fixture(scope="module")
def shop(server: servers.OwnPostgres) -> Flask:
    app = create_app(test_settings(database_url=servers.new_postgres_database(server.url)))
    with app.app_context():
        upgrade()
        db.session.remove()
    return app


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGQUIT])
def test_it_serves_again_by_itself(shop: Flask, server: servers.OwnPostgres, way: signal.Signals) -> None:
    browser = shop.test_client()
    with shop.app_context():
        variant = variants_of(make_product(stock=5))[0]
        wanted = {"productId": variant.product.public_id, "variantId": variant.public_id, "quantity": 1}
        db.session.remove()
    cart_id = browser.post("/api/v1/cart", json={}).json["data"]["id"]

    server.stop(way)
    away = [browser.post(f"/api/v1/cart/{cart_id}/items", json=wanted) for _ in range(3)]
    page, ready = browser.get("/"), browser.get("/health/ready")
    server.start()
    back = browser.post(f"/api/v1/cart/{cart_id}/items", json=wanted)

    assert [answer.status_code for answer in (*away, page, ready)] == [503] * 5
    assert all(answer.headers["Retry-After"] for answer in (*away, page, ready))
    assert back.status_code == 200
    assert back.json["data"]["items"][0]["quantity"] == 1
    assert browser.get("/health/ready").json["checks"]["database"] == "healthy"


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGQUIT])
def test_an_answer_that_was_ready_is_given(shop: Flask, server: servers.OwnPostgres, way: signal.Signals) -> None:
    """The read of the page is still open then; that it cannot be ended any more is nobody's business."""
    browser = shop.test_client()

    with request_finished.connected_to(lambda *_, **__: server.stop(way), shop):
        answer = browser.get("/api/v1/products")
    server.start()

    assert answer.status_code == 200
    assert browser.get("/api/v1/products").status_code == 200
