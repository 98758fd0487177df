"""What only a development shop has: demo data, and the mailbox page that shows the mail nobody sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register(app: Flask) -> None:
    """Add the development pages."""
    from shop.demo import mailbox  # here, so that `make run` starts without loading the shop

    mailbox.register(app)
