"""HTML for shoppers."""

from flask import Flask


def register(app: Flask) -> None:
    """Add the storefront's blueprints."""
