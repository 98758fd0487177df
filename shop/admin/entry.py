"""The staff's own way in and out."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user

from shop.admin.errors import status_of
from shop.admin.rendering import render
from shop.domain.customers.operations import Credentials, authenticate_staff, note_sign_in
from shop.domain.inputs import read_form
from shop.errors import Invalid, Unauthenticated
from shop.filled import FilledForm
from shop.limits import limit_sign_in
from shop.policies import current_staff, policy
from shop.redirects import safe_next
from shop.words import moment

blueprint = Blueprint("admin_entry", __name__, url_prefix="/admin")


@blueprint.get("/sign-in")
@policy("guest")
def show_sign_in() -> ResponseReturnValue:
    if current_user.is_authenticated and current_user.is_staff:
        return redirect(_wanted_page(), 303)
    return _page(FilledForm())


@blueprint.post("/sign-in")
@limit_sign_in
@policy("guest")
def sign_in() -> ResponseReturnValue:
    try:
        user = authenticate_staff(read_form(Credentials, request.form.items()))
    except (Invalid, Unauthenticated) as refusal:
        form = FilledForm.refused({"email": request.form.get("email", "")}, refusal)
        return _page(form), status_of(refusal)
    session.renew()  # type: ignore[attr-defined]
    login_user(user)
    session["is_staff"] = True
    before = note_sign_in(current_staff())
    if before is None:
        flash("This is your first sign-in.")
    else:
        flash(f"You signed in last on {moment(before.created_at)}, from {before.address or 'an unknown address'}.")
    return redirect(_wanted_page(), 303)


@blueprint.post("/sign-out")
@policy("guest")
def sign_out() -> ResponseReturnValue:
    logout_user()
    session.clear()
    session.renew()  # type: ignore[attr-defined]
    return redirect(url_for("admin_entry.show_sign_in"), 303)


def _page(form: FilledForm) -> str:
    return render("admin/sign_in.html", form=form, next_page=_wanted_page())


def _wanted_page() -> str:
    home = url_for("admin_dashboard.show_dashboard")
    wanted = safe_next(request.values.get("next"), home)
    return wanted if wanted == home or wanted.startswith(f"{home}/") else home
