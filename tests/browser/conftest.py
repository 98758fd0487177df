"""A running shop and a real browser: Debian's Chromium by Playwright, never a downloaded one."""

from __future__ import annotations

import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    WebError,
    expect,
    sync_playwright,
)

from shop import ROOT, create_app
from shop.db import db, operation
from shop.demo import processes
from shop.domain.catalog.models import Product
from shop.domain.catalog.operations import save_category
from shop.domain.catalog.renditions import renditions_of
from tests import servers
from tests.conftest import add_picture, make_product
from tests.conftest import test_settings as settings_for_tests

PICTURES, PICTURED = ROOT / "shop" / "demo" / "pictures", "ambre-de-minuit"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}
PATIENCE = 20_000  # milliseconds, for a machine that is busy with other tests
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass(frozen=True)
class RunningShop:
    """A shop that answers at `url`, and the application of this process on the same database."""

    url: str
    app: Flask


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """The shop under gunicorn, with a migrated database of its own and a few products."""
    with running_shop(tmp_path_factory.mktemp("shop")) as running:
        yield running


@contextmanager
def running_shop(folder: Path, **more: str) -> Iterator[RunningShop]:
    """A shop with these settings besides."""
    port = servers.free_port()
    url = f"http://127.0.0.1:{port}"
    changes = {
        "public_base_url": url,
        "shop_address": "12 Weaver Lane; Amman 11118; Jordan",
        "database_url": f"sqlite:///{folder}/shop.db",
        "storage_url": f"file:{folder}/media",
        "redis_url": f"unix://{folder}/none.sock",
        "var_dir": str(folder),
        **more,
    }
    app = create_app(settings_for_tests(**changes))
    with app.app_context():
        upgrade()
        _fill(app)
        db.session.remove()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SHOP_")},
        **{name.upper(): value for name, value in changes.items()},
        "SHOP_ENV": "development",
        "LOG_LEVEL": "ERROR",
        "RATELIMIT_ENABLED": "false",
        "MAX_OPEN_CASH_ORDERS": "1000",
        "MAX_OPEN_HOLDS_PER_ADDRESS": "1000",
        "GUNICORN_BIND": f"127.0.0.1:{port}",
        "WEB_CONCURRENCY": "1",
    }
    log = folder / "gunicorn.log"
    gunicorn = Path(sys.executable).with_name("gunicorn")
    server = processes.start([gunicorn, "wsgi:app"], log, env=environment, cwd=ROOT)
    try:
        _wait_for(url, server.poll, log)
        yield RunningShop(url, app)
    finally:
        processes.stop(server, 5)
        with app.app_context():
            db.engine.dispose()


def _fill(app: Flask) -> None:
    body = save_category("body", "Body & bath", "Washes, oils and salts.")
    wash = save_category("wash", "Wash & soap", parent_slug="body")
    face = save_category("face", "Face care", "For the face.")
    amber = make_product(
        "Amber", slug="amber", price="58.00", stock=500, variants=["30 ml", "50 ml"], category_id=face.id
    )
    _give_pictures(app, amber)
    make_product(
        "Body wash",
        slug="body-wash",
        price="19.00",
        stock=500,
        option_names=["Size", "Scent"],
        variants=["300 ml / Rose", "300 ml / Cedar", "500 ml / Cedar"],
        category_id=wash.id,
    )
    make_product("Scarce balm", slug="scarce-balm", price="12.00", stock=3, category_id=body.id)
    make_product("Sold-out soap", slug="sold-out-soap", price="6.00", stock=0, category_id=wash.id)
    make_product(
        "A cream whose name is so long that it needs several lines in every place that shows it",
        slug="long-cream",
        price="1234.00",
        compare_at="1500.00",
        stock=50,
        category_id=face.id,
    )
    for number in range(60):
        cream = make_product(f"Plain cream {number}", slug=f"plain-cream-{number}", stock=50, category_id=face.id)
        if number > 40:
            _give_pictures(app, cream)


@operation
def _give_pictures(app: Flask, product: Product) -> None:
    """Two of the demo's pictures."""
    for view in ("1", "2"):
        name = f"{PICTURED}-{view}.w960.jpg"
        for file in (name, *(rendition.file_name for rendition in renditions_of(name))):
            app.extensions["shop_storage"].save(f"demo/{file}", (PICTURES / file).read_bytes())
        add_picture(product, f"demo/{name}", f"{product.name}, view {view}", 960, 1200)


def _wait_for(url: str, has_ended: Callable[[], int | None], log: Path) -> None:
    give_up = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 (our own server)
            return
        except (OSError, urllib.error.URLError):
            if has_ended() is not None or time.monotonic() > give_up:
                raise RuntimeError(f"the shop did not start:\n{processes.last_lines(log)}") from None
            time.sleep(0.1)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, one for all tests. Without it they are skipped; with REQUIRE_ALL=1 they fail."""
    binary = servers.chromium_binary()
    if binary is None:
        pytest.skip("no Chromium: install the package chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=binary, args=servers.CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@dataclass
class Watched:
    """What the pages of a test complained about: console errors, exceptions, failed requests, foreign origins."""

    url: str
    complaints: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)  # parts of complaints that this test provokes

    def watch(self, context: BrowserContext) -> None:
        context.on("console", self._on_console)
        context.on("weberror", self._on_exception)
        context.on("request", self._on_request)
        context.on("requestfailed", self._on_failure)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and "blocked by Playwright" not in message.text:  # the service worker
            self.complaints.append(f"{message.type}: {message.text}")

    def _on_exception(self, error: WebError) -> None:
        # The browser's own, when a visitor goes on before one page has faded into the next.
        if not any(words in str(error.error) for words in ("Transition was skipped", "Transition was aborted")):
            self.complaints.append(f"exception: {error.error}")

    def _on_request(self, request: Request) -> None:
        if not request.url.startswith((self.url, "data:")):
            self.complaints.append(f"foreign: {request.url}")

    def _on_failure(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the visitor went on before it was there
            self.complaints.append(f"failed: {request.url} {request.failure}")

    def unexpected(self) -> list[str]:
        return [text for text in self.complaints if not any(part in text for part in self.expected)]


@pytest.fixture
def watched(shop: RunningShop) -> Iterator[Watched]:
    """Watches every page of the test, and lets it fail when one complained."""
    found = Watched(shop.url)
    yield found
    assert found.unexpected() == []


@pytest.fixture
def open_browser(browser: Browser, shop: RunningShop, watched: Watched) -> Iterator[Callable[..., Page]]:
    """`open_browser(javascript=False, viewport=PHONE, …)`: a page of a visitor who was never here.

    Without the service worker, whose requests Playwright cannot stand in for; `service_workers="allow"` lets it work.
    """
    contexts = []

    def open_page(*, javascript: bool = True, viewport: dict[str, int] = DESKTOP, **options: object) -> Page:
        options = {"service_workers": "block", **options}
        context = browser.new_context(base_url=shop.url, java_script_enabled=javascript, viewport=viewport, **options)
        context.set_default_timeout(PATIENCE)
        watched.watch(context)
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_browser: Callable[..., Page]) -> Page:
    """A visitor with JavaScript at a desk."""
    return open_browser()
