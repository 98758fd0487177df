"""What the customers of the kills call wrong, however rarely it happens."""

from __future__ import annotations

import pytest

from bench.customers import MOST_SECONDS, Watch
from bench.shopper import Answer


@pytest.mark.parametrize(
    ("status", "headers", "seconds", "is_wrong"),
    [
        (201, {}, 0.1, False),
        (409, {}, 0.1, False),
        (503, {"retry-after": "5"}, 0.1, False),
        (503, {}, 0.1, True),
        (500, {"retry-after": "5"}, 0.1, True),
        (502, {}, 0.1, True),
        (200, {}, MOST_SECONDS + 1, True),
    ],
)
def test_only_503_that_says_when_to_come_back_is_no_failure(
    status: int, headers: dict[str, str], seconds: float, is_wrong: bool
) -> None:
    watch = Watch()

    watch.note("GET /", Answer(status, headers, b""), seconds)

    assert bool(watch.wrong + watch.late) is is_wrong
    assert watch.statuses == {status: 1}
    assert watch.slowest == seconds
