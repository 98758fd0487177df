"""Stripe's webhooks: verified by their bytes, stored once, answered; a worker applies them (reliability.md D27)."""

from __future__ import annotations

import structlog
from flask import Blueprint, abort, request

from shop.domain.payments.provider_events import store_event
from shop.errors import Malformed
from shop.extensions import payment_provider
from shop.payment_provider import BadSignature
from shop.policies import policy

log = structlog.get_logger()
bp = Blueprint("webhooks", __name__)


@bp.post("/webhooks/stripe")
@bp.post("/api/webhooks/stripe")
@policy("machine")
def receive_stripe_event() -> dict[str, bool]:
    """Keep an event and say so, also a copy and one of a type that nothing follows from; 400 for a wrong signature."""
    provider = payment_provider()
    if provider is None:
        abort(404)
    body = request.get_data()
    try:
        event = provider.read_event(body, request.headers.get("Stripe-Signature", ""))
    except BadSignature as error:
        log.warning("webhook_refused", reason=str(error))
        raise Malformed("The signature of this event is not right.") from error
    store_event(event, body.decode("utf-8", "replace").replace("\x00", ""), provider.name)
    return {"received": True}
