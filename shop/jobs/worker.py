"""The worker: runs the shop's jobs, each in a process of its own, and outlives a Redis that goes away for a while."""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import signal
import time
from types import FrameType
from typing import Any

import redis
import structlog
from flask import Flask
from rq import Queue, Worker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import configure_mappers

from shop.db import db
from shop.extensions import QUEUES, make_redis
from shop.jobs.doorbell import JOBS

log = structlog.get_logger()
RETRY_AFTER = 1.0  # seconds between attempts to reach Redis


class ShopWorker(Worker):
    """RQ's forking worker inside the application's context. It runs the shop's own jobs and nothing else."""

    max_connection_wait_time = 4.0

    def __init__(self, app: Flask, connection: redis.Redis) -> None:
        super().__init__(list(QUEUES), connection=connection, serializer=JSONSerializer, worker_ttl=60)
        self.app = app
        self.is_told_to_stop = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        self.is_told_to_stop = True
        super().request_stop(signum, frame)

    def subscribe(self) -> None:
        """Nobody commands a worker by way of Redis; so there is no thread beside the one that forks."""

    def unsubscribe(self) -> None:
        """As there is no subscription."""

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        with self.app.app_context():
            db.engine.dispose(close=False)  # the parent's connections are the parent's
        super().main_work_horse(job, queue)

    def perform_job(self, job: Job, queue: Queue) -> bool:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(job=job.id)
        with self.app.app_context():
            try:
                return super().perform_job(job, queue)
            finally:
                db.session.remove()

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        log.error("job_failed", function=job.func_name, exc_info=exc_info)

    def prepare_job_execution(self, job: Job, remove_from_intermediate_queue: bool = False) -> None:
        if job.func_name not in {known.function for known in JOBS}:
            raise ValueError(f"{job.func_name} is no job of the shop")
        super().prepare_job_execution(job, remove_from_intermediate_queue)


def run_worker(app: Flask, *, burst: bool = False) -> None:
    """Work until told to stop by TERM or INT (a running job is finished), or until the queues are empty with `burst`.

    While Redis is away it waits and tries again, and says so once.
    """
    logging.getLogger("rq.worker").addFilter(_NotAgain())
    is_away = False
    try:
        _listen_to_signals()
        _prepare(app)
        while True:
            _listen_to_signals()
            worker, error = _work(app, burst=burst)
            if burst or (worker is not None and worker.is_told_to_stop):
                return
            if error is not None and not is_away:
                log.warning("redis_away", error=type(error).__name__, effect="sending waits, nothing is lost")
            is_away = error is not None
            time.sleep(RETRY_AFTER)
    except StopRequested:
        return


def _prepare(app: Flask) -> None:
    """Do once what every forked job would do anew: import, map the tables, compile templates, meet the database."""
    for job in JOBS:
        importlib.import_module(job.function.rpartition(".")[0])
    configure_mappers()
    for name in app.jinja_env.list_templates(filter_func=lambda name: name.startswith("emails/")):
        app.jinja_env.get_template(name)
    with contextlib.suppress(SQLAlchemyError), app.app_context():
        db.engine.connect().close()
        db.engine.dispose()
    gc.collect()
    gc.freeze()  # so that a collection in the child does not copy the parent's memory
    log.info("worker_started", queues=QUEUES)


def _work(app: Flask, *, burst: bool) -> tuple[ShopWorker | None, Exception | None]:
    """Run one worker until it ends; returns it, and what Redis did to it."""
    worker = None
    try:
        worker = ShopWorker(app, make_redis(app.config["REDIS_URL"]))
        worker.work(burst=burst, logging_level="WARNING")
    except redis.RedisError as error:
        return worker, error
    return worker, None


def _listen_to_signals() -> None:
    """Stop at TERM and INT, until RQ's own handlers take over."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise StopRequested


class _NotAgain(logging.Filter):
    """Lets RQ say once a minute, not every few seconds, that it cannot reach Redis."""

    said_at = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        if "could not connect" not in str(record.msg):
            return True
        is_news = time.monotonic() - self.said_at > 60
        if is_news:
            self.said_at = time.monotonic()
        return is_news
