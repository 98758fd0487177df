"""The same operations as JSON: one blueprint /api/v1, a module per resource, presenters for what goes out."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the API's blueprints."""
    from shop.api import carts, catalog, discounts, documents, orders, reviews, wishlists

    for module in (catalog, reviews, carts, discounts, orders, wishlists, documents):
        app.register_blueprint(module.bp)
