"""An order's own page: confirmation, progress, cancellation and invoice, opened by its link or by its customer.

Who has lost the link has it mailed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, Response, make_response, request, url_for
from flask.typing import ResponseReturnValue

from shop.db import transaction_time
from shop.domain.checkout import cancel_order
from shop.domain.inputs import read_form
from shop.domain.orders.invoices import Invoice, Seller, has_invoice, invoice_of
from shop.domain.orders.models import Order, OrderEvent
from shop.domain.orders.operations import AskForLink, ask_for_order_link, can_be_cancelled
from shop.domain.orders.queries import get_order
from shop.domain.orders.receipts import is_paid_in_cash, payment_words, sums_of
from shop.domain.orders.shipments import tracking_address
from shop.domain.payments.standing import CardStanding, card_of, card_standing
from shop.domain.reviews.queries import is_asked_for_reviews
from shop.errors import Invalid
from shop.extensions import limiter, settings, terms
from shop.filled import FilledForm
from shop.htmx import go_to
from shop.policies import current_shopper, policy
from shop.refusals import status_of
from shop.storefront.card_pages import card_form, let_provider_in
from shop.storefront.pages import render_content_page
from shop.storefront.rendering import render_page
from shop.storefront.reviews import review_address
from shop.words import wait_in_words

blueprint = Blueprint("orders", __name__)

STEPS = {
    "pending": "Placed",
    "confirmed": "Confirmed",
    "processing": "Being packed",
    "shipped": "On its way",
    "delivered": "Delivered",
}
# Browsers show a PDF by a page of their own around it, with styles inside.
PDF_POLICY = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; base-uri 'none'; frame-ancestors 'none'"


PUT_BACK_FROM = ("shipped", "delivered", "cancelled")
STATUS_WORDS = {**STEPS, "cancelled": "Cancelled"}


@dataclass(frozen=True)
class Step:
    """One step of an order's way; `at` is None for one that is still to come."""

    name: str
    at: datetime | None
    is_current: bool


@blueprint.get("/orders/<order_id>")
@policy("guest")
def show_order(order_id: str) -> ResponseReturnValue:
    token = request.args.get("token", "")
    order = get_order(order_id, current_shopper(), terms, token)
    standing = card_standing(order)
    is_payable = terms.takes_cards and standing.can_be_paid
    page = render_page(
        "orders/order.html",
        can_be_cancelled=can_be_cancelled(order, current_shopper()) and not is_paid_in_cash(order),
        can_be_put_back=order.status in PUT_BACK_FROM or standing.has_run_out,
        cancelled_because=_why_cancelled(order),
        card=card_form(order.total) if is_payable else None,
        has_invoice=has_invoice(order),
        has_run_out=standing.has_run_out,
        is_just_placed=request.args.get("placed") == "1" and order.status != "cancelled",
        order=order,
        payment=payment_words(order, card_of(order)),
        review_address=review_address(order) if is_asked_for_reviews(order) else "",
        standing=standing,
        steps=steps_of(order),
        sums=sums_of(order),
        time_left=_time_left(standing),
        token=token,
        tracking_address=tracking_address,
        waits_for_payment=is_payable,
    )
    response = _out_of_indexes(page)
    return let_provider_in(response) if is_payable else response


def _time_left(standing: CardStanding) -> str:
    """How long the order can still be paid, such as "12 minutes"."""
    if standing.held_until is None:
        return ""
    return wait_in_words(max(1, round((standing.held_until - transaction_time()).total_seconds())))


def _why_cancelled(order: Order) -> str:
    """What staff gave as the reason; empty where there is none, or the customer cancelled."""
    moves = [move for move in order.history if move.track == "status" and move.to_status == "cancelled"]
    return moves[-1].note if moves and moves[-1].by == "staff" else ""


def _out_of_indexes(answer: ResponseReturnValue) -> Response:
    response = make_response(answer)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@blueprint.post("/orders/<order_id>/cancellation")
@policy("guest")
def cancel(order_id: str) -> ResponseReturnValue:
    token = request.form.get("token", "")
    order = get_order(order_id, current_shopper(), terms, token)
    cancel_order(order.id, current_shopper(), reason="Cancelled on the order page")
    return go_to(url_for("orders.show_order", order_id=order.public_id, token=token or None))


# -- the invoice -------------------------------------------------------------------------------------------------------


@blueprint.get("/orders/<order_id>/invoice")
@policy("guest")
def show_invoice(order_id: str) -> ResponseReturnValue:
    token = request.args.get("token", "")
    invoice = _get_invoice(order_id, token)
    return _out_of_indexes(render_page("orders/invoice.html", invoice=invoice, order_id=order_id, token=token))


@blueprint.get("/orders/<order_id>/invoice.pdf")
@policy("guest")
def show_invoice_pdf(order_id: str) -> ResponseReturnValue:
    # Imported here: it takes a fifth of a second and tens of megabytes, and most processes never print.
    from shop.documents.invoice_pdf import render_invoice_pdf

    invoice = _get_invoice(order_id, request.args.get("token", ""))
    response = _out_of_indexes(Response(render_invoice_pdf(invoice), mimetype="application/pdf"))
    response.headers["Content-Disposition"] = f'inline; filename="invoice-{invoice.number}.pdf"'
    response.headers["Content-Security-Policy"] = PDF_POLICY
    return response


def _get_invoice(order_id: str, token: str) -> Invoice:
    order = get_order(order_id, current_shopper(), terms, token)
    seller = Seller(terms.shop_name, tuple(settings.shop_address_lines), settings.mail_from)
    return invoice_of(order, seller, card_of(order))


# -- a lost link: the form stands on a public page, so it carries no token; its origin defends it ----------------------


@blueprint.post("/order-links")
@limiter.limit(lambda: settings.ratelimit_order_link)
@policy("guest", form_token=False)
def ask_for_link() -> ResponseReturnValue:
    try:
        ask_for_order_link(read_form(AskForLink, request.form.items()))
    except Invalid as refusal:
        form = FilledForm.refused(request.form, refusal)
        return render_content_page("track-order", form=form), status_of(refusal)
    return go_to(url_for("orders.show_link_sent"))


@blueprint.get("/order-links")
@policy("public")
def show_link_sent() -> ResponseReturnValue:
    return render_page("orders/link_sent.html")


# -- its progress ------------------------------------------------------------------------------------------------------


def steps_of(order: Order) -> list[Step]:
    """The order's way with the times of what has happened; a cancelled one ends where it was cancelled."""
    moves = _moves_of_status(order.history)
    if order.status == "cancelled":
        return [Step(STEPS.get(move.to_status, "Cancelled"), move.created_at, move is moves[-1]) for move in moves]
    reached = {move.to_status: move.created_at for move in moves}
    return [Step(name, reached.get(status), status == order.status) for status, name in STEPS.items()]


def _moves_of_status(history: Sequence[OrderEvent]) -> list[OrderEvent]:
    return [move for move in history if move.track == "status"]
