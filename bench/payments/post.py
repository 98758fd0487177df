"""Signed webhooks posted to a shop, by one sender in order or by many."""

from __future__ import annotations

import collections
import http.client
import threading
import time
from collections.abc import Sequence

from bench.shopper import Answer, Shopper
from shop.demo.bank.webhooks import sign
from tests.bank import WEBHOOK_SECRET

PATHS = ("/webhooks/stripe", "/api/webhooks/stripe")


def post(sender: Shopper, body: bytes, signature: str | None = None, path: str = PATHS[0]) -> Answer:
    """Post an event as Stripe does: signed now unless a signature is given, and again where the connection broke."""
    while True:
        signed = sign(body, WEBHOOK_SECRET, int(time.time())) if signature is None else signature
        try:
            return sender.request(
                "POST", path, body, **{"Stripe-Signature": signed, "Content-Type": "application/json"}
            )
        except (OSError, http.client.HTTPException):
            sender.close()


def deliver(port: int, bodies: Sequence[bytes], senders: int, what: str) -> collections.Counter[int]:
    """Post all of them, each sender the next that is left; the statuses of the answers."""
    statuses: collections.Counter[int] = collections.Counter()
    left, turn = iter(enumerate(bodies, 1)), threading.Lock()

    def work(number: int) -> None:
        sender = Shopper(port, number)
        while True:
            with turn:
                place, body = next(left, (0, b""))
            if not place:
                break
            answer = post(sender, body, path=PATHS[place % 2])
            with turn:
                statuses[answer.status] += 1
            if place % 5000 == 0:
                print(f"  {what}: {place} of {len(bodies)} posted", flush=True)
        sender.close()

    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(senders)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return statuses
