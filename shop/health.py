"""Health checks: /healthz touches nothing, /health tells of this process, /health/ready of what the shop stands on."""

from __future__ import annotations

import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import redis
from flask import Blueprint, Flask, current_app
from redis import Redis
from rq import Worker
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from shop.db import db, end_read
from shop.domain.events import OutboxEvent
from shop.domain.outbox import is_behind
from shop.extensions import make_redis
from shop.policies import policy

STARTED = time.monotonic()
PATIENCE = 0.5  # seconds for each answer of Redis

health = Blueprint("health", __name__)


def register(app: Flask) -> None:
    """Add the health checks."""
    app.extensions["shop_health_redis"] = make_redis(app.config["REDIS_URL"], patience=PATIENCE)
    app.register_blueprint(health)


@health.get("/healthz")
@health.get("/api/v1/healthz")
@policy("machine")
def show_life() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@health.get("/health")
@policy("machine")
def show_health() -> dict[str, Any]:
    """The process, its age in seconds and its memory in bytes."""
    return {
        "status": "healthy",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "uptime": round(time.monotonic() - STARTED, 3),
        "memory": {"rss": resident_bytes()},
    }


@health.get("/health/ready")
@policy("machine")
def show_readiness() -> tuple[dict[str, Any], int, dict[str, str]]:
    """Whether to send customers here. The database alone decides; without Redis the shop sells, and mail waits."""
    database = check_database()
    connection: Redis = current_app.extensions["shop_health_redis"]
    checks = {
        "database": database,
        "redis": check_redis(connection),
        "queue": check_queue(connection, can_ask_tables=database == "healthy"),
    }
    is_ready = database == "healthy"
    body = {"status": "ready" if is_ready else "not_ready", "checks": checks}
    return (body, 200, {}) if is_ready else (body, 503, {"Retry-After": "5"})


def check_database() -> str:
    """healthy when a table of ours can be read; down when it is away, full or not migrated."""
    try:
        db.session.execute(select(OutboxEvent.id).limit(1)).first()
        return "healthy"
    except SQLAlchemyError:
        return "down"
    finally:
        end_read()


def check_redis(connection: Redis) -> str:
    """healthy when Redis answers."""
    try:
        connection.ping()
        return "healthy"
    except redis.RedisError:
        return "down"


def check_queue(connection: Redis, *, can_ask_tables: bool) -> str:
    """healthy when a worker is there and nothing waits too long; degraded when not; down without Redis."""
    try:
        has_worker = any(connection.exists(key) for key in Worker.all_keys(connection))
    except redis.RedisError:
        return "down"
    try:
        return "healthy" if has_worker and not (can_ask_tables and is_behind()) else "degraded"
    except SQLAlchemyError:
        return "degraded"
    finally:
        end_read()


def resident_bytes() -> int:
    """The memory this process holds now; where the system does not tell, the most it ever held."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * resource.getpagesize()
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
