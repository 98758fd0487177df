"""Health checks."""

from flask import Flask


def register(app: Flask) -> None:
    """Add the health checks."""
