"""Asking workers: one job for many events, and a Redis that is away or hangs costs little and loses nothing."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from flask import Flask

from shop.db import operation
from shop.domain.events import record_event
from shop.domain.outbox import undispatched_events
from shop.domain.terms import Terms
from shop.extensions import make_redis
from shop.jobs import nudge_relay
from shop.jobs.doorbell import MOST_WAITING, QUIET, RELAY, SEND_EMAIL, Doorbell
from tests.jobs.conftest import confirmed_order


@pytest.fixture(params=["refuses", "hangs"])
def absent(request: pytest.FixtureRequest) -> Iterator[Doorbell]:
    """A doorbell whose Redis refuses the connection, or takes it and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if request.param == "hangs":
            listener.listen(8)
        yield Doorbell(make_redis(f"redis://127.0.0.1:{listener.getsockname()[1]}/0", patience=0.2))


def waiting(server: redis.Redis, name: str) -> int:
    return int(server.llen(f"rq:queue:{name}"))


def test_a_redis_that_is_away_costs_half_a_second_and_then_nothing_for_a_while(absent: Doorbell) -> None:
    started = time.monotonic()
    could = absent.ask_once(RELAY)
    first = time.monotonic() - started
    started = time.monotonic()
    results = [absent.ask_once(RELAY) for _ in range(1000)]
    others = time.monotonic() - started

    assert could is False
    assert not any(results)
    assert first < 0.6
    assert others < 0.2
    assert absent.is_quiet


def test_it_is_tried_again_once_the_quiet_is_over(absent: Doorbell, monkeypatch: pytest.MonkeyPatch) -> None:
    absent.ask_once(RELAY)
    later = time.monotonic() + QUIET + 0.1

    monkeypatch.setattr(time, "monotonic", lambda: later)

    assert not absent.is_quiet


def test_an_order_is_placed_while_redis_is_away(
    app: Flask, terms: Terms, absent: Doorbell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.extensions, "shop_doorbell", absent)

    confirmed_order(terms)

    assert len(undispatched_events()) == 2


@pytest.mark.redis
def test_many_events_ask_for_one_relay_until_it_begins(app: Flask, queue_server: redis.Redis) -> None:
    for _ in range(5):
        nudge_relay()
    before = waiting(queue_server, "default")
    app.extensions["shop_doorbell"].note_begun(RELAY)
    nudge_relay()

    assert before == 1
    assert waiting(queue_server, "default") == 2


@pytest.mark.redis
@pytest.mark.breaks_invariants  # an event without an order
def test_the_bell_is_rung_after_the_commit_and_never_for_a_rollback(app: Flask, queue_server: redis.Redis) -> None:
    seen_inside = []

    @operation
    def record(*, fails: bool) -> None:
        record_event("order.placed", "order_x")
        seen_inside.append(waiting(queue_server, "default"))
        if fails:
            raise ValueError

    with pytest.raises(ValueError):
        record(fails=True)
    after_the_rollback = waiting(queue_server, "default")
    record(fails=False)

    assert seen_inside == [0, 0]
    assert after_the_rollback == 0
    assert waiting(queue_server, "default") == 1


@pytest.mark.redis
def test_a_queue_that_nobody_works_on_does_not_grow_for_ever(queue_server: redis.Redis) -> None:
    doorbell = Doorbell(queue_server)
    assert doorbell.has_room(SEND_EMAIL)

    queue_server.rpush("rq:queue:mail", *range(MOST_WAITING))

    assert not doorbell.has_room(SEND_EMAIL)


@pytest.mark.parametrize("error", [redis.exceptions.OutOfMemoryError, redis.exceptions.ReadOnlyError])
def test_a_redis_that_is_full_or_read_only_is_like_one_that_is_away(error: type[redis.RedisError]) -> None:
    class Refusing(redis.Redis):
        def execute_command(self, *_args: Any, **_options: Any) -> None:
            raise error

    doorbell = Doorbell(Refusing())

    assert doorbell.ask_once(RELAY) is False
    assert doorbell.is_quiet
