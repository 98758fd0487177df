"""HTML for shoppers: complete pages that work without JavaScript; HTMX spares a reload."""

from flask import Flask

from shop.storefront import (
    account,
    browsers,
    cart,
    catalog,
    checkout,
    orders,
    pages,
    paying,
    registration,
    rendering,
    reviews,
    search,
    sitemap,
    styleguide,
    viewed,
    wishlists,
)


def register(app: Flask) -> None:
    """Add the storefront's blueprints, and what their templates may use."""
    rendering.register(app)
    personal = (viewed, wishlists, cart, checkout, paying, orders, account, registration)
    for face in (catalog, search, reviews, *personal, pages, sitemap, browsers):
        app.register_blueprint(face.blueprint)
    if app.extensions["shop_settings"].is_development:
        app.register_blueprint(styleguide.blueprint)
