"""What the admin's pages weigh on their way, against the design's budgets (ux.md, 4.2)."""

from __future__ import annotations

import gzip
import re

from tests.conftest import add_picture, make_product

HTML, CSS, JS = 30_000, 22_000, 24_000


def packed(data: bytes) -> int:
    return len(gzip.compress(data, 9))


def test_a_full_list_and_all_that_it_loads_keep_within_the_budgets(owner, client):
    for number in range(50):
        product = make_product(f"A soap of a usual name, number {number}", tags=["gift", "new"])
        add_picture(product, f"demo/soap-{number}-1.w960.jpg", "A soap", 960, 1200)
    page = owner.get("/admin/products")
    assert packed(page.data) < HTML

    css = re.findall(r'rel="stylesheet" href="([^"]+)"', page.text)
    scripts = [*re.findall(r'<script src="([^"]+)"', page.text), "/static/vendor/htmx-4.0.1.min.js"]
    assert sum(packed(client.get(address).data) for address in css) < CSS
    assert sum(packed(client.get(address).data) for address in scripts) < JS
