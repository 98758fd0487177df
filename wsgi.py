"""The WSGI entry point: `gunicorn wsgi:app`."""

import sys

from shop import create_app
from shop.settings import SettingsError

try:
    app = create_app()
except SettingsError as error:
    print(error, file=sys.stderr)
    sys.exit(4)  # by which gunicorn knows that the application cannot be loaded, and stops instead of trying for ever
