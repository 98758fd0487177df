"""How gunicorn runs the shop: `gunicorn wsgi:app` reads this file by itself.

Set WEB_CONCURRENCY where the container may use fewer cores than the machine has.
"""

import os
from pathlib import Path


def _bind() -> str:
    """GUNICORN_BIND (such as unix:/run/shop/gunicorn.sock behind Nginx), else HOST and PORT."""
    host, port = os.environ.get("HOST") or "127.0.0.1", os.environ.get("PORT") or "8000"
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return os.environ.get("GUNICORN_BIND") or f"{host}:{port}"


def _cores() -> int:
    """The cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


bind = _bind()
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY") or _cores())
threads = 8
timeout = 30  # a worker that shows no sign of life for so long is replaced
graceful_timeout = 10  # what running requests get when the shop stops
keepalive = 5
max_requests = 10_000  # a slow leak never grows old
max_requests_jitter = 1_000

limit_request_line = 8190  # as Nginx takes: a list narrowed by very much has a long address
limit_request_fields = 100
limit_request_field_size = 8190

# Whom to believe about the client is decided in one place, by the app (TRUSTED_PROXIES); gunicorn believes nobody.
forwarded_allow_ips = ""
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""

preload_app = False  # every worker opens its own connections
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 (heartbeats, never on a slow disk)
control_socket_disable = True
accesslog = None  # the app logs each request itself, with its id
errorlog = "-"
loglevel = "warning" if os.environ.get("SHOP_ENV") == "development" else "info"
