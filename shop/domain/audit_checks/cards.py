"""Card payments: charged once, paid where they should be, and nothing left hanging at the provider."""

from __future__ import annotations

from shop.domain.audit_checks.check import Check, listed
from shop.domain.payments.operations import CASH, OPEN_CARD

OPEN_DIFFERENCE = "SELECT 1 FROM payment_differences d WHERE d.resolved_at IS NULL AND d.order_id = o.id"

CARDS = (
    Check(
        "I07",
        "An order was charged once at most",
        """
        SELECT 'order ' || o.public_id FROM orders o JOIN payments p ON p.order_id = o.id AND p.captured_amount > 0
        GROUP BY o.public_id HAVING count(*) > 1
        """,
    ),
    Check(
        "I08",
        "A payment has taken its whole amount once it succeeded or was collected, and nothing before",
        f"""
        SELECT 'payment ' || public_id FROM payments
        WHERE (status IN ('succeeded', 'collected') AND captured_amount <> amount)
           OR (status NOT IN ('succeeded', 'collected') AND captured_amount <> 0)
           OR (provider <> '{CASH}' AND key IS NULL)
           OR (status = 'succeeded' AND provider_reference IS NULL)
        """,
    ),
    Check(
        "I11",
        "A card payment that succeeded has its order confirmed, or is given back",
        f"""
        SELECT 'payment ' || p.public_id FROM payments p JOIN orders o ON o.id = p.order_id
        WHERE p.status = 'succeeded'
          AND (o.status = 'pending' OR (o.status = 'cancelled' AND p.refunded_amount < p.captured_amount))
          AND NOT EXISTS ({OPEN_DIFFERENCE})
        """,
    ),
    Check(
        "I11",
        "A cancelled order came back only for money that was taken",
        """
        SELECT 'order ' || o.public_id FROM orders o JOIN order_events e ON e.order_id = o.id AND e.track = 'status'
        WHERE e.from_status = 'cancelled'
          AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.status = 'succeeded')
        """,
    ),
    Check(
        "I11",
        "No card payment waits long to be asked for, and none is open of an order that was cancelled",
        f"""
        SELECT 'payment ' || p.public_id FROM payments p JOIN orders o ON o.id = p.order_id
        WHERE p.status IN ({listed(OPEN_CARD)}) AND NOT EXISTS ({OPEN_DIFFERENCE})
          AND ((p.status IN ('processing', 'unknown') AND p.provider_reference IS NOT NULL
                AND COALESCE(p.asked_at, p.created_at) < :late AND p.created_at < :late)
            OR (o.status = 'cancelled' AND o.updated_at < :late AND p.status <> 'processing'))
        """,
        is_about_time=True,
    ),
    Check(
        "I09",
        "A refund that was sent has its key or the provider's name for it, and none waits long",
        """
        SELECT r.public_id FROM refunds r
        WHERE (r.status IN ('requested', 'sent', 'unknown') AND r.key IS NULL AND r.provider_reference IS NULL)
           OR (r.status = 'requested' AND r.created_at < :late)
        """,
        is_about_time=True,
    ),
    Check(
        "I14",
        "A dispute is of a payment of its own order",
        """
        SELECT 'dispute ' || d.public_id FROM disputes d JOIN payments p ON p.id = d.payment_id
        WHERE p.order_id <> d.order_id
        """,
    ),
    Check(
        "I37",
        "An event of the provider is stored once, and applied at a time",
        """
        SELECT 'event ' || max(public_id) FROM provider_events GROUP BY provider, event_id HAVING count(*) > 1
        UNION ALL
        SELECT 'event ' || public_id FROM provider_events WHERE (status = 'applied') <> (applied_at IS NOT NULL)
        """,
    ),
    Check(
        "I37",
        "No event of the provider waits, and none is parked",
        """
        SELECT 'event ' || public_id || ' (' || type || ')' FROM provider_events
        WHERE status = 'parked' OR (status = 'received' AND due_at < :late)
        """,
        is_about_time=True,
    ),
    Check(
        "X11",
        "What differs from the provider's books is settled before its deadline",
        """
        SELECT 'difference ' || public_id || ' (' || kind || ')' FROM payment_differences
        WHERE resolved_at IS NULL AND due_at < :late
        """,
        is_about_time=True,
    ),
)
