"""Users and their sessions: making an account, signing in and out."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from pydantic import Field
from sqlalchemy import delete, select, update

from shop.db import changed_rows, db, exactly_one, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.models import AuditEntry
from shop.domain.audit.operations import record_change
from shop.domain.customers.models import StaffRole, User, UserSession
from shop.domain.customers.passwords import hash_password, password_matches
from shop.domain.inputs import Email, Input, Line
from shop.errors import Conflict, Detail, Unauthenticated, Unknown

CUSTOMER_IDLE = timedelta(days=14)
STAFF_IDLE = timedelta(minutes=30)
CUSTOMER_LONGEST = timedelta(days=90)
STAFF_LONGEST = timedelta(hours=12)
TOUCH_EVERY = timedelta(minutes=1)
OWNER = "Owner"
SIGNED_IN = "staff.signed_in"
NO_SUCH_PAIR = "The e-mail address and the password do not belong together. Check both."


class Credentials(Input):
    """What signing in asks for. The wrong shape of an e-mail is just a wrong pair."""

    email: Line = Field(min_length=1, max_length=254, title="your e-mail address")
    password: str = Field(min_length=1, max_length=128, title="your password")


class NewStaff(Input):
    """What making an account for a member of staff asks for."""

    email: Email = Field(title="an e-mail address")
    password: str = Field(min_length=10, max_length=128, title="a password")
    role: Line = Field(min_length=1, max_length=80, title="a role")


@operation
def save_staff_role(name: str, permissions: list[str]) -> StaffRole:
    """Make the role, or give the one of that name these permissions."""
    role = db.session.scalars(select(StaffRole).filter_by(name=name)).first() or StaffRole(name=name)
    role.permissions = sorted(permissions)
    db.session.add(role)
    db.session.flush()
    return role


@operation
def create_user(
    *,
    email: str,
    password: str,
    first_name: str = "",
    last_name: str = "",
    phone: str = "",
    staff_role: str | None = None,
) -> User:
    """Make an account that can sign in at once. Raises Conflict for an address that has one."""
    email = email.strip().lower()
    if db.session.scalars(select(User.id).filter_by(email=email)).first() is not None:
        raise Conflict("There is an account with this e-mail address.", [Detail("email", "Known already.")])
    role = db.session.scalars(select(StaffRole).filter_by(name=staff_role)).one() if staff_role else None
    user = User(
        email=email,
        password_hash=hash_password(password),
        first_name=first_name,
        last_name=last_name,
        phone=phone,
        staff_role=role,
        email_verified_at=transaction_time(),
    )
    db.session.add(user)
    db.session.flush()
    return user


@operation
def create_staff(wanted: NewStaff, actor: Actor) -> User:
    """Make an account for a member of staff. The role Owner, which may do everything, is made with the first one.

    Raises Unknown for a role that is not there, Conflict for an address that has an account.
    """
    names = {name.casefold(): name for name in (OWNER, *db.session.scalars(select(StaffRole.name)))}
    role = names.get(wanted.role.casefold())
    if role is None:
        message = f"There is no role {wanted.role}. Choose one of: {', '.join(sorted(names.values()))}."
        raise Unknown(message, [Detail("role", message)])
    if role == OWNER and db.session.scalar(select(StaffRole.id).filter_by(name=OWNER)) is None:
        save_staff_role(OWNER, ["all"])
    user = create_user(email=wanted.email, password=wanted.password, staff_role=role)
    record_change(actor, "staff.created", "user", user.public_id, {}, {"email": user.email, "role": role})
    return user


def authenticate(credentials: Credentials) -> User:
    """The active user whose e-mail and password these are; raises Unauthenticated, in the same words for any."""
    user = db.session.scalars(select(User).filter_by(email=credentials.email.lower())).first()
    stored = user.password_hash if user is not None and user.is_active else None
    if not password_matches(stored, credentials.password) or user is None:
        raise Unauthenticated(NO_SUCH_PAIR)
    return user


def authenticate_staff(credentials: Credentials) -> User:
    """As authenticate(), for members of staff alone; raises Unauthenticated, in the same words for anybody else."""
    user = authenticate(credentials)
    if not user.is_staff:
        raise Unauthenticated(NO_SUCH_PAIR)
    return user


@operation
def note_sign_in(actor: Actor) -> AuditEntry | None:
    """Record that a member of staff signed in; returns the entry of the time before, None for the first time."""
    user = db.session.get_one(User, actor.user_id)
    before = db.session.scalars(
        select(AuditEntry)
        .filter_by(subject_kind="user", subject_id=user.public_id, action=SIGNED_IN)
        .order_by(AuditEntry.id.desc())
        .limit(1)
    ).first()
    record_change(actor, SIGNED_IN, "user", user.public_id, {}, {})
    return before


def find_user(user_id: int) -> User | None:
    """The active user with this key, with role and permissions as they are now."""
    return db.session.scalars(select(User).filter_by(id=user_id, is_active=True)).first()


# -- sessions (D35): an opaque id in the cookie, its hash in a row -----------------------------------------------------


def new_session_token() -> str:
    """A fresh opaque session id of 256 bits."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> str:
    """The SHA-256 by which a session id is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_session(token: str) -> UserSession | None:
    """The live session of this cookie value."""
    row = db.session.scalars(select(UserSession).filter_by(token_hash=hash_of(token))).first()
    return row if row is not None and row.expires_at > transaction_time() else None


@operation
def open_session(token: str, contents: dict[str, Any], *, user_id: int | None, is_staff: bool) -> None:
    """Store a new session row under a fresh token."""
    now = transaction_time()
    db.session.add(
        UserSession(
            token_hash=hash_of(token),
            user_id=user_id,
            contents=contents,
            created_at=now,
            last_used_at=now,
            expires_at=now + (STAFF_IDLE if is_staff else CUSTOMER_IDLE),
        )
    )


@operation
def change_session(token: str, contents: dict[str, Any]) -> None:
    """Replace what a session holds. Raises Conflict when it has ended meanwhile."""
    exactly_one(
        db.session.execute(
            update(UserSession).where(UserSession.token_hash == hash_of(token)).values(contents=contents)
        ),
        "Your session has ended. Sign in again.",
    )


@operation
def prolong_session(session_id: int, *, is_staff: bool) -> None:
    """Move the idle end of a session that is in use, never past its longest life; one that has ended stays ended."""
    now = transaction_time()
    created_at = db.session.scalar(select(UserSession.created_at).where(UserSession.id == session_id))
    if created_at is None:
        return
    longest = created_at + (STAFF_LONGEST if is_staff else CUSTOMER_LONGEST)
    expires_at = min(now + (STAFF_IDLE if is_staff else CUSTOMER_IDLE), longest)
    db.session.execute(
        update(UserSession).where(UserSession.id == session_id).values(last_used_at=now, expires_at=expires_at)
    )


@operation
def end_session(token: str) -> None:
    """Delete a session; nothing happens when it is gone already."""
    db.session.execute(delete(UserSession).where(UserSession.token_hash == hash_of(token)))


@operation
def clear_ended_sessions() -> int:
    """Delete sessions past their end; returns how many."""
    return changed_rows(db.session.execute(delete(UserSession).where(UserSession.expires_at < transaction_time())))
