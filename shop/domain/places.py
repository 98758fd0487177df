"""Where something is sent, as far as shipping and tax zones go by it. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Place:
    """As much of an address as a zone is chosen by: an ISO country code, and what was typed for region and city."""

    country: str
    region: str = ""
    city: str = ""

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Place:
        """The place in an address or in a cart's destination, by the names of its parts."""
        return cls(values.get("country") or "", values.get("region") or "", values.get("city") or "")
