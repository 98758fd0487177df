"""Health checks: life without touching anything, readiness by the database alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from shop import health
from shop.db import frozen_time, transaction_time
from shop.domain.terms import Terms
from shop.extensions import make_redis
from shop.jobs.worker import ShopWorker
from tests import servers
from tests.conftest import counted_statements, make_product, placed_order, variants_of


@pytest.fixture
def queue_server(app: Flask, monkeypatch: pytest.MonkeyPatch) -> redis.Redis:
    """An empty Redis that the health checks look at."""
    url = servers.redis_url()
    if url is None:
        pytest.skip("no Redis: set TEST_REDIS_URL or install its server")
    connection = make_redis(url)
    connection.flushdb()
    monkeypatch.setitem(app.extensions, "shop_health_redis", connection)
    return connection


@pytest.fixture
def worker(app: Flask, queue_server: redis.Redis) -> Iterator[ShopWorker]:
    """A worker that has said it is there."""
    present = ShopWorker(app, make_redis(servers.redis_url() or ""))
    present.register_birth()
    yield present
    present.register_death()


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/healthz"])
def test_the_life_check_touches_nothing(client: FlaskClient, path: str) -> None:
    with counted_statements() as statements:
        answer = client.get(path)

    assert answer.status_code == 200
    assert answer.json == {"status": "ok"}
    assert statements == []
    assert answer.headers["Cache-Control"].endswith("no-store")
    assert "Set-Cookie" not in answer.headers


def test_health_tells_age_and_memory_and_no_version(client: FlaskClient) -> None:
    answer = client.get("/health")

    assert answer.status_code == 200
    assert set(answer.json) == {"status", "timestamp", "uptime", "memory"}
    assert answer.json["status"] == "healthy"
    assert answer.json["uptime"] > 0
    assert 10_000_000 < answer.json["memory"]["rss"] < 2_000_000_000
    age = datetime.now(UTC) - datetime.fromisoformat(answer.json["timestamp"])
    assert abs(age) < timedelta(minutes=1)


@pytest.mark.both_databases
def test_without_redis_the_shop_is_ready_and_says_what_is_down(client: FlaskClient) -> None:
    answer = client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json == {
        "status": "ready",
        "checks": {"database": "healthy", "redis": "down", "queue": "down"},
    }


def test_without_the_database_the_shop_is_not_ready(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise OperationalError("SELECT 1", {}, ConnectionRefusedError("refused"))

    monkeypatch.setattr(health.db.session, "execute", refuse)

    answer = client.get("/health/ready")

    assert answer.status_code == 503
    assert answer.json["status"] == "not_ready"
    assert answer.json["checks"]["database"] == "down"


@pytest.mark.redis
def test_a_queue_without_a_worker_is_degraded(client: FlaskClient, queue_server: redis.Redis) -> None:
    answer = client.get("/health/ready")

    assert answer.status_code == 200
    assert answer.json["checks"] == {"database": "healthy", "redis": "healthy", "queue": "degraded"}


@pytest.mark.redis
def test_a_queue_with_a_worker_is_healthy_until_something_waits_for_minutes(
    client: FlaskClient, worker: ShopWorker, terms: Terms
) -> None:
    placed_order(terms, (variants_of(make_product())[0], 1), confirm=True)

    fresh = client.get("/health/ready")
    with frozen_time(transaction_time() + timedelta(minutes=6)):
        late = client.get("/health/ready")

    assert fresh.json["checks"]["queue"] == "healthy"
    assert (late.status_code, late.json["checks"]["queue"]) == (200, "degraded")


@pytest.mark.redis
def test_a_worker_that_died_without_a_word_does_not_count(
    client: FlaskClient, worker: ShopWorker, queue_server: redis.Redis
) -> None:
    queue_server.delete(worker.key)  # as its heartbeat's end does

    answer = client.get("/health/ready")

    assert answer.json["checks"]["queue"] == "degraded"
