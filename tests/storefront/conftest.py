"""What the tests of the storefront share."""

from __future__ import annotations

import pytest

from shop.domain.catalog.models import Category
from shop.domain.catalog.operations import save_category


@pytest.fixture
def category(app) -> Category:
    return save_category("face", "Face care", "For the face.")
