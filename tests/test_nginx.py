"""The real nginx.conf, on loopback ports, before the real shop, before a listener that repeats what it was sent, and
before nothing at all. Only the values that an operator edits are replaced.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import NamedTuple

import pytest

from shop import ROOT
from shop.demo import processes
from tests import servers

pytestmark = pytest.mark.nginx
HOST = "shop.example.com"
HSTS = "max-age=31536000; includeSubDomains"


class Answer(NamedTuple):
    status: int
    headers: Message
    body: bytes


class Edge:
    """A running Nginx with the project's nginx.conf."""

    def __init__(self, folder: Path, program: str) -> None:
        self.folder = folder
        self.upstream = folder / "gunicorn.sock"
        self.http_port, self.https_port = servers.free_port(), servers.free_port()
        make_certificate(folder)
        (folder / "nginx.conf").write_text(self._configuration())
        self.process = processes.start([program, "-c", folder / "nginx.conf", "-g", "daemon off;"], folder / "log")
        self._wait()

    def _configuration(self) -> str:
        """nginx.conf with its edited values replaced; each must be there, so that this list cannot go stale."""
        text = (ROOT / "nginx.conf").read_text()
        has_ipv6 = _can_bind("::1", self.https_port) and _can_bind("::1", self.http_port)
        for value, here in {
            "user www-data;": "user root;" if os.geteuid() == 0 else "",
            "worker_processes auto;": "worker_processes 1;",
            "/run/nginx.pid": f"{self.folder}/nginx.pid",
            "/var/log/nginx/": f"{self.folder}/",
            "/var/lib/nginx/shop-pages": f"{self.folder}/pages",
            f"/etc/letsencrypt/live/{HOST}/": f"{self.folder}/",
            "/srv/shop/var/": f"{self.folder}/var/",
            "/srv/shop/": f"{ROOT}/",
            "unix:/run/shop/gunicorn.sock": f"unix:{self.upstream}",
            "listen [::]:80": f"listen [::1]:{self.http_port}" if has_ipv6 else "# ",
            "listen [::]:443": f"listen [::1]:{self.https_port}" if has_ipv6 else "# ",
            "listen 80": f"listen 127.0.0.1:{self.http_port}",
            "listen 443": f"listen 127.0.0.1:{self.https_port}",
        }.items():
            assert value in text, f"nginx.conf no longer says {value!r}"
            text = text.replace(value, here)
        return text

    def _wait(self) -> None:
        give_up = time.monotonic() + 10
        while _can_bind("127.0.0.1", self.https_port):
            written = processes.last_lines(self.folder / "log")
            assert self.process.poll() is None and time.monotonic() < give_up, written
            time.sleep(0.05)

    def connect(self, server_name: str = HOST, protocols: tuple[str, ...] = ("http/1.1",)) -> ssl.SSLSocket:
        """A TLS connection that checks the certificate, as a browser does."""
        context = ssl.create_default_context(cafile=self.folder / "fullchain.pem")
        context.set_alpn_protocols(list(protocols))
        plain = socket.create_connection(("127.0.0.1", self.https_port), timeout=30)
        return context.wrap_socket(plain, server_hostname=server_name)

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        """One request over TLS; header names are written with underscores."""
        connection = http.client.HTTPConnection(HOST, timeout=30)
        connection.sock = self.connect()
        return _exchange(connection, method, path, body, headers)

    def ask_plainly(self, path: str, host: str = HOST) -> Answer:
        """One request without TLS."""
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=30)
        return _exchange(connection, "GET", path, None, {"Host": host})

    def access_log(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in (self.folder / "access.log").read_text().splitlines()]

    def stop(self) -> None:
        processes.stop(self.process, 5)


def _exchange(
    connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None, headers: dict[str, str]
) -> Answer:
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def _can_bind(address: str, port: int) -> bool:
    try:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError:
        return False
    return True


def make_certificate(folder: Path) -> None:
    """A certificate of our own, good for a day."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "1", "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    command += ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def edge_in_new_folder() -> Iterator[Edge]:
    """Nginx with nothing behind it yet. The folder's path is short: the socket's must fit into 107 bytes."""
    program = servers.nginx_binary()
    if program is None:
        pytest.skip("Nginx was not found")
    with tempfile.TemporaryDirectory(prefix="edge-") as name:
        edge = Edge(Path(name), program)
        try:
            yield edge
        finally:
            edge.stop()


# -- before the real shop ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site() -> Iterator[Edge]:
    """Nginx before gunicorn with the shop, both as in production."""
    with edge_in_new_folder() as edge:
        environment = production_environment(edge)
        log = edge.folder / "app.log"
        upgrade = [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"]
        assert processes.start(upgrade, log, env=environment, cwd=ROOT).wait(60) == 0, processes.last_lines(log)
        web = processes.start([sys.executable, "-m", "gunicorn", "wsgi:app"], log, env=environment, cwd=ROOT)
        try:
            give_up = time.monotonic() + 30
            while edge.ask("/healthz").status != 200:
                assert web.poll() is None and time.monotonic() < give_up, processes.last_lines(log)
                time.sleep(0.1)
            yield edge
        finally:
            processes.stop(web, 5)


def production_environment(edge: Edge) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "SHOP_ENV": "production",
        "SECRET_KEY": "a-long-enough-secret-for-this-test-only-0123456789",
        "PUBLIC_BASE_URL": f"https://{HOST}",
        "DATABASE_URL": f"sqlite:///{edge.folder}/shop.db",
        "REDIS_URL": servers.redis_url() or f"unix://{edge.folder}/none",
        "STORAGE_URL": f"file:{edge.folder}/var/media",
        "TRUSTED_PROXIES": "1",
        "GUNICORN_BIND": f"unix:{edge.upstream}",
        "WEB_CONCURRENCY": "1",
    }


def test_a_page_comes_over_tls_once_secured_and_without_naming_versions(site: Edge) -> None:
    answer = site.ask("/", Accept_Encoding="gzip")

    assert answer.status == 200
    assert answer.headers.get_all("Strict-Transport-Security") == [HSTS]
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Server"] == "nginx"
    assert "Set-Cookie" not in answer.headers
    assert site.ask("/no-such-page").status == 404


def test_http2_and_modern_tls_are_spoken(site: Edge) -> None:
    with site.connect(protocols=("h2", "http/1.1")) as connection:
        assert connection.selected_alpn_protocol() == "h2"
        assert connection.version() == "TLSv1.3"


def test_plain_http_is_sent_to_https(site: Edge) -> None:
    answer = site.ask_plainly("/search?q=lamp")

    assert answer.status == 301
    assert answer.headers["Location"] == f"https://{HOST}/search?q=lamp"


def test_other_hosts_get_no_page_and_no_certificate(site: Edge) -> None:
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        site.ask_plainly("/", host="evil.example")
    with pytest.raises(ssl.SSLError):
        site.connect(server_name="evil.example")

    assert site.ask("/", Host="evil.example").status == 421


@pytest.mark.parametrize(
    ("query", "kept"), [("?v=0123abcd", "public, max-age=31536000, immutable"), ("", "public, max-age=300")]
)
def test_static_files_are_compressed_and_kept_for_long_when_named_by_their_hash(
    site: Edge, query: str, kept: str
) -> None:
    answer = site.ask("/static/vendor/htmx-4.0.1.min.js" + query, Accept_Encoding="gzip")

    assert answer.status == 200
    assert answer.headers["Cache-Control"] == kept
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"].startswith("application/javascript")
    assert len(answer.body) < 20_000


def test_nothing_beside_the_static_files_can_be_reached(site: Edge) -> None:
    for path in ("/static../wsgi.py", "/static/../wsgi.py", "/static/%2e%2e/wsgi.py", "/media/../shop.db", "/metrics"):
        assert site.ask(path).status in {400, 404}, path


def test_pictures_are_served_with_known_types_only_and_sandboxed(site: Edge) -> None:
    media = site.folder / "var" / "media" / "demo"
    media.mkdir(parents=True, exist_ok=True)
    (media / "lamp.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (media / "page.html").write_text("<script>alert(1)</script>")

    picture, page = site.ask("/media/demo/lamp.svg"), site.ask("/media/demo/page.html")

    assert picture.status == 200
    assert picture.headers["Content-Type"] == "image/svg+xml"
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in picture.headers["Content-Security-Policy"]
    assert picture.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert page.headers["Content-Type"] == "application/octet-stream"


def test_a_body_above_one_megabyte_is_refused_before_it_reaches_the_shop(site: Edge) -> None:
    large = b"x" * 1_500_000

    page, api = site.ask("/cart", "POST", large), site.ask("/api/v1/carts", "POST", large)

    assert page.status == api.status == 413
    assert json.loads(api.body)["error"]["code"] == "PAYLOAD_TOO_LARGE"


def test_uploads_of_staff_may_be_larger_and_what_was_uploaded_is_not_served(site: Edge) -> None:
    quarantine = site.folder / "var" / "media" / ".quarantine"
    quarantine.mkdir(parents=True, exist_ok=True)
    (quarantine / "a.jpg").write_bytes(b"as it came")
    large = b"x" * 3_000_000

    answers = [site.ask(path, "POST", large) for path in ("/admin/products/prod_1/pictures", "/admin/imports")]

    assert [answer.status for answer in answers] == [403, 403]  # the shop's own answer: it came from no page of it
    assert site.ask("/admin/products/prod_1", "POST", large).status == 413
    assert site.ask("/media/.quarantine/a.jpg").status == 404


def test_a_refusal_reaches_whoever_is_still_sending(site: Edge) -> None:
    large = b"x" * 3_000_000

    with ThreadPoolExecutor(4) as crowd:
        answers = list(crowd.map(lambda _: site.ask("/admin/imports", "POST", large).status, range(120)))

    assert Counter(answers) == {403: 120}  # the shop's own answer, not that of a proxy whose connection was reset


# -- before a listener that repeats what it was sent ------------------------------------------------------------------


class Repeater(BaseHTTPRequestHandler):
    """Answers with the request's headers as JSON; public pages may be kept, as the shop's."""

    def do_GET(self) -> None:
        told = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.send_header("Vary", "HX-Request, HX-Request-Type")
        if self.path.startswith("/products/"):
            self.send_header("Cache-Control", "public, max-age=0, s-maxage=5, stale-while-revalidate=30")
        self.end_headers()
        self.wfile.write(told)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def mirror() -> Iterator[Edge]:
    """Nginx before the repeater."""
    with edge_in_new_folder() as edge, socketserver.ThreadingUnixStreamServer(str(edge.upstream), Repeater) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield edge
        server.shutdown()


def test_what_a_client_claims_about_itself_is_replaced(mirror: Edge) -> None:
    claims = {
        "X_Forwarded_For": "6.6.6.6",
        "X_Forwarded_Proto": "http",
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Prefix": "/evil",
        "Forwarded": "for=6.6.6.6",
        "X_Real_IP": "6.6.6.6",
    }

    heard = json.loads(mirror.ask("/cart", **claims).body)

    assert heard["x-forwarded-for"] == "127.0.0.1"
    assert heard["x-forwarded-proto"] == "https"
    assert heard["x-forwarded-host"] == heard["host"] == HOST
    assert "6.6.6.6" not in str(heard) and "evil" not in str(heard)


def test_a_sane_request_id_is_passed_and_logged_and_any_other_replaced(mirror: Edge) -> None:
    sane = json.loads(mirror.ask("/orders/order_1?token=secret", X_Request_ID="abc-123").body)
    other = json.loads(mirror.ask("/orders/order_1", X_Request_ID='a" b').body)

    assert sane["x-request-id"] == "abc-123"
    assert len(other["x-request-id"]) == 32
    logged = [line for line in mirror.access_log() if line["request_id"] == "abc-123"]
    assert [line["path"] for line in logged] == ["/orders/order_1"]
    assert "secret" not in (mirror.folder / "access.log").read_text()


def test_public_pages_are_asked_for_without_cookies_and_kept_for_a_moment(mirror: Edge) -> None:
    first = mirror.ask("/products/lamp", Cookie="session=lina", X_Request_ID="first")
    second = mirror.ask("/products/lamp", Cookie="session=omar", X_Request_ID="second")
    fragment = mirror.ask("/products/lamp", HX_Request="true", X_Request_ID="third")

    assert "cookie" not in json.loads(first.body)
    assert second.body == first.body
    assert json.loads(fragment.body)["x-request-id"] == "third"


def test_everything_else_is_passed_with_its_cookies_and_never_kept(mirror: Edge) -> None:
    for path, method in (("/cart", "GET"), ("/products/lamp", "POST"), ("/api/v1/products/lamp", "GET")):
        heard = [json.loads(mirror.ask(path, method, Cookie=f"session={name}").body) for name in ("lina", "omar")]

        assert [one["cookie"] for one in heard] == ["session=lina", "session=omar"]


# -- before nothing ---------------------------------------------------------------------------------------------------


@pytest.fixture
def nothing_behind() -> Iterator[Edge]:
    with edge_in_new_folder() as edge:
        yield edge


def test_when_the_shop_is_away_a_page_says_so_and_the_api_answers_in_json(nothing_behind: Edge) -> None:
    page, api = nothing_behind.ask("/cart"), nothing_behind.ask("/api/v1/products")

    assert page.status == 502
    assert b"Back in a moment" in page.body
    assert b"nginx" not in page.body
    assert api.status == 503
    assert json.loads(api.body)["error"]["code"] == "SERVICE_UNAVAILABLE"
    for answer in (page, api):
        assert answer.headers["Retry-After"] == "30"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Strict-Transport-Security"] == HSTS
    assert nothing_behind.ask("/static/vendor/htmx-4.0.1.min.js").status == 200
    assert nothing_behind.ask("/admin/imports", "POST", b"x" * 3_000_000).status == 502  # not: "too large"


def test_the_logs_never_hold_an_orders_token(nothing_behind: Edge) -> None:
    nothing_behind.ask("/orders/order_1?token=secret", Referer=f"https://{HOST}/orders/order_1?token=secret")

    for log in ("access.log", "error.log"):
        assert "secret" not in (nothing_behind.folder / log).read_text()
