"""The same operations as JSON: one blueprint /api/v1, a module per resource, presenters for what goes out."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add the API's blueprints."""
    from shop.api import auth, carts, catalog, discounts, documents, me, orders, reviews, wishlists
    from shop.api.callers import identify_caller

    app.before_request(identify_caller)
    for module in (catalog, reviews, carts, discounts, orders, auth, me, wishlists, documents):
        app.register_blueprint(module.bp)
