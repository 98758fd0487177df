"""A shop and its bank at one moment, and copies of both that live on by themselves."""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bench.payments.card_shop import CardShop
from bench.running_shop import running_shop
from tests import servers
from tests.bank import running_bank

NOTHING_STOPS = {
    "CARD_PAYMENTS_PER_HOUR": "100000",
    "CARD_REFUSALS_PER_ADDRESS": "100000",
    "CARD_ALARM_REFUSALS": "100000",
    "HOLD_MINUTES": "60",
}
_numbers = itertools.count(1)


@contextlib.contextmanager
def first_shop(engine: str, folder: Path) -> Iterator[CardShop]:
    """A shop that nobody visits and its bank: where everything begins. Once it has ended, it can be copied."""
    (folder / "start").mkdir()
    with running_bank(folder / "start") as bank:
        keys = {name.upper(): value for name, value in bank.settings().items()}
        with running_shop(engine, roles=(), redis=False, **{**keys, **NOTHING_STOPS}) as shop:
            yield CardShop(shop, bank)
            shop.stop()
            if engine == "sqlite":
                copy_file(_file_of(shop.environment["DATABASE_URL"]), folder / "start" / "shop.db")
        copy_file(folder / "start" / "bank.db", folder / "start" / "copy.db")


@contextlib.contextmanager
def copied_shop(start: CardShop, folder: Path, name: str, **options) -> Iterator[CardShop]:
    """The shop and the bank as they were at the start's end, running."""
    (folder / name).mkdir()
    copy_file(folder / "start" / "copy.db", folder / name / "bank.db")
    with _copied_database(start, folder, name) as url, running_bank(folder / name) as bank:
        keys = {key.upper(): value for key, value in bank.settings().items()}
        with running_shop(start.shop.engine, **{**keys, **NOTHING_STOPS, **options, "DATABASE_URL": url}) as shop:
            yield CardShop(shop, bank)


@contextlib.contextmanager
def _copied_database(start: CardShop, folder: Path, name: str) -> Iterator[str]:
    original = start.shop.environment["DATABASE_URL"]
    if start.shop.engine == "sqlite":
        copy_file(folder / "start" / "shop.db", folder / name / "shop.db")
        yield f"sqlite:///{folder / name / 'shop.db'}"
        return
    server, copy = servers.postgres_url() or "", f"shop_copy_{os.getpid()}_{next(_numbers)}"
    servers.run_in(server, f"CREATE DATABASE {copy} TEMPLATE {urlsplit(original).path[1:]}")
    try:
        yield urlsplit(original)._replace(path=f"/{copy}").geturl()
    finally:
        servers.drop(server, copy)


def _file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def copy_file(source: Path, target: Path) -> None:
    """Copy an SQLite database that others may have open, with what is in its log."""
    assert source.exists(), source
    with contextlib.closing(sqlite3.connect(source)) as one, contextlib.closing(sqlite3.connect(target)) as other:
        one.backup(other)
