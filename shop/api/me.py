"""GET and PATCH /me (also /user): the customer who calls."""

from __future__ import annotations

from flask import Blueprint

from shop.api.callers import current_customer
from shop.api.openapi import PREFIX, endpoint
from shop.api.schemas import Data, UserOut
from shop.api.users import present_user
from shop.domain.customers.profile import ChangeProfile, change_profile, get_user
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
