"""What the pages have that take a card: the provider's script, where it may reach, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import Response

from shop.domain.payments.kept_cards import may_have_cards
from shop.edge import HEADERS
from shop.extensions import settings
from shop.gateways.stripe import amount_for_script
from shop.money import Money
from shop.policies import current_shopper

STRIPE = "https://js.stripe.com"
# Stripe's own: its script comes in parts, and its fields and the bank's question stand in frames of its own
# (docs.stripe.com, "Content security policy").
STRIPE_SCRIPTS = (STRIPE, "https://*.js.stripe.com")
STRIPE_FRAMES = (*STRIPE_SCRIPTS, "https://hooks.stripe.com")


@dataclass(frozen=True)
class CardForm:
    """What the page's script is told: where the provider's is, whose it is, and how much is to be paid."""

    script: str
    key: str
    amount: int
    currency: str
    has_kept_cards: bool
    can_keep: bool


def card_form(total: Money) -> CardForm | None:
    """The form for a card for this total; None where the shop takes none. Who is signed in may have the card kept."""
    if not settings.takes_cards:
        return None
    shopper = current_shopper()
    return CardForm(
        script=settings.stripe_js_url,
        key=settings.stripe_publishable_key,
        amount=amount_for_script(total),
        currency=total.currency.lower(),
        has_kept_cards=may_have_cards(shopper),
        can_keep=shopper.user_id is not None,
    )


def let_provider_in(response: Response) -> Response:
    """Widen this page's policies for the provider's script alone."""
    if settings.takes_cards:
        response.headers["Content-Security-Policy"] = card_policy(settings.stripe_js_url, settings.stripe_api_base)
        payment = f'payment=(self "{_origin(settings.stripe_js_url)}")'  # its wallets ask the browser in their frames
        response.headers["Permissions-Policy"] = HEADERS["Permissions-Policy"].replace("payment=()", payment)
    return response


def card_policy(script_url: str, api_base: str) -> str:
    """The policy of every page, with the provider's origins where its script needs them."""
    script, api = _origin(script_url), _origin(api_base)
    scripts, frames = (STRIPE_SCRIPTS, STRIPE_FRAMES) if script == STRIPE else ((script,), (script,))
    policy = HEADERS["Content-Security-Policy"]
    policy = policy.replace("script-src 'self'", " ".join(("script-src 'self'", *scripts)))
    policy = policy.replace("connect-src 'self'", f"connect-src 'self' {api}")
    return f"{policy}; frame-src {' '.join(frames)}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
