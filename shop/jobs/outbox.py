"""The relay: every event gets the rows of its effects, the search index follows, workers are asked for what is due."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import timedelta

from shop.db import end_read
from shop.domain.customers.registration import addresses_of_accounts
from shop.domain.orders.queries import email_addresses_of
from shop.domain.outbox import dispatch_events, forget_asking, take_to_ask, unasked_emails, undispatched_events
from shop.domain.search.index import index_queued, queue_what_changed
from shop.extensions import settings
from shop.jobs.doorbell import RELAY, SEND_EMAIL, doorbell
from shop.jobs.payments import sweep_payments
from shop.jobs.pictures import ask_for_pictures
from shop.jobs.staff_tasks import ask_for_staff_tasks

INDEX_FOR = 2.0  # seconds


def relay() -> None:
    """Dispatch all undispatched events and have what is due sent; several at once do no harm."""
    doorbell().note_begun(RELAY)
    dispatch_all()
    ask_for_emails()
    ask_for_pictures()
    ask_for_staff_tasks()
    sweep_payments()
    keep_search()


def keep_search() -> int:
    """Work off the search queue for at most a few seconds, so that mail does not wait for a large catalogue."""
    give_up, total = time.monotonic() + INDEX_FOR, 0
    while time.monotonic() < give_up and (done := index_queued()):
        total += done
    return total


def dispatch_all() -> int:
    """Dispatch until nothing is left that others do not hold; returns how many events."""
    dispatched = 0
    delays = {"review_request": timedelta(days=settings.review_request_days)}
    while waiting := undispatched_events():
        done = dispatch_events(waiting, _recipients, queue_what_changed, delays=delays)
        dispatched += done
        if not done:  # another relay has them in hand
            break
    return dispatched


def _recipients(public_ids: Collection[str]) -> dict[str, str]:
    """Where to write to about orders and what followed them, and about accounts."""
    return {**email_addresses_of(public_ids), **addresses_of_accounts(public_ids)}


def ask_for_emails() -> int:
    """Ask workers for the e-mails that are due; returns how many. Without Redis nothing is noted, and nothing lost."""
    asked = 0
    while waiting := unasked_emails():
        end_read()
        taken = take_to_ask(waiting) if doorbell().has_room(SEND_EMAIL) else []
        for position, email_id in enumerate(taken):
            if not doorbell().ask(SEND_EMAIL, email_id):
                forget_asking(taken[position:])
                return asked
            asked += 1
        if not taken:
            break
    return asked
