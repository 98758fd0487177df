"""A shop that takes cards, for tests of its faces: its provider is in memory, or the demo's bank."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from shop import create_app
from tests.bank import PUBLISHABLE_KEY, SECRET_KEY, WEBHOOK_SECRET
from tests.conftest import _migrated, _new_database, test_settings
from tests.domain.payments.fake_provider import FakeProvider

BANK = "http://127.0.0.1:1"
KEYS = {
    "stripe_secret_key": SECRET_KEY,
    "stripe_publishable_key": PUBLISHABLE_KEY,
    "stripe_webhook_secret": WEBHOOK_SECRET,
    "stripe_api_base": BANK,
    "stripe_js_url": f"{BANK}/v3/",
}


_urls: dict[str, str] = {}
_made: dict[str, Flask] = {}  # one of its own for all tests of the faces: two on one database would wait for each other


class Cards(FakeProvider):
    """The provider in memory, which keeps cards too."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, list[Any]] = {}

    def list_cards(self, customer: str) -> list[Any]:
        return self._call("list_cards", lambda: list(self.kept.get(customer, [])))

    def forget_card(self, payment_method: str) -> None:
        def forget() -> None:
            for cards in self.kept.values():
                cards[:] = [card for card in cards if card.id != payment_method]

        self._call("forget_card", forget)


@pytest.fixture(scope="session")
def database(request: pytest.FixtureRequest) -> str:
    """A database of this shop's own."""
    if "url" not in _urls:
        _urls["url"] = _migrated(_new_database(request.param))
    return _urls["url"]


@pytest.fixture(scope="session")
def application(database: str, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The shop with keys."""
    if database not in _made:
        folder = tmp_path_factory.mktemp("cards")
        places = {"storage_url": f"file:{folder}", "redis_url": f"unix://{folder}/none", "var_dir": str(folder)}
        _made[database] = create_app(
            test_settings(database_url=database, card_payments_per_hour=1000, **places, **KEYS)
        )
    return _made[database]


@pytest.fixture(autouse=True)
def provider(app: Flask) -> Cards:
    """The shop's provider, in memory."""
    app.extensions["shop_payment_provider"] = made = Cards()
    return made
