"""The tables of users, staff roles, sessions, links to accounts and refresh tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
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


class AccountLink(Model):
    """A link sent to an e-mail address, good once. Its token is computed from its name, so nothing here opens it.

    `contents` is what a registration asked for: the hash of its password, and the name. `user_id` is whose account is
    meant; a row without an effect (nobody has the address) keeps the answer to both alike.
    """

    __tablename__ = "account_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("link")
    purpose: Mapped[str] = mapped_column(String(16))
    email: Mapped[str] = mapped_column(String(254))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    contents: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("purpose IN ('register', 'known', 'reset', 'nobody')", name="purpose"),
        Index("ix_account_links_email", "email", "created_at"),
    )


class RefreshFamily(Model):
    """One sign-in of a client with tokens: its refresh tokens follow each other until it ends (RFC 9700, 4.14.2)."""

    __tablename__ = "refresh_families"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("sid")
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    address: Mapped[str] = mapped_column(String(64), default="")
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(String(16), default="")

    __table_args__ = (
        CheckConstraint("end_reason IN ('', 'logout', 'reuse', 'password')", name="end_reason"),
        CheckConstraint("(ended_at IS NULL) = (end_reason = '')", name="ended_for_a_reason"),
    )


class RefreshToken(Model):
    """The SHA-256 of a refresh token; `used_at` once it was traded for the next one."""

    __tablename__ = "refresh_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    family_id: Mapped[int] = mapped_column(ForeignKey("refresh_families.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=transaction_time)
    used_at: Mapped[datetime | None]
