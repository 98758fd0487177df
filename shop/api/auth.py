"""POST /auth/…: making an account, signing in with tokens, and new passwords."""

from __future__ import annotations

from flask import Blueprint

from shop.api.openapi import PREFIX, endpoint
from shop.api.schemas import Data, Message, TokenPairOut
from shop.api.users import present_pair
from shop.domain.customers.registration import (
    OwnEmail,
    Register,
    ResetPassword,
    VerifyEmail,
    ask_for_password_reset,
    register,
    resend_verification,
    reset_password,
    verify_email,
)
from shop.domain.customers.tokens import Refresh, SignIn, log_out, open_family, refresh, sign_in_with_tokens
from shop.extensions import limiter, settings, terms, token_keys
from shop.limits import limit_sign_in
from shop.policies import current_caller, policy

bp = Blueprint("api_auth", __name__, url_prefix=f"{PREFIX}/auth")
LETTER = "If the address can be used, a letter is on its way to it. Open the link in it within half an hour."


@bp.post("/register")
@limiter.limit(lambda: settings.ratelimit_register)
@policy("api")
@endpoint(
    "Make an account: a link is sent to the address", body=Register, answers={202: Message}, errors=(400, 415, 422)
)
def register_json(body: Register) -> tuple[Message, int]:
    register(body)
    return Message(message=LETTER), 202


@bp.post("/email/verify")
@limiter.limit(lambda: settings.ratelimit_sign_in_per_address)
@policy("api")
@endpoint(
    "Confirm the address with the token of the letter, and be signed in",
    body=VerifyEmail,
    answers={200: Data[TokenPairOut]},
    errors=(400, 410, 415, 422),
)
def verify_email_json(body: VerifyEmail) -> Data[TokenPairOut]:
    user = verify_email(body, terms.order_token_secrets)
    return present_pair(open_family(user.id, current_caller(), token_keys()))


@bp.post("/email/resend")
@limiter.limit(lambda: settings.ratelimit_forgot)
@policy("api")
@endpoint("Have the letter sent again", body=OwnEmail, answers={202: Message}, errors=(400, 415, 422))
def resend_verification_json(body: OwnEmail) -> tuple[Message, int]:
    resend_verification(body)
    return Message(message=LETTER), 202


@bp.post("/login")
@limit_sign_in
@policy("api")
@endpoint("Sign in", body=SignIn, answers={200: Data[TokenPairOut]}, errors=(400, 401, 415, 422))
def sign_in_json(body: SignIn) -> Data[TokenPairOut]:
    return present_pair(sign_in_with_tokens(body, current_caller(), token_keys()))


@bp.post("/refresh")
@policy("api")
@endpoint(
    "Trade the refresh token for a new pair; it is good once",
    body=Refresh,
    answers={200: Data[TokenPairOut]},
    errors=(400, 401, 415, 422),
)
def refresh_json(body: Refresh) -> Data[TokenPairOut]:
    return present_pair(refresh(body, current_caller(), token_keys()))


@bp.post("/logout")
@policy("api")
@endpoint("End this sign-in", body=Refresh, answers={204: None}, errors=(400, 415, 422))
def log_out_json(body: Refresh) -> None:
    log_out(body)


@bp.post("/password/forgot")
@limiter.limit(lambda: settings.ratelimit_forgot)
@policy("api")
@endpoint("Ask for a link that sets a new password", body=OwnEmail, answers={202: Message}, errors=(400, 415, 422))
def ask_for_password_reset_json(body: OwnEmail) -> tuple[Message, int]:
    ask_for_password_reset(body)
    return Message(message=LETTER), 202


@bp.post("/password/reset")
@limiter.limit(lambda: settings.ratelimit_sign_in_per_address)
@policy("api")
@endpoint(
    "Set a new password with the token of the letter; every sign-in ends",
    body=ResetPassword,
    answers={204: None},
    errors=(400, 410, 415, 422),
)
def reset_password_json(body: ResetPassword) -> None:
    reset_password(body, current_caller(), terms.order_token_secrets)
