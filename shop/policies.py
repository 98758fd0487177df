"""Who may do what: every view declares a policy, and the application does not start with one that has none (D30)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from flask import Flask, current_app, g, request, session
from flask_login import current_user

from shop.domain.actors import Actor
from shop.errors import Forbidden, Unauthenticated

F = TypeVar("F", bound=Callable[..., Any])

# public    the same bytes for everyone; sees no cookie, session or user, and may be cached by anyone
# guest     a personal page that anybody may ask for, acting by a cookie or token they hold
# customer  a signed-in person
# staff     a signed-in member of staff holding the permission
# api       JSON; acts by the ids and tokens presented, never by the session
# machine   health checks and the like; no session, never cached
Kind = Literal["public", "guest", "customer", "staff", "api", "machine"]
SESSIONLESS = frozenset({"public", "api", "machine"})
ANY_STAFF = "any"  # the permission of views that every member of staff may see, whatever their role


@dataclass(frozen=True)
class Policy:
    """What a view asks of its caller. `form_token` is False where a public page posts to (the origin defends it)."""

    kind: Kind
    permission: str | None = None
    form_token: bool = True
    max_body: int | None = None  # bytes, where files are uploaded; None: as everywhere


STATIC = Policy("machine")


def policy(
    kind: Kind, permission: str | None = None, *, form_token: bool = True, max_body: int | None = None
) -> Callable[[F], F]:
    """Declare who may call a view. Place it directly above the function, below the route."""
    if (kind == "staff") != (permission is not None):
        raise ValueError("a staff policy names a permission, and only a staff policy")

    def declare(view: F) -> F:
        view.__policy__ = Policy(kind, permission, form_token, max_body)  # type: ignore[attr-defined]
        return view

    return declare


def policy_of(app: Flask, endpoint: str | None) -> Policy | None:
    """The policy of an endpoint; None for an address that is no view."""
    if endpoint is None:
        return None
    if endpoint == "static":
        return STATIC
    view = app.view_functions[endpoint]
    while not hasattr(view, "__policy__") and hasattr(view, "__wrapped__"):
        view = view.__wrapped__
    return getattr(view, "__policy__", None)


def current_policy() -> Policy | None:
    """The policy of the request's view."""
    return policy_of(current_app, request.endpoint)


def check_every_view(app: Flask) -> None:
    """Refuse to start with a view that declares no policy."""
    missing = sorted({rule.endpoint for rule in app.url_map.iter_rules() if policy_of(app, rule.endpoint) is None})
    if missing:
        raise RuntimeError(f"views without @policy: {', '.join(missing)}")


def enforce_policy() -> None:
    """Ask the caller for what the view's policy wants. Raises Unauthenticated or Forbidden."""
    wanted = current_policy()
    if wanted is None or wanted.kind not in {"customer", "staff"}:
        return
    if not current_user.is_authenticated:
        raise Unauthenticated("Sign in to go on.")
    g.user_public_id = current_user.public_id
    if wanted.permission is None:
        return
    if not current_user.is_staff:
        raise Forbidden("This part of the shop is for its staff. Sign in with a staff account to go on.")
    if wanted.permission != ANY_STAFF and not current_staff().may(wanted.permission):
        raise Forbidden("Your role does not allow this. Ask an owner of the shop for it.")


def may_open(endpoint: str) -> bool:
    """Whether the member of staff who acts may open this page of the admin; False where there is none."""
    wanted = policy_of(current_app, endpoint) if endpoint in current_app.view_functions else None
    if wanted is None or wanted.permission is None:
        return False
    return wanted.permission == ANY_STAFF or current_staff().may(wanted.permission)


def current_shopper() -> Actor:
    """The customer or guest who acts on a page, with their network address."""
    user_id = current_user.id if current_user.is_authenticated else None
    return Actor("customer", user_id=user_id, address=request.remote_addr, browser=_current_browser())


def _current_browser() -> str:
    """A digest of the session's name; empty for a browser that has none yet."""
    token = getattr(session, "token", None)
    return hashlib.sha256(f"browser:{token}".encode()).hexdigest() if token else ""


def current_staff() -> Actor:
    """The member of staff who acts; their permissions as they are now."""
    return Actor("staff", current_user.id, request.remote_addr, frozenset(current_user.permissions))


def current_caller() -> Actor:
    """The caller of the API: whoever their token names, else a guest."""
    return g.get("caller") or Actor("customer", address=request.remote_addr)
