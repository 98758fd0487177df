"""The demo shop, running, and an address of each type of its pages, with the cookies of who may open it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from bench.running_shop import RunningShop, running_shop
from bench.shopper import Shopper, hidden_fields
from shop.demo.place import DEFAULTS
from shop.demo.seed import ADMIN


@dataclass(frozen=True)
class DemoPage:
    """One type of page; `cookies` by name are the visitor's, `status` is what it answers with."""

    name: str
    path: str
    cookies: dict[str, str] = field(default_factory=dict)
    status: int = 200


@contextlib.contextmanager
def demo_shop() -> Iterator[RunningShop]:
    """The shop with its demo data on SQLite."""
    dressed = {name: text for name, text in DEFAULTS.items() if name.startswith(("SHOP_", "TAX_"))}
    with running_shop("sqlite", redis=False, **dressed) as shop:
        shop.python("-m", "shop.demo.prepare")
        yield shop


def demo_pages(shop: RunningShop) -> list[DemoPage]:
    """A page of each type that ux.md names: three lines in the cart, an order of three lines."""
    rows = shop.get_json("/api/v1/products?inStock=true&limit=3&sortBy=price&sortOrder=desc")["data"]
    cart, order = _with_cart(shop, rows, 1), _with_cart(shop, rows, 2)
    placed = order.post_form("/checkout", order.checkout_form())
    assert placed.status == 303, (placed.status, placed.body[:500])
    address = urlsplit(placed.headers["location"])
    return [
        DemoPage("home", "/"),
        DemoPage("listing", "/categories/face-care"),
        DemoPage("product", f"/products/{rows[0]['slug']}"),
        DemoPage("search", "/search?q=a"),
        DemoPage("cart", "/cart", cart.cookies),
        DemoPage("checkout", "/checkout", cart.cookies),
        DemoPage("content", "/pages/shipping"),
        DemoPage("404", "/products/no-such-thing", status=404),
        DemoPage("order status", f"{address.path}?{address.query}", order.cookies),
    ]


def admin_pages(shop: RunningShop) -> list[DemoPage]:
    """A page of each type of the admin, as the demo's owner sees them."""
    staff = Shopper(shop.port, 3)
    email, password = ADMIN
    form = hidden_fields(staff.request("GET", "/admin/sign-in").body.decode())
    signed_in = staff.post_form("/admin/sign-in", {**form, "email": email, "password": password})
    assert signed_in.status == 303, (signed_in.status, signed_in.body[:500])
    lists = (
        *("orders", "users", "guests", "reviews", "discount-codes", "products", "inventory", "categories"),
        *("collections", "attributes", "synonyms", "taxes", "audit", "differences", "disputes", "webhooks"),
    )
    found = {"home": "/admin", "searches": "/admin/searches", "imports": "/admin/imports", "tasks": "/admin/tasks"}
    found |= {name: f"/admin/{name}" for name in lists}
    found |= {f"new {name}": f"/admin/{name}/new" for name in ("products", "collections", "synonyms", "taxes")}
    found |= {"sheet": "/admin/inventory/sheet", "low stock": "/admin/inventory?tab=low"}
    found["tax test"] = "/admin/taxes/test?country=US&price=24.90"
    for name in lists:
        page = staff.request("GET", f"/admin/{name}").body.decode()
        if row := re.search(rf'href="(/admin/{name}/(?:[a-z]+_[0-9a-f]+|[0-9]+))"', page):
            found[f"one of {name}"] = row[1]
    return [DemoPage(f"admin {name}", path, staff.cookies) for name, path in found.items()]


def _with_cart(shop: RunningShop, rows: list[dict], number: int) -> Shopper:
    shopper = Shopper(shop.port, number)
    for row in rows:
        variant = next(variant for variant in row["variants"] if variant["available"])
        shopper.fill_cart_on_page(row["id"], variant["id"])
    return shopper
