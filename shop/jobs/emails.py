"""Sending one e-mail: claim its row, write the letter, hand it over outside any transaction, note how it went."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import current_app

from shop.db import end_read
from shop.domain.actors import SYSTEM
from shop.domain.addresses import address_lines
from shop.domain.orders.queries import get_order
from shop.domain.orders.tokens import order_link
from shop.domain.outbox import ClaimedEmail, claim_email, mark_failed, mark_sent
from shop.extensions import mailer, settings, terms
from shop.gateways.mail import Letter, MailError

log = structlog.get_logger()

# kind of e-mail -> its subject; its words are templates/emails/<kind>.txt and .html
SUBJECTS = {
    "order_confirmed": "Your order {order.number} is confirmed",
    "order_link": "The link to your order {order.number}",
}


def send_email(email_id: int) -> None:
    """Send an e-mail that is due. Called twice, late or for one that is sent, it does nothing."""
    claim = claim_email(email_id)
    if claim is None:
        return
    structlog.contextvars.bind_contextvars(request_id=claim.request_id, email=claim.public_id)
    try:
        letter = write_letter(claim)
        end_read()
        mailer.send(letter)
    except Exception as error:  # whatever it was, the row must not wait for its lease to end
        _note_failure(claim, error)
        return
    mark_sent(claim.id)
    log.info("email_sent", kind=claim.kind, attempt=claim.attempt)


def _note_failure(claim: ClaimedEmail, error: Exception) -> None:
    is_expected = isinstance(error, MailError)
    reason = str(error) if is_expected else type(error).__name__
    for_good = isinstance(error, MailError) and error.for_good
    log.warning("email_not_sent", kind=claim.kind, attempt=claim.attempt, reason=reason, exc_info=not is_expected)
    mark_failed(claim, reason, for_good=for_good)


def write_letter(claim: ClaimedEmail) -> Letter:
    """The letter of a claimed e-mail, from the order as it is now. Raises NotFound when the order is gone."""
    order = get_order(claim.subject_id, SYSTEM, terms)
    words = {
        "order": order,
        "shop_name": terms.shop_name,
        "shop_url": settings.public_base_url,
        "status_url": order_link(order, settings.public_base_url, terms.order_token_secrets),
        "address": address_lines(order.shipping_address),
        "delivery": _day(order.estimated_delivery),
        "is_cash": order.payment_method == "cash_on_delivery" and order.total_amount > 0,
        "subject": SUBJECTS[claim.kind].format(order=order),
    }
    return Letter(
        id=claim.public_id,
        sender=settings.mail_from,
        sender_name=terms.shop_name,
        recipient=claim.recipient,
        subject=words["subject"],
        text=_render(f"emails/{claim.kind}.txt", words),
        html=_render(f"emails/{claim.kind}.html", words),
        date=claim.created_at,
        host=urlsplit(settings.public_base_url).hostname or "localhost",
    )


def _day(day: date | None) -> str:
    return f"{day:%A}, {day.day} {day:%B %Y}" if day else ""


def _render(template: str, words: dict[str, Any]) -> str:
    # Not flask.render_template: its context processors look at the request's user, and there is no request here.
    return current_app.jinja_env.get_template(template).render(words)
