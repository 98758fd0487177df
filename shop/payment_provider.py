"""What the shop asks of a payment provider and what it answers, in the shop's own values.

The domain takes a `PaymentProvider`; `shop/gateways/stripe.py` is one. A call has one of three ends: an answer, a
refusal (`ProviderRefused`: nothing was done), or `OutcomeUnknown`: it may have been done, and only asking again tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from shop.money import Money

IntentStatus = Literal["requires_payment_method", "requires_action", "processing", "succeeded", "cancelled"]
RefundStatus = Literal["processing", "succeeded", "failed"]


class ProviderRefused(Exception):
    """The provider answered no, and nothing was done. `code` is its own, for the log and the staff."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class UnknownCustomer(ProviderRefused):
    """The provider keeps no cards for this customer: deleted there, or of an account that the shop had before."""


class UnknownCard(ProviderRefused):
    """The provider has no such payment method, or none that this shop may use."""


class CardDeclined(ProviderRefused):
    """The bank does not pay. The message is fit for the customer; `intent` is how the payment stands now."""

    def __init__(self, message: str, code: str, intent: Intent | None = None) -> None:
        super().__init__(message, code)
        self.intent = intent


class OutcomeUnknown(Exception):
    """No answer came, or one that says nothing of the outcome: time-out, broken connection, 5xx, too many requests."""


@dataclass(frozen=True)
class Card:
    """What may be known of a card: never its number."""

    id: str  # of the payment method
    brand: str
    last4: str
    expires: str  # "12/2030"
    fingerprint: str  # the same for the same card


@dataclass(frozen=True)
class Intent:
    """A payment as the provider has it: one try to pay one order, which may take several cards."""

    id: str
    status: IntentStatus
    amount: Money
    captured: Money
    refunded: Money
    order_id: str  # the public id that the shop gave it; empty for one that is not the shop's
    payment_id: str  # likewise
    client_secret: str = field(repr=False)  # who has it may pay: for the page alone, never for a log
    card: Card | None
    failure: str  # what the bank said of the last try, fit for the customer
    failure_code: str
    created_at: datetime
    customer: str = ""
    keeps_card: bool = False  # whether the card that pays is kept for the customer


@dataclass(frozen=True)
class IntentWish:
    """A payment to begin. `payment_method`: a card that is charged at once; `customer`: whose cards are kept."""

    amount: Money
    order_id: str
    payment_id: str
    number: str  # of the order, for the bank statement's reader
    email: str
    payment_method: str | None = None
    customer: str | None = None
    save_card: bool = False
    return_url: str = ""


@dataclass(frozen=True)
class ProviderRefund:
    """Money given back as the provider has it."""

    id: str
    status: RefundStatus
    amount: Money
    intent_id: str
    refund_id: str  # the public id that the shop gave it; empty for one made elsewhere
    failure: str
    created_at: datetime


@dataclass(frozen=True)
class ProviderDispute:
    """A customer's bank wants money back."""

    id: str
    status: str
    reason: str
    amount: Money
    intent_id: str
    evidence_due_at: datetime | None
    is_closed: bool


@dataclass(frozen=True)
class ProviderSubscription:
    """A standing order as the provider has it."""

    id: str
    status: str
    customer: str
    current_period_ends_at: datetime | None
    ends_with_period: bool


@dataclass(frozen=True)
class SignedEvent:
    """An event whose signature is right. Its object may be old: what it is about is always fetched anew."""

    id: str
    type: str
    object_id: str
    created_at: datetime


class PaymentProvider(Protocol):
    """Every method may raise ProviderRefused and OutcomeUnknown. A `key` makes a repeat have no second effect."""

    name: str

    def create_intent(self, wish: IntentWish, key: str) -> Intent:
        """Begin a payment; with a payment method, charge it. Raises CardDeclined, UnknownCustomer."""

    def fetch_intent(self, intent_id: str) -> Intent:
        """The payment as it is now."""

    def confirm_intent(self, intent_id: str, payment_method: str, return_url: str, key: str) -> Intent:
        """Charge another card for a payment that has begun. Raises CardDeclined."""

    def change_keeping(self, intent_id: str, customer: str | None, keeps_card: bool) -> Intent:
        """Have the card that will pay kept for this customer, or not kept; the same again changes nothing."""

    def cancel_intent(self, intent_id: str) -> Intent:
        """End a payment; one that has succeeded or ended already is answered as it is, so that it needs no key."""

    def list_intents(self, since: datetime) -> Iterator[Intent]:
        """All payments begun since then, the newest first."""

    def create_refund(self, intent_id: str, amount: Money, refund_id: str, key: str) -> ProviderRefund:
        """Give money back."""

    def fetch_refund(self, provider_refund_id: str) -> ProviderRefund:
        """The refund as it is now."""

    def list_refunds(self, since: datetime) -> Iterator[ProviderRefund]:
        """All refunds made since then, the newest first."""

    def fetch_dispute(self, dispute_id: str) -> ProviderDispute:
        """The dispute as it is now."""

    def fetch_subscription(self, subscription_id: str) -> ProviderSubscription:
        """The standing order as it is now."""

    def create_customer(self, email: str, user_id: str, key: str) -> str:
        """A customer whose cards are kept; its id."""

    def list_cards(self, customer: str) -> list[Card]:
        """The cards that are kept for them. Raises UnknownCustomer."""

    def forget_card(self, payment_method: str) -> None:
        """Keep this card no longer."""

    def read_event(self, body: bytes, signature: str) -> SignedEvent:
        """The event in this body, whose bytes are as they came. Raises BadSignature."""


class BadSignature(Exception):
    """No, a wrong, a stale or a future signature, or a body that is no event."""
