"""Accounts by link: whoever reads the e-mail of an address registers it, or sets its password anew.

Known and unknown addresses get the same answer after the same work (S11): a row is written either way, and only the
letter differs. A link's token is an HMAC of the link and of what it would change, good once and for half an hour (D39).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Collection, Sequence
from datetime import timedelta

from pydantic import Field
from sqlalchemy import delete, func, select, update

from shop.db import changed_rows, db, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.customers.models import AccountLink, User, UserSession
from shop.domain.customers.passwords import hash_password
from shop.domain.customers.tokens import end_families_of
from shop.domain.events import record_event
from shop.domain.inputs import Email, Input, Line, Verbatim
from shop.errors import Gone

LASTS = timedelta(minutes=30)
KEPT = timedelta(days=30)
LETTERS_PER_HOUR = 5  # to one address (reliability.md 5.3)
PURPOSE = b"account-link-v1"
EVENTS = {
    "register": "registration.requested",
    "known": "registration.repeated",
    "reset": "password_reset.requested",
    "nobody": "account_link.refused",
}
ENDED = "This link has ended or was used before. Ask for a new one."

NewPassword = Field(min_length=10, max_length=128, title="a password of 10 characters or more")


class Register(Input):
    """What making an account asks for."""

    email: Email = Field(title="your e-mail address")
    password: str = NewPassword
    first_name: Line = Field(default="", max_length=80)
    last_name: Line = Field(default="", max_length=80)


class OwnEmail(Input):
    """The address that a letter is asked for."""

    email: Email = Field(title="your e-mail address")


class VerifyEmail(Input):
    """The token of the letter."""

    token: Verbatim = Field(min_length=1, max_length=200, title="the token of the letter")


class ResetPassword(VerifyEmail):
    """The token of the letter, and the password from now on."""

    password: str = NewPassword


def register(wanted: Register) -> None:
    """Send a link that makes the account, or a letter that there is one; the answer is the same for both."""
    names = {"first_name": wanted.first_name, "last_name": wanted.last_name}
    _record_registration(wanted.email, {"password_hash": hash_password(wanted.password), **names})


@operation
def _record_registration(email: str, contents: dict[str, str]) -> None:
    user = _user_of(email)
    if user is None:
        _record_link("register", email, contents=contents)
    else:
        _record_link("known", email, user=user)


@operation
def resend_verification(wanted: OwnEmail) -> None:
    """Send the link of the newest registration again, where there is one that waits."""
    now = transaction_time()
    waiting = db.session.scalars(
        select(AccountLink)
        .filter_by(email=wanted.email, purpose="register", used_at=None)
        .where(AccountLink.created_at > now - KEPT)
        .order_by(AccountLink.id.desc())
        .limit(1)
    ).first()
    if waiting is None or _user_of(wanted.email) is not None:
        _record_link("nobody", wanted.email)
    else:
        _record_link("register", wanted.email, contents=waiting.contents)


@operation
def ask_for_password_reset(wanted: OwnEmail) -> None:
    """Send a link that sets a new password, where an account has this address."""
    user = _user_of(wanted.email)
    _record_link("nobody" if user is None or not user.is_active else "reset", wanted.email, user=user)


def _user_of(email: str) -> User | None:
    return db.session.scalars(select(User).filter_by(email=email)).one_or_none()


def _record_link(purpose: str, email: str, *, user: User | None = None, contents: dict[str, str] | None = None) -> None:
    now = transaction_time()
    lately = select(func.count()).where(AccountLink.email == email, AccountLink.created_at > now - timedelta(hours=1))
    if (db.session.scalar(lately) or 0) >= LETTERS_PER_HOUR:
        purpose = "nobody"
    link = AccountLink(
        purpose=purpose,
        email=email,
        user_id=user.id if user else None,
        contents=contents if purpose == "register" and contents else {},
        created_at=now,
        expires_at=now + LASTS,
    )
    db.session.add(link)
    db.session.flush()
    record_event(EVENTS[purpose], link.public_id)


def verify_email(wanted: VerifyEmail, secrets: Sequence[bytes]) -> User:
    """Make the account of a registration whose letter was read. Raises Gone for a link that is not good any more."""
    return _verify(wanted.token, secrets)


@operation
def _verify(token: str, secrets: Sequence[bytes]) -> User:
    link = _use_link(token, "register", secrets)
    if _user_of(link.email) is not None:
        raise Gone("There is an account with this e-mail address by now. Sign in.")
    user = User(
        email=link.email,
        password_hash=link.contents["password_hash"],
        first_name=link.contents["first_name"],
        last_name=link.contents["last_name"],
        email_verified_at=transaction_time(),
    )
    db.session.add(user)
    link.contents = {}
    db.session.flush()
    return user


def reset_password(wanted: ResetPassword, actor: Actor, secrets: Sequence[bytes]) -> None:
    """Set the password of the account whose letter was read; every sign-in of it ends, and its owner is written to.

    Raises Gone for a link that is not good any more.
    """
    _reset(wanted.token, hash_password(wanted.password), actor, secrets)


@operation
def _reset(token: str, password_hash: str, actor: Actor, secrets: Sequence[bytes]) -> None:
    link = _use_link(token, "reset", secrets)
    user = db.session.get_one(User, link.user_id)
    user.password_hash = password_hash
    user.email_verified_at = user.email_verified_at or transaction_time()
    end_families_of(user.id)
    db.session.execute(delete(UserSession).where(UserSession.user_id == user.id))
    record_change(actor, "password.reset", "user", user.public_id, {}, {"password_hash": ""})
    record_event("password.changed", user.public_id)


def _use_link(token: str, purpose: str, secrets: Sequence[bytes]) -> AccountLink:
    """The link of this token, used from now on. Raises Gone in the same words for any that cannot be."""
    now, public_id = transaction_time(), token.partition(".")[0]
    link = db.session.scalars(
        select(AccountLink).filter_by(public_id=public_id, purpose=purpose).execution_options(populate_existing=True)
    ).one_or_none()
    if link is None or not _opens(link, token, secrets):
        raise Gone(ENDED)
    used = db.session.execute(
        update(AccountLink)
        .where(AccountLink.id == link.id, AccountLink.used_at.is_(None), AccountLink.expires_at > now)
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    if changed_rows(used) != 1:
        raise Gone(ENDED)
    return link


# -- tokens and letters -----------------------------------------------------------------------------------------------


def link_token(link: AccountLink, secrets: Sequence[bytes]) -> str:
    """What the letter holds: the link's name and its HMAC under the newest secret."""
    return f"{link.public_id}.{_sign(link, secrets[0])}"


def _opens(link: AccountLink, token: str, secrets: Sequence[bytes]) -> bool:
    if not token.isascii():
        return False
    given = token.partition(".")[2]
    return any([hmac.compare_digest(_sign(link, secret), given) for secret in secrets])


def _sign(link: AccountLink, secret: bytes) -> str:
    """Bound to the address, and to the password as it is: whatever changes one of them ends the link."""
    password = db.session.scalar(select(User.password_hash).where(User.id == link.user_id)) if link.user_id else ""
    bound = ":".join((link.purpose, link.public_id, link.email, hashlib.sha256((password or "").encode()).hexdigest()))
    key = hmac.new(secret, PURPOSE, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(hmac.new(key, bound.encode(), hashlib.sha256).digest()).decode().rstrip("=")


def find_link(public_id: str) -> AccountLink | None:
    """The link of this name, for the letter that bears it."""
    return db.session.scalars(select(AccountLink).filter_by(public_id=public_id)).one_or_none()


def addresses_of_accounts(public_ids: Collection[str]) -> dict[str, str]:
    """Where to write to about these links and users: public id to e-mail address. What is not there is left out."""
    links = select(AccountLink.public_id, AccountLink.email).where(AccountLink.public_id.in_(public_ids))
    users = select(User.public_id, User.email).where(User.public_id.in_(public_ids))
    return {public_id: email for public_id, email in db.session.execute(links.union_all(users))}


@operation
def forget_old_links() -> int:
    """Delete links a month after they were made; returns how many."""
    old = delete(AccountLink).where(AccountLink.created_at < transaction_time() - KEPT)
    return changed_rows(db.session.execute(old.execution_options(synchronize_session=False)))
