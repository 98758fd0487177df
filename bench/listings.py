"""How fast lists of products are, with few products and with many, beside a bare page of Flask and SQL.

The bare page reads 24 rows of one table by an index and prints them from a template: no listing can be faster.
Each case is asked for in turn with the others, so that a machine that is busy for a while is so for all of them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from flask import Flask
from flask_migrate import upgrade
from jinja2 import Template
from werkzeug.test import EnvironBuilder, run_wsgi_app

from bench.catalogue import make_catalogue
from bench.record import BENCHMARKS, Record
from bench.statements import new_app
from shop.db import db
from shop.policies import policy
from tests.conftest import counted_statements

BARE = "bare page of Flask and SQL"
CASES = {
    BARE: "/bare",
    "everything, newest": "/products",
    "a category": "/categories/category-1",
    "a category, two facets": "/categories/category-1?attr.size=30+ml&attr.size=50+ml&attr.skin_types=dry",
    "half of all, by price, page 10": "/categories/half?page=10&sort=price_asc",
    "the same, 24 more": "/categories/half?shown=96&view=more&sort=price_asc",
    "API, 24 with facets": "/api/v1/products?limit=24",
}
HEADERS = {"the same, 24 more": {"HX-Request": "true", "HX-Request-Type": "partial"}}
TEMPLATE = Template(
    """<!doctype html><title>Bare</title><ul>{% for row in rows %}
<li><a href="/products/{{ row.slug }}">{{ row.name }}</a> {{ row.from_price_amount }} {{ row.currency }}</li>
{% endfor %}</ul>""",
    autoescape=True,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="*", type=int, default=[1_000, 50_000])
    parser.add_argument("--engines", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--seconds", type=float, default=3.0, help="for each case")
    asked = parser.parse_args()
    record = Record("listings", fresh=True)
    for engine in asked.engines:
        app = new_app(engine)
        app.add_url_rule("/bare", "bare", _bare)
        with app.app_context():
            upgrade()
        rows: dict[str, dict[str, str]] = {name: {} for name in CASES}
        for size in asked.sizes:
            with app.app_context():
                make_catalogue(size)
                db.session.remove()
            for name, result in measure(app, asked.seconds).items():
                rows[name] |= {f"{size:,}: {what}": value for what, value in result.items()}
        for name, row in rows.items():
            record.keep(f"{engine}: {name}", row)
    print(record.table())
    note = (
        "Requests a second in one process without a web server, and how that compares with the bare page of the same"
        " run; no cache anywhere. Statements do not grow with the catalogue."
    )
    record.publish("Lists of products (`make bench`)", note, BENCHMARKS)
    return 0


@policy("public")
def _bare() -> str:
    words = db.text("SELECT slug, name, from_price_amount, currency FROM products ORDER BY id DESC LIMIT 24")
    return TEMPLATE.render(rows=db.session.execute(words).all())


def measure(app: Flask, seconds: float) -> dict[str, dict[str, str]]:
    """Rate, share of the bare page's and statements by case."""
    asks = {name: _ask(app, path, HEADERS.get(name, {})) for name, path in CASES.items()}
    statements: dict[str, int] = {}
    for name, ask in asks.items():
        with app.app_context(), counted_statements() as sent:
            ask()
        statements[name] = len(sent)
    times: dict[str, list[float]] = {name: [] for name in CASES}
    end = time.monotonic() + seconds * len(CASES)
    while time.monotonic() < end:
        for name, ask in asks.items():
            begin = time.perf_counter()
            ask()
            times[name].append(time.perf_counter() - begin)
    median = {name: statistics.median(each) for name, each in times.items()}
    return {
        name: {
            "per second": f"{1 / median[name]:.0f}",
            "of bare": f"{median[BARE] / median[name]:.2f}",
            "statements": str(statements[name]),
        }
        for name in CASES
    }


def _ask(app: Flask, path: str, headers: dict[str, str]) -> Callable[[], None]:
    address, _, query = path.partition("?")

    def ask() -> None:
        environ = EnvironBuilder(
            path=address, query_string=query, headers=headers, base_url="http://localhost"
        ).get_environ()
        body, status, _ = run_wsgi_app(app.wsgi_app, environ, buffered=True)
        assert status.startswith("200"), (path, status, b"".join(body)[:300])

    return ask


if __name__ == "__main__":
    raise SystemExit(main())
