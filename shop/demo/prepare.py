"""Bring the development shop's tables and demo data up to date; a second time changes nothing.

It is `flask db upgrade` and `flask shop seed` in one process, since most of their time is the start of Python.
"""

from __future__ import annotations

import sys

from flask_migrate import upgrade

from shop import create_app
from shop.demo.seed import seed_demo
from shop.extensions import storage, terms
from shop.settings import SettingsError


def main() -> int:
    """Prepare; 1 with the list of mistakes when the settings cannot be used."""
    try:
        app = create_app()
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    with app.app_context():
        upgrade()
        seed_demo(terms, storage, echo=print)
    return 0


if __name__ == "__main__":
    sys.exit(main())
