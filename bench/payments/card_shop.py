"""A whole shop that takes cards, with a bank of its own that tells it what happened."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.running_shop import RunningShop, running_shop
from tests.bank import RunningBank, running_bank

WITHOUT_LIMITS = {
    "RATELIMIT_ENABLED": "false",
    "CARD_PAYMENTS_PER_HOUR": "100000",
}


@dataclass
class CardShop:
    """The shop, and the bank in this process: its ledger is what really happened."""

    shop: RunningShop
    bank: RunningBank


@contextlib.contextmanager
def card_shop(engine: str, *, tells: bool = True, **options) -> Iterator[CardShop]:
    """Start both; `tells`: whether the bank delivers its events to the shop. `options` are those of `running_shop`."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bank-proof-")))
        bank = stack.enter_context(running_bank(folder))
        settings = {name.upper(): value for name, value in bank.settings().items()}
        shop = stack.enter_context(running_shop(engine, **{**settings, **WITHOUT_LIMITS, **options}))
        if tells:
            bank.courier.url = f"{shop.url}/webhooks/stripe"
            bank.courier.start()
            stack.callback(bank.courier.end)
        yield CardShop(shop, bank)
