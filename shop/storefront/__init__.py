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
    faces = (catalog, search, reviews, viewed, wishlists, cart, checkout, orders, account, pages, sitemap, browsers)
    for face in faces:
        app.register_blueprint(face.blueprint)
    if app.extensions["shop_settings"].is_development:
        app.register_blueprint(styleguide.blueprint)
