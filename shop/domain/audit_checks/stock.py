"""Stock: what is on hand, what is reserved, and the ledger of both."""

from __future__ import annotations

from shop.domain.audit_checks.check import Check

HOLD_IS_TOO_LONG = {
    "sqlite": "julianday(r.expires_at) - julianday(r.created_at) > 60.5 / 1440",
    "postgresql": "r.expires_at - r.created_at > interval '60 minutes 30 seconds'",
}
RESERVATIONS = """
    SELECT r.public_id || ' (' || r.status || ')' FROM reservations r
    LEFT JOIN orders o ON o.id = r.order_id LEFT JOIN carts c ON c.id = r.cart_id
    WHERE (r.status = 'held' AND r.expires_at IS NULL)
       OR (r.status = 'held' AND {too_long})
       OR (r.status = 'held' AND COALESCE(o.status, 'pending') <> 'pending')
       OR (r.status = 'held' AND o.id IS NULL AND COALESCE(c.status, '') <> 'open')
       OR (r.status = 'promised' AND COALESCE(o.status, '') NOT IN ('confirmed', 'processing'))
"""
# Units sold by order and variant: a movement names its parcel, or its order where that was sent before parcels were.
SALES = """
    SELECT COALESCE(p.order_id, o.id) AS order_id, m.variant_id, -sum(m.quantity) AS units FROM stock_movements m
    LEFT JOIN shipments p ON p.public_id = m.reference LEFT JOIN orders o ON o.public_id = m.reference
    WHERE m.kind = 'sale' GROUP BY COALESCE(p.order_id, o.id), m.variant_id
"""

STOCK = (
    Check(
        "I16",
        "0 <= reserved <= on hand",
        "SELECT 'variant ' || variant_id FROM stock_items WHERE on_hand < 0 OR reserved < 0 OR reserved > on_hand",
    ),
    Check(
        "I17",
        "Reserved units are those of the held and promised reservations",
        """
        SELECT 'variant ' || v.id || ': ' || COALESCE(s.reserved, 0) || ' reserved, ' || COALESCE(r.units, 0) || ' kept'
        FROM variants v LEFT JOIN stock_items s ON s.variant_id = v.id
        LEFT JOIN (SELECT variant_id, sum(quantity) AS units FROM reservations WHERE status IN ('held', 'promised')
                   GROUP BY variant_id) r ON r.variant_id = v.id
        WHERE COALESCE(s.reserved, 0) <> COALESCE(r.units, 0)
        """,
    ),
    Check(
        "I18",
        "Units on hand are the sum of the stock movements",
        """
        SELECT 'variant ' || v.id || ': ' || COALESCE(s.on_hand, 0) || ' on hand, ' || COALESCE(m.units, 0) || ' moved'
        FROM variants v LEFT JOIN stock_items s ON s.variant_id = v.id
        LEFT JOIN (SELECT variant_id, sum(quantity) AS units FROM stock_movements GROUP BY variant_id) m
               ON m.variant_id = v.id
        WHERE COALESCE(s.on_hand, 0) <> COALESCE(m.units, 0)
        """,
    ),
    Check(
        "I19",
        "What was sold is what was shipped, order by order",
        """
        SELECT 'order ' || (SELECT public_id FROM orders o WHERE o.id = order_id) || ', variant ' || variant_id FROM (
            SELECT order_id, variant_id, quantity AS units FROM reservations WHERE status = 'shipped'
            UNION ALL
            SELECT COALESCE(p.order_id, o.id), m.variant_id, m.quantity FROM stock_movements m
            LEFT JOIN shipments p ON p.public_id = m.reference LEFT JOIN orders o ON o.public_id = m.reference
            WHERE m.kind = 'sale'
        ) AS moved GROUP BY order_id, variant_id HAVING sum(units) <> 0
        """,
    ),
    Check(
        "I19",
        "What is in an order's parcels is what left the stock for it",
        """
        SELECT 'order ' || o.public_id || ', variant ' || l.variant_id FROM orders o
        JOIN (SELECT order_id, variant_id FROM order_line_items GROUP BY order_id, variant_id) l ON l.order_id = o.id
        LEFT JOIN (SELECT i.order_id, i.variant_id, sum(s.quantity) AS units FROM shipment_line_items s
                   JOIN order_line_items i ON i.id = s.line_item_id
                   JOIN shipments p ON p.id = s.shipment_id AND p.order_id = i.order_id
                   GROUP BY i.order_id, i.variant_id) s ON s.order_id = o.id AND s.variant_id = l.variant_id
        LEFT JOIN (SELECT order_id, variant_id, sum(quantity) AS units FROM reservations WHERE status = 'shipped'
                   GROUP BY order_id, variant_id) r ON r.order_id = o.id AND r.variant_id = l.variant_id
        WHERE COALESCE(s.units, 0) <> COALESCE(r.units, 0)
        """,
    ),
    Check(
        "I19",
        "No more of a line came back than was sent",
        """
        SELECT 'line ' || l.public_id FROM order_line_items l
        JOIN (SELECT i.line_item_id, sum(i.quantity) AS units FROM return_line_items i
              JOIN returns b ON b.id = i.return_id GROUP BY i.line_item_id) r ON r.line_item_id = l.id
        WHERE r.units > (SELECT COALESCE(sum(s.quantity), 0) FROM shipment_line_items s WHERE s.line_item_id = l.id)
        """,
    ),
    Check(
        "I19",
        "What came back is in the ledger where it is on sale again, and nowhere else",
        """
        SELECT b.public_id || ', variant ' || r.variant_id FROM returns b
        JOIN (SELECT i.return_id, l.variant_id, sum(i.quantity) AS units FROM return_line_items i
              JOIN order_line_items l ON l.id = i.line_item_id GROUP BY i.return_id, l.variant_id) r
          ON r.return_id = b.id
        WHERE CASE WHEN b.is_restocked THEN r.units ELSE 0 END
           <> (SELECT COALESCE(sum(m.quantity), 0) FROM stock_movements m
               WHERE m.kind = 'return' AND m.reference = b.public_id AND m.variant_id = r.variant_id)
        UNION ALL
        SELECT 'return ' || m.reference FROM stock_movements m
        WHERE m.kind = 'return' AND m.reference NOT IN (SELECT public_id FROM returns)
        """,
    ),
    Check(
        "I20",
        "A hold has a pending order or open cart and ends within 60 minutes; a promise has a confirmed order",
        {dialect: RESERVATIONS.format(too_long=words) for dialect, words in HOLD_IS_TOO_LONG.items()},
    ),
    Check(
        "I20",
        "A confirmed order has all its units promised or shipped",
        """
        SELECT 'order ' || (SELECT public_id FROM orders o WHERE o.id = order_id) || ', variant ' || variant_id FROM (
            SELECT l.order_id, l.variant_id, l.quantity AS units
            FROM order_line_items l JOIN orders o ON o.id = l.order_id
            WHERE o.status IN ('confirmed', 'processing', 'shipped', 'delivered')
            UNION ALL
            SELECT r.order_id, r.variant_id, -r.quantity FROM reservations r JOIN orders o ON o.id = r.order_id
            WHERE (o.status IN ('confirmed', 'processing') AND r.status = 'promised')
               OR (o.status IN ('processing', 'shipped', 'delivered') AND r.status = 'shipped')
        ) AS wanted GROUP BY order_id, variant_id HAVING sum(units) <> 0
        """,
    ),
    Check(
        "I21",
        "A reservation that has ended says when, and one that has not says nothing",
        """
        SELECT public_id || ' (' || status || ')' FROM reservations
        WHERE (status IN ('held', 'promised')) <> (ended_at IS NULL)
        """,
    ),
)
