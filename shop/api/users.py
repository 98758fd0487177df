"""How users and their tokens are told over the API."""

from __future__ import annotations

from shop.api.schemas import CardOut, Data, TokenPairOut, UserOut
from shop.domain.customers.access_tokens import role_of
from shop.domain.customers.models import User
from shop.domain.customers.tokens import TokenPair
from shop.payment_provider import Card


def present_user(user: User) -> UserOut:
    return UserOut(
        id=user.public_id,
        email=user.email,
        email_verified=user.email_verified_at is not None,
        first_name=user.first_name,
        last_name=user.last_name,
        phone=user.phone,
        role=role_of(user),
        created_at=user.created_at,
        updated_at=user.updated_at,
    )


def present_pair(pair: TokenPair) -> Data[TokenPairOut]:
    """The pair in its envelope."""
    return Data[TokenPairOut](
        data=TokenPairOut(
            access_token=pair.access_token,
            refresh_token=pair.refresh_token,
            expires_in=pair.expires_in,
            user=present_user(pair.user),
        )
    )


def present_card(card: Card) -> CardOut:
    return CardOut(id=card.id, brand=card.brand, last4=card.last4, expires=card.expires)
