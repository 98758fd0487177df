"""The invariants of reliability.md section 2 as queries: `flask shop audit` runs them all, on both engines (D57).

Each query gives one text a broken row. It is one statement, so what it compares is of one moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import TextClause, bindparam, text

from shop.db import Base, UtcDateTime, db, end_read, transaction_time
from shop.domain.audit_reviews import REVIEW_CHECKS
from shop.domain.catalog.listing_check import find_listings_out_of_step
from shop.domain.models import APPEND_ONLY
from shop.domain.orders.operations import ALLOWED_MOVES
from shop.domain.outbox import ASKED_FOR, EFFECTS

LATE = timedelta(minutes=10)  # a stopped scheduler is forgiven for so long (F04)
EXAMPLES = 5
COUNTED = ("quantity", "on_hand", "reserved")


@dataclass(frozen=True)
class Finding:
    """How one invariant stands: what it promises, how many rows break it, and some of them."""

    id: str
    promise: str
    rows: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """An invariant and what finds whatever breaks it: a query (by dialect where the engines need different words), or,
    where SQL has no words for it, a function."""

    id: str
    promise: str
    sql: str | Mapping[str, str] | Callable[[], Iterable[str]]
    is_about_time: bool = False  # broken by processes that do not run, not by wrong rows

    def words_for(self, dialect: str) -> str:
        assert not callable(self.sql)
        return self.sql if isinstance(self.sql, str) else self.sql[dialect]


def run_audit(*, with_lateness: bool = True) -> list[Finding]:
    """Check every invariant. Without `with_lateness`, events and e-mails that wait too long are not counted."""
    end_read()
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("SET LOCAL statement_timeout = '10min'"))
    try:
        return [run_check(check) for check in CHECKS if with_lateness or not check.is_about_time]
    finally:
        end_read()


def run_check(check: Check) -> Finding:
    """Check one invariant, in the transaction that is open."""
    if callable(check.sql):
        broken = list(check.sql())
        return Finding(check.id, check.promise, len(broken), tuple(broken[:EXAMPLES]))
    words = check.words_for(db.session.get_bind().dialect.name)
    found = [str(example) for example in db.session.execute(_bound(words + f" LIMIT {EXAMPLES}")).scalars()]
    rows = len(found)
    if rows == EXAMPLES:
        rows = db.session.execute(_bound(f"SELECT count(*) FROM ({words}) AS broken")).scalar_one()
    return Finding(check.id, check.promise, rows, tuple(found))


def _bound(words: str) -> TextClause:
    statement = text(words)
    if ":late" in words:
        statement = statement.bindparams(bindparam("late", transaction_time() - LATE, type_=UtcDateTime()))
    return statement


# -- pieces of queries ------------------------------------------------------------------------------------------------


def _amount_columns() -> Iterator[tuple[str, str]]:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if column.name == "amount" or column.name.endswith("_amount") or column.name in COUNTED:
                yield table.name, column.name


def _currency_columns() -> Iterator[str]:
    return (table.name for table in Base.metadata.sorted_tables if "currency" in table.columns)


def _union(parts: Iterator[str]) -> str:
    return f"SELECT example FROM ({' UNION ALL '.join(parts)}) AS parts"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _values(rows: Iterator[str]) -> str:
    return " UNION ALL ".join(f"SELECT '{row}' AS name" for row in rows)


AMOUNTS_ARE_INTEGERS = {
    "sqlite": _union(
        f"SELECT '{table}.{column} of row ' || rowid AS example FROM {table}"
        f" WHERE typeof({column}) NOT IN ('integer', 'null')"
        for table, column in _amount_columns()
    ),
    "postgresql": _union(
        f"SELECT table_name || '.' || column_name AS example FROM information_schema.columns"
        f" WHERE table_schema = current_schema() AND table_name = '{table}' AND column_name = '{column}'"
        f" AND data_type NOT IN ('bigint', 'integer')"
        for table, column in _amount_columns()
    ),
}
CURRENCIES_ARE_CODES = _union(
    f"SELECT '{table}: ' || currency AS example FROM {table} WHERE length(currency) <> 3 OR currency <> upper(currency)"
    for table in _currency_columns()
)
MOVE_IS_ALLOWED = " OR ".join(
    f"(from_status = '{source}' AND to_status = '{target}')"
    for target, sources in ALLOWED_MOVES.items()
    for source in sources
)
EVENT_OF_MOVE = "'order.' || CASE e.to_status WHEN 'pending' THEN 'placed' ELSE e.to_status END"
PAID = "('paid', 'partially_refunded', 'refunded')"
LAST_MOVE = "(SELECT to_status FROM order_events WHERE order_id = o.id AND track = '{}' ORDER BY seq DESC LIMIT 1)"
TRIGGERS = {
    "sqlite": "SELECT name FROM ("
    + _values(f"{table}_no_{verb}" for table in APPEND_ONLY for verb in ("update", "delete"))
    + ") AS wanted WHERE name NOT IN (SELECT name FROM sqlite_master WHERE type = 'trigger')",
    "postgresql": "SELECT name FROM ("
    + _values(f"{table}_append_only" for table in APPEND_ONLY)
    + ") AS wanted WHERE name NOT IN (SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D')",
}
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

# -- the checks -------------------------------------------------------------------------------------------------------

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
        WHERE o.discount_amount
           <> (SELECT COALESCE(sum(l.discount_amount), 0) FROM order_line_items l WHERE l.order_id = o.id)
        """,
    ),
    Check(
        "I06",
        "An order, its cart, lines and payments are of one currency",
        """
        SELECT 'order ' || o.public_id FROM orders o
        WHERE EXISTS (SELECT 1 FROM order_line_items l WHERE l.order_id = o.id AND l.currency <> o.currency)
           OR EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.currency <> o.currency)
           OR EXISTS (SELECT 1 FROM carts c WHERE c.id = o.cart_id AND c.currency <> o.currency)
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
        "I10",
        "An order is paid when, and only when, its money was collected or it costs nothing",
        f"""
        SELECT 'order ' || o.public_id FROM orders o
        LEFT JOIN (SELECT order_id, sum(captured_amount) AS captured FROM payments WHERE status = 'collected'
                   GROUP BY order_id) p ON p.order_id = o.id
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
                    AND p.currency = o.currency AND p.status IN ('due', 'collected'))
        """,
    ),
    Check(
        "I13",
        "Nothing is packed or sent that is neither paid nor to be paid at the door",
        """
        SELECT 'order ' || public_id FROM orders
        WHERE status IN ('processing', 'shipped', 'delivered') AND payment_status <> 'paid'
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
        """
        SELECT 'order ' || o.public_id FROM orders o JOIN payments p ON p.order_id = o.id AND p.status = 'due'
        GROUP BY o.public_id, o.status HAVING count(*) > 1 OR o.status IN ('pending', 'cancelled')
        """,
    ),
)

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
        SELECT 'order ' || o.public_id || ', variant ' || r.variant_id FROM orders o
        JOIN (SELECT order_id, variant_id, sum(quantity) AS units FROM reservations WHERE status = 'shipped'
              GROUP BY order_id, variant_id) r ON r.order_id = o.id
        WHERE r.units <> (SELECT COALESCE(-sum(quantity), 0) FROM stock_movements m
                          WHERE m.kind = 'sale' AND m.reference = o.public_id AND m.variant_id = r.variant_id)
        UNION ALL
        SELECT 'sale ' || m.reference || ', variant ' || m.variant_id FROM stock_movements m
        WHERE m.kind = 'sale' AND NOT EXISTS (
            SELECT 1 FROM reservations r JOIN orders o ON o.id = r.order_id
            WHERE o.public_id = m.reference AND r.variant_id = m.variant_id AND r.status = 'shipped')
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
        SELECT 'order ' || o.public_id || ', variant ' || l.variant_id FROM orders o
        JOIN (SELECT order_id, variant_id, sum(quantity) AS units FROM order_line_items GROUP BY order_id, variant_id) l
          ON l.order_id = o.id
        WHERE o.status IN ('confirmed', 'processing', 'shipped', 'delivered')
          AND l.units <> (SELECT COALESCE(sum(r.quantity), 0) FROM reservations r
                          WHERE r.order_id = o.id AND r.variant_id = l.variant_id
                            AND r.status = CASE WHEN o.status IN ('shipped', 'delivered') THEN 'shipped'
                                           ELSE 'promised' END)
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
        SELECT 'key of ' || principal || ' for ' || resource_id FROM idempotency_keys
        WHERE resource_id LIKE 'order!_%' ESCAPE '!' AND resource_id NOT IN (SELECT public_id FROM orders)
        """,
    ),
    Check(
        "I26",
        "An order moves from where it is, and only where it may",
        f"""
        SELECT 'order ' || order_id || ', entry ' || seq FROM (
            SELECT e.*, LAG(e.to_status) OVER (PARTITION BY e.order_id, e.track ORDER BY e.seq) AS before
            FROM order_events e) AS moves
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
        SELECT 'order ' || public_id FROM orders WHERE id NOT IN (SELECT order_id FROM order_events)
        """,
    ),
)

MESSAGES = (
    Check(
        "I35",
        "Every move of an order is told by one event, and no event tells of what did not happen",
        f"""
        WITH moves AS (
            SELECT o.public_id AS subject_id, {EVENT_OF_MOVE} AS type, count(*) AS times
            FROM order_events e JOIN orders o ON o.id = e.order_id WHERE e.track = 'status'
            GROUP BY o.public_id, {EVENT_OF_MOVE}
            UNION ALL
            SELECT o.public_id, 'payment.collected', count(*) FROM payments p JOIN orders o ON o.id = p.order_id
            WHERE p.status = 'collected' GROUP BY o.public_id),
        told AS (
            SELECT subject_id, type, count(*) AS times FROM outbox_events
            WHERE type LIKE 'order.%' OR type = 'payment.collected' GROUP BY subject_id, type)
        SELECT m.type || ' ' || m.subject_id FROM moves m
        LEFT JOIN told t ON t.subject_id = m.subject_id AND t.type = m.type WHERE COALESCE(t.times, 0) <> m.times
        UNION ALL
        SELECT t.type || ' ' || t.subject_id FROM told t
        LEFT JOIN moves m ON m.subject_id = t.subject_id AND m.type = t.type WHERE m.times IS NULL
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
        f"SELECT kind || ' of ' || subject_id FROM emails WHERE kind NOT IN ({_listed(ASKED_FOR)})"
        f" GROUP BY kind, subject_id HAVING count(*) > 1",
    ),
)

RECORDS = (
    Check(
        "I44",
        "An audit row says what was done and who of the staff did it",
        """
        SELECT 'audit row ' || id FROM audit_entries
        WHERE action = '' OR subject_id = '' OR actor_kind NOT IN ('staff', 'system', 'customer')
           OR (actor_kind = 'staff' AND user_id IS NULL)
        """,
    ),
    Check("I44", "Triggers keep the audit log, the histories and the ledger as they were written", TRIGGERS),
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
        "X02",
        "Every reference leads to a row",
        {
            "sqlite": "SELECT \"table\" || ' row ' || rowid || ' to ' || parent FROM pragma_foreign_key_check",
            "postgresql": "SELECT conrelid::regclass || ': ' || conname FROM pg_constraint"
            " WHERE contype = 'f' AND NOT convalidated",
        },
    ),
)

REVIEWS = tuple(Check(*check) for check in REVIEW_CHECKS)

CHECKS = (*MONEY, *PAYMENTS, *STOCK, *ORDERS, *MESSAGES, *REVIEWS, *RECORDS)
