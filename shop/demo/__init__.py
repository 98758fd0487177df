"""The demo."""

from flask import Flask


def register(app: Flask) -> None:
    """Add development pages."""
