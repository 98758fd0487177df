"""Money: amounts, orders that add up, payments."""

from __future__ import annotations

from collections.abc import Iterator

from shop.domain.audit_checks.check import Check, listed
from shop.domain.models import Order  # with it every table is known: the first checks go through all of them
from shop.domain.payments.operations import OPEN_CARD

COUNTED = ("quantity", "on_hand", "reserved")


def _amount_columns() -> Iterator[tuple[str, str]]:
    for table in Order.metadata.sorted_tables:
        for column in table.columns:
            if column.name == "amount" or column.name.endswith("_amount") or column.name in COUNTED:
                yield table.name, column.name


def _amounts_by_table() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for table, column in _amount_columns():
        found.setdefault(table, []).append(column)
    return found


def _when_not_integer(column: str) -> str:
    return f"WHEN typeof({column}) NOT IN ('integer', 'null') THEN '{column}'"


def _currency_columns() -> Iterator[str]:
    return (table.name for table in Order.metadata.sorted_tables if "currency" in table.columns)


def _union(parts: Iterator[str]) -> str:
    return f"SELECT example FROM ({' UNION ALL '.join(parts)}) AS parts"


AMOUNTS_ARE_INTEGERS = {
    "sqlite": _union(  # one look at a row for all its columns
        f"SELECT '{table}.' || column_name || ' of row ' || number AS example FROM ("
        f"SELECT rowid AS number, CASE {' '.join(map(_when_not_integer, columns))} END AS column_name FROM {table}"
        f") AS {table}_rows WHERE column_name IS NOT NULL"
        for table, columns in _amounts_by_table().items()
    ),
    "postgresql": "SELECT relname || '.' || attname AS example"
    " FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
    " WHERE relnamespace = current_schema()::regnamespace AND atttypid NOT IN ('bigint'::regtype, 'integer'::regtype)"
    f" AND (relname, attname) IN ({', '.join(map(str, _amount_columns()))})",
}
CURRENCIES_ARE_CODES = _union(
    f"SELECT '{table}: ' || currency AS example FROM {table} WHERE length(currency) <> 3 OR currency <> upper(currency)"
    for table in _currency_columns()
)
PAID = "('paid', 'partially_refunded', 'refunded')"

MONEY = (
    Check("I01", "Amounts and counts are integers", AMOUNTS_ARE_INTEGERS),
    Check("I01", "Currencies are codes of three capitals", CURRENCIES_ARE_CODES),
    Check(
        "I02",
        "A line is unit price x quantity - discount, and not negative",
        """
        SELECT 'line ' || public_id FROM order_line_items
        WHERE subtotal_amount <> unit_price_amount * quantity OR total_amount <> subtotal_amount - discount_amount
           OR total_amount < 0 OR quantity < 1
        """,
    ),
    Check(
        "I02",
        "An order's lines, delivery and tax add up to its total",
        """
        SELECT 'order ' || o.public_id FROM orders o
        LEFT JOIN (SELECT order_id, sum(subtotal_amount) AS subtotal, sum(tax_amount) AS tax FROM order_line_items
                   GROUP BY order_id) l ON l.order_id = o.id
        WHERE l.subtotal IS NULL OR l.subtotal <> o.subtotal_amount OR l.tax > o.tax_amount OR o.total_amount < 0
           OR o.total_amount <> o.subtotal_amount - o.discount_amount + o.shipping_amount + o.tax_amount
        """,
    ),
    Check(
        "I05",
        "The discounts of the lines sum to the order's",
        """
        SELECT 'order ' || o.public_id FROM orders o
        LEFT JOIN (SELECT order_id, sum(discount_amount) AS discount FROM order_line_items GROUP BY order_id) l
               ON l.order_id = o.id
        WHERE o.discount_amount <> COALESCE(l.discount, 0)
        """,
    ),
    Check(
        "I06",
        "An order, its cart, lines, payments and refunds are of one currency",
        """
        SELECT 'order ' || o.public_id FROM orders o JOIN order_line_items l ON l.order_id = o.id
        WHERE l.currency <> o.currency
        UNION
        SELECT 'order ' || o.public_id FROM orders o JOIN payments p ON p.order_id = o.id WHERE p.currency <> o.currency
        UNION
        SELECT 'order ' || o.public_id FROM orders o JOIN refunds r ON r.order_id = o.id WHERE r.currency <> o.currency
        UNION
        SELECT 'order ' || o.public_id FROM orders o JOIN carts c ON c.id = o.cart_id WHERE c.currency <> o.currency
        """,
    ),
)

PAYMENTS = (
    Check(
        "I09",
        "Nothing is refunded or captured beyond what there is",
        """
        SELECT 'payment ' || public_id FROM payments
        WHERE refunded_amount < 0 OR refunded_amount > captured_amount OR captured_amount > amount
        """,
    ),
    Check(
        "I09",
        "What a payment has given back is the sum of its refunds, and the order says so",
        """
        SELECT 'payment ' || p.public_id FROM payments p JOIN orders o ON o.id = p.order_id
        LEFT JOIN (SELECT payment_id, sum(amount) AS given FROM refunds WHERE status <> 'failed'
                   GROUP BY payment_id) r ON r.payment_id = p.id
        WHERE p.refunded_amount <> COALESCE(r.given, 0)
           OR (p.captured_amount > 0 AND o.payment_status <> CASE p.refunded_amount WHEN 0 THEN 'paid'
               WHEN p.captured_amount THEN 'refunded' ELSE 'partially_refunded' END)
        """,
    ),
    Check(
        "I09",
        "A refund is its units' shares, delivery and the rest, and of its own order",
        """
        SELECT r.public_id FROM refunds r JOIN payments p ON p.id = r.payment_id
        WHERE p.order_id <> r.order_id OR r.amount <> r.shipping_amount + r.other_amount
            + (SELECT COALESCE(sum(i.amount), 0) FROM refund_line_items i WHERE i.refund_id = r.id)
        UNION ALL
        SELECT r.public_id FROM refunds r JOIN refund_line_items i ON i.refund_id = r.id
        JOIN order_line_items l ON l.id = i.line_item_id WHERE l.order_id <> r.order_id
        """,
    ),
    Check(
        "I09",
        "No unit and no delivery is refunded twice or beyond what it cost",
        """
        SELECT 'line ' || l.public_id FROM order_line_items l
        JOIN (SELECT i.line_item_id, sum(i.quantity) AS units, sum(i.amount) AS given FROM refund_line_items i
              JOIN refunds r ON r.id = i.refund_id AND r.status <> 'failed' GROUP BY i.line_item_id) g
          ON g.line_item_id = l.id
        WHERE g.units > l.quantity OR g.given > l.total_amount + l.tax_amount
        UNION ALL
        SELECT 'delivery of ' || o.public_id FROM orders o
        WHERE (SELECT sum(r.shipping_amount) FROM refunds r WHERE r.order_id = o.id AND r.status <> 'failed')
            > o.total_amount - (SELECT sum(l.total_amount + l.tax_amount) FROM order_line_items l
                                WHERE l.order_id = o.id)
        """,
    ),
    Check(
        "I10",
        "An order is paid when, and only when, its money was collected or it costs nothing",
        f"""
        SELECT 'order ' || o.public_id FROM orders o
        LEFT JOIN (SELECT order_id, sum(captured_amount) AS captured FROM payments
                   WHERE status IN ('collected', 'succeeded') GROUP BY order_id) p ON p.order_id = o.id
        WHERE (o.payment_status IN {PAID} AND COALESCE(p.captured, 0) < o.total_amount)
           OR (o.payment_status NOT IN {PAID} AND p.captured IS NOT NULL)
           OR (o.total_amount = 0 AND o.payment_status <> 'paid' AND o.status NOT IN ('pending', 'cancelled'))
        """,
    ),
    Check(
        "I12",
        "A confirmed order that costs something has one payment, of its total",
        """
        SELECT 'order ' || o.public_id FROM orders o
        WHERE o.total_amount > 0 AND o.status NOT IN ('pending', 'cancelled')
          AND 1 <> (SELECT count(*) FROM payments p WHERE p.order_id = o.id AND p.amount = o.total_amount
                    AND p.currency = o.currency AND p.status IN ('due', 'collected', 'succeeded'))
        """,
    ),
    Check(
        "I13",
        "Nothing is packed or sent that is neither paid nor to be paid at the door",
        f"""
        SELECT 'order ' || public_id FROM orders
        WHERE status IN ('processing', 'shipped', 'delivered') AND payment_status NOT IN {PAID}
          AND payment_method <> 'cash_on_delivery'
        """,
    ),
    Check(
        "I14",
        "A payment at a provider is written down once",
        """
        SELECT provider || ' ' || provider_reference FROM payments WHERE provider_reference IS NOT NULL
        GROUP BY provider, provider_reference HAVING count(*) > 1
        """,
    ),
    Check(
        "I15",
        "An order has at most one open payment, and none once it is cancelled",
        f"""
        SELECT 'order ' || o.public_id FROM orders o JOIN payments p ON p.order_id = o.id
        WHERE p.status = 'due' OR p.status IN ({listed(OPEN_CARD)})
        GROUP BY o.public_id, o.status
        HAVING count(*) > 1 OR (o.status IN ('pending', 'cancelled') AND max(p.status) = 'due')
            OR (o.status NOT IN ('pending', 'cancelled') AND max(p.status) <> 'due')
        """,  # a card payment of a cancelled order is cancelled at the provider soon after: see cards.py
    ),
)
