"""Orders: placed once, moved only where they may, numbered."""

from __future__ import annotations

from shop.domain.audit_checks.check import Check
from shop.domain.orders.operations import ALLOWED_MOVES

MOVE_IS_ALLOWED = " OR ".join(
    f"(from_status = '{source}' AND to_status = '{target}')"
    for target, sources in ALLOWED_MOVES.items()
    for source in sources
)
LAST_MOVE = "(SELECT to_status FROM order_events WHERE order_id = o.id AND track = '{}' ORDER BY seq DESC LIMIT 1)"

ORDERS = (
    Check(
        "I24",
        "A cart is ordered when, and only when, it has its one order",
        """
        SELECT 'cart ' || c.public_id FROM carts c LEFT JOIN orders o ON o.cart_id = c.id
        GROUP BY c.public_id, c.status
        HAVING count(o.id) > 1 OR (c.status = 'ordered') <> (count(o.id) > 0)
        """,
    ),
    Check(
        "I25",
        "A key or form placed one order at most, and that order is there",
        """
        SELECT 'key of ' || principal FROM idempotency_keys GROUP BY principal, key HAVING count(*) > 1
        UNION ALL
        SELECT 'form of order ' || max(public_id) FROM orders WHERE placement_key IS NOT NULL
        GROUP BY placement_key HAVING count(*) > 1
        UNION ALL
        SELECT 'key of ' || k.principal || ' for ' || k.resource_id FROM idempotency_keys k
        WHERE k.resource_id LIKE 'order!_%' ESCAPE '!'
          AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.public_id = k.resource_id)
        """,
    ),
    Check(
        "I26",
        "An order moves from where it is, and only where it may",
        f"""
        SELECT 'order ' || order_id || ', entry ' || seq FROM (
            SELECT order_id, seq, track, from_status, to_status,
                   LAG(to_status) OVER (PARTITION BY order_id, track ORDER BY seq) AS before
            FROM order_events) AS moves
        WHERE (before IS NULL AND track = 'status' AND (from_status IS NOT NULL OR to_status <> 'pending'))
           OR (before IS NULL AND track <> 'status' AND COALESCE(from_status, '') <> 'pending')
           OR (before IS NOT NULL AND COALESCE(from_status, '') <> before)
           OR (before IS NOT NULL AND track = 'status' AND NOT ({MOVE_IS_ALLOWED}))
        """,
    ),
    Check(
        "I26",
        "The history of an order has no gap",
        """
        SELECT 'order ' || order_id FROM order_events GROUP BY order_id
        HAVING min(seq) <> 1 OR max(seq) <> count(*)
        """,
    ),
    Check(
        "I26",
        "An order is where its history says",
        f"""
        SELECT 'order ' || o.public_id FROM orders o
        WHERE o.status <> COALESCE({LAST_MOVE.format("status")}, '')
           OR o.payment_status <> COALESCE({LAST_MOVE.format("payment")}, 'pending')
           OR o.shipping_status <> COALESCE({LAST_MOVE.format("shipping")}, 'pending')
        """,
    ),
    Check(
        "I26",
        "How far the goods are is what the parcels and returns say",
        """
        SELECT 'order ' || o.public_id FROM orders o
        LEFT JOIN (SELECT order_id, sum(quantity) AS units FROM order_line_items GROUP BY order_id) l
               ON l.order_id = o.id
        LEFT JOIN (SELECT p.order_id, sum(i.quantity) AS units FROM shipment_line_items i
                   JOIN shipments p ON p.id = i.shipment_id GROUP BY p.order_id) s ON s.order_id = o.id
        LEFT JOIN (SELECT b.order_id, sum(i.quantity) AS units FROM return_line_items i
                   JOIN returns b ON b.id = i.return_id GROUP BY b.order_id) r ON r.order_id = o.id
        WHERE (o.shipping_status = 'pending') <> (s.units IS NULL)
           OR (o.shipping_status = 'partially_shipped') <> (COALESCE(s.units, l.units) < l.units)
           OR (o.shipping_status = 'returned') <> (COALESCE(r.units, 0) = l.units)
        """,
    ),
    Check(
        "I27",
        "Every order has a number of its own, which opens nothing",
        """
        SELECT 'order ' || public_id FROM orders WHERE number IS NULL OR number = '' OR number = public_id
        UNION ALL
        SELECT 'number ' || number FROM orders WHERE number IS NOT NULL GROUP BY number HAVING count(*) > 1
        """,
    ),
    Check(
        "I29",
        "Every move of an order says who made it",
        """
        SELECT 'order ' || order_id || ', entry ' || seq FROM order_events
        WHERE "by" NOT IN ('customer', 'staff', 'system') OR ("by" = 'staff' AND user_id IS NULL)
        UNION ALL
        SELECT 'order ' || o.public_id FROM orders o
        WHERE NOT EXISTS (SELECT 1 FROM order_events e WHERE e.order_id = o.id)
        """,
    ),
)
