"""Who is calling: a customer or member of staff by token, a program by key, or a guest (api.md, "Who is calling")."""

from __future__ import annotations

from flask import g, request
from sqlalchemy.exc import SQLAlchemyError

from shop.domain.actors import Actor
from shop.domain.api_keys.models import ApiKey
from shop.domain.api_keys.operations import LIVE, TEST, find_api_key, is_due_for_touch, note_use, permissions_of
from shop.domain.customers.tokens import user_of_token
from shop.errors import ShopError, Unauthenticated
from shop.extensions import token_keys
from shop.policies import current_policy

HOW = "Send an access token as Authorization: Bearer …; POST /api/v1/auth/login gives one."
UNREADABLE = f"This Authorization header cannot be read. {HOW} API keys go there too, or into X-API-Key."
TWICE = "Send one credential: a token or key in Authorization, or a key in X-API-Key."


def identify_caller() -> None:
    """Note who calls, before the view. Raises Unauthenticated for credentials that are not good."""
    declared = current_policy()
    if declared is None or declared.kind != "api" or not request.path.startswith("/api/"):
        return
    authorization, key = request.headers.get("Authorization"), request.headers.get("X-API-Key")
    if authorization is not None and key is not None:
        raise Unauthenticated(TWICE)
    if key is not None:
        _act_by_key(key.strip())
    elif authorization is not None:
        _act_by(authorization)


def _act_by(authorization: str) -> None:
    scheme, _, credential = authorization.partition(" ")
    credential = credential.strip()
    is_key = credential.startswith((LIVE, TEST))
    if (
        not credential
        or not credential.isascii()
        or scheme.lower() not in ({"apikey", "bearer"} if is_key else {"bearer"})
    ):
        raise Unauthenticated(UNREADABLE)
    if is_key:
        _act_by_key(credential)
    else:
        _act_by_token(credential)


def _act_by_token(token: str) -> None:
    user = user_of_token(token, token_keys())
    g.user_public_id = user.public_id
    g.caller = Actor("customer", user.id, request.remote_addr)


def _act_by_key(credential: str) -> None:
    key = find_api_key(credential)
    g.user_public_id = key.public_id
    g.caller = Actor("staff", key.owner_id, request.remote_addr, permissions_of(key), api_key_id=key.id)
    _touch(key)


def _touch(key: ApiKey) -> None:
    if is_due_for_touch(key):
        try:
            note_use(key.id)
        except (ShopError, SQLAlchemyError):  # the call matters more than the note of it
            return


def current_customer() -> Actor:
    """The customer who calls, for what is theirs alone. Raises Unauthenticated for a guest and for a key."""
    caller: Actor | None = g.get("caller")
    if caller is None or caller.customer_id is None:
        raise Unauthenticated(f"This is a customer's own. {HOW}")
    return caller
