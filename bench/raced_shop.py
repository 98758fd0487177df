"""Shops that races are run on: one that the script starts itself, or any that serves the API at an address."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bench.running_shop import RunningShop
from bench.shopper import Answer, Shopper
from bench.staff import StaffMember, sign_in

MOST_IN_A_LINE = 99


@dataclass
class RacedShop:
    """A shop at an address. `numbers` gives every shopper an own one, and on loopback an own network address."""

    name: str
    host: str
    port: int
    is_https: bool = False
    seed: int = 7
    numbers: itertools.count = field(init=False)

    def __post_init__(self) -> None:
        # Shoppers of an earlier run are other people: their orders may still be open.
        self.numbers = itertools.count(random.Random().randrange(10**6))

    def shopper(self, number: int | None = None, **more) -> Shopper:
        """A new shopper with a cookie jar and an address of their own."""
        number = next(self.numbers) if number is None else number
        return Shopper(self.port, number, host=self.host, is_https=self.is_https, **more)

    def available(self, product_id: str, variant_id: str) -> int:
        """How many units can be bought now."""
        shopper = self.shopper()
        answer = shopper.api("GET", f"/inventory/{product_id}/variants/{variant_id}")
        shopper.close()
        assert answer.status == 200, (answer.status, answer.body[:300])
        return answer.json()["data"]["inventoryCount"]

    def variant(self, stock: int) -> tuple[str, str]:
        """The ids of a product and its variant of which exactly `stock` units can be bought."""
        return self.variants(1, stock)[0]

    def variants(self, count: int, stock: int) -> list[tuple[str, str]]:
        """So many of them. Raises LookupError where a shop has none such."""
        raise NotImplementedError

    def note(self, answer: Answer) -> None:
        """Be told of every order placed, to be given back afterwards where the shop is somebody's."""

    def give_back(self) -> None:
        """Leave the shop as it was found, where that matters."""

    def audit(self) -> str:
        """What `flask shop audit` says, where it can be asked."""
        raise NotImplementedError


class OwnShop(RacedShop):
    """A shop that the script started: it makes its products and its staff, is audited, and its clock can be pressed."""

    def __init__(self, running: RunningShop, name: str) -> None:
        super().__init__(name, "127.0.0.1", running.port)
        self.running = running
        self._staff: list[StaffMember] = []

    def variants(self, count: int, stock: int) -> list[tuple[str, str]]:
        return [(product, variant) for product, variant in self.running.hands.do("make_products", count, stock)]

    def code(self, uses: int) -> str:
        """A new discount code that so many orders may use."""
        return str(self.running.hands.do("make_code", uses))

    def staff(self, count: int) -> list[StaffMember]:
        """So many members of staff, each signed in at a browser of their own; the same ones at every call."""
        emails = self.running.hands.do("make_staff", count - len(self._staff)) if count > len(self._staff) else []
        self._staff += [sign_in(self.shopper(), email) for email in emails]
        return self._staff[:count]

    def end_holds(self) -> None:
        """Let the time of every hold be over since a second ago; nobody has given anything back yet."""
        self.running.hands.do("end_holds")

    def sweep_holds(self) -> int:
        """Cancel the orders whose hold is over, as the scheduler does; how many."""
        return int(self.running.hands.do("sweep_holds"))

    def audit(self) -> str:
        return str(self.running.hands.do("audit"))


class ForeignShop(RacedShop):
    """A shop that is running somewhere: races are for what it sells, and what they bought is cancelled afterwards."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        if not address.hostname or address.scheme not in {"http", "https"}:
            raise SystemExit(f"{url} is no address such as http://127.0.0.1:5000")
        is_https = address.scheme == "https"
        super().__init__(address.netloc, address.hostname, address.port or (443 if is_https else 80), is_https)
        self.placed: list[dict] = []
        self.used: set[str] = set()

    def variants(self, count: int, stock: int) -> list[tuple[str, str]]:
        return [self._variant(stock) for _ in range(count)]

    def _variant(self, stock: int) -> tuple[str, str]:
        """One that has that many; what is more of it is put aside by an order that is cancelled later."""
        for product_id, variant_id, units in self._on_sale():
            if variant_id not in self.used and stock <= units <= stock + MOST_IN_A_LINE:
                self.used.add(variant_id)
                if units > stock:
                    buyer = self.shopper()
                    self.note(buyer.place(buyer.fill_cart(product_id, variant_id, units - stock)))
                    buyer.close()
                if self.available(product_id, variant_id) == stock:
                    return product_id, variant_id
        raise LookupError(f"nothing on sale of which {stock} can be had (and at most {MOST_IN_A_LINE} more)")

    def _on_sale(self):
        shopper, page = self.shopper(), 1
        while page:
            answer = shopper.api("GET", f"/products?limit=100&page={page}")
            assert answer.status == 200, (answer.status, answer.body[:300])
            products = answer.json()["data"]
            for product in products:
                for variant in product["variants"]:
                    yield product["id"], variant["id"], variant["inventoryCount"]
            page = page + 1 if len(products) == 100 else 0
        shopper.close()

    def note(self, answer: Answer) -> None:
        if answer.status == 201:
            self.placed.append(answer.json()["data"])

    def give_back(self) -> None:
        shopper = self.shopper()
        for order in {order["id"]: order for order in self.placed}.values():
            headers = {"X-Order-Token": order.get("token") or ""}
            shopper.api("POST", f"/orders/{order['id']}/cancel", {"reason": "A race for proof"}, **headers)
        shopper.close()
        self.placed.clear()
        self.used.clear()

    def audit(self) -> str:
        return "not ours"
