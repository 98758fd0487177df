"""Signing in with tokens: a short access token, and a refresh token good once (RFC 9700, 4.14.2; D36)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import Field
from sqlalchemy import delete, select, update

from shop.db import changed_rows, db, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.customers.access_tokens import LASTS, REFUSED, TokenKeys, issue_access_token, read_access_token
from shop.domain.customers.models import RefreshFamily, RefreshToken, User
from shop.domain.customers.operations import Credentials, authenticate, hash_of, new_session_token
from shop.domain.events import record_event
from shop.domain.inputs import Input, Verbatim
from shop.errors import Unauthenticated

FAMILY_LASTS = timedelta(days=30)
SPENT = "This refresh token is not valid, or was used before. Sign in again."


class SignIn(Credentials):
    """What signing in with tokens asks for. `totp` is for accounts with a second factor."""

    totp: str | None = Field(default=None, max_length=16, title="the six figures of your authenticator")


class Refresh(Input):
    """The refresh token to trade, or whose sign-in is to end."""

    refresh_token: Verbatim = Field(min_length=1, max_length=200, title="a refresh token")


@dataclass(frozen=True)
class TokenPair:
    """What a client signs in with; `expires_in` is that of the access token, in seconds."""

    user: User
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int = int(LASTS.total_seconds())


def sign_in_with_tokens(credentials: SignIn, actor: Actor, keys: TokenKeys) -> TokenPair:
    """A first pair for the customer or member of staff whose e-mail and password these are.

    Raises Unauthenticated, in the same words for any wrong pair.
    """
    return open_family(authenticate(credentials).id, actor, keys)


@operation
def open_family(user_id: int, actor: Actor, keys: TokenKeys) -> TokenPair:
    """Begin a sign-in that lasts 30 days at most, however often it is refreshed."""
    now = transaction_time()
    family = RefreshFamily(user_id=user_id, address=actor.address or "", created_at=now, expires_at=now + FAMILY_LASTS)
    db.session.add(family)
    db.session.flush()
    return _next_pair(family, db.session.get_one(User, user_id), keys)


def refresh(wanted: Refresh, actor: Actor, keys: TokenKeys) -> TokenPair:
    """Trade a refresh token for the next pair; of many at once one wins.

    Raises Unauthenticated for a token that is unknown, ended or spent. A spent one has been in two hands: its family
    is ended, staff find it in the audit log, and its owner is written to.
    """
    pair = _rotate(wanted.refresh_token, actor, keys)
    if pair is None:
        raise Unauthenticated(SPENT)
    return pair


@operation
def _rotate(token: str, actor: Actor, keys: TokenKeys) -> TokenPair | None:
    now, hashed = transaction_time(), hash_of(token)
    spent = db.session.execute(
        update(RefreshToken)
        .where(RefreshToken.token_hash == hashed, RefreshToken.used_at.is_(None))
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )
    is_first = changed_rows(spent) == 1
    found = db.session.execute(
        select(RefreshFamily, User)
        .join(User, User.id == RefreshFamily.user_id)
        .where(RefreshFamily.id == select(RefreshToken.family_id).filter_by(token_hash=hashed).scalar_subquery())
        .execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        return None
    family, user = found
    if not is_first:
        _end_reused(family, user, actor)
        return None
    if family.ended_at is not None or family.expires_at <= now or not user.is_active:
        return None
    return _next_pair(family, user, keys)


def _next_pair(family: RefreshFamily, user: User, keys: TokenKeys) -> TokenPair:
    token = new_session_token()
    db.session.add(RefreshToken(family_id=family.id, token_hash=hash_of(token)))
    return TokenPair(user, issue_access_token(user, family.public_id, keys), token)


def _end_reused(family: RefreshFamily, user: User, actor: Actor) -> None:
    if _end(RefreshFamily.id == family.id, reason="reuse"):
        record_change(actor, "refresh_token.reused", "user", user.public_id, {}, {"sid": family.public_id})
        record_event("refresh_token.reused", user.public_id)


@operation
def log_out(wanted: Refresh) -> None:
    """End the sign-in of this refresh token, and with it its access tokens; one that is unknown ends nothing."""
    found = select(RefreshToken.family_id).filter_by(token_hash=hash_of(wanted.refresh_token))
    _end(RefreshFamily.id == found.scalar_subquery(), reason="logout")


@operation
def end_families_of(user_id: int) -> None:
    """End every sign-in with tokens of somebody whose password was changed."""
    _end(RefreshFamily.user_id == user_id, reason="password")


def _end(which: object, *, reason: str) -> bool:
    ended = db.session.execute(
        update(RefreshFamily)
        .where(which, RefreshFamily.ended_at.is_(None))  # type: ignore[arg-type]
        .values(ended_at=transaction_time(), end_reason=reason)
        .execution_options(synchronize_session=False)
    )
    return changed_rows(ended) > 0


def user_of_token(token: str, keys: TokenKeys) -> User:
    """The active user for whom an access token acts now. Raises Unauthenticated, also once its family has ended."""
    claims = read_access_token(token, keys)
    user = db.session.scalars(
        select(User)
        .join(RefreshFamily, RefreshFamily.user_id == User.id)
        .where(
            User.public_id == claims.user,
            User.is_active,
            RefreshFamily.public_id == claims.family,
            RefreshFamily.ended_at.is_(None),
            RefreshFamily.expires_at > transaction_time(),
        )
    ).one_or_none()
    if user is None:
        raise Unauthenticated(REFUSED)
    return user


@operation
def forget_old_families() -> int:
    """Delete sign-ins that ended of age with all their tokens; returns how many. Ended ones stay until then, so that
    a spent token is still known as such."""
    old = delete(RefreshFamily).where(RefreshFamily.expires_at < transaction_time())
    return changed_rows(db.session.execute(old.execution_options(synchronize_session=False)))
