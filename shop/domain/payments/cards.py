"""Paying orders by card: one open attempt an order, its key kept before anything is asked (reliability.md D15, D20).

A payment is begun without a card and its reference is kept; only then a card is charged for it, by that reference. So
whatever is lost on the way, the same order cannot be charged twice: a payment succeeds once, and an order has one. For
the same reason another key does no harm once one answers nothing but its first failure: what was begun under the old
one has no card and is told to nobody, and what was charged under it is charged for the same payment.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import structlog
from pydantic import Field
from sqlalchemy import func, select, update

from shop.db import db, end_read, operation, transaction_time
from shop.domain.actors import SYSTEM, Actor
from shop.domain.customers.models import User
from shop.domain.inputs import Input, Line
from shop.domain.inventory.models import Reservation
from shop.domain.orders.changes import lines_of, lock_order
from shop.domain.orders.models import Order
from shop.domain.payments.models import CardRefusal, Payment
from shop.domain.payments.operations import CARD, OPEN_CARD, CashOnDelivery, confirm_cash_on_delivery
from shop.domain.payments.refunds import move_payment
from shop.domain.payments.settle import checking, keep_card, lock_payment, note_unknown, settle_payment, take_intent
from shop.domain.payments.shield import check_card_limits, write_refusal
from shop.domain.terms import Terms
from shop.errors import Conflict, Detail, Invalid, PaymentRefused, Unavailable, Unknown
from shop.money import Money
from shop.payment_provider import (
    CardDeclined,
    Intent,
    IntentWish,
    OutcomeUnknown,
    PaymentProvider,
    ProviderRefused,
    UnknownCard,
    UnknownCustomer,
)

log = structlog.get_logger()

# The smallest amounts that Stripe charges, in minor units (docs.stripe.com/currencies, minimum charge amounts).
SMALLEST = {
    "AED": 200, "AUD": 50, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30, "HKD": 400,
    "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200, "RON": 200,
    "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip
SMALLEST_ELSEWHERE = 50  # of a currency that is not listed; the provider converts and may refuse more
PAID_ALREADY = "This order is paid already."
SILENT = "The bank could not be reached. Nothing was charged. Try again in a minute, or pay in cash on delivery."
KEY_GIVEN_UP = timedelta(minutes=1)  # after which no answer is expected under a key any more


class PayByCard(Input):
    """What paying by card asks for: without a payment method the browser asks for the card."""

    payment_method_id: Line | None = Field(default=None, min_length=1, max_length=120, title="a payment method id")
    save_payment_method: bool = Field(default=False, title="whether the card is kept for the next time")


@dataclass(frozen=True)
class CardAttempt:
    """The order as it is now, and the payment as the provider has it: its client secret and status."""

    order: Order
    intent: Intent


@dataclass(frozen=True)
class _Open:
    """The attempt that is open, as plain values for what is asked outside a transaction."""

    id: int
    key: str
    reference: str | None
    wish: IntentWish
    is_unknown: bool  # what became of the last card
    refusals: int  # of the order so far: a card that was refused may be tried again, which is another wish


def smallest_card_payment(currency: str) -> Money:
    """The smallest total that can be paid by card."""
    return Money(SMALLEST.get(currency, SMALLEST_ELSEWHERE), currency)


def refuse_small_total(total: Money) -> None:
    """Raise Invalid for a total that the provider takes no card for; 0 is paid already."""
    smallest = smallest_card_payment(total.currency)
    if total and not total >= smallest:
        message = f"A card can pay {smallest.format()} or more. Choose cash on delivery, or order more."
        raise Invalid(message, [Detail("paymentMethod", message)])


def begin_card_payment(
    order_id: int, wanted: PayByCard, actor: Actor, terms: Terms, provider: PaymentProvider, *, return_url: str
) -> CardAttempt:
    """Begin to pay a pending order by card, or go on with the attempt that is open; with a payment method, charge it.

    Raises PaymentRefused with the bank's words (the order can be paid again), Conflict when the order is paid or
    cancelled or its hold has ended, Invalid below the provider's smallest amount or where the card cannot be used,
    TooMany from the carding shield, Unavailable when the outcome is not known yet.
    """
    try:
        return _pay(order_id, wanted, actor, terms, provider, return_url)
    except UnknownCustomer as error:
        log.warning("customer_forgotten", reason=str(error))
        _forget_customer(order_id)
        return _pay(order_id, wanted, actor, terms, provider, return_url)


def _pay(
    order_id: int, wanted: PayByCard, actor: Actor, terms: Terms, provider: PaymentProvider, return_url: str
) -> CardAttempt:
    customer = _keeper_of_cards(order_id, wanted, actor, provider)
    attempt, intent = _begun(order_id, wanted, actor, terms, provider, customer)
    has_come_to_nothing = attempt.is_unknown and intent.status == "requires_payment_method"
    if intent.status == "cancelled" or has_come_to_nothing:  # by the provider, as after a day; or what was lost
        take_intent(attempt.id, intent, terms)  # another is begun, or this one has another key
        attempt, intent = _begun(order_id, wanted, actor, terms, provider, customer)
    if intent.status == "requires_payment_method":
        if wanted.payment_method_id is None:
            return CardAttempt(_present_order(order_id), intent)
        intent = _charge(attempt, intent, wanted.payment_method_id, actor, terms, provider, return_url)
    order = take_intent(attempt.id, intent, terms)
    if order.status == "cancelled":
        raise Conflict("The time to pay for this order had ended, so the money is given back. Place the order again.")
    return CardAttempt(order, intent)


def _present_order(order_id: int) -> Order:
    end_read()
    return db.session.get_one(Order, order_id, populate_existing=True)


# -- whose card is kept ------------------------------------------------------------------------------------------------


def _keeper_of_cards(order_id: int, wanted: PayByCard, actor: Actor, provider: PaymentProvider) -> str | None:
    """The provider's customer of a signed-in shopper who pays an order of their own; made at the first card to keep."""
    owner = db.session.execute(
        select(User.id, User.email, User.public_id, User.provider_customer)
        .join(Order, Order.user_id == User.id)
        .where(Order.id == order_id, User.id == actor.customer_id)
    ).one_or_none()
    end_read()
    if owner is None and wanted.save_payment_method:
        message = "Sign in to have a card kept for the next time."
        raise Invalid(message, [Detail("savePaymentMethod", message)])
    if owner is None or owner.provider_customer or not wanted.save_payment_method:
        return owner.provider_customer if owner else None
    try:
        # A key of its own each time: a second customer does no harm, and an old key may keep a failure or an address.
        made = provider.create_customer(owner.email, owner.public_id, key=str(uuid4()))
    except OutcomeUnknown as error:
        raise Unavailable(SILENT, retry_after=5) from error
    except ProviderRefused as error:
        raise _not_kept(error) from error
    return _keep_customer(owner.id, made)


def _not_kept(error: ProviderRefused) -> Invalid:
    log.error("card_not_kept", code=error.code)
    message = "This card cannot be kept. Pay without keeping it."
    return Invalid(message, [Detail("savePaymentMethod", message)])


@operation
def _forget_customer(order_id: int) -> None:
    """The provider does not have the customer of the order's account any more, nor any card of theirs."""
    owner = select(Order.user_id).where(Order.id == order_id).scalar_subquery()
    forgotten = update(User).where(User.id == owner).values(provider_customer=None)
    db.session.execute(forgotten.execution_options(synchronize_session=False))


@operation
def _keep_customer(user_id: int, customer: str) -> str:
    kept = update(User).where(User.id == user_id, User.provider_customer.is_(None)).values(provider_customer=customer)
    db.session.execute(kept.execution_options(synchronize_session=False))
    return db.session.scalars(select(User.provider_customer).where(User.id == user_id)).one() or customer


# -- the attempt -------------------------------------------------------------------------------------------------------


def _begun(
    order_id: int, wanted: PayByCard, actor: Actor, terms: Terms, provider: PaymentProvider, customer: str | None
) -> tuple[_Open, Intent]:
    """The open attempt and its payment at the provider, made where there is none; nothing is charged yet."""
    attempt = _open_attempt(order_id, wanted, actor, terms, provider.name, customer)
    reference = attempt.reference
    if reference is None:
        made = _create(attempt, provider)
        reference = _keep_reference(attempt.id, made.id)
        if reference == made.id:
            return attempt, made
    try:
        return attempt, _as_to_be_kept(provider.fetch_intent(reference), attempt.wish, provider)
    except OutcomeUnknown as error:
        note_unknown(attempt.id, terms)
        raise checking() from error
    except UnknownCustomer:
        raise
    except ProviderRefused as error:
        log.error("card_payment_missing", payment=attempt.wish.payment_id, code=error.code)
        raise _no_card() from error


def _create(attempt: _Open, provider: PaymentProvider) -> Intent:
    """The payment, made at the provider. An answer that is lost leaves nothing unknown: nothing is charged by it."""
    try:
        return provider.create_intent(attempt.wish, key=_key_to_create(attempt))
    except OutcomeUnknown as error:
        _note_silence(attempt.id)
        raise Unavailable(SILENT, retry_after=5) from error
    except UnknownCustomer:
        raise
    except ProviderRefused as error:
        log.error("card_payment_not_begun", payment=attempt.wish.payment_id, code=error.code)
        _note_end(attempt.id, str(error), error.code)
        raise _no_card() from error


def _as_to_be_kept(intent: Intent, wish: IntentWish, provider: PaymentProvider) -> Intent:
    """The payment, changed where its card is to be kept, or not, in another way than when it was begun."""
    is_so = intent.keeps_card == wish.save_card and wish.customer in (None, intent.customer)
    if is_so or intent.status != "requires_payment_method":
        return intent
    try:
        return provider.change_keeping(intent.id, wish.customer, wish.save_card)
    except UnknownCustomer:
        raise
    except ProviderRefused as error:
        raise _not_kept(error) from error


def _no_card() -> Invalid:
    message = "This order cannot be paid by card. Choose another way to pay."
    return Invalid(message, [Detail("paymentMethod", message)])


def _key_to_create(attempt: _Open) -> str:
    """The attempt's key with what may differ between two wishes for it: the same key is never used for two of them."""
    return f"{attempt.key}:{_digest(f'{attempt.wish.customer}:{attempt.wish.save_card}')}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@operation
def _open_attempt(
    order_id: int, wanted: PayByCard, actor: Actor, terms: Terms, provider: str, customer: str | None
) -> _Open:
    """Lock the order, look whether it may be paid, and write down or find its open attempt."""
    order = lock_order(order_id)
    _refuse_unless_payable(order)
    refuse_small_total(order.total)
    rows = select(Payment).where(Payment.order_id == order.id, Payment.status.in_(OPEN_CARD))
    payment = db.session.scalars(rows.with_for_update().execution_options(populate_existing=True)).one_or_none()
    if payment is None or wanted.payment_method_id is not None:
        check_card_limits(order, actor, terms.card_limits, is_new=payment is None)
    now = transaction_time()
    if payment is None:
        payment = Payment(
            order_id=order.id,
            provider=provider,
            key=str(uuid4()),
            status="created",
            amount=order.total_amount,
            currency=order.currency,
            browser=actor.browser,
            created_at=now,
            updated_at=now,
        )
        db.session.add(payment)
    is_unnamed = payment.provider_reference is None
    if is_unnamed and payment.asked_at is not None and payment.asked_at < now - KEY_GIVEN_UP:
        payment.key, payment.asked_at = str(uuid4()), None  # a failure may be the answer to the old one for a day
    order.payment_method, order.updated_at = CARD, now
    move_payment(order, "processing", actor)
    db.session.flush()
    refusals = select(func.count()).select_from(CardRefusal).where(CardRefusal.order_id == order.id)
    wish = IntentWish(
        amount=order.total,
        order_id=order.public_id,
        payment_id=payment.public_id,
        number=order.number or "",
        email=order.email,
        customer=customer,
        save_card=wanted.save_payment_method,
    )
    return _Open(
        id=payment.id,
        key=payment.key or "",
        reference=payment.provider_reference,
        wish=wish,
        is_unknown=payment.status == "unknown",
        refusals=db.session.scalar(refusals) or 0,
    )


def _refuse_unless_payable(order: Order) -> None:
    if order.payment_status in ("paid", "partially_refunded", "refunded"):
        raise Conflict(PAID_ALREADY)
    if order.status != "pending":
        raise Conflict(f"This order is {order.status} already; it cannot be paid by card any more.")
    held = db.session.scalar(
        select(func.sum(Reservation.quantity)).where(
            Reservation.order_id == order.id, Reservation.status == "held", Reservation.expires_at > transaction_time()
        )
    )
    if int(held or 0) != sum(line.quantity for line in lines_of(order.id)):
        raise Conflict("The time to pay for this order has ended and its stock was given back. Place the order again.")


@operation
def _keep_reference(payment_id: int, reference: str) -> str:
    """Keep by what name the provider has the attempt; the one that was kept first, where two asked at once."""
    _, payment = lock_payment(payment_id)
    if payment.status not in OPEN_CARD:  # nobody has been told of what was just begun, so nobody can pay by it
        raise Conflict("This order was cancelled or is paid in another way by now. Look at it again.")
    if payment.provider_reference is None:
        payment.provider_reference, payment.asked_at = reference, transaction_time()
        if payment.status in ("created", "unknown"):
            payment.status, payment.updated_at = "sent", transaction_time()
    return payment.provider_reference


@operation
def _note_silence(payment_id: int) -> None:
    """The provider did not answer when it was to begin the attempt; from when on is noted, as long as its key lasts."""
    _, payment = lock_payment(payment_id)
    if payment.status in OPEN_CARD and payment.provider_reference is None:
        payment.asked_at = payment.asked_at or transaction_time()


@operation
def _note_end(payment_id: int, failure: str, code: str) -> None:
    """The provider did not begin it: nothing was done, and the order can be paid in another way."""
    order, payment = lock_payment(payment_id)
    if payment.status in OPEN_CARD and payment.provider_reference is None:
        payment.status, payment.failure, payment.failure_code = "failed", failure[:300], code[:64]
        payment.updated_at = transaction_time()
        move_payment(order, "failed", SYSTEM)


# -- charging ----------------------------------------------------------------------------------------------------------


def _charge(
    attempt: _Open, intent: Intent, card: str, actor: Actor, terms: Terms, provider: PaymentProvider, return_url: str
) -> Intent:
    key = f"{attempt.key}:{attempt.refusals}:{_digest(card)}"
    try:
        return provider.confirm_intent(intent.id, card, return_url, key)
    except CardDeclined as error:
        _note_refusal(attempt.id, error, actor.address)
        raise PaymentRefused(str(error), [Detail("paymentMethodId", str(error))]) from error
    except ProviderRefused as error:
        return _look_again(attempt.id, intent.id, error, terms, provider)
    except OutcomeUnknown as error:
        note_unknown(attempt.id, terms)
        raise checking() from error


def _look_again(
    payment_id: int, intent_id: str, refused: ProviderRefused, terms: Terms, provider: PaymentProvider
) -> Intent:
    """The provider charged nothing: either somebody else had it charged a moment ago, or the card cannot be used."""
    try:
        intent = provider.fetch_intent(intent_id)
    except OutcomeUnknown as error:
        note_unknown(payment_id, terms)
        raise checking() from error
    if intent.status != "requires_payment_method":
        return intent
    log.info("card_not_usable", payment=payment_id, code=refused.code)
    message = "This card cannot be used here. Choose another one."
    family = Unknown if isinstance(refused, UnknownCard) else Invalid
    raise family(message, [Detail("paymentMethodId", message)]) from refused


@operation
def _note_refusal(payment_id: int, error: CardDeclined, address: str | None) -> None:
    """The bank does not pay by this card; another one may be tried."""
    order, payment = lock_payment(payment_id)
    keep_card(payment, error.intent.card if error.intent is not None else None)
    write_refusal(order, payment, error.code, address)
    if payment.status not in OPEN_CARD:
        return
    payment.status, payment.failure, payment.failure_code = "sent", str(error)[:300], error.code[:64]
    payment.asked_at = payment.updated_at = transaction_time()
    if order.payment_status == "processing":
        move_payment(order, "failed", SYSTEM)


# -- choosing cash instead ---------------------------------------------------------------------------------------------


def pay_in_cash(
    order_id: int, wanted: CashOnDelivery, actor: Actor, terms: Terms, provider: PaymentProvider | None
) -> Order:
    """Confirm a pending order to be paid at the door; a card payment that is open is cancelled first.

    Raises what confirm_cash_on_delivery raises, Conflict when the card was charged meanwhile (the order is paid then),
    Unavailable when the provider cannot be asked.
    """
    is_open = select(Payment.id).where(Payment.order_id == order_id, Payment.status.in_(OPEN_CARD))
    payment_id = db.session.scalar(is_open)
    end_read()
    if payment_id is None or provider is None:
        return confirm_cash_on_delivery(order_id, wanted, actor, terms)
    order = cancel_attempt(payment_id, provider, terms)
    if order.payment_status == "paid":
        raise Conflict(f"{PAID_ALREADY} The bank had taken the money before you chose cash.")
    return _confirm_in_cash(order_id, payment_id, wanted, actor, terms)


@operation
def _confirm_in_cash(order_id: int, payment_id: int, wanted: CashOnDelivery, actor: Actor, terms: Terms) -> Order:
    _, payment = lock_payment(payment_id)
    if payment.status in OPEN_CARD and payment.provider_reference is None:  # nothing can have been charged by it
        payment.status, payment.updated_at = "cancelled", transaction_time()
    if payment.status in OPEN_CARD:
        raise Conflict("The bank is still looking at the card payment. Wait a minute, then choose again.")
    db.session.flush()
    return confirm_cash_on_delivery(order_id, wanted, actor, terms)


def cancel_attempt(payment_id: int, provider: PaymentProvider, terms: Terms) -> Order:
    """End an attempt at the provider; one that has succeeded meanwhile is settled. Raises Unavailable."""
    found = select(Payment.provider_reference, Payment.order_id).where(Payment.id == payment_id)
    reference, order_id = db.session.execute(found).one()
    end_read()
    if reference is None:
        return _present_order(order_id)
    try:
        intent = provider.cancel_intent(reference)
    except OutcomeUnknown as error:
        note_unknown(payment_id, terms)
        raise checking() from error
    except ProviderRefused:  # it cannot be cancelled as it is now
        return settle_payment(payment_id, provider, terms)
    return take_intent(payment_id, intent, terms)
