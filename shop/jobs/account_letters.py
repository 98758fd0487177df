"""What the letters about an account say: a link to make it or to set its password, and what happened to it."""

from __future__ import annotations

from typing import Any

from shop.db import transaction_time
from shop.domain.customers.models import AccountLink
from shop.domain.customers.registration import find_link, link_token
from shop.domain.outbox import ClaimedEmail
from shop.errors import NotFound
from shop.extensions import settings, terms

ACCOUNT_SUBJECTS = {
    "registration": "Confirm your e-mail address",
    "account_exists": "You have an account already",
    "password_reset": "Set a new password",
    "password_changed": "Your password was changed",
    "sign_in_ended": "You were signed out for safety",
}
PAGES = {"registration": "/account/confirm", "password_reset": "/account/password/reset"}


class NotMeantAnyMore(Exception):
    """What a letter is about has changed so that nobody should get it."""


def words_about_account(claim: ClaimedEmail) -> dict[str, Any]:
    """What a letter about an account says. Raises NotFound, NotMeantAnyMore for a link that ended meanwhile."""
    words: dict[str, Any] = {
        "subject": ACCOUNT_SUBJECTS[claim.kind],
        "recipient": claim.recipient,
        "sign_in_url": f"{settings.public_base_url}/sign-in",
        "forgot_url": f"{settings.public_base_url}/account/password",
    }
    if claim.kind in PAGES:
        link = _open_link(claim.subject_id)
        token = link_token(link, terms.order_token_secrets)
        words["link_url"] = f"{settings.public_base_url}{PAGES[claim.kind]}?token={token}"
    return words


def _open_link(public_id: str) -> AccountLink:
    link = find_link(public_id)
    if link is None:
        raise NotFound("This link is gone.")
    if link.used_at is not None or link.expires_at <= transaction_time():
        raise NotMeantAnyMore("the link has ended")
    return link
