"""What the tests of the storefront share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from shop import create_app
from shop.db import db
from shop.domain.catalog.models import Category
from shop.domain.catalog.operations import save_category
from shop.extensions import limiter
from tests.conftest import ShopClient
from tests.conftest import test_settings as settings_for_tests


@pytest.fixture
def category(app) -> Category:
    return save_category("face", "Face care", "For the face.")


@pytest.fixture
def limited_client(app, database: str, tmp_path: Path) -> Iterator[Callable[..., FlaskClient]]:
    """`limited_client(ratelimit_search=…)`: a client of an application that counts, on the test's own database."""
    made = []

    def make_client(**changes: object) -> FlaskClient:
        url = f"unix://{tmp_path}/none"  # no Redis there: counted in memory
        limited = create_app(
            settings_for_tests(ratelimit_enabled=True, redis_url=url, database_url=database, **changes)
        )
        limited.test_client_class = ShopClient
        made.append(limited)
        return limited.test_client()

    yield make_client
    limiter.enabled = False  # it is one for all applications of this process
    for limited in made:
        with limited.app_context():
            db.engine.dispose()
