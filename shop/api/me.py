"""GET and PATCH /me (also /user), and /me/payment-methods: the customer who calls, and the cards kept for them."""

from __future__ import annotations

from flask import Blueprint

from shop.api.callers import current_customer
from shop.api.openapi import PREFIX, endpoint
from shop.api.schemas import CardOut, Data, UserOut
from shop.api.users import present_card, present_user
from shop.domain.customers.profile import ChangeProfile, change_profile, get_user
from shop.domain.payments.kept_cards import forget_kept_card, list_kept_cards
from shop.errors import NotFound
from shop.extensions import payment_provider
from shop.policies import policy

bp = Blueprint("api_me", __name__, url_prefix=PREFIX)


@bp.get("/me")
@bp.get("/user", endpoint="get_user_json")
@policy("api")
@endpoint("Read who is signed in", answers={200: Data[UserOut]}, errors=(401,), by_token=True)
def get_me_json() -> Data[UserOut]:
    return Data[UserOut](data=present_user(get_user(current_customer())))


@bp.patch("/me")
@bp.patch("/user", endpoint="change_user_json")
@policy("api")
@endpoint(
    "Change one's profile; what is left out stays",
    body=ChangeProfile,
    answers={200: Data[UserOut]},
    errors=(400, 401, 415, 422),
    by_token=True,
)
def change_me_json(body: ChangeProfile) -> Data[UserOut]:
    return Data[UserOut](data=present_user(change_profile(body, current_customer())))


@bp.get("/me/payment-methods")
@policy("api")
@endpoint(
    "List the cards that the payment provider keeps for the customer",
    answers={200: Data[list[CardOut]]},
    errors=(401,),
    by_token=True,
)
def list_cards_json() -> Data[list[CardOut]]:
    customer, provider = current_customer(), payment_provider()
    cards = list_kept_cards(customer, provider) if provider is not None else []
    return Data[list[CardOut]](data=[present_card(card) for card in cards])


@bp.delete("/me/payment-methods/<card_id>")
@policy("api")
@endpoint("Have a card kept no longer", answers={204: None}, errors=(401, 404), by_token=True)
def forget_card_json(card_id: str) -> None:
    customer, provider = current_customer(), payment_provider()
    if provider is None:
        raise NotFound("There is no such card among yours.")
    forget_kept_card(card_id, customer, provider)
