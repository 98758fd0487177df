"""Making, finding and revoking API keys (API-3, D37)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta

from pydantic import Field, field_validator
from sqlalchemy import or_, select, update

from shop.db import db, exactly_one, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.api_keys.models import ApiKey
from shop.domain.audit.operations import record_change
from shop.domain.inputs import Input, Line
from shop.errors import Forbidden, NotFound, Unauthenticated

# what a scope lets a key do, in the permissions of staff
SCOPES: dict[str, frozenset[str]] = {
    "products:read": frozenset({"catalog:read"}),
    "products:write": frozenset({"catalog:read", "catalog:write"}),
    "orders:read": frozenset({"orders:read"}),
    "orders:write": frozenset({"orders:read", "orders:write"}),
    "refunds:write": frozenset({"refunds:write"}),
    "inventory:write": frozenset({"inventory:write"}),
    "customers:read": frozenset({"customers:read"}),
    "customers:write": frozenset({"customers:read", "customers:write"}),
    "webhooks:write": frozenset({"webhooks:write"}),
    "tryons:write": frozenset({"tryons:write"}),
    "all": frozenset({"all"}),
}
LIVE, TEST = "sk_live_", "sk_test_"
TOUCH_EVERY = timedelta(minutes=1)
REFUSED = "This API key is not valid, or not any more. Ask the shop for another one."


class NewApiKey(Input):
    """What making a key asks for."""

    name: Line = Field(min_length=1, max_length=80, title="a name, such as that of the program")
    scopes: list[str] = Field(min_length=1, max_length=len(SCOPES), title="what it may do")
    requests_per_minute: int = Field(default=120, ge=1, le=100_000)
    days: int | None = Field(default=None, ge=1, le=3650, title="for how many days it is good; without it, for ever")

    @field_validator("scopes")
    @classmethod
    def _are_known(cls, value: list[str]) -> list[str]:
        unknown = sorted(set(value) - SCOPES.keys())
        if unknown:
            raise ValueError(f"There is no scope {unknown[0]}. Choose from: {', '.join(SCOPES)}.")
        return sorted(set(value))


@dataclass(frozen=True)
class MadeKey:
    """A new key, and the whole of it: `secret` is shown once and kept nowhere."""

    key: ApiKey
    secret: str = field(repr=False)


@operation
def create_api_key(wanted: NewApiKey, actor: Actor, *, is_live: bool) -> MadeKey:
    """Make a key that acts for whoever makes it. Raises Forbidden for scopes beyond what they may do themselves."""
    beyond = [scope for scope in wanted.scopes if not all(actor.may(each) for each in SCOPES[scope])]
    if beyond:
        raise Forbidden(f"You may not do this yourself, so no key of yours may: {', '.join(beyond)}.")
    prefix, secret = (LIVE if is_live else TEST) + secrets.token_hex(6), secrets.token_urlsafe(32)
    now = transaction_time()
    key = ApiKey(
        name=wanted.name,
        prefix=prefix,
        secret_hash=_hash(secret),
        scopes=wanted.scopes,
        requests_per_minute=wanted.requests_per_minute,
        owner_id=actor.user_id,
        created_at=now,
        expires_at=now + timedelta(days=wanted.days) if wanted.days else None,
    )
    db.session.add(key)
    db.session.flush()
    told = {"name": key.name, "scopes": key.scopes, "requests_per_minute": key.requests_per_minute}
    record_change(actor, "api_key.created", "api_key", key.public_id, {}, told)
    return MadeKey(key, f"{prefix}.{secret}")


@operation
def revoke_api_key(public_id: str, actor: Actor) -> ApiKey:
    """End a key for good. Raises NotFound, Conflict for one that has ended."""
    key = db.session.scalars(select(ApiKey).filter_by(public_id=public_id)).one_or_none()
    if key is None:
        raise NotFound("There is no such key.")
    ended = update(ApiKey).where(ApiKey.id == key.id, ApiKey.revoked_at.is_(None)).values(revoked_at=transaction_time())
    exactly_one(db.session.execute(ended), "This key was revoked before.")
    record_change(actor, "api_key.revoked", "api_key", public_id, {"revoked": False}, {"revoked": True})
    return key


def list_api_keys() -> list[ApiKey]:
    """Every key, the newest first."""
    return list(db.session.scalars(select(ApiKey).order_by(ApiKey.id.desc())))


def find_api_key(given: str) -> ApiKey:
    """The key that was sent, where it is good now. Raises Unauthenticated alike for any that is not."""
    prefix, _, secret = given.partition(".")
    key = db.session.scalars(select(ApiKey).filter_by(prefix=prefix)).one_or_none()
    stored = key.secret_hash if key is not None else _hash("")
    is_right = hmac.compare_digest(stored, _hash(secret))
    if key is None or not is_right or not _is_good(key):
        raise Unauthenticated(REFUSED)
    return key


def _is_good(key: ApiKey) -> bool:
    has_time = key.expires_at is None or key.expires_at > transaction_time()
    return key.revoked_at is None and has_time and key.owner.is_active and key.owner.is_staff


def permissions_of(key: ApiKey) -> frozenset[str]:
    """What the key may do now: what its scopes say, as far as its owner may."""
    wanted = frozenset().union(*(SCOPES[scope] for scope in key.scopes if scope in SCOPES))
    return _both(wanted, key.owner.permissions)


def _both(one: Collection[str], other: Collection[str]) -> frozenset[str]:
    if "all" in one:
        return frozenset(other)
    return frozenset(one) if "all" in other else frozenset(one) & frozenset(other)


@operation
def note_use(key_id: int) -> None:
    """Note that a key was used, once a minute at most."""
    now = transaction_time()
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now - TOUCH_EVERY)
    db.session.execute(update(ApiKey).where(ApiKey.id == key_id, stale).values(last_used_at=now))


def is_due_for_touch(key: ApiKey) -> bool:
    """Whether its last use was noted long enough ago to be noted again."""
    return key.last_used_at is None or transaction_time() - key.last_used_at > TOUCH_EVERY


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
