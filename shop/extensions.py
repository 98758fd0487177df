"""The extensions, made bare here and bound in create_app, and what a running application is asked for by the faces."""

from __future__ import annotations

import time
from typing import cast

import redis
from flask import current_app
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_wtf.csrf import CSRFProtect
from rq import Queue
from rq.serializers import JSONSerializer
from werkzeug.local import LocalProxy

from shop.domain.customers.access_tokens import TokenKeys
from shop.domain.terms import Terms
from shop.gateways.mail import Mailer
from shop.gateways.storage import DiskStorage
from shop.gateways.tally import SearchTally
from shop.payment_provider import PaymentProvider
from shop.settings import Settings

migrate = Migrate()
login_manager = LoginManager()
csrf = CSRFProtect()
limiter = Limiter(key_func=get_remote_address)

QUEUES = ("payments", "mail", "default", "pictures")  # workers look in this order: money and mail never wait

settings: Settings = cast(Settings, LocalProxy(lambda: current_app.extensions["shop_settings"]))
terms: Terms = cast(Terms, LocalProxy(lambda: current_app.extensions["shop_terms"]))
storage: DiskStorage = cast(DiskStorage, LocalProxy(lambda: current_app.extensions["shop_storage"]))
mailer: Mailer = cast(Mailer, LocalProxy(lambda: current_app.extensions["shop_mailer"]))
search_tally: SearchTally = cast(SearchTally, LocalProxy(lambda: current_app.extensions["shop_search_tally"]))


def seconds_until_free() -> int:
    """How long the caller who reached a limit has to wait."""
    limit = limiter.current_limit
    return max(1, round(limit.reset_at - time.time())) if limit else 5


def payment_provider() -> PaymentProvider | None:
    """Who takes the shop's cards; None in a shop that has no keys."""
    return cast("PaymentProvider | None", current_app.extensions.get("shop_payment_provider"))


def token_keys() -> TokenKeys:
    """What access tokens are signed with."""
    return cast(TokenKeys, current_app.extensions["shop_token_keys"])


def redis_connection() -> redis.Redis:
    """The application's connection pool to Redis; it connects when first used and gives up quickly."""
    return cast(redis.Redis, current_app.extensions["shop_redis"])


def queue(name: str, connection: redis.Redis | None = None) -> Queue:
    """The RQ queue of this name: JSON only, never pickle."""
    return Queue(name, connection=connection or redis_connection(), serializer=JSONSerializer)


def make_redis(url: str, patience: float = 2) -> redis.Redis:
    """A Redis client that waits `patience` seconds at most: Redis is a doorbell and a cache."""
    return redis.Redis.from_url(
        url, socket_connect_timeout=min(patience, 0.5), socket_timeout=patience, health_check_interval=30
    )


def limit_storage_uri(redis_url: str) -> str:
    """The REDIS_URL as the rate limiter spells it."""
    return "redis+unix://" + redis_url.removeprefix("unix://") if redis_url.startswith("unix://") else redis_url
