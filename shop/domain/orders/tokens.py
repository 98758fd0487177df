"""What opens a guest's order: an HMAC of order and access version, so it can be computed again (D34)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence

from shop.domain.orders.models import Order

PURPOSE = b"order-token-v1"


def order_token(order: Order, secrets: Sequence[bytes]) -> str:
    """The token of this order under the newest secret; raising `access_version` ends it."""
    return _sign(order, secrets[0])


def order_link(order: Order, base_url: str, secrets: Sequence[bytes]) -> str:
    """The address of the order's page with the token that opens it, for answers and e-mails."""
    return f"{base_url}/orders/{order.public_id}?token={order_token(order, secrets)}"


def token_opens(order: Order, token: str | None, secrets: Sequence[bytes]) -> bool:
    """Whether the token is this order's, under any of the secrets; compared in constant time."""
    if not token or not token.isascii():
        return False
    return any([hmac.compare_digest(_sign(order, secret), token) for secret in secrets])


def _sign(order: Order, secret: bytes) -> str:
    key = hmac.new(secret, PURPOSE, hashlib.sha256).digest()
    digest = hmac.new(key, f"{order.public_id}:{order.access_version}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
