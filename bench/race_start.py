"""Letting many start at one instant: by threads, or for a real crowd by several processes of many threads."""

from __future__ import annotations

import collections
import multiprocessing
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.raced_shop import RacedShop
from bench.shopper import Answer, Shopper

PROCESSES = 4
Send = Callable[[Shopper], Answer]


@dataclass(frozen=True)
class Outcome:
    """What came of a race: how many answers of each status, what is told about it, and whether it is as promised."""

    statuses: collections.Counter
    told: dict
    is_right: bool

    @property
    def is_ok(self) -> bool:
        """As promised, and no answer was a failure: 0 is a broken connection."""
        return self.is_right and all(0 < status < 500 for status in self.statuses)


def outcome(answers: Sequence[Answer], is_right: bool, **told) -> Outcome:
    """The outcome of these answers; of those that were failures it tells what they said."""
    failures = [answer.body[:300] for answer in answers if answer.status >= 500 or answer.status == 0]
    told |= {"failures": failures} if failures else {}
    return Outcome(collections.Counter(answer.status for answer in answers), told, is_right)


def all_at_once(sends: Sequence[tuple[Shopper, Send]]) -> list[Answer]:
    """Every request by its shopper, each on an open connection, released together; the answers in the same order.

    A connection that breaks is an answer of status 0.
    """
    barrier = threading.Barrier(len(sends))
    answers: list[Answer] = [Answer(0, {}, b"")] * len(sends)

    def run(number: int) -> None:
        shopper, send = sends[number]
        answers[number] = _sent(shopper, send, barrier)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(sends))]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return answers


def _sent(shopper: Shopper, send: Send, *barriers) -> Answer:
    try:
        for barrier in barriers[:-1]:
            barrier.wait(120)
        shopper.close()
        shopper.connect()
        barriers[-1].wait(120)
        return send(shopper)
    except OSError as error:
        return Answer(0, {}, repr(error).encode())
    finally:
        shopper.close()


def crowd(shop: RacedShop, count: int, prepare: Callable[[Shopper, int], Send]) -> list[Answer]:
    """`count` shoppers in several processes: each is prepared (cart filled), then all requests are sent at once."""
    context = multiprocessing.get_context("fork")
    barrier, results = context.Barrier(count), context.Queue()
    numbers = [next(shop.numbers) for _ in range(count)]
    share = -(-count // PROCESSES)
    parts = [range(start, min(start + share, count)) for start in range(0, count, share)]
    processes = [
        context.Process(target=_part_of_crowd, args=(shop, numbers, part, prepare, barrier, results)) for part in parts
    ]
    [process.start() for process in processes]
    answers = [results.get(timeout=300) for _ in range(count)]
    [process.join() for process in processes]
    return answers


def _part_of_crowd(shop: RacedShop, numbers: list[int], part: range, prepare, barrier, results) -> None:
    prepared = []
    for place in part:
        shopper = shop.shopper(numbers[place])
        prepared.append((shopper, prepare(shopper, place)))
        shopper.close()

    def run(shopper: Shopper, send: Send) -> None:
        # The first barrier: until everybody is ready; an idle connection would keep a server's thread waiting.
        results.put(_sent(shopper, send, barrier, barrier))

    threads = [threading.Thread(target=run, args=one) for one in prepared]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
