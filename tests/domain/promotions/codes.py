"""Makers of discount codes for tests."""

from __future__ import annotations

from typing import Any

from shop.domain.actors import SYSTEM
from shop.domain.promotions.codes import CodeWish, create_code
from shop.domain.promotions.models import DiscountCode


def make_code(code: str = "SPRING", kind: str = "percentage", value: str = "25", **wish: Any) -> DiscountCode:
    """A code as staff would write it; `wish` by the names of the form's fields."""
    fields = {"code": code, "kind": kind, "value": "" if kind == "free_shipping" else value, "isActive": True}
    return create_code(CodeWish.model_validate({**fields, **wish}), SYSTEM, "USD")
