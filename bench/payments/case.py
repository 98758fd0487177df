"""A row of the proof of card payments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Case:
    """What is proved, and how. What `run` returns are the columns, `verdict` ("ok" or "FAILED") among them."""

    name: str
    run: Callable[[], dict[str, Any]]
