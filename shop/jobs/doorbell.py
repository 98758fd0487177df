"""Asking workers for jobs by way of Redis; when it is away that costs half a second, and nothing for the next five."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import redis
import structlog
from flask import current_app

from shop.extensions import queue

log = structlog.get_logger()

QUIET = 5.0  # seconds without an attempt after Redis did not answer
MOST_WAITING = 1000  # jobs in a queue, above which asking again would only make it longer
ASKED = "shop:asked:"


@dataclass(frozen=True)
class Job:
    """A function that workers run by its name. `wait`: seconds after which it need not be begun any more."""

    queue: str
    function: str
    timeout: int
    wait: int


RELAY = Job("default", "shop.jobs.outbox.relay", timeout=30, wait=60)
SEND_EMAIL = Job("mail", "shop.jobs.emails.send_email", timeout=45, wait=120)
RUN_STAFF_TASK = Job("default", "shop.jobs.staff_tasks.run_staff_task", timeout=50, wait=25)
# Longer than its lease would be no use; the process it starts is given up after 90 seconds.
MAKE_PICTURE = Job("pictures", "shop.jobs.pictures.make_picture", timeout=150, wait=120)
KEEP_PAYMENTS = Job("payments", "shop.jobs.payments.keep_payments", timeout=50, wait=30)
POLL_PAYMENTS = Job("payments", "shop.jobs.payments.poll_payments", timeout=50, wait=50)
COMPARE_BOOKS = Job("payments", "shop.jobs.payments.compare", timeout=600, wait=3600)
JOBS = (RELAY, SEND_EMAIL, RUN_STAFF_TASK, MAKE_PICTURE, KEEP_PAYMENTS, POLL_PAYMENTS, COMPARE_BOOKS)


def doorbell() -> Doorbell:
    """The application's doorbell."""
    return cast(Doorbell, current_app.extensions["shop_doorbell"])


class Doorbell:
    """Puts jobs into their queues. Every method says whether it could, and none raises for a Redis that is away."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection
        self._quiet_until = 0.0
        self._is_away = False

    @property
    def is_quiet(self) -> bool:
        """Whether Redis did not answer a moment ago, so that nothing is tried now."""
        return time.monotonic() < self._quiet_until

    def ask(self, job: Job, *arguments: int) -> bool:
        """Have a worker run the job with these ids."""
        return self._try(lambda: self._put(job, arguments))

    def ask_once(self, job: Job) -> bool:
        """Have a worker run the job, unless one was asked and has not begun."""

        def put_unless_asked() -> None:
            if self._redis.set(ASKED + job.function, 1, nx=True, ex=10):
                self._put(job, ())

        return self._try(put_unless_asked)

    def note_begun(self, job: Job) -> None:
        """From now on ask_once() asks again."""
        self._try(lambda: self._redis.delete(ASKED + job.function))

    def has_room(self, job: Job) -> bool:
        """Whether the job's queue is short enough to take more; False as well when that cannot be known."""
        waiting = [MOST_WAITING]

        def count() -> None:
            waiting[0] = queue(job.queue, self._redis).count

        return self._try(count) and waiting[0] < MOST_WAITING

    def _put(self, job: Job, arguments: tuple[int, ...]) -> None:
        queue(job.queue, self._redis).enqueue_call(
            job.function, args=arguments, timeout=job.timeout, ttl=job.wait, result_ttl=0, failure_ttl=24 * 3600
        )

    def _try(self, action: Callable[[], object]) -> bool:
        if self.is_quiet:
            return False
        try:
            action()
        except redis.RedisError as error:
            self._quiet_until = time.monotonic() + QUIET
            if not self._is_away:
                log.warning("redis_away", error=type(error).__name__, effect="sending waits, nothing is lost")
            self._is_away = True
            return False
        if self._is_away:
            log.info("redis_back")
        self._is_away = False
        return True
