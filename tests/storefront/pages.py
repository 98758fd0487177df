"""Reading pages and filling forms as a browser without script does."""

from __future__ import annotations

import html
import re
from typing import Any

from flask.testing import FlaskClient

from shop.domain.catalog.models import Variant
from tests.conftest import address

HTMX = {"HX-Request": "true", "HX-Request-Type": "partial"}


def body(response: Any) -> str:
    """The page's text as a reader sees it: tags gone, entities resolved, white space made single."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", response.get_data(as_text=True))).split())


def value_of(response: Any, name: str) -> str:
    """What an input of this name holds."""
    tag = re.search(rf'<input[^>]*\bname="{re.escape(name)}"[^>]*>', response.get_data(as_text=True))
    assert tag, f"no input named {name}"
    value = re.search(r'\bvalue="([^"]*)"', tag[0])
    return html.unescape(value[1]) if value else ""


def id_of_item(response: Any) -> str:
    """The first line of a cart page."""
    found = re.search(r'<li class="line" id="(item_\w+)"', response.get_data(as_text=True))
    assert found, "no line in this cart"
    return found[1]


def wish_of(variant: Variant, quantity: object = 1) -> dict[str, str]:
    """The form on a product's page."""
    return {"productId": variant.product.public_id, "variantId": variant.public_id, "quantity": str(quantity)}


def put_in_cart(client: FlaskClient, variant: Variant, quantity: int = 1) -> None:
    assert client.post("/cart/items", data=wish_of(variant, quantity)).status_code == 303


def change_cart(client: FlaskClient, path: str = "", *, headers: Any = None, **fields: object) -> Any:
    """Send a form of the first line of the visitor's cart page."""
    page = client.get("/cart")
    data = {"csrf_token": value_of(page, "csrf_token"), **fields}
    return client.post(f"/cart/items/{id_of_item(page)}{path}", data=data, headers=headers)


def order_form(page: Any, **changes: str) -> dict[str, str]:
    """The checkout page's form, filled in; `changes` by field name, of the address without its prefix."""
    hidden = {name: value_of(page, name) for name in ("csrf_token", "cartId", "placementKey", "expectedTotal")}
    filled = {f"shippingAddress.{name}": text for name, text in address().items()}
    choices = {
        "shippingMethod": "standard",
        "paymentMethod": "cash_on_delivery",
        "billingAddress": "same",
        "action": "place",
    }
    form = {**hidden, **filled, **choices}
    for name, text in changes.items():
        form[f"shippingAddress.{name}" if f"shippingAddress.{name}" in form else name] = text
    return form


def place_order(client: FlaskClient, **changes: str) -> Any:
    """Order what is in the visitor's cart; answers the redirect to the order's page."""
    return client.post("/checkout", data=order_form(client.get("/checkout"), **changes))


def sign_in(client: FlaskClient, email: str = "lina@example.com", password: str = "correct horse battery") -> Any:
    page = client.get("/sign-in")
    return client.post(
        "/sign-in", data={"csrf_token": value_of(page, "csrf_token"), "email": email, "password": password}
    )
