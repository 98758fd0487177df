"""Paying orders by card: one open attempt an order, its key kept before anything is asked (reliability.md D15, D20)."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from shop.domain.actors import Actor
from shop.domain.inputs import Input, Line
from shop.domain.orders.models import Order
from shop.domain.payments.operations import CashOnDelivery
from shop.domain.terms import Terms
from shop.payment_provider import Intent, PaymentProvider


class PayByCard(Input):
    """What paying by card asks for: without a payment method the browser asks for the card."""

    payment_method_id: Line | None = Field(default=None, min_length=1, max_length=120, title="a payment method id")
    save_payment_method: bool = Field(default=False, title="whether the card is kept for the next time")


@dataclass(frozen=True)
class CardAttempt:
    """The order as it is now, and the payment as the provider has it: its client secret and status."""

    order: Order
    intent: Intent


def begin_card_payment(
    order_id: int, wanted: PayByCard, actor: Actor, terms: Terms, provider: PaymentProvider, *, return_url: str
) -> CardAttempt:
    """Begin to pay a pending order by card, or go on with the attempt that is open; with a payment method, charge it.

    Raises PaymentRefused with the bank's words (the order can be paid again), Conflict when the order is paid or
    cancelled or its hold has ended, Invalid below the provider's smallest amount or where the card cannot be used,
    TooMany from the carding shield, Unavailable when the outcome is not known yet.
    """
    raise NotImplementedError


def pay_in_cash(
    order_id: int, wanted: CashOnDelivery, actor: Actor, terms: Terms, provider: PaymentProvider | None
) -> Order:
    """Confirm a pending order to be paid at the door; a card payment that is open is cancelled first.

    Raises what confirm_cash_on_delivery raises, Conflict when the card was charged meanwhile (the order is paid then),
    Unavailable when the provider cannot be asked.
    """
    raise NotImplementedError
