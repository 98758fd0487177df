"""HTML for staff: one list, one form and one detail shape; a resource is a declaration (see resource.py)."""

from flask import Blueprint, Flask

from shop.admin import dashboard, entry, imports, products, rendering, search, searches, staff_tasks
from shop.admin.resources import RESOURCES
from shop.admin.routes import add_resource


def register(app: Flask) -> None:
    """Add the admin's pages, and what its templates may use."""
    rendering.register(app)
    for face in (entry, dashboard, search, searches, staff_tasks, products, imports):
        app.register_blueprint(face.blueprint)
    blueprint = Blueprint("admin", __name__, url_prefix="/admin")
    for resource in RESOURCES:
        add_resource(blueprint, resource)
    app.register_blueprint(blueprint)
