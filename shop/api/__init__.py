"""The same operations as JSON: one blueprint /api/v1, a module per resource, presenters for what goes out."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the API's blueprints."""
    from shop.api import carts, catalog, documents, orders

    for module in (catalog, carts, orders, documents):
        app.register_blueprint(module.bp)
