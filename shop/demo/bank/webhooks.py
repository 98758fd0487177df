"""What happened at the bank, told to the shop: signed, and again until the shop has taken it."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import logging
import threading
import time
from typing import Any
from urllib.parse import urlsplit

from shop.demo.bank.payments import Bank, shown

log = logging.getLogger(__name__)
TIMEOUT = 10.0
ATTEMPTS = 15
LONGEST_PAUSE = 60.0


def sign(body: bytes, secret: str, stamp: int) -> str:
    """The Stripe-Signature header for these bytes."""
    signature = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={stamp},v1={signature}"


def body_of(event: dict[str, Any]) -> bytes:
    """The bytes of an event, as they are signed and sent."""
    return json.dumps(shown(event), indent=2).encode()


def send(url: str, body: bytes, signature: str) -> int:
    """Post an event; the status of the answer. Raises OSError, http.client.HTTPException."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=TIMEOUT)
    try:
        headers = {"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": signature}
        connection.request("POST", parts.path or "/", body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


class Courier(threading.Thread):
    """Looks three times a second for what is to happen or to be delivered."""

    def __init__(self, bank: Bank, url: str, secret: str) -> None:
        super().__init__(name="courier", daemon=True)
        self.bank, self.url, self.secret = bank, url, secret
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(0.3):
            try:
                self.deliver_owed()
            except Exception:  # written down, and tried again: without its courier the bank would fall silent
                log.exception("the courier stumbled")

    def end(self) -> None:
        self._ended.set()
        if self.is_alive():
            self.join(TIMEOUT)

    def deliver_owed(self) -> None:
        """Let happen what is due, and try to deliver each event whose time has come."""
        self.bank.complete_due()
        for event, attempts in self.bank.store.list_owed() if self.url else []:
            if self._ended.is_set():
                return
            self._deliver(event, attempts)

    def _deliver(self, event: dict[str, Any], attempts: int) -> None:
        body, now = body_of(event), self.bank.store.clock()
        try:
            status = send(self.url, body, sign(body, self.secret, int(time.time())))
        except (OSError, http.client.HTTPException) as error:
            told, is_taken = type(error).__name__, False
        else:
            told, is_taken = str(status), 200 <= status < 300
        is_last = is_taken or attempts + 1 >= ATTEMPTS
        pause = min(2.0**attempts, LONGEST_PAUSE)
        self.bank.store.note_delivery(event["id"], told, None if is_last else now + pause)
