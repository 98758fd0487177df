"""Paying an order on the pages: by card, by a card that is kept, in cash instead, and what the bank made of it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, flash, jsonify, make_response, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from shop.domain.actors import SYSTEM
from shop.domain.inputs import read_form
from shop.domain.orders.models import Order
from shop.domain.orders.queries import get_order
from shop.domain.orders.tokens import order_token
from shop.domain.payments.cards import PayByCard, begin_card_payment, pay_in_cash
from shop.domain.payments.kept_cards import forget_kept_card, list_kept_cards
from shop.domain.payments.operations import CARD, CashOnDelivery
from shop.domain.payments.settle import settle
from shop.domain.payments.standing import card_standing
from shop.errors import Conflict, Invalid, NotFound, PaymentRefused, TooMany, Unavailable, Unknown
from shop.extensions import payment_provider, settings, terms
from shop.htmx import go_to, is_htmx, is_partial
from shop.payment_provider import PaymentProvider
from shop.policies import current_shopper, policy
from shop.storefront.rendering import render_page

blueprint = Blueprint("paying", __name__)

OWN_ORDERS = "own_orders"  # in the session: those that this browser was about to pay
KEPT_ORDERS = 5


def begin_payment(order: Order) -> Response:
    """Begin to pay by card as the form says: what the page's script needs to go on, or the order's page.

    The secret stands in the body alone, which nobody keeps; whatever is refused is said on the order's page.
    """
    provider = _get_provider()
    _remember(order.public_id)
    there = url_for("paying.return_from_bank", order=order.public_id)
    try:
        wanted = read_form(PayByCard, request.form.items())
        attempt = begin_card_payment(
            order.id, wanted, current_shopper(), terms, provider, return_url=settings.public_base_url + there
        )
    except PaymentRefused:  # the order's page says what the bank said
        return go_to(page_of(order))
    except Unavailable as silence:
        standing = card_standing(order)
        if not (standing.is_checking or standing.was_not_reached):  # else its page says so
            flash(silence.message)
        return go_to(page_of(order))
    except (Conflict, Invalid, TooMany, Unknown) as refusal:
        flash(refusal.details[0].message if refusal.details else refusal.message)
        return go_to(page_of(order))
    if not is_htmx() or attempt.intent.status not in ("requires_payment_method", "requires_action"):
        return go_to(page_of(attempt.order))
    response = jsonify(
        clientSecret=attempt.intent.client_secret,
        isAsked=attempt.intent.status == "requires_action" and wanted.payment_method_id is not None,
        returnUrl=settings.public_base_url + there,
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def find_waiting_order() -> Order | None:
    """The newest order of this browser that can still be paid by card: the bank's page was left, or the tab closed."""
    for order_id in reversed(session.get(OWN_ORDERS, [])):
        order = _find_own_order(order_id)
        if order is None or order.payment_method != CARD:
            continue
        standing = card_standing(order)
        if standing.is_pending and not standing.has_run_out:
            return order
    return None


def page_of(order: Order) -> str:
    """The order's page, by its link; it thanks for an order that was confirmed."""
    token = order_token(order, terms.order_token_secrets)
    is_done = 1 if order.status == "confirmed" else None
    return url_for("orders.show_order", order_id=order.public_id, token=token, placed=is_done)


def _get_provider() -> PaymentProvider:
    provider = payment_provider()
    if provider is None:
        raise NotFound("This shop takes no cards.")
    return provider


def _remember(order_id: str) -> None:
    others: Sequence[str] = [each for each in session.get(OWN_ORDERS, []) if each != order_id]
    session[OWN_ORDERS] = [*others[-(KEPT_ORDERS - 1) :], order_id]


# -- an order that waits for its payment -------------------------------------------------------------------------------


@blueprint.post("/orders/<order_id>/payment")
@policy("guest")
def pay(order_id: str) -> ResponseReturnValue:
    """Pay by card, or in cash after all."""
    order = get_order(order_id, current_shopper(), terms, request.form.get("token", ""))
    if request.form.get("paymentMethod") == CARD:
        return begin_payment(order)
    try:
        paid = pay_in_cash(order.id, CashOnDelivery(), current_shopper(), terms, payment_provider())
    except (Conflict, Invalid, TooMany, Unavailable) as refusal:
        flash(refusal.message)
        return go_to(page_of(order))
    return go_to(page_of(paid))


@blueprint.get("/orders/<order_id>/payment")
@policy("guest")
def ask_again(order_id: str) -> ResponseReturnValue:
    """Ask the bank how the payment stands, and lead to the order's page; while it is not known, HTMX waits on."""
    order = get_order(order_id, current_shopper(), terms, request.args.get("token", ""))
    standing = card_standing(order)
    if standing.is_checking and standing.may_ask:
        order = _settled(order)
        standing = card_standing(order)
    if standing.is_checking and is_partial():
        return "", 204
    return go_to(page_of(order))


@blueprint.get("/checkout/return")
@policy("guest")
def return_from_bank() -> ResponseReturnValue:
    """Where the bank sends the shopper back to: the order is settled, and its page says how it went.

    In another browser than the one that paid there is nothing to show; the order is settled by the bank's word then.
    """
    order = _find_own_order(request.args.get("order", ""))
    if order is None:
        return go_to(url_for("pages.show_page", slug="track-order"))
    return go_to(page_of(_settled(order)))


def _find_own_order(order_id: str) -> Order | None:
    actor = SYSTEM if order_id in session.get(OWN_ORDERS, []) else current_shopper()
    try:
        return get_order(order_id, actor, terms)
    except NotFound:
        return None


def _settled(order: Order) -> Order:
    """The order as the bank's answer makes it; as it is, where the bank cannot be asked."""
    provider = payment_provider()
    if provider is not None:
        try:
            return settle(order.id, provider, terms)
        except Unavailable:
            pass
    return get_order(order.public_id, SYSTEM, terms)


# -- cards that are kept -----------------------------------------------------------------------------------------------


@blueprint.get("/account/cards")
@policy("customer")
def show_cards() -> ResponseReturnValue:
    """The customer's cards; for a form that asks for one, as a choice."""
    provider = _get_provider()
    try:
        cards, problem = list_kept_cards(current_shopper(), provider), ""
    except Unavailable as refusal:
        cards, problem = [], refusal.message
    if is_partial():
        return make_response(render_template("paying/_kept_cards.html", cards=cards))
    return make_response(render_page("account/cards.html", cards=cards, problem=problem))


@blueprint.post("/account/cards/<card_id>/removal")
@policy("customer")
def forget_card(card_id: str) -> ResponseReturnValue:
    try:
        forget_kept_card(card_id, current_shopper(), _get_provider())
    except Unavailable as refusal:
        flash(refusal.message)
    return go_to(url_for("paying.show_cards"))
