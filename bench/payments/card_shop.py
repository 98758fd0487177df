"""A whole shop that takes cards, with a bank of its own that tells it what happened."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.running_shop import RunningShop, running_shop
from tests.bank import RunningBank, running_bank

MANY = "1000000"
WITHOUT_LIMITS = {
    "RATELIMIT_ENABLED": "false",
    "CARD_PAYMENTS_PER_HOUR": MANY,
    "CARD_REFUSALS_PER_ORDER": MANY,
    "CARD_REFUSALS_PER_ADDRESS": MANY,
    "CARD_REFUSALS_PER_EMAIL": MANY,
    "CARD_REFUSALS_PER_CARD": MANY,
    "CARD_ALARM_REFUSALS": MANY,
    "MAX_OPEN_HOLDS_PER_CUSTOMER": MANY,
}
ALL_ROLES = ("web", "worker", "scheduler")


@dataclass
class CardShop:
    """The shop, and the bank in this process: its ledger is what really happened."""

    shop: RunningShop
    bank: RunningBank
    is_told: bool = True  # whether the bank delivers its events by itself

    @property
    def webhook_url(self) -> str:
        return f"{self.shop.url}/webhooks/stripe"

    def make_wish(self) -> tuple[str, str]:
        """A new product and its variant, of which there is enough for everybody."""
        product_id, variant_id = self.shop.hands.do("make_products", 1, 10**6)[0]
        return product_id, variant_id


@contextlib.contextmanager
def card_shop(
    engine: str, *, tells: bool = True, roles: tuple[str, ...] = ALL_ROLES, workers: int = 2, **settings: str
) -> Iterator[CardShop]:
    """Start both; `tells`: whether the bank delivers its events to the shop. `settings` are the shop's."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bank-proof-")))
        bank = stack.enter_context(running_bank(folder))
        of_bank = {name.upper(): value for name, value in bank.settings().items()}
        given = {**of_bank, **WITHOUT_LIMITS, **settings}
        shop = stack.enter_context(running_shop(engine, roles=roles, workers=workers, **given))
        cards = CardShop(shop, bank, is_told=tells)
        if tells:
            bank.courier.url = cards.webhook_url
            bank.courier.start()
            stack.callback(bank.courier.end)
        yield cards
