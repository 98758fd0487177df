"""The bank's refusals, in Stripe's shape."""

from __future__ import annotations

from typing import Any


class BankError(Exception):
    """An answer other than 200. `is_kept`: it came from doing what was asked, so the same key gets it again."""

    def __init__(self, status: int, kind: str, message: str, *, is_kept: bool = False, **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.is_kept = is_kept
        told = {"type": kind, "message": message, **fields}
        self.body: dict[str, Any] = {"error": {name: value for name, value in told.items() if value is not None}}


def invalid(message: str, param: str | None = None, code: str | None = None) -> BankError:
    """The request itself is wrong."""
    return BankError(400, "invalid_request_error", message, param=param, code=code)


def missing(kind: str, object_id: str, param: str = "id") -> BankError:
    """No such object."""
    message = f"No such {kind}: '{object_id}'"
    return BankError(404, "invalid_request_error", message, param=param, code="resource_missing")


def out_of_place(message: str, code: str, **fields: Any) -> BankError:
    """The object does not stand so that this could be done."""
    return BankError(400, "invalid_request_error", message, is_kept=True, code=code, **fields)
