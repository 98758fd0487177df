"""What can go wrong, by name. Each error has a stable code, a sentence that says what to do, and details.

Nothing here knows HTTP: each face has one table that turns a family into a status (api.md, "Envelopes").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Detail:
    """One thing wrong with one field, in words for a person."""

    field: str
    message: str
    available: int | None = None
    order_id: str | None = None


class ShopError(Exception):
    """The base of every refusal. `message` says what to do; `details` say where."""

    code = "INTERNAL_ERROR"

    def __init__(self, message: str, details: Sequence[Detail] = (), retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = list(details)
        self.retry_after = retry_after


class NotFound(ShopError):
    """Missing, or somebody else's: the same words for both."""

    code = "RESOURCE_NOT_FOUND"


class Unknown(ShopError):
    """A reference inside a body names nothing that the caller may use."""

    code = "VALIDATION_ERROR"


class Invalid(ShopError):
    """A field's value is wrong."""

    code = "VALIDATION_ERROR"


class Malformed(ShopError):
    """The input cannot be read at all."""

    code = "VALIDATION_ERROR"


class Conflict(ShopError):
    """The thing is not in the state that this needs, or somebody was quicker."""

    code = "CONFLICT"


class ChangedMeanwhile(Conflict):
    """Somebody else saved the thing after the version that the caller saw."""


class OutOfStock(Conflict):
    """Fewer units are available than asked for; details name each line and what is left."""

    code = "INVENTORY_ERROR"


class CartOrdered(Conflict):
    """The cart is an order already; `order_id` is the order's public id."""

    def __init__(self, message: str, order_id: str) -> None:
        super().__init__(message, [Detail("cartId", message, order_id=order_id)])
        self.order_id = order_id


class Gone(ShopError):
    """It was there and has ended."""

    code = "GONE"


class Unauthenticated(ShopError):
    """Nobody is signed in, or the credentials are wrong."""

    code = "AUTHENTICATION_ERROR"


class Forbidden(ShopError):
    """The caller is known and may not do this."""

    code = "AUTHORIZATION_ERROR"


class PaymentRefused(ShopError):
    """The bank or the payment method said no."""

    code = "PAYMENT_ERROR"


class TooMany(ShopError):
    """A limit is reached; `retry_after` is in seconds."""

    code = "RATE_LIMITED"


class Unavailable(ShopError):
    """The shop cannot answer now and can soon; `retry_after` is in seconds."""

    code = "SERVICE_UNAVAILABLE"
