"""The catalogue: prices, lists and ratings that say what is there."""

from __future__ import annotations

from shop.domain.audit_checks.check import Check
from shop.domain.catalog.listing_check import find_listings_out_of_step

CATALOG = (
    Check(
        "X01",
        "A product's from-price is the lowest price of its variants on offer",
        """
        SELECT 'product ' || p.public_id || ': ' || p.from_price_amount FROM products p
        WHERE p.from_price_amount <> COALESCE(
            (SELECT min(v.price_amount) FROM variants v WHERE v.product_id = p.id AND v.is_active), 0)
        """,
    ),
    Check("X05", "Lists have every product as it is, and can be narrowed by what it has", find_listings_out_of_step),
    Check(
        "X03",
        "A product's average and count are those of its approved reviews",
        """
        SELECT 'product ' || p.public_id || ': ' || COALESCE(l.rating_sum, 0) || '/' || COALESCE(l.rating_count, 0)
        FROM products p LEFT JOIN listings l ON l.product_id = p.id
        LEFT JOIN (SELECT product_id, sum(rating) AS stars, count(*) AS times FROM reviews WHERE status = 'approved'
                   GROUP BY product_id) r ON r.product_id = p.id
        WHERE COALESCE(l.rating_sum, 0) <> COALESCE(r.stars, 0) OR COALESCE(l.rating_count, 0) <> COALESCE(r.times, 0)
        """,
    ),
    Check(
        "X04",
        "A review with an order is of something in it that was delivered",
        """
        SELECT 'review ' || r.public_id FROM reviews r JOIN orders o ON o.id = r.order_id
        WHERE o.status <> 'delivered' OR NOT EXISTS (
            SELECT 1 FROM order_line_items i JOIN variants v ON v.id = i.variant_id
            WHERE i.order_id = o.id AND v.product_id = r.product_id)
        """,
    ),
)
