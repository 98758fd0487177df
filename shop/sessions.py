"""Browser sessions as rows: an opaque id in the cookie, its hash in the database (reliability.md D35).

A session is read when first looked at and stored when changed; views without a session cannot look at it at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import structlog
from flask import Flask, Request, Response
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy.exc import SQLAlchemyError

from shop.db import transaction_time
from shop.domain.customers.operations import (
    TOUCH_EVERY,
    change_session,
    end_session,
    find_session,
    new_session_token,
    open_session,
    prolong_session,
)
from shop.errors import ShopError
from shop.policies import SESSIONLESS, policy_of

log = structlog.get_logger()


class RowSession(SessionMixin):
    """A mapping that is read from its row when first looked at."""

    accessed = True  # we send our own cache headers; Flask's Vary rule is not wanted

    def __init__(self, app: Flask, request: Request, token: str | None) -> None:
        self.app, self.request, self.token = app, request, token
        self.modified = self.renewed = False
        self.row_id: int | None = None
        self.is_staff = False
        self._contents: dict[str, Any] | None = None
        self._used_at = None

    @property
    def contents(self) -> dict[str, Any]:
        """What the session holds. Raises RuntimeError in a view whose policy has no session."""
        if self._contents is None:
            declared = policy_of(self.app, self.request.endpoint)
            if declared is not None and declared.kind in SESSIONLESS:
                raise RuntimeError(f"{self.request.endpoint} is {declared.kind}: it cannot look at the session")
            row = find_session(self.token) if self.token else None
            self._contents = dict(row.contents) if row else {}
            self.row_id, self._used_at = (row.id, row.last_used_at) if row else (None, None)
        return self._contents

    @property
    def is_loaded(self) -> bool:
        return self._contents is not None

    @property
    def is_due_for_touch(self) -> bool:
        return self._used_at is not None and transaction_time() - self._used_at > TOUCH_EVERY

    def renew(self) -> None:
        """Give the session a new id at the end of the request: at sign-in, sign-out and change of rights."""
        self.renewed = self.modified = self.contents is not None

    def __getitem__(self, key: str) -> Any:
        return self.contents[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.contents[key] = value
        self.modified = True

    def __delitem__(self, key: str) -> None:
        del self.contents[key]
        self.modified = True

    def __contains__(self, key: object) -> bool:
        # Flask-Login asks for its remember-me mark after every request; the shop has no such cookie.
        return key != "_remember" and key in self.contents

    def __iter__(self) -> Iterator[str]:
        return iter(self.contents)

    def __len__(self) -> int:
        return len(self.contents)


class RowSessionInterface(SessionInterface):
    """Opens sessions by cookie and stores what changed."""

    def open_session(self, app: Flask, request: Request) -> RowSession:
        return RowSession(app, request, request.cookies.get(app.config["SESSION_COOKIE_NAME"]))

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Store what changed. The answer stands whatever happens here: its operation has committed already."""
        assert isinstance(session, RowSession)
        if not session.is_loaded:
            return
        try:
            self._save(app, session, response)
        except (ShopError, SQLAlchemyError) as error:
            log.warning("session_not_stored", error=type(error).__name__)

    def _save(self, app: Flask, session: RowSession, response: Response) -> None:
        if not session.modified:
            if session.row_id is not None and session.is_due_for_touch:
                prolong_session(session.row_id, is_staff=bool(session.get("is_staff")))
            return
        if not session.contents or session.renewed:
            if session.token and session.row_id is not None:
                end_session(session.token)
            session.row_id = None
        if not session.contents:
            response.delete_cookie(app.config["SESSION_COOKIE_NAME"], **self._cookie(app))
            return
        self._store(app, session, response)

    def _store(self, app: Flask, session: RowSession, response: Response) -> None:
        if session.row_id is not None and session.token:
            change_session(session.token, session.contents)
            return
        token = new_session_token()
        user_id = session.get("_user_id")
        open_session(
            token,
            session.contents,
            user_id=int(user_id) if user_id else None,
            is_staff=bool(session.get("is_staff")),
        )
        response.set_cookie(app.config["SESSION_COOKIE_NAME"], token, **self._cookie(app))

    def _cookie(self, app: Flask) -> dict[str, Any]:
        return {"path": "/", "httponly": True, "secure": app.config["SESSION_COOKIE_SECURE"], "samesite": "Lax"}
