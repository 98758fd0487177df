"""How long what is under way may still wait for neighbours: a request is answered soon (D44), a job has more time."""

from __future__ import annotations

import math
import time
from contextvars import ContextVar

_until: ContextVar[float] = ContextVar("patient_until", default=math.inf)


def be_patient_for(seconds: float) -> None:
    """From now on have neighbours asked only as long as so many seconds are not over."""
    _until.set(time.monotonic() + seconds)


def take_time() -> None:
    """Nobody waits for what is done from now on."""
    _until.set(math.inf)


def seconds_left() -> float:
    """How long neighbours may still be waited for; infinite where nobody waits."""
    return _until.get() - time.monotonic()
