"""What the races stand on: a wire that is slow in one direction, and a verdict that is strict."""

from __future__ import annotations

import collections
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from bench.race_start import Outcome
from bench.raced_shop import ForeignShop
from bench.races import RACES, all_races
from bench.slow_wire import slow_wire


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
    names = [race.name for race in all_races([1, 10], 20)]

    assert len(set(names)) == len(names) == len(RACES) + 4


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(SystemExit, match="is no address"):
        ForeignShop("nowhere")
