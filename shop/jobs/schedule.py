"""The scheduler: a loop that sweeps the outbox and keeps house in its own process, so that a lost queue loses nothing.

Several at once are harmless: whatever they change is changed by conditional UPDATEs, and rows say who was asked when.
"""

from __future__ import annotations

import signal
import time
from types import FrameType

import structlog
from flask import Flask

from shop.db import db, is_unreachable
from shop.errors import Unavailable
from shop.jobs.housekeeping import TASKS, Task, run_task
from shop.jobs.outbox import ask_for_emails, dispatch_all, keep_search
from shop.jobs.payments import sweep_books, sweep_forgotten_payments, sweep_payments
from shop.jobs.pictures import ask_for_pictures
from shop.jobs.staff_tasks import sweep_staff_tasks

log = structlog.get_logger()
LOOK_EVERY = 0.1  # seconds; how soon a signal is noticed


def sweep_outbox() -> int:
    """Dispatch what a crash or a lost nudge left, and ask again for what no worker did."""
    return dispatch_all() + ask_for_emails() + ask_for_pictures()


SWEEP = Task("outbox_swept", 2, sweep_outbox)
INDEX = Task("search_indexed", 2, keep_search)
STAFF_TASKS = Task("staff_tasks_swept", 2, sweep_staff_tasks)
PAYMENTS = Task("payments_swept", 3, sweep_payments)
FORGOTTEN_PAYMENTS = Task("payments_polled", 60, sweep_forgotten_payments)
BOOKS = Task("books_compared", 24 * 3600, sweep_books)
ALL_TASKS = (SWEEP, PAYMENTS, STAFF_TASKS, INDEX, FORGOTTEN_PAYMENTS, *TASKS, BOOKS)


class Scheduler:
    """Runs each task when it is due. A task that fails is logged and tried again at its next turn."""

    def __init__(self, app: Flask, tasks: tuple[Task, ...] = ALL_TASKS) -> None:
        self.app = app
        self.is_told_to_stop = False
        self._due = dict.fromkeys(tasks, 0.0)
        self._is_database_away = False

    def run(self) -> None:
        """Go on until stop() is called; a running task is finished."""
        while not self.is_told_to_stop:
            self.run_due(time.monotonic())
            time.sleep(LOOK_EVERY)

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Have run() return soon. Made to be a signal handler: it does nothing but note it."""
        self.is_told_to_stop = True

    def run_due(self, now: float) -> None:
        """Run what is due at `now` (seconds of a monotonic clock)."""
        for task, due in self._due.items():
            if due <= now and not self.is_told_to_stop:
                self._due[task] = now + task.every
                self._run(task)

    def _run(self, task: Task) -> None:
        structlog.contextvars.clear_contextvars()
        with self.app.app_context():
            try:
                run_task(task)
            except Exception as error:
                self._note_failure(task, error)
            else:
                self._note_database_back()
            finally:
                db.session.remove()

    def _note_failure(self, task: Task, error: Exception) -> None:
        if not (is_unreachable(error) or isinstance(error, Unavailable)):
            log.exception("task_failed", task=task.name)
        elif not self._is_database_away:
            self._is_database_away = True
            log.warning("database_away", task=task.name, error=type(error).__name__)

    def _note_database_back(self) -> None:
        if self._is_database_away:
            self._is_database_away = False
            log.info("database_back")


def run_scheduler(app: Flask) -> None:
    """Schedule until told to stop by TERM or INT."""
    scheduler = Scheduler(app)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, scheduler.stop)
    log.info("scheduler_started", tasks=[task.name for task in ALL_TASKS])
    scheduler.run()
