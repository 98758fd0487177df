"""A shopper in a few lines: buys over the API or through the pages, from an address of its own on loopback."""

from __future__ import annotations

import html
import http.client
import json
import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

ADDRESS = {
    "firstName": "Race",
    "lastName": "Runner",
    "phone": "+1 212 555 0100",
    "country": "US",
    "region": "NY",
    "city": "New York",
    "postalCode": "10001",
    "street": "1 Rainbow Street",
}
IDLE = 2.0  # seconds after which the server may be about to close the connection
INPUT = re.compile(r"<input\b[^>]*>")
ATTRIBUTE = re.compile(r'(\w[\w-]*)="([^"]*)"')


@dataclass
class Answer:
    """A status, its headers and its body."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict:
        return json.loads(self.body)


@dataclass
class Shopper:
    """One client with cookies, one connection and one source address in 127.0.0.0/8."""

    port: int
    number: int
    host: str = "127.0.0.1"
    cookies: dict[str, str] = field(default_factory=dict)
    connection: http.client.HTTPConnection | None = None
    buyer: int | None = None  # whose name the order bears, where it is not this client's own
    is_https: bool = False
    used_at: float | None = None  # when the open connection had its last answer

    @property
    def address(self) -> str:
        return f"127.{1 + self.number // 60000}.{1 + self.number // 250 % 240}.{2 + self.number % 250}"

    @property
    def contact(self) -> dict[str, str]:
        number = self.number if self.buyer is None else self.buyer
        return {**ADDRESS, "email": f"shopper-{number}@example.com", "phone": f"+1 212 {1000000 + number}"}

    def connect(self) -> None:
        """Open a connection now, to be used by the next request."""
        kind = http.client.HTTPSConnection if self.is_https else http.client.HTTPConnection
        is_here = self.host.startswith("127.") or self.host == "localhost"
        self.connection = kind(self.host, self.port, timeout=60, source_address=(self.address, 0) if is_here else None)
        self.connection.connect()
        self.used_at = None

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        if self.used_at is not None and time.monotonic() - self.used_at > IDLE:
            self.close()
        if self.connection is None:
            self.connect()
        assert self.connection is not None
        sent = {"Sec-Fetch-Site": "same-origin", **headers}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.connection.request(method, path, body=body, headers=sent)
        answer = self.connection.getresponse()
        data = answer.read()
        self.used_at = time.monotonic()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                cookie, _, rest = value.partition(";")
                key, _, content = cookie.partition("=")
                if "Max-Age=0" in rest or not content:
                    self.cookies.pop(key, None)
                else:
                    self.cookies[key] = content
        if answer.will_close:
            self.close()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, data)

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    # -- API ----------------------------------------------------------------------------------------------------------

    def api(self, method: str, path: str, body: dict | None = None, **headers: str) -> Answer:
        raw = None if body is None else json.dumps(body).encode()
        return self.request(method, f"/api/v1{path}", raw, **{"Content-Type": "application/json", **headers})

    def fill_cart(self, product_id: str, variant_id: str, quantity: int = 1) -> str:
        cart_id = self.api("POST", "/cart", {}).json()["data"]["id"]
        self.add_to_cart(cart_id, product_id, variant_id, quantity)
        return cart_id

    def add_to_cart(self, cart_id: str, product_id: str, variant_id: str, quantity: int = 1) -> None:
        wanted = {"productId": product_id, "variantId": variant_id, "quantity": quantity}
        added = self.api("POST", f"/cart/{cart_id}/items", wanted)
        assert added.status == 200, added.body

    def place(self, cart_id: str, pays: str = "cash_on_delivery", **headers: str) -> Answer:
        wanted = {
            "cartId": cart_id,
            "shippingAddress": self.contact,
            "shippingMethod": "standard",
            "paymentMethod": pays,
        }
        return self.api("POST", "/orders", wanted, **headers)

    def pay(self, order: dict, **headers: str) -> Answer:
        path = f"/orders/{order['id']}/payment"
        return self.api(
            "POST", path, {"paymentMethod": "cash_on_delivery"}, **{"X-Order-Token": order["token"], **headers}
        )

    def pay_by_card(self, order: dict, card: str | None = None, **headers: str) -> Answer:
        """Charge this card for the order; without one only begin to, as a page does that asks for the card then."""
        wanted = {"paymentMethod": "stripe", **({"paymentMethodId": card} if card else {})}
        return self.api(
            "POST", f"/orders/{order['id']}/payment", wanted, **{"X-Order-Token": order["token"], **headers}
        )

    # -- pages --------------------------------------------------------------------------------------------------------

    def post_form(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        body = urlencode(fields).encode()
        return self.request("POST", path, body, **{"Content-Type": "application/x-www-form-urlencoded", **headers})

    def fill_cart_on_page(self, product_id: str, variant_id: str, quantity: int = 1) -> None:
        wanted = {"productId": product_id, "variantId": variant_id, "quantity": str(quantity)}
        added = self.post_form("/cart/items", wanted)
        assert added.status == 303, (added.status, added.body[:500])

    def checkout_form(self) -> dict[str, str]:
        """The fields of the checkout form as a browser would send them, filled in."""
        page = self.request("GET", "/checkout")
        assert page.status == 200, page.status
        fields = hidden_fields(page.body.decode())
        fields.update({f"shippingAddress.{name}": value for name, value in self.contact.items()})
        fields.pop("expectedTotal", None)
        return {
            **fields,
            "billingAddress": "same",
            "shippingMethod": "standard",
            "paymentMethod": "cash_on_delivery",
            "action": "place",
        }


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden inputs of a page by name."""
    found = {}
    for tag in INPUT.findall(page):
        attributes = dict(ATTRIBUTE.findall(tag))
        if attributes.get("type") == "hidden" and "name" in attributes:
            found[attributes["name"]] = html.unescape(attributes.get("value", ""))
    return found
