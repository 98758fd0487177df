"""The tables of users, staff roles and sessions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.db import Model, public_id_column, transaction_time


class StaffRole(Model):
    """A named set of permissions, read from here at every request and never from a token."""

    __tablename__ = "staff_roles"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    permissions: Mapped[list[str]] = mapped_column(default=list)


class User(Model):
    """Who logs in: a customer, or a member of staff where a role is set. `email` is stored lower-cased."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("cust")
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    first_name: Mapped[str] = mapped_column(String(80), default="")
    last_name: Mapped[str] = mapped_column(String(80), default="")
    phone: Mapped[str] = mapped_column(String(32), default="")
    provider_customer: Mapped[str | None] = mapped_column(String(120), unique=True)  # whose cards the provider keeps
    staff_role_id: Mapped[int | None] = mapped_column(ForeignKey("staff_roles.id"))
    is_active: Mapped[bool] = mapped_column(default=True)
    email_verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time, onupdate=transaction_time)

    staff_role: Mapped[StaffRole | None] = relationship(lazy="joined")

    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower_case"),)

    @property
    def is_staff(self) -> bool:
        return self.staff_role is not None

    @property
    def permissions(self) -> frozenset[str]:
        return frozenset(self.staff_role.permissions) if self.staff_role and self.is_active else frozenset()

    # What Flask-Login asks of a user.
    is_authenticated = True
    is_anonymous = False

    def get_id(self) -> str:
        return str(self.id)


class UserSession(Model):
    """A browser session: the SHA-256 of the cookie's opaque id, and what the session holds."""

    __tablename__ = "user_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    contents: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    last_used_at: Mapped[datetime] = mapped_column(default=transaction_time)
    expires_at: Mapped[datetime] = mapped_column(index=True)
