"""Messages: every change is told, once, in time."""

from __future__ import annotations

from shop.domain.audit_checks.check import Check, listed
from shop.domain.outbox import ASKED_FOR, EFFECTS

EVENT_OF_MOVE = "'order.' || CASE e.to_status WHEN 'pending' THEN 'placed' ELSE e.to_status END"

MESSAGES = (
    Check(
        "I35",
        "Every move of an order is told by one event, and no event tells of what did not happen",
        f"""
        SELECT type || ' ' || COALESCE((SELECT public_id FROM orders o WHERE o.id = order_id), name) FROM (
            SELECT e.order_id, '' AS name, {EVENT_OF_MOVE} AS type, 1 AS times
            FROM order_events e WHERE e.track = 'status'
            UNION ALL
            SELECT order_id, '', CASE status WHEN 'succeeded' THEN 'payment.captured' ELSE 'payment.collected' END, 1
            FROM payments WHERE status IN ('collected', 'succeeded')
            UNION ALL
            SELECT o.id, CASE WHEN o.id IS NULL THEN v.subject_id ELSE '' END, v.type, -1
            FROM outbox_events v LEFT JOIN orders o ON o.public_id = v.subject_id
            WHERE v.type LIKE 'order.%' OR v.type IN ('payment.collected', 'payment.captured')
        ) AS happened GROUP BY order_id, name, type HAVING sum(times) <> 0
        """,
    ),
    Check(
        "I35",
        "Every parcel, return and refund is told by one event",
        """
        WITH things AS (
            SELECT public_id, 'return.received' AS type FROM returns
            UNION ALL SELECT public_id, 'payment.refunded' FROM refunds WHERE status = 'succeeded'
            UNION ALL SELECT s.public_id, 'shipment.sent' FROM shipments s
                      JOIN stock_movements m ON m.reference = s.public_id GROUP BY s.public_id),
        told AS (
            SELECT subject_id, type, count(*) AS times FROM outbox_events
            WHERE type IN ('return.received', 'payment.refunded', 'shipment.sent') GROUP BY subject_id, type)
        SELECT t.type || ' ' || t.public_id FROM things t
        LEFT JOIN told e ON e.subject_id = t.public_id AND e.type = t.type WHERE COALESCE(e.times, 0) <> 1
        UNION ALL
        SELECT e.type || ' ' || e.subject_id FROM told e
        LEFT JOIN things t ON t.public_id = e.subject_id AND t.type = e.type
        WHERE t.public_id IS NULL AND e.subject_id NOT IN (SELECT public_id FROM refunds WHERE status = 'failed')
        """,
    ),
    Check(
        "I35",
        "Every dispatched event has a row for each effect",  # the demo's past has none: settled at its own time
        " UNION ALL ".join(
            f"SELECT '{kind} of ' || v.public_id FROM outbox_events v WHERE v.type = '{event_type}'"
            f" AND v.dispatched_at > v.created_at"
            f" AND NOT EXISTS (SELECT 1 FROM emails m WHERE m.event_id = v.id AND m.kind = '{kind}')"
            for event_type, kinds in EFFECTS.items()
            for kind in kinds
        ),
    ),
    Check(
        "I35",
        "No event waits for its dispatch",
        "SELECT type || ' ' || public_id FROM outbox_events WHERE dispatched_at IS NULL AND created_at < :late",
        is_about_time=True,
    ),
    Check(
        "I36",
        "An e-mail is due, leased until a time, sent at a time, or given up",
        """
        SELECT public_id || ' (' || status || ')' FROM emails
        WHERE (status = 'leased') <> (lease_until IS NOT NULL) OR (status = 'done') <> (sent_at IS NOT NULL)
        """,
    ),
    Check(
        "I36",
        "No e-mail is stuck beyond its lease or due time",
        """
        SELECT public_id || ' (' || status || ')' FROM emails
        WHERE (status = 'leased' AND lease_until < :late) OR (status = 'due' AND due_at < :late)
        """,
        is_about_time=True,
    ),
    Check(
        "I39",
        "An order gets an e-mail of each kind once",  # but those that its shopper asks for
        f"""
        SELECT kind || ' of ' || subject_id FROM emails WHERE kind NOT IN ({listed(ASKED_FOR)})
        GROUP BY kind, subject_id
        HAVING count(*) > 1 AND NOT (kind = 'order_cancelled' AND count(*) = count(DISTINCT event_id))
        """,  # an order that was paid late, and so came back, may be cancelled a second time
    ),
)
