"""The page of an order with everything, and what staff do there: each a small form, done once, refused when stale."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

from flask import Blueprint, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from pydantic import Field

from shop.admin.lists import find_row
from shop.admin.order_page import name_of, page_of, refund_rows
from shop.admin.rendering import render
from shop.admin.resources.orders import ORDERS
from shop.domain.actors import Actor
from shop.domain.checkout import cancel_order
from shop.domain.inputs import Line, read_form
from shop.domain.orders.changes import OrderChange
from shop.domain.orders.models import Order
from shop.domain.orders.notes import WriteNote, write_note
from shop.domain.orders.operations import deliver_order, start_processing
from shop.domain.orders.queries import get_order_about
from shop.domain.orders.returns import ReceiveReturn, receive_return
from shop.domain.orders.shipments import ShipOrder, ship_order
from shop.domain.payments.operations import CARD, collect_cash, refuse_parcel
from shop.domain.payments.refunds import RefundPayment, quote_refund, refund_payment
from shop.domain.payments.settle import ask_bank
from shop.errors import Conflict, Detail, Forbidden, Invalid, ShopError, Unavailable, Unknown
from shop.extensions import payment_provider, terms
from shop.filled import FilledForm
from shop.money import Money
from shop.policies import current_staff, policy

W = TypeVar("W", bound=OrderChange)

blueprint = Blueprint("admin_orders", __name__, url_prefix="/admin/orders/<public_id>")


# What the fields of the page's forms are called, where a refusal names one.
LABELS = {
    "quantities": "Units",
    "carrier": "Carrier",
    "trackingNumber": "Tracking number",
    "estimatedDelivery": "Expected by",
    "otherSum": "A sum for no unit",
    "reason": "Reason",
    "text": "A note",
}
NOT_KEPT = ("csrf_token", "formKey", "seen", "confirmed")
LONGEST_KEPT = 2000
IN_HAND = "The money is given back. Its customer gets an e-mail."
TO_THE_CARD = "The money goes back to the card. Its customer gets an e-mail once the provider has given it back."


class CancelOrder(OrderChange):
    """Why an order is cancelled; its customer reads it."""

    reason: Line = Field(default="", max_length=300, title="a reason")


class CollectCash(OrderChange):
    """What was taken at the door, in minor units."""

    amount: int = Field(ge=0, le=10**15, title="what was collected")


@blueprint.get("")
@policy("staff", "orders:read")
def show(public_id: str) -> ResponseReturnValue:
    order = get_order_about(_find(public_id).public_id)
    return render("admin/orders/order.html", **page_of(order), form_of=_take_refused_forms(public_id))


@blueprint.post("/packing")
@policy("staff", "orders:write")
def pack(public_id: str) -> ResponseReturnValue:
    return _change(public_id, OrderChange, start_processing, "The order is being packed.")


@blueprint.post("/shipments")
@policy("staff", "orders:write")
def ship(public_id: str) -> ResponseReturnValue:
    return _change(public_id, ShipOrder, ship_order, "The parcel is sent. Its customer gets an e-mail.")


@blueprint.post("/delivery")
@policy("staff", "orders:write")
def deliver(public_id: str) -> ResponseReturnValue:
    return _change(public_id, OrderChange, deliver_order, "The order is delivered. Its customer gets an e-mail.")


@blueprint.post("/refusal")
@policy("staff", "orders:write")
def refuse(public_id: str) -> ResponseReturnValue:
    said = "The order is cancelled, and its units are on sale again."
    return _change(public_id, OrderChange, refuse_parcel, said)


@blueprint.post("/collection")
@policy("staff", "orders:write")
def collect(public_id: str) -> ResponseReturnValue:
    currency = _find(public_id).currency

    def do(order_id: int, actor: Actor, wanted: CollectCash) -> Order:
        return collect_cash(order_id, Money(wanted.amount, currency), actor, wanted)

    return _change(public_id, CollectCash, do, "The order is paid.")


@blueprint.post("/inquiry")
@policy("staff", "orders:write")
def ask(public_id: str) -> ResponseReturnValue:
    """Ask the bank how the order's card payment stands, and settle it by the answer; pressed twice it does no harm."""

    def do(order_id: int, _actor: Actor, _wanted: OrderChange) -> Order:
        return ask_bank(order_id, payment_provider(), terms)

    return _change(public_id, OrderChange, do, "The bank was asked. The payment below is as it says.")


@blueprint.post("/cancellation")
@policy("staff", "orders:write")
def cancel(public_id: str) -> ResponseReturnValue:
    def do(order_id: int, actor: Actor, wanted: CancelOrder) -> Order:
        return cancel_order(order_id, actor, reason=wanted.reason, wanted=wanted)

    said = "The order is cancelled, and its units are on sale again. Its customer gets an e-mail."
    return _change(public_id, CancelOrder, do, said)


@blueprint.post("/returns")
@policy("staff", "orders:write")
def take_back(public_id: str) -> ResponseReturnValue:
    return _change(public_id, ReceiveReturn, receive_return, "The return is written down. It can be refunded below.")


@blueprint.post("/notes")
@policy("staff", "orders:write")
def note(public_id: str) -> ResponseReturnValue:
    return _change(public_id, WriteNote, write_note, "The note is kept.")


@blueprint.post("/refunds")
@policy("staff", "refunds:write")
def refund(public_id: str) -> ResponseReturnValue:
    """First shows what it comes to; with `confirmed` it is given back."""
    order = _find(public_id)
    try:
        wanted = read_form(RefundPayment, _with_minor_units(order))
        if "confirmed" not in request.form:
            return _ask_about_refund(order, wanted)
    except (Conflict, Invalid) as refusal:
        return _refused(public_id, refusal)
    said = TO_THE_CARD if order.payment_method == CARD else IN_HAND
    return _change(public_id, RefundPayment, refund_payment, said)


def _with_minor_units(order: Order) -> Iterator[tuple[str, str]]:
    """The form's fields; a sum that is typed in the currency's units becomes minor units. Raises Invalid."""
    typed = request.form.get("otherSum", "").strip()
    yield from request.form.items()
    if typed:
        try:
            yield "otherAmount", str(Money.typed(typed, order.currency).amount)
        except ValueError:
            message = "Write the sum as 12.50."
            raise Invalid(message, [Detail("otherSum", message)]) from None


def _ask_about_refund(order: Order, wanted: RefundPayment) -> ResponseReturnValue:
    quote = quote_refund(order.id, wanted)
    whole = get_order_about(order.public_id)
    fields = {name: text for name, text in _with_minor_units(order) if name not in {"csrf_token", "otherSum"}}
    return render(
        "admin/orders/refund.html",
        resource=ORDERS,
        row=whole,
        title=f"Give back {quote.total.format()}",
        quote=quote,
        rows=refund_rows(whole, quote.by_line, quote.units),
        fields=fields,
    )


def _change(public_id: str, wish: type[W], do: Callable[[int, Actor, W], object], said: str) -> ResponseReturnValue:
    """Do one thing to the order; where it cannot be done, its page says why."""
    order_id = _find(public_id).id
    try:
        do(order_id, current_staff(), read_form(wish, request.form.items()))
    except (Conflict, Invalid, Unknown, Forbidden, Unavailable) as refusal:
        return _refused(public_id, refusal)
    flash(said)
    return redirect(url_for("admin_orders.show", public_id=public_id), 303)


def _refused(public_id: str, refusal: ShopError) -> ResponseReturnValue:
    """Lead back to the order's page, which says why and has the form open with what was typed."""
    labels = LABELS | {f"quantities.{line.public_id}": name_of(line) for line in get_order_about(public_id).line_items}
    named = [f"{labels[d.field]}: {d.message}" if d.field in labels else d.message for d in refusal.details]
    about_all = [] if any(d.message == refusal.message for d in refusal.details) else [refusal.message]
    flash(" ".join(dict.fromkeys([*about_all, *named])), "error")
    if "returnId" not in request.form:  # that form has nothing to type
        session["refused_form"] = {
            "order": public_id,
            "form": (request.endpoint or "").rpartition(".")[2],
            "values": {name: text[:LONGEST_KEPT] for name, text in request.form.items() if name not in NOT_KEPT},
            "mistakes": {detail.field: detail.message for detail in refusal.details},
        }
    return redirect(url_for("admin_orders.show", public_id=public_id), 303)


def _take_refused_forms(public_id: str) -> Callable[[str], FilledForm]:
    """The forms of the page by name: one that was refused just now with what was typed, the others empty."""
    kept = session.pop("refused_form", None)
    if kept is None or kept["order"] != public_id:
        return lambda name: FilledForm()
    refused = FilledForm(kept["values"], kept["mistakes"], message="refused")
    return lambda name: refused if name == kept["form"] else FilledForm()


def _find(public_id: str) -> Order:
    order: Order = find_row(ORDERS, public_id)
    return order
