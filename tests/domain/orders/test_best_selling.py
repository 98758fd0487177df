"""What sells best: counted from orders, on both engines."""

from __future__ import annotations

from datetime import timedelta

from shop.db import frozen_time, transaction_time
from shop.domain.actors import SYSTEM
from shop.domain.checkout import cancel_order
from shop.domain.orders.queries import best_selling
from tests.conftest import make_product, placed_order, variants_of


def test_the_products_of_which_most_units_were_ordered_come_first(app, terms):
    few, many, none = make_product("Few"), make_product("Many", variants=["S", "L"]), make_product("None")
    small, large = variants_of(many)
    placed_order(terms, (variants_of(few)[0], 3), (small, 2), confirm=True)
    placed_order(terms, (large, 2), confirm=True)
    since = transaction_time() - timedelta(days=1)

    assert best_selling(8, since) == [many.public_id, few.public_id]
    assert best_selling(1, since) == [many.public_id]
    assert none.public_id not in best_selling(8, since)


def test_what_was_cancelled_never_confirmed_or_long_ago_does_not_count(app, terms):
    cancelled, pending, old = (variants_of(make_product(name))[0] for name in ("Cancelled", "Pending", "Old"))
    order = placed_order(terms, (cancelled, 5), confirm=True)
    cancel_order(order.id, SYSTEM)
    placed_order(terms, (pending, 5))
    with frozen_time(transaction_time() - timedelta(days=100)):
        placed_order(terms, (old, 5), confirm=True)

    assert best_selling(8, transaction_time() - timedelta(days=90)) == []
