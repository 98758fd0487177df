"""Background work: RQ jobs that carry ids, the worker that runs them, and the scheduler that asks for them.

The tables are the truth. Redis is a doorbell: while it is away sending waits, and nothing is lost (D25).
"""

from __future__ import annotations

from shop.jobs.doorbell import RELAY, doorbell


def nudge_relay() -> None:
    """Have a worker dispatch what was just recorded. Best effort: the scheduler's sweep takes what this misses."""
    doorbell().ask_once(RELAY)
