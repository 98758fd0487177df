"""The bank's pages: its books for the curious, the 3-D Secure question, and the script that stands in for Stripe.js."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for

from shop.demo.bank.errors import BankError
from shop.demo.bank.outcomes import OFFERED, OUTCOMES
from shop.demo.bank.payments import Bank
from shop.money import Money

pages = Blueprint("pages", __name__)
SHOWN = 200
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'{and_back}; base-uri 'none'; frame-ancestors 'none'"
SCRIPT = Path(__file__).with_name("static") / "bank.js"


@pages.before_app_request
def refuse_other_sites() -> Response | None:
    """No page elsewhere presses the buttons here."""
    if request.blueprint == "pages" and request.method == "POST":
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            return Response("This form was not sent from a page of the bank.\n", 403, mimetype="text/plain")
    return None


@pages.get("/")
def show_books() -> Response:
    """The ledger, what can be disputed, and how the events fared."""
    store = _bank().store
    lines = store.read_ledger()
    disputes = {thing["payment_intent"]: thing for thing in store.list_after("dispute")}
    page = render_template(
        "books.html",
        lines=lines[::-1][:SHOWN],
        totals=_totals(lines),
        count=len(lines),
        disputes=disputes,
        deliveries=store.list_deliveries(50),
    )
    return _page(page)


@pages.post("/disputes")
def open_dispute() -> Response:
    """What a customer does who does not know the charge."""
    with _bank().store.transaction():
        _bank().open_dispute(request.form.get("charge", ""))
    return _to_books()


@pages.post("/disputes/<dispute_id>")
def close_dispute(dispute_id: str) -> Response:
    """What the customer's bank decides."""
    with _bank().store.transaction():
        _bank().close_dispute(dispute_id, "won" if request.form.get("winner") == "shop" else "lost")
    return _to_books()


@pages.get("/3ds/<intent_id>")
def show_question(intent_id: str) -> Response:
    """Is it you? Asked of whoever has the payment's secret."""
    client_secret = request.args.get("client_secret", "")
    intent = _bank().get("payment_intent", intent_id)
    if client_secret != intent["client_secret"]:
        raise BankError(404, "invalid_request_error", "No such payment.")
    if intent["status"] != "requires_action":
        return _page(render_template("answered.html", intent=intent))
    back = urlsplit(intent["next_action"]["redirect_to_url"]["return_url"] or "")
    page = render_template("question.html", intent=intent, client_secret=client_secret)
    return _page(page, f"{back.scheme}://{back.netloc}" if back.netloc else "")


@pages.post("/3ds/<intent_id>")
def answer_question(intent_id: str) -> Response:
    """Approve or refuse, and back to the shop."""
    client_secret = request.form.get("client_secret", "")
    bank = _bank()
    with bank.store.transaction():
        intent, return_url = bank.answer_question(intent_id, client_secret, request.form.get("answer") == "approve")
    if not return_url:
        return _page(render_template("answered.html", intent=intent))
    told = {
        "payment_intent": intent["id"],
        "payment_intent_client_secret": client_secret,
        "redirect_status": "succeeded" if intent["status"] == "succeeded" else "failed",
    }
    return cast(Response, redirect(f"{return_url}{'&' if '?' in return_url else '?'}{urlencode(told)}", 303))


@pages.get("/v3/")
def show_script() -> Response:
    """What a page loads in place of Stripe.js."""
    offered = [{"id": name, "label": OUTCOMES[name].label} for name in OFFERED]
    source = SCRIPT.read_text(encoding="utf-8").replace("/* outcomes */ []", json.dumps(offered), 1)
    response = Response(source, mimetype="text/javascript")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


@pages.get("/healthz")
def show_health() -> Response:
    return Response("ok\n", mimetype="text/plain")


@pages.app_errorhandler(BankError)
def refuse(error: BankError) -> tuple[str, int]:
    return render_template("refused.html", message=str(error)), error.status


@pages.app_template_filter("money")
def money(amount: int, currency: str) -> str:
    return Money(amount, currency.upper()).format()


@pages.app_template_filter("moment")
def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _totals(lines: list[dict[str, str | int]]) -> dict[str, int]:
    """By currency, what the shop has: captured, less what went back."""
    signs = {"capture": 1, "refund": -1, "dispute": -1, "dispute_won": 1}
    totals: dict[str, int] = {}
    for line in lines:
        currency = str(line["currency"])
        totals[currency] = totals.get(currency, 0) + signs[str(line["kind"])] * int(line["amount"])
    return totals


def _page(html: str, back: str = "") -> Response:
    response = Response(html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY.format(and_back=f" {back}" if back else "")
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response


def _to_books() -> Response:
    return cast(Response, redirect(url_for("pages.show_books"), 303))


def _bank() -> Bank:
    return cast(Bank, current_app.extensions["bank"])
