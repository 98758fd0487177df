"""The cards that the provider keeps for a customer: the shop itself keeps none."""

from __future__ import annotations

from sqlalchemy import select

from shop.db import db, end_read
from shop.domain.actors import Actor
from shop.domain.customers.models import User
from shop.errors import NotFound, Unavailable
from shop.payment_provider import Card, OutcomeUnknown, PaymentProvider, ProviderRefused, UnknownCustomer

NOT_NOW = "Your cards cannot be shown right now. Try again in a minute."


def may_have_cards(actor: Actor) -> bool:
    """Whether the provider keeps cards for them, or has kept some."""
    return _customer_of(actor) is not None


def list_kept_cards(actor: Actor, provider: PaymentProvider) -> list[Card]:
    """The customer's cards, the newest first. Raises Unavailable when the provider cannot be asked."""
    customer = _customer_of(actor)
    end_read()
    if customer is None:
        return []
    try:
        return provider.list_cards(customer)
    except UnknownCustomer:
        return []
    except (OutcomeUnknown, ProviderRefused) as error:
        raise Unavailable(NOT_NOW, retry_after=30) from error


def forget_kept_card(card_id: str, actor: Actor, provider: PaymentProvider) -> None:
    """Have one of the customer's cards kept no longer. Raises NotFound for one that is not theirs, Unavailable."""
    if card_id not in {card.id for card in list_kept_cards(actor, provider)}:
        raise NotFound("There is no such card among yours.")
    try:
        provider.forget_card(card_id)
    except (OutcomeUnknown, ProviderRefused) as error:
        message = "It is not known whether the card was removed. Look at the list again."
        raise Unavailable(message, retry_after=30) from error


def _customer_of(actor: Actor) -> str | None:
    if actor.customer_id is None:
        return None
    return db.session.scalars(select(User.provider_customer).where(User.id == actor.customer_id)).one_or_none()
