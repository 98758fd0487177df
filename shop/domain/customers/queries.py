"""Reading users."""

from __future__ import annotations

from sqlalchemy import select

from shop.db import db
from shop.domain.customers.models import User


def public_id_of(user_id: int | None) -> str | None:
    """The name of a user outside; None for nobody."""
    return None if user_id is None else db.session.scalar(select(User.public_id).where(User.id == user_id))
