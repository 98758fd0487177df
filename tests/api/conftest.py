"""Fixtures of the API's tests."""

from __future__ import annotations

from tests.storefront.conftest import limited_client

__all__ = ["limited_client"]
