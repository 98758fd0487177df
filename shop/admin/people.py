"""The names of the people who did things, as the admin shows them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from shop.db import db
from shop.domain.customers.models import User


def names_of(user_ids: Iterable[int]) -> dict[int, str]:
    """Who these users are, by key, in one statement; by their e-mail address where they have no name."""
    users = select(User.id, User.first_name, User.last_name, User.email).where(User.id.in_(set(user_ids)))
    return {row.id: f"{row.first_name} {row.last_name}".strip() or row.email for row in db.session.execute(users)}
