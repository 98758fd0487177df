"""Who is calling: a customer by token, a member of staff by token, or a guest (api.md, "Who is calling")."""

from __future__ import annotations

from flask import g, request

from shop.domain.actors import Actor
from shop.domain.customers.tokens import user_of_token
from shop.errors import Unauthenticated
from shop.extensions import token_keys
from shop.policies import current_policy

HOW = "Send an access token as Authorization: Bearer …; POST /api/v1/auth/login gives one."
UNREADABLE = f"This Authorization header cannot be read. {HOW}"


def identify_caller() -> None:
    """Note who calls, before any view that is personal. Raises Unauthenticated for credentials that are not good."""
    declared = current_policy()
    if declared is None or declared.kind != "api" or not request.path.startswith("/api/"):
        return
    given = request.headers.get("Authorization")
    if given is None:
        return
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not token.strip() or not token.isascii():
        raise Unauthenticated(UNREADABLE)
    user = user_of_token(token.strip(), token_keys())
    g.user_public_id = user.public_id
    g.caller = Actor("customer", user.id, request.remote_addr)


def current_customer() -> Actor:
    """The customer who calls, for what is theirs alone. Raises Unauthenticated for a guest."""
    caller: Actor | None = g.get("caller")
    if caller is None or caller.user_id is None:
        raise Unauthenticated(f"This is a customer's own. {HOW}")
    return caller
