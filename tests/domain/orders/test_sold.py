"""What sells best: counted from orders now and then, on both engines."""

from __future__ import annotations

from datetime import timedelta

from shop.db import frozen_time, transaction_time
from shop.domain.actors import SYSTEM
from shop.domain.catalog.filters import ProductFilter
from shop.domain.catalog.queries import list_best_selling, list_products
from shop.domain.checkout import cancel_order
from shop.domain.orders import sold
from shop.domain.orders.sold import recount_sold
from tests.conftest import make_product, placed_order, variants_of


def best_selling(limit=8):
    return [product.name for product in list_best_selling(limit)]


def test_the_products_of_which_most_units_were_ordered_come_first(app, terms):
    few, many = make_product("Few"), make_product("Many", variants=["S", "L"])
    make_product("None")
    small, large = variants_of(many)
    placed_order(terms, (variants_of(few)[0], 3), (small, 2), confirm=True)
    placed_order(terms, (large, 2), confirm=True)

    assert recount_sold() == 2

    assert best_selling() == ["Many", "Few"] and best_selling(1) == ["Many"]
    by_sale = list_products(ProductFilter.model_validate({"sortBy": "best_selling"}))
    assert [product.name for product in by_sale.products] == ["Many", "Few", "None"]
    assert recount_sold() == 0


def test_what_was_cancelled_never_confirmed_or_long_ago_does_not_count(app, terms):
    cancelled, pending, old = (variants_of(make_product(name))[0] for name in ("Cancelled", "Pending", "Old"))
    order = placed_order(terms, (cancelled, 5), confirm=True)
    placed_order(terms, (pending, 5))
    with frozen_time(transaction_time() - timedelta(days=100)):
        placed_order(terms, (old, 5), confirm=True)
    assert recount_sold() == 1 and best_selling() == ["Cancelled"]

    cancel_order(order.id, SYSTEM)

    assert recount_sold() == 1 and best_selling() == []


def test_counts_are_written_a_few_at_a_time(app, terms, monkeypatch):
    monkeypatch.setattr(sold, "BATCH", 2)
    wanted = [(variants_of(make_product())[0], 1) for _ in range(5)]
    placed_order(terms, *wanted, confirm=True)
    assert recount_sold() == 5 and len(best_selling()) == 5
