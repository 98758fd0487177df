"""What opens the page for reviewing an order: signed for that purpose alone, and with an end.

It shows less than an order's own token does, so that an old letter that strays opens no address and no bill.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shop.domain.orders.models import Order

PURPOSE = b"review-token-v1"
VALID_FOR = timedelta(days=90)
_token = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{8})\.([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True)
class ReviewToken:
    """A token's parts: the order that it names, when it ends, and the signature that is still to be checked."""

    order_id: str
    ends_at: datetime
    signature: str


def review_token(order: Order, ends_at: datetime, secrets: Sequence[bytes]) -> str:
    """The token that opens this order's review page until then; raising `access_version` ends it sooner."""
    seconds = int(ends_at.timestamp())
    return f"{order.public_id.removeprefix('order_')}.{seconds:08x}.{_sign(order, seconds, secrets[0])}"


def read_token(token: str) -> ReviewToken | None:
    """The parts of a token, not yet believed; None for a text that is none."""
    found = _token.fullmatch(token)
    if found is None:
        return None
    return ReviewToken(f"order_{found[1]}", datetime.fromtimestamp(int(found[2], 16), UTC), found[3])


def is_signed_for(token: ReviewToken, order: Order, secrets: Sequence[bytes]) -> bool:
    """Whether one of the secrets signed this token for this order; compared in constant time."""
    seconds = int(token.ends_at.timestamp())
    return any([hmac.compare_digest(_sign(order, seconds, secret), token.signature) for secret in secrets])


def _sign(order: Order, seconds: int, secret: bytes) -> str:
    key = hmac.new(secret, PURPOSE, hashlib.sha256).digest()
    words = f"{order.public_id}:{order.access_version}:{seconds}"
    digest = hmac.new(key, words.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
