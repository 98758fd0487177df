"""A lightweight shop: one operation for each thing it can do, and thin faces around them (see README, "Map")."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from shop.settings import Settings

ROOT = Path(__file__).resolve().parent.parent


def create_app(settings: Settings | None = None) -> Flask:
    """The application for these settings, or those of the environment. Raises SettingsError with every mistake."""
    from flask import Flask

    from shop import assembly
    from shop.settings import load_settings

    settings = settings or load_settings()
    app = Flask("shop", root_path=str(ROOT), template_folder="templates", static_folder="static")
    assembly.configure(app, settings)
    assembly.bind_extensions(app, settings)
    assembly.register_faces(app, settings)
    assembly.register_errors(app)
    assembly.register_commands(app)
    assembly.check(app)
    return app
