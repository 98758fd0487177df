"""What the races stand on: a wire that is slow in one direction, and a verdict that is strict."""

from __future__ import annotations

import argparse
import collections
import socket
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.prove_races import added, rounds_left, run_all
from bench.race_start import Outcome, outcome
from bench.raced_shop import ForeignShop, RacedShop
from bench.races import RACES, Race, Turn, all_races, stock_of_round
from bench.record import Record
from bench.shopper import Answer
from bench.slow_wire import slow_wire

CLEAN = {"audit": "clean", "verdict": "ok"}


class NoShop(RacedShop):
    """A name to race under."""

    def __init__(self) -> None:
        super().__init__("shop", "127.0.0.1", 0)

    def audit(self) -> str:
        return "clean"


def right(_shop: RacedShop, _turn: Turn) -> Outcome:
    return outcome(
        [Answer(201, {}, b""), Answer(201, {}, b""), Answer(409, {}, b""), Answer(409, {}, b"")], True, orders=2
    )


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.setattr("bench.record.ROOT", tmp_path)
    return Record("races")


def test_what_is_sent_arrives_late_and_whole() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_echo_once, args=(server,), daemon=True).start()
        address = f"postgresql://shop:secret@127.0.0.1:{server.getsockname()[1]}/name"

        with slow_wire(address, 100) as url, socket.create_connection(("127.0.0.1", urlsplit(url).port), 10) as wire:
            started = time.monotonic()
            wire.sendall(b"words")
            answer = wire.recv(100)
            waited = time.monotonic() - started

    assert answer == b"words"
    assert waited >= 0.1
    assert url.startswith("postgresql://shop:secret@127.0.0.1:") and url.endswith("/name")


def _echo_once(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.sendall(connection.recv(100))


@pytest.mark.parametrize(
    ("statuses", "is_right", "expected"),
    [
        ({201: 1, 409: 9}, True, True),
        ({201: 1, 409: 9}, False, False),
        ({201: 1, 503: 1}, True, False),
        ({201: 1, 0: 1}, True, False),
    ],
)
def test_a_failure_of_the_server_is_never_right(statuses: dict[int, int], is_right: bool, expected: bool) -> None:
    assert Outcome(collections.Counter(statuses), {}, is_right).is_ok is expected


def test_races_have_names_of_their_own() -> None:
    names = [race.name for race in all_races(50, 100)]

    assert len(set(names)) == len(names) == len(RACES) + 2


def test_fifty_sales_have_every_stock_from_1_to_50() -> None:
    assert sorted(stock_of_round(number, 50) for number in range(1, 51)) == list(range(1, 51))


def test_a_run_that_was_broken_off_goes_on_where_it_was(record: Record) -> None:
    races = [Race("quick", right), Race("twice as often", right, times=2)]
    first, second = (argparse.Namespace(rounds=3, only="", seed=7, give_up=end) for end in (0, float("inf")))

    is_whole = run_all(record, {"shop": NoShop}, races, first)
    record.keep("shop quick", added(None, {"orders": 1, "statuses": {201: 1}, "seconds": 1, **CLEAN}, 1))
    left = [(race.name, number) for _, race, number in rounds_left(record, ["shop"], races, second)]
    is_whole_then = run_all(record, {"shop": NoShop}, races, second)

    assert (is_whole, is_whole_then) == (False, True)
    assert left == [
        *(("twice as often", number) for number in (1, 2)),
        ("quick", 2),
        *(("twice as often", number) for number in (3, 4)),
        ("quick", 3),
        *(("twice as often", number) for number in (5, 6)),
    ]
    assert record.results["shop quick"]["rounds"] == 3
    assert record.results["shop quick"]["statuses"] == {"201": 5, "409": 4}
    assert record.results["shop twice as often"]["verdict"] == "ok"


def test_a_race_that_failed_is_not_run_on(record: Record) -> None:
    races = [Race("wrong", lambda shop, turn: outcome([Answer(500, {}, b"")], turn.number < 2))]
    asked = argparse.Namespace(rounds=3, only="", seed=7, give_up=float("inf"))

    run_all(record, {"shop": NoShop}, races, asked)

    assert record.results["shop wrong"]["rounds"] == 1
    assert record.results["shop wrong"]["verdict"] == "FAILED in round 1"
    assert list(rounds_left(record, ["shop"], races, asked)) == []


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(SystemExit, match="is no address"):
        ForeignShop("nowhere")
