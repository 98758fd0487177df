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
    """`held_until`: until when the order's stock is kept for it; `may_ask`: the bank was not asked a moment ago."""

    held_until: datetime | None
    is_pending: bool
    is_checking: bool
    may_ask: bool
    failure: str
    card: str

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
    is_checking = order.status == "pending" and last is not None and last.status in ("processing", "unknown")
    return CardStanding(
        held_until=until if until is not None and until > now else None,
        is_pending=order.status == "pending",
        is_checking=is_checking,
        may_ask=last is not None and (last.asked_at is None or last.asked_at < now - BETWEEN_QUESTIONS),
        failure=last.failure if last is not None and not is_checking else "",
        card=f"{last.card_brand.capitalize()} ending in {last.card_last4}" if last and last.card_last4 else "",
    )
