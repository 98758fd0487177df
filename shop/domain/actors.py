"""Who acts: a customer (or guest), a member of staff, or the shop itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Actor:
    """Who is acting. `user_id` is the internal key of a signed-in person; `address` the client's network address.

    `browser` tells one browser's session from another's, and does not open it.
    """

    kind: Literal["customer", "staff", "system"]
    user_id: int | None = None
    address: str | None = None
    permissions: frozenset[str] = frozenset()
    browser: str = ""
    api_key_id: int | None = None  # by which a program acts for a member of staff

    @property
    def customer_id(self) -> int | None:
        """Whose carts, orders and wish lists are their own: a customer's, never those of staff or of a program."""
        return self.user_id if self.kind == "customer" else None

    def may(self, permission: str) -> bool:
        """Whether this actor holds the permission; the shop itself may do anything."""
        return self.kind == "system" or permission in self.permissions or "all" in self.permissions


SYSTEM = Actor("system")
