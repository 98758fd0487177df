"""Against carding: whoever the bank refuses again and again is not let through to it any more (TRU-1, S09).

Below the alarm nobody but the refused notices it. Above it, when most of what is tried is refused, those who have paid
here before go on as ever; of the others one at a time is let through, and the rest may pay in cash.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, func, select

from shop.db import db, lock_names, transaction_time
from shop.domain.actors import Actor
from shop.domain.orders.models import Order
from shop.domain.payments.models import CardRefusal, Payment
from shop.domain.payments.operations import CARD
from shop.domain.terms import CardLimits
from shop.errors import TooMany

WINDOW = timedelta(hours=1)
ALARM_WINDOW = timedelta(minutes=10)
ONE_UNKNOWN_EACH = timedelta(minutes=2)  # while the alarm lasts
UNDER_WAY = timedelta(seconds=30)
TRY_LATER = "Too many card payments were refused. Try a card again in an hour, or pay in cash on delivery."
BEGUN_OFTEN = "You began many card payments in the last hour. Try again in an hour, or pay in cash on delivery."
BUSY = "Card payments are limited for the moment. Try again in a few minutes, or pay in cash on delivery."


@dataclass(frozen=True)
class CardTraffic:
    """What became of card payments in the last ten minutes, and in the last hour from how many sides they came."""

    refused: int
    paid: int
    is_attack: bool
    refused_last_hour: int
    addresses_last_hour: int
    emails_last_hour: int
    cards_last_hour: int

    @property
    def sentence(self) -> str:
        """For staff."""
        tried = self.refused + self.paid
        said = f"{self.refused} of {tried} card payments of the last ten minutes were refused"
        if not self.is_attack:
            return f"{said}."
        return (
            f"{said}: somebody tries out stolen cards. In the last hour they came from {self.addresses_last_hour}"
            f" addresses with {self.cards_last_hour} cards. Shoppers who have paid here before can go on paying."
        )


def card_traffic(limits: CardLimits) -> CardTraffic:
    """How card payments go, for staff."""
    now = transaction_time()
    refused, paid, under_way = _counts()
    many = [func.count(func.distinct(c)) for c in (CardRefusal.address, CardRefusal.email, CardRefusal.fingerprint)]
    row = db.session.execute(select(func.count(), *many).where(CardRefusal.created_at > now - WINDOW)).one()
    return CardTraffic(refused, paid, _is_attack(refused, paid, under_way, limits), *(int(each) for each in row))


def check_card_limits(order: Order, actor: Actor, limits: CardLimits, *, is_new: bool) -> None:
    """Raise TooMany where the shopper has begun too much or was refused too often, or during an attack.

    `is_new`: a payment is to be begun; else another card is to be charged for one that is open.
    """
    lock_names("card payments")  # so that many at once are counted one after the other
    if is_new:
        _check_begun(order, actor, limits)
    address = actor.address or order.placed_from
    _refuse_from(limits.refused_of_order, CardRefusal.order_id == order.id)
    _refuse_from(limits.refused_of_email, CardRefusal.email == order.email.lower())
    if address:
        _refuse_from(limits.refused_at_address, CardRefusal.address == address)
    cards = select(CardRefusal.fingerprint).where(CardRefusal.order_id == order.id, CardRefusal.fingerprint != "")
    for fingerprint in db.session.scalars(cards.distinct()).all():
        _refuse_from(limits.refused_of_card, CardRefusal.fingerprint == fingerprint)
    if _is_attack(*_counts(), limits) and not _has_paid_before(order):
        _let_one_through(order)


def is_refused_for_good(order_id: int, limits: CardLimits) -> bool:
    """Whether an order was refused so often that no further card is to be tried for it."""
    return _refusals(CardRefusal.order_id == order_id) >= limits.refused_of_order


def write_refusal(order: Order, payment: Payment, code: str, address: str | None) -> None:
    """Count a card that the bank refused, in the current operation."""
    refusal = CardRefusal(
        order_id=order.id,
        address=(address or order.placed_from)[:64],
        email=order.email.lower(),
        fingerprint=payment.card_fingerprint,
        code=code[:64],
        created_at=transaction_time(),
    )
    db.session.add(refusal)


def _check_begun(order: Order, actor: Actor, limits: CardLimits) -> None:
    """By one browser, whatever it calls itself; and by one customer at one address, in whatever browser."""
    same = Order.user_id == order.user_id if order.user_id is not None else Order.email == order.email
    of_shopper = same & (Order.placed_from == order.placed_from)
    if actor.browser:
        of_shopper = of_shopper | (Payment.browser == actor.browser)
    begun = (
        select(func.count())
        .select_from(Payment)
        .join(Order, Order.id == Payment.order_id)
        .where(Payment.provider == CARD, Payment.created_at > transaction_time() - WINDOW, of_shopper)
    )
    if (db.session.scalar(begun) or 0) >= limits.begun:
        raise TooMany(BEGUN_OFTEN, retry_after=int(WINDOW.total_seconds()))


def _refusals(condition: ColumnElement[bool]) -> int:
    counted = select(func.count()).select_from(CardRefusal).where(condition)
    return db.session.scalar(counted.where(CardRefusal.created_at > transaction_time() - WINDOW)) or 0


def _refuse_from(limit: int, condition: ColumnElement[bool]) -> None:
    if _refusals(condition) >= limit:
        raise TooMany(TRY_LATER, retry_after=int(WINDOW.total_seconds()))


def _counts() -> tuple[int, int, int]:
    """How many cards were refused and paid lately, and for how many the bank is being asked at this moment."""
    now = transaction_time()
    refused = select(func.count()).select_from(CardRefusal).where(CardRefusal.created_at > now - ALARM_WINDOW)
    payments = select(func.count()).select_from(Payment).where(Payment.provider == CARD)
    paid = payments.where(Payment.status == "succeeded", Payment.updated_at > now - ALARM_WINDOW)
    asked = payments.where(Payment.status.in_(("created", "sent")), Payment.failure_code == "")
    under_way = asked.where(Payment.updated_at > now - UNDER_WAY)
    return db.session.scalar(refused) or 0, db.session.scalar(paid) or 0, db.session.scalar(under_way) or 0


def _is_attack(refused: int, paid: int, under_way: int, limits: CardLimits) -> bool:
    """Most of what ended was refused, and it is much. Of an attack that has begun, what is under way will be too."""
    is_most = refused * 100 >= (refused + paid) * limits.alarm_share_percent
    has_begun = refused * 4 >= limits.alarm
    return is_most and has_begun and refused + under_way >= limits.alarm


def _has_paid_before(order: Order) -> bool:
    """Whether the shopper is known: an earlier order of their account or e-mail address was paid."""
    same = Order.email == order.email
    if order.user_id is not None:
        same = same | (Order.user_id == order.user_id)
    paid = select(Order.id).where(same, Order.id != order.id, Order.payment_status.in_(("paid", "partially_refunded")))
    return db.session.scalar(paid.limit(1)) is not None


def _let_one_through(order: Order) -> None:
    since = transaction_time() - ONE_UNKNOWN_EACH
    begun = select(Payment.id).where(Payment.provider == CARD, Payment.created_at > since, Payment.order_id != order.id)
    refused = select(CardRefusal.id).where(CardRefusal.created_at > since)
    if any(db.session.scalar(each.limit(1)) is not None for each in (begun, refused)):
        raise TooMany(BUSY, retry_after=int(ONE_UNKNOWN_EACH.total_seconds()))
