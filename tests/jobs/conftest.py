"""Fixtures of the jobs: a mailbox of the test's own, and a Redis that is there when a test asks for it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from flask import Flask

from shop.domain.outbox import unasked_emails
from shop.domain.terms import Terms
from shop.extensions import make_redis
from shop.gateways.mail import FolderMailbox, Letter
from shop.jobs.doorbell import Doorbell
from shop.jobs.outbox import dispatch_all
from tests import servers
from tests.conftest import make_product, placed_order, variants_of


class TestMailbox(FolderMailbox):
    """The folder of a development shop, that can be told to fail, or to be where kill -9 strikes."""

    __test__ = False
    error: Exception | None = None
    is_deadly = False

    def send(self, letter: Letter) -> None:
        if self.is_deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.error is not None:
            raise self.error
        super().send(letter)


@pytest.fixture
def mailbox(app: Flask, tmp_path: Path) -> Iterator[TestMailbox]:
    """Where the shop's mail goes during the test."""
    before = app.extensions["shop_mailer"]
    app.extensions["shop_mailer"] = TestMailbox(tmp_path / "mail")
    yield app.extensions["shop_mailer"]
    app.extensions["shop_mailer"] = before


@pytest.fixture
def queue_server(app: Flask, monkeypatch: pytest.MonkeyPatch) -> redis.Redis:
    """An empty Redis that the application's doorbell and workers use."""
    url = servers.redis_url()
    if url is None:
        pytest.skip("no Redis: set TEST_REDIS_URL or install its server")
    connection = make_redis(url)
    connection.flushdb()
    monkeypatch.setitem(app.config, "REDIS_URL", url)
    monkeypatch.setitem(app.extensions, "shop_redis", connection)
    monkeypatch.setitem(app.extensions, "shop_doorbell", Doorbell(make_redis(url, patience=0.2)))
    return connection


@pytest.fixture
def email_id(app: Flask, terms: Terms) -> int:
    """A confirmed order's e-mail that is due."""
    confirmed_order(terms)
    dispatch_all()
    return unasked_emails()[0]


def confirmed_order(terms: Terms) -> str:
    """The public id of a new confirmed order."""
    variant = variants_of(make_product("Rose Toner", price="20.00", variants=["100 ml"]))[0]
    return placed_order(terms, (variant, 2), confirm=True).public_id
