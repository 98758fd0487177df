"""The steps of create_app: settings into Flask's configuration, extensions, faces, errors, commands."""

from __future__ import annotations

from pathlib import Path

import jinja2
from flask import Flask, Response, request
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix

import shop.domain.models  # noqa: F401 (every table is known before the first query)
from shop import ROOT, assets, edge, policies
from shop.db import db, end_session, engine_options
from shop.domain.customers.access_tokens import TokenKeys
from shop.domain.customers.operations import find_user
from shop.domain.events import nudge_with
from shop.domain.terms import Terms
from shop.extensions import csrf, limit_storage_uri, limiter, login_manager, make_redis, migrate
from shop.gateways.mail import make_mailer
from shop.gateways.storage import DiskStorage
from shop.gateways.stripe import make_provider
from shop.gateways.tally import SearchTally
from shop.jobs.doorbell import Doorbell
from shop.logs import configure_logs
from shop.sessions import RowSessionInterface
from shop.settings import Settings


def configure(app: Flask, settings: Settings) -> None:
    """Flask's own configuration, from the settings alone."""
    configure_logs(settings)
    secret = settings.secret_key.get_secret_value()
    url = _absolute_sqlite(settings.database_url)
    redis_url = _absolute_socket(settings.redis_url)
    app.config.update(
        SECRET_KEY=secret,
        SECRET_KEY_FALLBACKS=[old.get_secret_value() for old in settings.secret_key_fallbacks],
        TRUSTED_HOSTS=settings.trusted_hosts,
        MAX_CONTENT_LENGTH=1024 * 1024,
        MAX_FORM_PARTS=1000,
        SESSION_COOKIE_NAME="__Host-session" if settings.is_https else "session",
        SESSION_COOKIE_SECURE=settings.is_https,
        SQLALCHEMY_DATABASE_URI=url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(url, settings.database_pool_min, settings.database_pool_max),
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as its session row
        WTF_CSRF_SSL_STRICT=False,  # edge.check_origin is stricter than the referrer
        RATELIMIT_ENABLED=settings.ratelimit_enabled,
        REDIS_URL=redis_url,
        RATELIMIT_STORAGE_URI=limit_storage_uri(redis_url),
        RATELIMIT_STORAGE_OPTIONS={"socket_connect_timeout": 0.2, "socket_timeout": 0.2},
        RATELIMIT_STRATEGY="sliding-window-counter",
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
        RATELIMIT_KEY_PREFIX="shop1",
        TEMPLATES_AUTO_RELOAD=settings.is_development,
    )
    app.jinja_env.undefined = jinja2.StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.strict_slashes = False
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def _absolute_sqlite(url: str) -> str:
    """SQLite paths are relative to the project, not to Flask's instance folder; the folder is made."""
    if not url.startswith("sqlite:///"):
        return url
    path = (ROOT / url.removeprefix("sqlite:///")).resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{path}"


def bind_extensions(app: Flask, settings: Settings) -> None:
    """Bind what was made bare in extensions.py to this application."""
    db.init_app(app)
    app.teardown_appcontext(end_session)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"), compare_type=True, render_as_batch=True)
    login_manager.init_app(app, add_context_processor=False)  # templates get the user from their view, or not at all
    login_manager.user_loader(lambda user_id: find_user(int(user_id)))
    csrf.init_app(app)
    limiter.init_app(app)
    app.session_interface = RowSessionInterface()
    app.extensions["shop_settings"] = settings
    app.extensions["shop_terms"] = terms = Terms.from_settings(settings)
    app.extensions["shop_token_keys"] = TokenKeys(terms.order_token_secrets, settings.public_base_url)
    app.extensions["shop_storage"] = DiskStorage(ROOT / settings.storage_url.removeprefix("file:"))
    app.extensions["shop_redis"] = make_redis(app.config["REDIS_URL"])
    app.extensions["shop_doorbell"] = Doorbell(make_redis(app.config["REDIS_URL"], patience=0.2))
    app.extensions["shop_search_tally"] = SearchTally(
        make_redis(app.config["REDIS_URL"], patience=0.1), settings.secret_key.get_secret_value()
    )
    mail_folder = ROOT / settings.var_dir / "mail"
    app.extensions["shop_mailer"] = make_mailer(settings.mail_url.get_secret_value(), mail_folder)
    app.extensions["shop_payment_provider"] = make_provider(settings)


def _absolute_socket(url: str) -> str:
    path = url.removeprefix("unix://")
    return f"unix://{Path(ROOT, path)}" if url.startswith("unix://") else url


def register_faces(app: Flask, settings: Settings) -> None:
    """The blueprints, each a thin face of the domain, behind the guard of the edge."""
    from shop import admin, api, health, jobs, storefront, webhooks

    edge.guard(app)
    assets.register(app)
    storefront.register(app)
    admin.register(app)
    api.register(app)
    webhooks.register(app)
    health.register(app)
    nudge_with(jobs.nudge_relay)
    if settings.is_development:
        from shop import demo

        demo.register(app)


def register_errors(app: Flask) -> None:
    """Each face answers errors in its own way: JSON under /api, the staff's pages under /admin, HTML elsewhere."""
    from shop.admin.errors import answer_error as answer_staff
    from shop.api.errors import answer_error as answer_in_json
    from shop.storefront.errors import answer_error as answer_in_html

    @app.errorhandler(Exception)
    def answer(error: Exception) -> Response | tuple[Response, int]:
        if isinstance(error, SecurityError):
            # The host is not ours, so no address can be built: no page, just a sentence.
            return Response("This host is not served here.\n", 400, mimetype="text/plain")
        if request.path == "/admin" or request.path.startswith("/admin/"):
            return answer_staff(error)
        is_api = request.path == "/api" or request.path.startswith(("/api/", "/webhooks/"))
        return answer_in_json(error) if is_api else answer_in_html(error)


def register_commands(app: Flask) -> None:
    """The `flask …` commands."""
    from shop import cli

    cli.register(app)


def check(app: Flask) -> None:
    """Refuse to start with a view that nobody has thought about."""
    policies.check_every_view(app)
