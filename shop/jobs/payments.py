"""Card payments in the background: webhooks applied, refunds sent, forgotten payments found, the books compared.

Every piece is claimed or compared in its row, so that two at once, or a killed one, do no harm. Without Redis the
scheduler does a little of it at each of its turns, so that no money waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

import structlog
from rq.timeouts import JobTimeoutException

from shop.db import end_read
from shop.domain.payments.card_refunds import refunds_to_send, send_refund
from shop.domain.payments.provider_events import apply_provider_event, waiting_events
from shop.domain.payments.reconcile import (
    attempts_to_ask,
    attempts_to_cancel,
    compare_books,
    forget_unbegun_attempts,
    poll,
)
from shop.errors import ShopError, Unavailable
from shop.extensions import payment_provider, terms
from shop.jobs.doorbell import COMPARE_BOOKS, KEEP_PAYMENTS, POLL_PAYMENTS, Job, doorbell
from shop.patience import be_patient_for, take_time
from shop.payment_provider import PaymentProvider

log = structlog.get_logger()

IN_A_JOB = 25.0  # seconds; the rest is another job's. The last call may take 20 more, and the job ends at 50.
IN_THE_SCHEDULER = 1.5
CALLS_IN_THE_SCHEDULER = 5.0  # all of them in one turn: stock and letters wait for it
Work = Callable[[], Sequence[Callable[[], None]]]


# -- jobs --------------------------------------------------------------------------------------------------------------


def keep_payments() -> None:
    """Apply webhooks, send refunds and cancel what was left open, as far as it is due."""
    doorbell().note_begun(KEEP_PAYMENTS)
    provider = payment_provider()
    if provider is not None:
        _work_off(lambda: _what_is_due(provider), IN_A_JOB)


def poll_payments() -> None:
    """Ask how payments stand of which nothing was heard for minutes."""
    doorbell().note_begun(POLL_PAYMENTS)
    provider = payment_provider()
    if provider is not None:
        _work_off(lambda: _to_poll(provider), IN_A_JOB)


def compare() -> None:
    """Compare the provider's books of the last days with ours."""
    doorbell().note_begun(COMPARE_BOOKS)
    provider = payment_provider()
    if provider is None:
        return
    try:
        found = compare_books(provider, terms)
    except Unavailable as error:
        log.warning("books_not_compared", reason=error.message)
        return
    tell = log.error if found else log.info
    tell("books_compared", differences=len(found))


# -- the scheduler's turns ---------------------------------------------------------------------------------------------


def sweep_payments() -> int:
    """Every few seconds: what a lost nudge or a killed job left."""
    provider = payment_provider()
    if provider is None:
        return 0
    return forget_unbegun_attempts() + _have_done(KEEP_PAYMENTS, lambda: _what_is_due(provider))


def sweep_forgotten_payments() -> int:
    """Each minute: payments of which nothing was heard."""
    provider = payment_provider()
    return _have_done(POLL_PAYMENTS, lambda: _to_poll(provider)) if provider is not None else 0


def sweep_books() -> int:
    """Each night; without Redis the next one does it."""
    return int(doorbell().ask_once(COMPARE_BOOKS)) if payment_provider() is not None else 0


def _have_done(job: Job, due: Work) -> int:
    """Ask a worker, or do a little here where there is none to ask."""
    waiting = len(due())
    end_read()
    if not waiting or doorbell().ask_once(job):
        return waiting
    be_patient_for(CALLS_IN_THE_SCHEDULER)
    try:
        return _work_off(due, IN_THE_SCHEDULER)
    finally:
        take_time()


# -- the work ----------------------------------------------------------------------------------------------------------


def _what_is_due(provider: PaymentProvider) -> list[Callable[[], None]]:
    return [
        *(partial(apply_provider_event, event_id, provider, terms) for event_id in waiting_events()),
        *(partial(send_refund, refund_id, provider) for refund_id in refunds_to_send()),
        *(partial(poll, payment_id, provider, terms) for payment_id in attempts_to_cancel()),
    ]


def _to_poll(provider: PaymentProvider) -> list[Callable[[], None]]:
    return [partial(poll, payment_id, provider, terms) for payment_id in attempts_to_ask()]


def _work_off(due: Work, seconds: float) -> int:
    """Do what is due, for at most so long; none of it stops the rest. Returns how many pieces."""
    give_up, done = time.monotonic() + seconds, 0
    while pieces := due():
        end_read()
        for piece in pieces:
            try:
                piece()
            except JobTimeoutException:
                raise
            except ShopError as error:
                log.warning("payment_work_put_off", reason=error.message)
            except Exception:
                log.exception("payment_work_failed")
            done += 1
            if time.monotonic() > give_up:
                return done
        if len(pieces) < 50:  # there was no more
            break
    return done
