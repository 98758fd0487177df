"""Discount codes: used as often as orders hold them, and never more often than they may be."""

from __future__ import annotations

from shop.domain.audit_checks.check import Check

DISCOUNTS = (
    Check(
        "I28",
        "A code was used as often as orders hold it that were not cancelled, and within its limit",
        """
        SELECT 'code ' || c.code || ': ' || c.used FROM discount_codes c
        LEFT JOIN (SELECT code_id, count(*) AS held FROM discount_redemptions WHERE released_at IS NULL
                   GROUP BY code_id) r ON r.code_id = c.id
        WHERE c.used <> COALESCE(r.held, 0) OR (c.max_uses IS NOT NULL AND c.used > c.max_uses)
        """,
    ),
    Check(
        "I28",
        "No customer has used a code more often than it was used",
        """
        SELECT 'code ' || c.code || ', ' || u.customer FROM discount_customers u
        JOIN discount_codes c ON c.id = u.code_id WHERE u.used > c.used
        """,
    ),
    Check(
        "I28",
        "An order that was not cancelled holds the code that it names; a cancelled one has given it back",
        """
        SELECT 'order ' || o.public_id FROM orders o LEFT JOIN discount_redemptions r ON r.order_id = o.id
        WHERE (o.discount_code IS NOT NULL) <> (r.id IS NOT NULL)
           OR (r.id IS NOT NULL AND (o.status = 'cancelled') <> (r.released_at IS NOT NULL))
        """,
    ),
    Check(
        "I05",
        "An order has a discount only by a code",
        "SELECT 'order ' || public_id FROM orders WHERE discount_amount > 0 AND discount_code IS NULL",
    ),
)
