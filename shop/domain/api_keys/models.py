"""The table of API keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Model, public_id_column, transaction_time
from shop.domain.customers.models import User


class ApiKey(Model):
    """A key of an integration: the SHA-256 of its secret, what it may do, and for how long.

    It acts for `owner`, and may never do more than they may at that moment.
    """

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("key")
    name: Mapped[str] = mapped_column(String(80))
    prefix: Mapped[str] = mapped_column(String(40), unique=True)  # the part of the key that may be shown
    secret_hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]] = mapped_column(default=list)
    requests_per_minute: Mapped[int] = mapped_column(default=120)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    owner: Mapped[User] = relationship(lazy="joined")

    __table_args__ = (CheckConstraint("requests_per_minute BETWEEN 1 AND 100000", name="requests_per_minute_in_range"),)
