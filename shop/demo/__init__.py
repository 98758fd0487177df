"""What only a development shop has: demo data, and the mailbox page that shows the mail nobody sends."""

from flask import Flask

from shop.demo import mailbox


def register(app: Flask) -> None:
    """Add the development pages."""
    mailbox.register(app)
