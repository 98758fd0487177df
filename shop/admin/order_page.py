"""What an order's page shows to staff: lines and where their units are, money, parcels, returns, notes and letters."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import select

from shop.admin.details import history_of
from shop.admin.people import names_of
from shop.admin.resource import Fact
from shop.admin.resources.orders import ORDERS
from shop.db import db
from shop.domain.addresses import address_lines
from shop.domain.customers.models import User
from shop.domain.orders.invoices import has_invoice
from shop.domain.orders.models import Order, OrderLineItem, OrderNote
from shop.domain.orders.operations import can_be_cancelled
from shop.domain.orders.receipts import payment_words, steps_of, sums_of
from shop.domain.orders.returns import units_to_return
from shop.domain.orders.shipments import tracking_address, units_to_ship
from shop.domain.orders.tokens import order_link, order_token
from shop.domain.outbox import list_emails_about
from shop.domain.payments.models import Dispute, Payment, Refund
from shop.domain.payments.operations import CARD, OPEN_CARD
from shop.domain.payments.refunds import refunded_units, shipping_left
from shop.domain.payments.standing import card_of
from shop.domain.versions import version_of
from shop.extensions import settings, terms
from shop.money import Money
from shop.policies import current_staff, may_open
from shop.words import day


@dataclass(frozen=True)
class LineUnits:
    """A line of the order and where its units are."""

    line: OrderLineItem
    to_ship: int
    to_return: int
    refunded: int

    @property
    def sent(self) -> int:
        return self.line.quantity - self.to_ship

    @property
    def returned(self) -> int:
        return self.sent - self.to_return

    @property
    def to_refund(self) -> int:
        return self.line.quantity - self.refunded

    @property
    def words(self) -> str:
        """Where the units are, such as "2 of 3 sent, 1 came back"; empty while all wait."""
        parts = []
        if self.sent:
            parts.append("all sent" if self.sent == self.line.quantity else f"{self.sent} of {self.line.quantity} sent")
        if self.returned:
            parts.append(f"{self.returned} came back")
        if self.refunded:
            parts.append(f"{self.refunded} refunded")
        return ", ".join(parts)


def page_of(order: Order) -> dict[str, Any]:
    """All that the page of an order shows; `order` was read with its lines, history and what followed."""
    lines = _lines(order)
    payments = list(db.session.scalars(select(Payment).filter_by(order_id=order.id).order_by(Payment.id)))
    notes = list(db.session.scalars(select(OrderNote).filter_by(order_id=order.id).order_by(OrderNote.id)))
    disputes = db.session.scalars(select(Dispute).filter_by(order_id=order.id).order_by(Dispute.id))
    written = [order.public_id, *(row.public_id for row in (*order.shipments, *order.refunds))]
    return {
        "resource": ORDERS,
        "row": order,
        "order": order,
        "title": f"Order {order.number}",
        "facts": _facts(order),
        "links": _links(order),
        "lines": lines,
        "may_open_stock": may_open("admin_inventory.show"),
        "sums": sums_of(order),
        "steps": steps_of(order),
        "payment": payment_words(order, card_of(order)),
        "payments": [(each, attempt_in_words(each)) for each in payments],
        "refund_in_words": refund_in_words,
        "disputes": [(each, Money(each.amount, each.currency)) for each in disputes],
        "money_left": order.money(sum(each.captured_amount - each.refunded_amount for each in payments)),
        "delivery_left": shipping_left(order, order.line_items),
        "refunded_returns": {refund.return_id for refund in order.refunds if refund.status != "failed"},
        "address": address_lines(order.shipping_address),
        "billing": address_lines(order.billing_address) if order.billing_address != order.shipping_address else [],
        "tracking_address": tracking_address,
        "notes": notes,
        "emails": list_emails_about(written),
        "people": _names_of((*order.history, *order.shipments, *order.returns, *order.refunds, *notes)),
        "can": _possible(order, lines, payments),
        "key": secrets.token_hex(16),
        "seen": version_of(order.updated_at),
        "history": history_of(ORDERS, order),
        "move_in_words": move_in_words,
        "acts": [],
    }


def _lines(order: Order) -> list[LineUnits]:
    to_ship, to_return = units_to_ship(order.line_items), units_to_return(order.line_items)
    refunded = refunded_units(order.line_items)
    return [LineUnits(line, to_ship[line.id], to_return[line.id], refunded[line.id]) for line in order.line_items]


def _possible(order: Order, lines: list[LineUnits], payments: list[Payment]) -> set[str]:
    """The names of what the member of staff can do with the order as it is now."""
    staff = current_staff()
    is_due = any(payment.status == "due" for payment in payments)
    is_refundable = any(payment.captured_amount > payment.refunded_amount for payment in payments)
    able = {
        "note": True,
        "pack": order.status == "confirmed" and order.payment_status != "refunded",
        "ship": order.status == "processing",
        "deliver": order.status == "shipped",
        "refuse": order.status == "shipped" and is_due,
        "collect": is_due,
        "ask": any(payment.status in OPEN_CARD and payment.provider_reference for payment in payments),
        "cancel": can_be_cancelled(order, staff) and (not is_refundable or staff.may("refunds:write")),
        "return": order.status == "delivered" and any(each.to_return for each in lines),
    }
    possible = {name for name, is_so in able.items() if is_so and staff.may("orders:write")}
    return possible | ({"refund"} if is_refundable and staff.may("refunds:write") else set())


def _facts(order: Order) -> tuple[Fact, ...]:
    name, address = _customer_of(order)
    return (
        Fact("Customer", name, address=address),
        Fact("E-mail", order.email),
        Fact("Phone", order.shipping_address.get("phone") or "none"),
        Fact("Status", order.status, "badge"),
        Fact("Payment", order.payment_status, "badge"),
        Fact("Shipping", order.shipping_status, "badge"),
        Fact("Placed", order.created_at, "time"),
        *((Fact("Expected by", day(order.estimated_delivery)),) if order.estimated_delivery else ()),
    )


def _customer_of(order: Order) -> tuple[str, str]:
    """Who ordered, and the way to their page where they have an account."""
    public_id = db.session.scalar(select(User.public_id).where(User.id == order.user_id)) if order.user_id else None
    name = f"{order.shipping_address.get('firstName', '')} {order.shipping_address.get('lastName', '')}".strip()
    is_open = public_id is not None and may_open("admin.users_row")
    return name or order.email, url_for("admin.users_row", public_id=public_id) if is_open else ""


def _links(order: Order) -> list[tuple[str, str]]:
    """The ways to what the customer sees."""
    found = [("Customer's page", order_link(order, settings.public_base_url, terms.order_token_secrets))]
    if has_invoice(order):
        token = order_token(order, terms.order_token_secrets)
        found.append(("Invoice", url_for("orders.show_invoice", order_id=order.public_id, token=token)))
    return found


def _names_of(rows: Iterable[Any]) -> dict[int, str]:
    """Who did these things, by user key."""
    return names_of(row.user_id for row in rows if row.user_id is not None)


ATTEMPTS = {
    "created": "the customer has not entered a card yet",
    "sent": "no card was taken yet",
    "requires_action": "the customer has to confirm it with their bank",
    "processing": "the bank is looking at it",
    "unknown": "the bank did not answer; it is asked again and again",
    "succeeded": "paid",
    "cancelled": "cancelled, nothing was charged",
}
NOT_BEGUN = "the bank could not be reached; nothing was charged, and the customer can try again"
REFUNDS = {
    "requested": "It is sent to the provider in a moment.",
    "sent": "The provider has it and gives it back.",
    "unknown": "The provider did not answer; it is asked again and again.",
    "failed": "The money did not go.",
}


def attempt_in_words(payment: Payment) -> str:
    """How far an attempt to pay is, for staff."""
    if payment.provider != CARD:
        return payment.status
    if payment.status == "unknown" and payment.provider_reference is None:
        return NOT_BEGUN
    return ATTEMPTS.get(payment.status, payment.status)


def refund_in_words(refund: Refund) -> str:
    """How far a refund is that was not given back yet, for staff; empty for one that was."""
    return f"{REFUNDS.get(refund.status, '')} {refund.failure}".strip()


MOVES = {
    ("status", "pending"): "The order was placed",
    ("status", "confirmed"): "The order was confirmed",
    ("status", "processing"): "Packing began",
    ("status", "shipped"): "The order is on its way",
    ("status", "delivered"): "The order arrived",
    ("status", "cancelled"): "The order was cancelled",
    ("shipping", "partially_shipped"): "A first parcel was sent",
    ("shipping", "shipped"): "All of it was sent",
    ("shipping", "delivered"): "All of it was delivered",
    ("shipping", "returned"): "All of it came back",
    ("payment", "paid"): "It was paid",
    ("payment", "partially_refunded"): "Part of the money was given back",
    ("payment", "refunded"): "All of the money was given back",
}


def move_in_words(track: str, to: str) -> str:
    """What it means that the status, payment or shipping of an order became this."""
    return MOVES.get((track, to), f"{track.capitalize()}: {to.replace('_', ' ')}")


def refund_rows(order: Order, by_line: dict[int, Money], units: dict[int, int]) -> list[tuple[str, Money]]:
    """The units of a refund in words, with what they come to."""
    lines = [(order.line(line_id), share) for line_id, share in by_line.items()]
    return [(f"{units[line.id]} × {name_of(line)}", share) for line, share in lines]


def name_of(line: OrderLineItem) -> str:
    """What was bought, with its variant where it has a name."""
    return line.product_name if line.variant_name == "Default" else f"{line.product_name} ({line.variant_name})"
