"""Making an account and setting a new password, by links sent to the address."""

from __future__ import annotations

from flask import Blueprint, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from shop.domain.customers.registration import (
    OwnEmail,
    Register,
    ResetPassword,
    VerifyEmail,
    ask_for_password_reset,
    register,
    reset_password,
    verify_email,
)
from shop.domain.inputs import read_form
from shop.errors import Gone, Invalid
from shop.extensions import limiter, settings, terms
from shop.filled import FilledForm
from shop.htmx import go_to
from shop.policies import current_shopper, policy
from shop.refusals import status_of
from shop.storefront.account import enter
from shop.storefront.rendering import render_page

blueprint = Blueprint("registration", __name__, url_prefix="/account")


@blueprint.get("/register")
@policy("guest")
def show_register() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return go_to(url_for("account.show_account"))
    return render_page("account/register.html", form=FilledForm())


@blueprint.post("/register")
@limiter.limit(lambda: settings.ratelimit_register)
@policy("guest")
def register_on_page() -> ResponseReturnValue:
    try:
        register(read_form(Register, request.form.items()))
    except Invalid as refusal:
        form = FilledForm.refused(_without_password(), refusal)
        return render_page("account/register.html", form=form), status_of(refusal)
    return go_to(url_for("registration.show_letter_sent"))


@blueprint.get("/letter")
@policy("guest")
def show_letter_sent() -> ResponseReturnValue:
    return render_page("account/letter_sent.html")


@blueprint.get("/confirm")
@policy("guest")
def show_confirm() -> ResponseReturnValue:
    """A button, as programs that look at letters open their links too."""
    return render_page("account/confirm.html", token=request.args.get("token", ""))


@blueprint.post("/confirm")
@limiter.limit(lambda: settings.ratelimit_sign_in_per_address)
@policy("guest")
def confirm() -> ResponseReturnValue:
    try:
        user = verify_email(read_form(VerifyEmail, request.form.items()), terms.order_token_secrets)
    except (Invalid, Gone) as refusal:
        return _ended(refusal)
    return enter(user, url_for("account.show_account"))


@blueprint.get("/password")
@policy("guest")
def show_forgot() -> ResponseReturnValue:
    return render_page("account/forgot.html", form=FilledForm())


@blueprint.post("/password")
@limiter.limit(lambda: settings.ratelimit_forgot)
@policy("guest")
def forgot() -> ResponseReturnValue:
    try:
        ask_for_password_reset(read_form(OwnEmail, request.form.items()))
    except Invalid as refusal:
        return render_page("account/forgot.html", form=FilledForm.refused(request.form, refusal)), status_of(refusal)
    return go_to(url_for("registration.show_letter_sent"))


@blueprint.get("/password/reset")
@policy("guest")
def show_reset() -> ResponseReturnValue:
    return render_page("account/reset.html", form=FilledForm(), token=request.args.get("token", ""))


@blueprint.post("/password/reset")
@limiter.limit(lambda: settings.ratelimit_sign_in_per_address)
@policy("guest")
def reset() -> ResponseReturnValue:
    try:
        reset_password(read_form(ResetPassword, request.form.items()), current_shopper(), terms.order_token_secrets)
    except Gone as refusal:
        return _ended(refusal)
    except Invalid as refusal:
        form = FilledForm.refused({}, refusal)
        page = render_page("account/reset.html", form=form, token=request.form.get("token", ""))
        return page, status_of(refusal)
    session.clear()  # whoever was signed in here is not any more, as everywhere
    session.renew()  # type: ignore[attr-defined]
    return go_to(url_for("account.show_sign_in", changed=1))


def _ended(refusal: Gone | Invalid) -> ResponseReturnValue:
    return render_page("account/link_ended.html", message=refusal.message), status_of(refusal)


def _without_password() -> dict[str, str]:
    return {name: value for name, value in request.form.items() if name != "password"}
