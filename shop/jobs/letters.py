"""What a letter says. Its words and figures are made here once, so that its HTML and its plain text say the same."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from flask import current_app

from shop.domain.addresses import address_lines
from shop.domain.orders.models import Order
from shop.domain.orders.queries import get_order_about
from shop.domain.orders.receipts import MONEY_MOVED, Figure, payment_words, sums_of
from shop.domain.orders.tokens import order_link
from shop.domain.outbox import ClaimedEmail
from shop.domain.payments.standing import card_of
from shop.domain.reviews.queries import is_asked_for_reviews, reviewables_of
from shop.domain.reviews.tokens import VALID_FOR, review_token
from shop.domain.shipping import days_in_words
from shop.extensions import settings, terms
from shop.gateways.mail import Letter
from shop.jobs.account_letters import ACCOUNT_SUBJECTS, NotMeantAnyMore, words_about_account
from shop.jobs.order_letters import words_of_cancellation, words_of_delivery, words_of_parcel, words_of_refund
from shop.words import day

# kind of e-mail -> its subject; its layout is templates/emails/<kind>.txt and .html
SUBJECTS = {
    "order_confirmed": "Your order {order.number} is confirmed",
    "order_cancelled": "Your order {order.number} is cancelled",
    "order_delivered": "Your order {order.number} was delivered",
    "order_link": "The link to your order {order.number}",
    "order_refunded": "Money of your order {order.number} is given back",
    "review_request": "How do you like what you ordered?",
    "shipment_sent": "Your order {order.number} is on its way",
}
NOT_SHOWN_IN_MAIL = (".svg", ".avif")  # mail programs show an empty frame for these


def write_letter(claim: ClaimedEmail) -> Letter:
    """The letter of a claimed e-mail, from the order or the account as it is now.

    Raises NotFound when that is gone, NotMeantAnyMore where nobody should get it any more.
    """
    words = words_about_account(claim) if claim.kind in ACCOUNT_SUBJECTS else _words_about_order(claim)
    words |= {
        "contact_address": settings.mail_from,
        "shop_address": settings.shop_address_lines,
        "shop_name": terms.shop_name,
        "shop_url": settings.public_base_url,
    }
    return Letter(
        id=claim.public_id,
        sender=settings.mail_from,
        sender_name=terms.shop_name,
        recipient=claim.recipient,
        subject=str(words["subject"]),
        text=_render(f"emails/{claim.kind}.txt", words),
        html=_render(f"emails/{claim.kind}.html", words),
        date=claim.created_at,
        host=urlsplit(settings.public_base_url).hostname or "localhost",
    )


def _words_about_order(claim: ClaimedEmail) -> dict[str, Any]:
    order = get_order_about(claim.subject_id)
    if claim.kind == "review_request" and not is_asked_for_reviews(order):
        raise NotMeantAnyMore("the order was given back")
    subject = SUBJECTS[claim.kind].format(order=order)
    return {"subject": subject, **_words_of(order), **_words_for(claim, order)}


def _render(template: str, words: dict[str, Any]) -> str:
    # Not flask.render_template: its context processors look at the request's user, and there is no request here.
    return current_app.jinja_env.get_template(template).render(words)


def _words_of(order: Order) -> dict[str, Any]:
    has_own_billing = order.billing_address != order.shipping_address
    return {
        "order": order,
        "status_url": order_link(order, settings.public_base_url, terms.order_token_secrets),
        "lead": _lead(order),
        "due": _due(order),
        "expected": _expected(order),
        "rows": sums_of(order),
        "included": _included(order),
        "steps": _list_steps(order),
        "address": _address(order.shipping_address),
        "billing_address": _address(order.billing_address) if has_own_billing else [],
        "payment": payment_words(order, card_of(order)),
        "picture_url": _picture_url,
    }


def _words_for(claim: ClaimedEmail, order: Order) -> dict[str, Any]:
    """What letters of this kind alone say."""
    match claim.kind:
        case "review_request":
            return _words_for_review(order, claim)
        case "shipment_sent":
            return words_of_parcel(order, claim.subject_id)
        case "order_delivered":
            return words_of_delivery(order)
        case "order_cancelled":
            return words_of_cancellation(order)
        case "order_refunded":
            return words_of_refund(order, claim.subject_id)
    return {}


def _words_for_review(order: Order, claim: ClaimedEmail) -> dict[str, Any]:
    """The link is the same however often the letter is written; it ends by itself."""
    ends_at = claim.created_at + VALID_FOR
    token = review_token(order, ends_at, terms.order_token_secrets)
    return {
        "products": [row.line for row in reviewables_of(order)],
        "review_url": f"{settings.public_base_url}/reviews/{token}",
        "review_until": day(ends_at),
    }


def _picture_url(file_name: str | None) -> str | None:
    """The absolute address of a stored picture; None where mail programs would not show it."""
    if not file_name or file_name.lower().endswith(NOT_SHOWN_IN_MAIL):
        return None
    return f"{settings.public_base_url}/media/{quote(file_name)}"


def _lead(order: Order) -> str:
    if order.status == "cancelled":  # before the letter was sent
        money = f"{order.refunded.format()} is given back to you" if order.refunded else "nothing is due"
        return f"Your order was confirmed, and cancelled since. Nothing will be sent, and {money}."
    return "Your order is confirmed."


def _due(order: Order) -> str:
    """What is paid at the door, or nothing."""
    is_open = order.status != "cancelled" and order.payment_status not in MONEY_MOVED
    is_cash = order.payment_method == "cash_on_delivery" and order.total_amount > 0
    return order.total.format() if is_open and is_cash else ""


def _expected(order: Order) -> str:
    if order.estimated_delivery is None or order.status == "cancelled":
        return ""
    return day(order.estimated_delivery)


def _list_steps(order: Order) -> list[str]:
    if order.status == "cancelled":
        return []
    method, due, expected = order.shipping_method, _due(order), _expected(order)
    pack = "We pack your order."
    if order.call_before_sending:
        pack = f"We call you on {order.shipping_address['phone']}, then we pack your order."
    send = f"We send it: {method['name']} delivery, {days_in_words(method['min_days'], method['max_days'])}."
    arrive = f"We expect it at your door by {expected}." if expected else "It comes to your door."
    return [pack, send, f"{arrive} Please have {due} in cash ready." if due else arrive]


def _address(address: dict[str, Any]) -> list[str]:
    return [*address_lines(address), *filter(None, [address.get("phone")])]


def _included(order: Order) -> Figure | None:
    tax = order.tax_included_amount
    return Figure("Tax included", order.money(tax).format()) if tax else None
