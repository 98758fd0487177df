"""How a card payment stands for whoever pays it: whether it can be tried, until when, and what the bank said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from shop.db import db, transaction_time
from shop.domain.inventory.models import Reservation
from shop.domain.orders.models import Order
from shop.domain.payments.models import Payment
from shop.domain.payments.operations import CARD

BETWEEN_QUESTIONS = timedelta(seconds=4)  # the provider is not asked more often because a page is looked at


@dataclass(frozen=True)
class CardStanding:
    """`held_until`: until when the order's stock is kept for it; `begun`: a card was asked for, or tried, before;
    `was_not_reached`: the bank did not answer when the payment was begun, so that nothing can have been charged;
    `may_be_late`: the order was cancelled while the bank looks at a card, whose money would be given back at once.
    """

    held_until: datetime | None
    is_pending: bool
    is_checking: bool
    may_ask: bool
    begun: bool
    failure: str
    was_not_reached: bool
    may_be_late: bool

    @property
    def can_be_paid(self) -> bool:
        """Whether the order waits for its payment, and nobody is looking into an earlier one."""
        return self.is_pending and not self.is_checking and self.held_until is not None

    @property
    def has_run_out(self) -> bool:
        """Whether the time to pay is over, though nobody has cancelled the order yet."""
        return self.is_pending and not self.is_checking and self.held_until is None


def card_standing(order: Order) -> CardStanding:
    """How this order's payment by card stands."""
    now = transaction_time()
    payments = select(Payment).where(Payment.order_id == order.id, Payment.provider == CARD)
    last = db.session.scalars(payments.order_by(Payment.id.desc()).limit(1)).one_or_none()
    held = select(Reservation.expires_at).where(Reservation.order_id == order.id, Reservation.status == "held")
    until = db.session.scalar(held.order_by(Reservation.expires_at).limit(1))
    is_checking = order.status == "pending" and last is not None and _may_be_charged(last)
    return CardStanding(
        held_until=until if until is not None and until > now else None,
        is_pending=order.status == "pending",
        is_checking=is_checking,
        may_ask=last is not None and (last.asked_at is None or last.asked_at < now - BETWEEN_QUESTIONS),
        begun=last is not None,
        failure=last.failure if last is not None and not is_checking else "",
        was_not_reached=last is not None and last.provider_reference is None and last.asked_at is not None,
        may_be_late=order.status == "cancelled" and last is not None and _may_be_charged(last),
    )


def card_of(order: Order) -> str:
    """The card that paid the order, such as "Visa ending in 4242"; empty where none did, or it is not known."""
    paid = select(Payment.card_brand, Payment.card_last4).where(
        Payment.order_id == order.id, Payment.provider == CARD, Payment.captured_amount > 0, Payment.card_last4 != ""
    )
    row = db.session.execute(paid.order_by(Payment.id.desc()).limit(1)).one_or_none()
    return f"{row.card_brand.capitalize()} ending in {row.card_last4}" if row is not None else ""


def _may_be_charged(payment: Payment) -> bool:
    """Whether the bank is looking at a card. Without a reference none can have been: the bank was told of none."""
    return payment.status == "processing" or (payment.status == "unknown" and payment.provider_reference is not None)
