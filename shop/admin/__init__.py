"""HTML for staff: one list, one form and one detail shape; a resource is a declaration (see resource.py)."""

from flask import Blueprint, Flask

from shop.admin import (
    dashboard,
    discount_test,
    entry,
    imports,
    inventory,
    orders,
    pictures,
    products,
    rendering,
    search,
    searches,
    shipping,
    staff_tasks,
    tax_test,
)
from shop.admin.resources import RESOURCES
from shop.admin.routes import add_resource


def register(app: Flask) -> None:
    """Add the admin's pages, and what its templates may use."""
    rendering.register(app)
    own_pages = (products, pictures, imports, inventory, orders)
    tests = (shipping, tax_test, discount_test)
    for face in (entry, dashboard, search, searches, staff_tasks, *own_pages, *tests):
        app.register_blueprint(face.blueprint)
    blueprint = Blueprint("admin", __name__, url_prefix="/admin")
    for resource in RESOURCES:
        add_resource(blueprint, resource)
    app.register_blueprint(blueprint)
