"""What only a development shop has: demo data, a bank that moves no money, and a page for the mail nobody sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask


def register(app: Flask) -> None:
    """Add the development pages."""
    from shop.demo import mailbox  # here, so that `make run` starts without loading the shop

    mailbox.register(app)
