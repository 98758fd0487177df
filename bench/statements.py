"""How many SQL statements each page and an order take, with few products and with many: the numbers must not grow."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from flask import g
from flask_migrate import upgrade

from bench.products import make_product
from bench.record import Record
from bench.shopper import ADDRESS, hidden_fields
from shop import create_app
from shop.db import db
from shop.domain.search.index import index_all_queued, queue_whole_catalogue
from shop.settings import load_settings
from tests import servers
from tests.conftest import counted_statements

API = "/api/v1"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--few", type=int, default=5)
    parser.add_argument("--many", type=int, default=120)
    parser.add_argument("--engines", nargs="*", default=["sqlite", "postgresql"])
    asked = parser.parse_args()
    record = Record("statements", fresh=True)
    grew = []
    for engine in asked.engines:
        app = new_app(engine)
        with app.app_context():
            upgrade()
            few = measure(app, asked.few)
            many = measure(app, asked.many)
        for name, count in few.items():
            record.keep(f"{engine}: {name}", {f"{asked.few} products": count, f"{asked.many} products": many[name]})
            grew += [name] if many[name] > count else []
    print(record.table())
    record.publish("SQL statements (`make bench`)", "A page's statements do not grow with the number of products.")
    if grew:
        print("These grow with the number of products:", *grew)
    return bool(grew)


def new_app(engine: str, **changes):
    """An application on a database of its own, without limits; `changes` are settings."""
    folder = Path(tempfile.mkdtemp(prefix="shop-bench-"))
    url = f"sqlite:///{folder}/shop.db"
    if engine == "postgresql":
        server = servers.postgres_url()
        assert server, "PostgreSQL is needed: install its server or set TEST_DATABASE_URL"
        url = servers.new_postgres_database(server)
    settings = {
        "shop_env": "development",
        "public_base_url": "http://localhost",
        "database_url": url,
        "redis_url": f"unix://{folder}/none",
        "ratelimit_enabled": False,
        "max_open_cash_orders": 100_000,
        "max_open_holds_per_address": 100_000,
        "log_level": "ERROR",
    }
    return create_app(load_settings(**settings, **changes))


def measure(app, products: int) -> dict[str, int]:
    """Statements by what was asked, once there are that many products; a cart has two lines."""
    have = db.session.scalar(db.text("SELECT count(*) FROM products")) or 0
    made = [make_product(1000) for _ in range(products - have)]
    queue_whole_catalogue()
    index_all_queued()
    client = app.test_client()
    slug = db.session.scalar(db.text("SELECT slug FROM products ORDER BY id LIMIT 1"))
    db.session.rollback()
    counts: dict[str, int] = {}

    def ask(name: str, method: str, path: str, **more):
        vars(
            g._get_current_object()
        ).clear()  # the context is open around all of these requests; each begins with nothing in it
        with counted_statements() as sent:
            answer = client.open(path, method=method, headers={"Sec-Fetch-Site": "same-origin"}, **more)
        assert answer.status_code < 400, (name, answer.status_code, answer.get_data(as_text=True)[:500])
        counts[name] = len(sent)
        return answer

    ask("category page", "GET", "/categories/proofs?sort=price_asc")
    ask("product page", "GET", f"/products/{slug}")
    ask("search page", "GET", "/search?q=proof")
    ask("API products", "GET", f"{API}/products?limit=100")
    ask("API product", "GET", f"{API}/products/{slug}")
    cart = ask("API make cart", "POST", f"{API}/cart", json={}).get_json()["data"]["id"]
    for product_id, variant_id in made[:2]:
        wanted = {"productId": product_id, "variantId": variant_id, "quantity": 1}
        ask("API add to cart", "POST", f"{API}/cart/{cart}/items", json=wanted)
    ask("API read cart of 2 lines", "GET", f"{API}/cart/{cart}")
    wish = {
        "cartId": cart,
        "shippingAddress": {**ADDRESS, "email": "a@example.com"},
        "shippingMethod": "standard",
        "paymentMethod": "cash_on_delivery",
    }
    order = ask("API place order of 2 lines", "POST", f"{API}/orders", json=wish).get_json()["data"]
    path = f"{API}/orders/{order['id']}"
    ask(
        "API confirm in cash",
        "POST",
        f"{path}/payment?token={order['token']}",
        json={"paymentMethod": "cash_on_delivery"},
    )
    ask("API read order", "GET", f"{path}?token={order['token']}")
    ask("order status page", "GET", f"/orders/{order['id']}?token={order['token']}")
    for product_id, variant_id in made[2:4]:
        wanted = {"productId": product_id, "variantId": variant_id, "quantity": "1"}
        ask("page: add to cart", "POST", "/cart/items", data=wanted)
    ask("cart page", "GET", "/cart")
    form = hidden_fields(ask("checkout page", "GET", "/checkout").get_data(as_text=True))
    form |= {f"shippingAddress.{field}": text for field, text in {**ADDRESS, "email": "b@example.com"}.items()}
    form |= {"billingAddress": "same", "shippingMethod": "standard", "paymentMethod": "cash_on_delivery"}
    form.pop("expectedTotal", None)
    ask("page: order of 2 lines, placed and confirmed", "POST", "/checkout", data={**form, "action": "place"})
    ask("home, with best sellers", "GET", "/")
    return counts


if __name__ == "__main__":
    raise SystemExit(main())
