"""The invariants of reviews as queries, for audit_checks: (id, promise, query)."""

REVIEW_CHECKS = (
    (
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
    (
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
