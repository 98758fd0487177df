"""The cards one may choose from, by what comes of paying with them. None has a number."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """What a bank does with one card. `decline`: the code and, for the customer, the sentence of its refusal."""

    method: str  # as it is sent in place of a card
    label: str
    brand: str
    last4: str
    decline: tuple[str, str, str] | None = None  # code, decline code, sentence
    is_asked: bool = False  # 3-D Secure: the customer says yes or no on the bank's page
    is_slow: bool = False  # processing first
    is_disputed: bool = False
    refunds: str = "succeeded"


OUTCOMES = {
    outcome.method: outcome
    for outcome in (
        Outcome("pm_card_approve", "Approve", "visa", "4242"),
        Outcome("pm_card_3ds", "Ask me first (3-D Secure)", "visa", "3220", is_asked=True),
        Outcome(
            "pm_card_decline_insufficient_funds",
            "Decline: insufficient funds",
            "mastercard",
            "9995",
            ("card_declined", "insufficient_funds", "Your card has insufficient funds."),
        ),
        Outcome(
            "pm_card_decline_generic",
            "Decline without a reason",
            "visa",
            "0002",
            ("card_declined", "generic_decline", "Your card was declined."),
        ),
        Outcome(
            "pm_card_decline_expired",
            "Decline: expired card",
            "mastercard",
            "0069",
            ("expired_card", "", "Your card has expired."),
        ),
        Outcome(
            "pm_card_decline_stolen",
            "Decline: stolen card",
            "visa",
            "9979",
            ("card_declined", "stolen_card", "Your card was declined."),
        ),
        Outcome("pm_card_processing", "Take a few seconds, then approve", "amex", "0077", is_slow=True),
        Outcome(
            "pm_card_processing_decline",
            "Take a few seconds, then decline",
            "amex",
            "0341",
            ("card_declined", "generic_decline", "Your card was declined."),
            is_slow=True,
        ),
        Outcome("pm_card_dispute", "Approve, and dispute it at once", "visa", "0259", is_disputed=True),
        Outcome("pm_card_refund_slow", "Approve; refunds take a few seconds", "visa", "7726", refunds="pending"),
        Outcome("pm_card_refund_fail", "Approve; refunds fail", "mastercard", "5126", refunds="failed"),
    )
}
# What the page offers a shopper; the others are for tests and for the curious.
OFFERED = (
    "pm_card_approve",
    "pm_card_3ds",
    "pm_card_decline_insufficient_funds",
    "pm_card_decline_generic",
    "pm_card_processing",
)
