"""The bank of the demo in a thread of the tests, over real HTTP, with what can go wrong on the way (bank_faults.py)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from werkzeug.serving import make_server

from shop.demo.bank import BankConfig, make_bank
from shop.demo.bank.__main__ import Handler
from shop.demo.bank.payments import Bank
from shop.demo.bank.webhooks import Courier, body_of, sign
from shop.gateways.stripe import StripeProvider
from tests.bank_faults import Faults
from tests.servers import free_port

SECRET_KEY = "sk_test_bank_of_the_tests"
PUBLISHABLE_KEY = "pk_test_bank_of_the_tests"
WEBHOOK_SECRET = "whsec_bank_of_the_tests"


class QuietHandler(Handler):
    def log(self, *_words: Any) -> None:
        pass


class RunningBank:
    """A bank that listens. What is slow there is done when `pass_time` is called, and its clock is ours."""

    def __init__(self, folder: Path, webhook_url: str = "") -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = BankConfig(
            folder / "bank.db", self.url, SECRET_KEY, PUBLISHABLE_KEY, WEBHOOK_SECRET, webhook_url, slow_seconds=60
        )
        self.app = make_bank(config)
        self.bank: Bank = self.app.extensions["bank"]
        self.courier: Courier = self.app.extensions["courier"]
        self.faults = Faults(self.app)
        self._server = make_server("127.0.0.1", self.port, self.faults, threaded=True, request_handler=QuietHandler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def provider(self, **options: Any) -> StripeProvider:
        """The shop's gateway to this bank; with short time-outs and no retries unless told."""
        given: dict[str, Any] = {"timeout": (2.0, 5.0), "retries": 0, **options}
        return StripeProvider(SECRET_KEY, WEBHOOK_SECRET, self.url, **given)

    def settings(self) -> dict[str, str]:
        """The settings of a shop whose bank this is."""
        return {
            "stripe_secret_key": SECRET_KEY,
            "stripe_publishable_key": PUBLISHABLE_KEY,
            "stripe_webhook_secret": WEBHOOK_SECRET,
            "stripe_api_base": self.url,
            "stripe_js_url": f"{self.url}/v3/",
        }

    def ledger(self, *kinds: str) -> list[dict[str, Any]]:
        """The lines of these kinds (capture, refund, dispute, dispute_won), the oldest first."""
        return [line for line in self.bank.store.read_ledger() if not kinds or line["kind"] in kinds]

    def pass_time(self, seconds: float = 61) -> None:
        """Let the bank's clock run ahead, and let happen what was to happen by then."""
        clock = self.bank.store.clock
        self.bank.store.clock = lambda: clock() + seconds
        self.bank.complete_due()

    def approve(self, intent_id: str, client_secret: str, *, approves: bool = True) -> None:
        """Answer the 3-D Secure question."""
        with self.bank.store.transaction():
            self.bank.answer_question(intent_id, client_secret, approves)

    def events(self) -> list[tuple[bytes, str]]:
        """Every event so far as it would be posted, the oldest first: body and signature."""
        found = list(self.bank.store.list_after("event"))[::-1]
        return [(body_of(event), sign(body_of(event), WEBHOOK_SECRET, int(time.time()))) for event in found]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)
        self.bank.store.close()


@contextmanager
def running_bank(folder: Path, webhook_url: str = "") -> Iterator[RunningBank]:
    bank = RunningBank(folder, webhook_url)
    try:
        yield bank
    finally:
        bank.stop()
