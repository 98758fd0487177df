"""Access tokens: signed for 15 minutes, one algorithm, and of the kind that RFC 9068 names (reliability.md D36)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import jwt

from shop.db import new_public_id, transaction_time
from shop.domain.customers.models import User
from shop.errors import Unauthenticated

ALGORITHM = "HS256"
TYPE = "at+jwt"
LASTS = timedelta(minutes=15)
PURPOSE = b"access-token-v1"
CLAIMS = ["iss", "aud", "sub", "sid", "jti", "iat", "nbf", "exp"]
REFUSED = "This access token is not valid, or not any more. Refresh it or sign in again."


@dataclass(frozen=True)
class TokenKeys:
    """What access tokens are signed with, the newest secret first, and who signs them (the shop's base address)."""

    secrets: Sequence[bytes] = field(repr=False)
    issuer: str

    @property
    def audience(self) -> str:
        return f"{self.issuer}/api/v1"

    @property
    def by_id(self) -> dict[str, bytes]:
        """The keys by the `kid` of their tokens, the newest first. A `kid` tells nothing of its key."""
        keys = [hmac.new(secret, PURPOSE, hashlib.sha256).digest() for secret in self.secrets]
        return {hashlib.sha256(b"kid" + key).hexdigest()[:16]: key for key in keys}


@dataclass(frozen=True)
class Claims:
    """What an access token says: whose it is and of which sign-in, by their public ids."""

    user: str
    family: str


def issue_access_token(user: User, family: str, keys: TokenKeys) -> str:
    """A token that acts for the user from now on for 15 minutes, as long as its family is not ended."""
    kid, key = next(iter(keys.by_id.items()))
    now = int(transaction_time().timestamp())
    claims = {
        "iss": keys.issuer,
        "aud": keys.audience,
        "sub": user.public_id,
        "email": user.email,
        "role": role_of(user),
        "sid": family,
        "jti": new_public_id("jti"),
        "iat": now,
        "nbf": now,
        "exp": now + int(LASTS.total_seconds()),
    }
    return jwt.encode(claims, key, ALGORITHM, headers={"typ": TYPE, "kid": kid})


def role_of(user: User) -> str:
    """customer, staff or admin: a name for clients to show. What staff may do is read at each request."""
    if not user.is_staff:
        return "customer"
    return "admin" if "all" in user.permissions else "staff"


def read_access_token(token: str, keys: TokenKeys) -> Claims:
    """What a token says. Raises Unauthenticated for one that is not ours, not of this kind, or not of this time."""
    try:
        header = jwt.get_unverified_header(token)
        key = keys.by_id.get(str(header.get("kid")))
        if header.get("typ") != TYPE or key is None or "crit" in header:
            raise Unauthenticated(REFUSED)
        claims = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=keys.audience,
            issuer=keys.issuer,
            options={"require": CLAIMS, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except (jwt.InvalidTokenError, ValueError) as error:
        raise Unauthenticated(REFUSED) from error
    now = transaction_time().timestamp()
    times = [claims["nbf"], claims["exp"], claims["iat"]]
    if not all(type(each) is int for each in times) or not claims["nbf"] <= now < claims["exp"]:
        raise Unauthenticated(REFUSED)
    if not all(isinstance(claims[name], str) for name in ("sub", "sid")):
        raise Unauthenticated(REFUSED)
    return Claims(claims["sub"], claims["sid"])
