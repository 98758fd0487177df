"""What neighbours tell the shop by calling it: believed for their signature alone."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the webhooks."""
    from shop.webhooks.stripe import bp

    app.register_blueprint(bp)
