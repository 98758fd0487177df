"""The payment stand-in: a bank of our own that speaks Stripe's HTTP, keeps its own books, and moves no money.

Development and tests only. `make run` starts it as a process beside the shop; tests run it in a thread.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from flask import Flask

from shop.demo.bank.pages import pages
from shop.demo.bank.payments import Bank
from shop.demo.bank.store import Store
from shop.demo.bank.webhooks import Courier
from shop.demo.bank.wire import api

VERSION = "2026-10-28.endive"  # the API version whose shapes it speaks


@dataclass(frozen=True)
class BankConfig:
    """Where the bank keeps its books, by what keys it is opened, and whom it tells."""

    path: Path
    base_url: str
    secret_key: str = field(repr=False)
    publishable_key: str
    webhook_secret: str = field(repr=False)
    webhook_url: str = ""  # empty: events are kept, and nobody is told
    slow_seconds: float = 5


def make_bank(config: BankConfig) -> Flask:
    """The bank as a WSGI application. Its courier is made but not started: app.extensions["courier"]."""
    app = Flask(__name__, static_folder="static", template_folder="templates")
    app.config["MAX_CONTENT_LENGTH"] = 256 * 1024
    bank = Bank(Store(config.path), config.base_url, VERSION, config.slow_seconds)
    app.extensions["bank"] = bank
    app.extensions["bank_config"] = config
    app.extensions["courier"] = Courier(bank, config.webhook_url, config.webhook_secret)
    app.register_blueprint(api)
    app.register_blueprint(pages)
    return app
