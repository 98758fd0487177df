"""The checkout: one page from address to order, for guests as for customers (reliability.md D15, D23)."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, Response, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from shop.db import transaction_time
from shop.domain.address_forms import address_form, find_region, wrong_parts
from shop.domain.addresses import country_in_sentence
from shop.domain.carts.models import Cart
from shop.domain.carts.operations import ApplyCode, apply_code, remove_code
from shop.domain.carts.queries import price_cart
from shop.domain.checkout import (
    PlaceOrder,
    QuoteShipping,
    TotalChanged,
    check_out_with_cash,
    place_order,
    quote_methods,
    quote_shipping,
)
from shop.domain.inputs import read_form
from shop.domain.orders.models import Order
from shop.domain.orders.queries import find_order_placed_with
from shop.domain.orders.tokens import order_token
from shop.domain.payments.operations import CARD
from shop.domain.places import Place
from shop.domain.promotions.queries import FIELD
from shop.errors import CartOrdered, Conflict, Detail, Gone, Invalid, OutOfStock, ShopError, TooMany, Unknown
from shop.extensions import terms
from shop.filled import FilledForm
from shop.htmx import go_to, is_partial
from shop.limits import counting_guesses, limit_codes
from shop.policies import current_shopper, policy
from shop.refusals import status_of
from shop.storefront.card_pages import card_form, let_provider_in
from shop.storefront.delivery import asked_parts, delivery_countries, home_country, shipping_table
from shop.storefront.own_cart import find_open_cart, find_own_cart, forget_cart
from shop.storefront.paying import begin_payment
from shop.storefront.rendering import render_plain_page

blueprint = Blueprint("checkout", __name__)

KEPT_KEYS = 5
PLACE = ("cartId", *(f"shippingAddress.{part}" for part in ("country", "region", "city", "postalCode")))
REFUSALS = (Invalid, Unknown, OutOfStock, TotalChanged, TooMany)  # what the form itself can be shown with


@blueprint.get("/checkout")
@policy("guest")
def show_checkout() -> ResponseReturnValue:
    cart = find_own_cart()
    if cart is None:
        return go_to(url_for("cart.show_cart"))
    return _show(cart, FilledForm(_first_values(cart)))


@blueprint.post("/checkout")
@policy("guest")
def check_out() -> ResponseReturnValue:
    if request.form.get("action") == "quote":
        return _quote()
    if request.form.get(FIELD, "").strip():  # typed, and Enter was pressed: nobody orders a total that was not shown
        return redirect(url_for("checkout.enter_code"), 307)
    return _place()


@blueprint.post("/checkout/discount")
@limit_codes
@policy("guest")
def enter_code() -> ResponseReturnValue:
    """The form with the totals that the code makes; what was typed stays."""
    cart, typed = _get_cart_of_form(), request.form
    try:
        with counting_guesses():
            apply_code(cart.public_id, read_form(ApplyCode, typed.items()), current_shopper(), terms)
    except (Invalid, Unknown, Conflict, Gone) as refusal:
        return _show(cart, FilledForm.refused(typed, refusal), status=status_of(refusal))
    return _show(_get_cart_of_form(), _without_code(typed))


@blueprint.post("/checkout/discount/removal")
@policy("guest")
def leave_code() -> ResponseReturnValue:
    remove_code(_get_cart_of_form().public_id, current_shopper())
    return _show(_get_cart_of_form(), _without_code(request.form))


def _without_code(typed: Mapping[str, str]) -> FilledForm:
    return FilledForm({name: text for name, text in typed.items() if name != FIELD})


def _quote() -> ResponseReturnValue:
    """The methods and totals for the country that was chosen; what was typed stays."""
    typed = _typed_for_its_country()
    filled = FilledForm(typed)
    try:
        wanted = read_form(QuoteShipping, ((name, typed.get(name, "")) for name in PLACE))
        quote_shipping(wanted, current_shopper(), terms)
    except Invalid as refusal:
        filled = FilledForm.refused(typed, refusal)
    return _show(_get_cart_of_form(), filled, template="checkout/_quoted.html", status=422 if filled.message else 200)


def _typed_for_its_country() -> dict[str, str]:
    """What was typed; a region of the country that was chosen before is left out, to be chosen anew."""
    typed = request.form.to_dict()
    country, region = typed.get("shippingAddress.country", ""), typed.get("shippingAddress.region", "")
    if address_form(country).regions and find_region(country, region) is None:
        typed["shippingAddress.region"] = ""
    return typed


def _place() -> ResponseReturnValue:
    placement_key = _key_of_this_form()
    try:
        wanted = read_form(PlaceOrder, request.form.items())
        _check_methods_were_seen(wanted)
        check_out = place_order if wanted.payment_method == CARD else check_out_with_cash
        order = check_out(wanted, current_shopper(), terms, placement_key=placement_key)
    except CartOrdered as refusal:
        order = _get_order_of_same_form(refusal, placement_key)
    except (*REFUSALS, Gone) as refusal:
        if isinstance(refusal, Gone) and not any(detail.field == FIELD for detail in refusal.details):
            raise
        response = _show(_get_cart_of_form(), _refused_form(refusal), status=status_of(refusal))
        if refusal.retry_after is not None:
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response
    if order.status == "pending" and order.payment_method == request.form.get("paymentMethod") == CARD:
        return forget_cart(begin_payment(order))
    return _lead_to(order)


def _refused_form(refusal: ShopError) -> FilledForm:
    """The form with all that is wrong with it at once: also what the country's addresses need besides."""
    filled = FilledForm.refused(request.form, refusal)
    address = "shippingAddress."
    if not any(name.startswith(address) for name in filled.mistakes):
        return filled
    region, postal_code = filled.value(f"{address}region").strip(), filled.value(f"{address}postalCode").strip()
    wrong = wrong_parts(filled.value(f"{address}country"), region=region, postal_code=postal_code)
    more = {f"{address}{name}": sentence for name, sentence in wrong.items()}
    return replace(filled, mistakes={**more, **filled.mistakes})


def _check_methods_were_seen(wanted: PlaceOrder) -> None:
    """Raises Invalid where the form shows the methods of one place and names another: chosen without JavaScript."""
    place = Place.of(wanted.shipping_address.model_dump())
    country, zone = place.country, _zone_id(place)
    if request.form.get("quotedCountry", country) != country or request.form.get("quotedZone", zone) != zone:
        name = place.city if shipping_table().differs_within(country) else country_in_sentence(country)
        sentence = f"These are the ways to send to {name}. Look at them and the total, and order again."
        raise Invalid("Look at the delivery methods first.", [Detail("shippingMethod", sentence)])


def _zone_id(place: Place) -> str:
    zone = shipping_table().zone_for(place)
    return zone.id if zone else ""


def _key_of_this_form() -> str:
    """What the order is remembered by, so that a second press of the same form finds it; it names form and cart.

    Raises Conflict for a form that this session did not print.
    """
    cart_id, key = request.form.get("cartId", ""), request.form.get("placementKey", "")
    if not key or session.get("placement_keys", {}).get(cart_id) != key:
        raise Conflict(
            "This page was open for too long, or its cart was ordered already. Open the checkout again; "
            "the link to an order is in its confirmation e-mail."
        )
    return hashlib.sha256(f"{cart_id}:{key}".encode()).hexdigest()


def _get_order_of_same_form(refusal: CartOrdered, placement_key: str) -> Order:
    """The order that a first press of the same form made: a second one sees it too, and orders nothing."""
    order = find_order_placed_with(refusal.order_id, placement_key)
    if order is None:
        raise Conflict("This cart is ordered already. The link to the order is in its confirmation e-mail.")
    return order


def _lead_to(order: Order) -> ResponseReturnValue:
    token = order_token(order, terms.order_token_secrets)
    return forget_cart(go_to(url_for("orders.show_order", order_id=order.public_id, token=token, placed=1)))


def _get_cart_of_form() -> Cart:
    cart = find_open_cart(request.form.get("cartId", ""))
    if cart is None:
        raise Gone("This cart has ended or was ordered. Look at your cart again.")
    return cart


def _first_values(cart: Cart) -> dict[str, str]:
    """What is known before anything is typed: the place that was quoted for, and the customer who is signed in."""
    place = cart.destination or {"country": home_country()}
    values = {
        "country": place["country"],
        "region": place.get("region"),
        "city": place.get("city"),
        "postalCode": place.get("postal_code"),
    }
    if current_user.is_authenticated:
        values |= {
            "email": current_user.email,
            "firstName": current_user.first_name,
            "lastName": current_user.last_name,
            "phone": current_user.phone,
        }
    return {"billingAddress": "same"} | {f"shippingAddress.{name}": text for name, text in values.items() if text}


def _show(cart: Cart, filled: FilledForm, *, template: str = "checkout/_again.html", status: int = 200) -> Response:
    """The form with what the cart costs to the chosen country: its part for HTMX, else the page."""
    country = filled.value("shippingAddress.country") or home_country()
    place = Place(country, filled.value("shippingAddress.region"), filled.value("shippingAddress.city"))
    not_sent = ""
    try:
        quotes = quote_methods(cart, place, terms)
    except Invalid as refusal:
        quotes, not_sent = [], refusal.message
        if request.method == "POST":  # before anything was typed it is no mistake
            filled = _with_mistakes(filled, refusal)
    wished = filled.value("shippingMethod")
    chosen = next((quote for quote in quotes if quote.method.id == wished), quotes[0] if quotes else None)
    email = filled.value("shippingAddress.email")
    place_tax = chosen.place_tax if chosen else None
    priced = price_cart(cart, terms, chosen.method if chosen else None, place=place, tax=place_tax, email=email)
    if not priced.lines:
        return go_to(url_for("cart.show_cart"))
    now = transaction_time()
    context = {
        "card": card_form(priced.receipt.total),
        "chosen": chosen,
        "countries": delivery_countries(),
        "country": country,
        "differs_within": shipping_table().differs_within(country),
        "expected_by": {quote.method.id: quote.method.arrives(now, country)[1] for quote in quotes},
        "form": filled,
        "is_signed_in": current_user.is_authenticated,
        "not_sent": not_sent,
        "parts": asked_parts(country),
        "placement_key": _placement_key_of(cart),
        "priced": priced,
        "quotes": quotes,
        "region": find_region(country, place.region),
        "within": bool(request.form.get("within")),
        "zone": _zone_id(place),
    }
    if is_partial():
        return make_response(render_template(template, **context), status)
    return let_provider_in(make_response(render_plain_page("checkout/checkout.html", **context), status))


def _with_mistakes(filled: FilledForm, refusal: ShopError) -> FilledForm:
    more = {detail.field: detail.message for detail in refusal.details}
    return replace(filled, mistakes={**more, **filled.mistakes}, message=filled.message or refusal.message)


def _placement_key_of(cart: Cart) -> str:
    """The key of this cart's order form, kept in the session: a reload of the page keeps it."""
    keys: Mapping[str, str] = session.get("placement_keys", {})
    if cart.public_id not in keys:
        newest = dict(list(keys.items())[-(KEPT_KEYS - 1) :])
        session["placement_keys"] = keys = {**newest, cart.public_id: secrets.token_urlsafe(24)}
    return keys[cart.public_id]
