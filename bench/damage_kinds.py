"""Kinds of damage to a shop's rows, one row each, with the invariant of `flask shop audit` that finds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shop.domain.audit_checks.check import Check
from shop.domain.audit_checks.run import CHECKS

STAFF = "'staff', '', 'product.changed', 'product', 'prod_1', ''"
EMPTY = "'{}'"
LONG_AGO = "'2020-01-01 00:00:00.000000'"
FAR_OFF = "'2099-01-01 00:00:00.000000'"


@dataclass(frozen=True)
class Damage:
    """One row that is wrong: what of it, how it comes to be (by engine where the words differ), what it breaks."""

    area: str
    what: str
    sql: str | Mapping[str, str]
    promise: str

    @property
    def check(self) -> Check:
        return next(check for check in CHECKS if check.promise == self.promise)


def first(table: str, condition: str = "1 = 1", column: str = "id") -> str:
    """SQL for one row's key: the first that meets the condition."""
    return f"(SELECT min({column}) FROM {table} WHERE {condition})"


ORDER = first("orders")
CONFIRMED = first("orders", "status = 'confirmed'")
DELIVERED = first("orders", "status = 'delivered' AND payment_status <> 'pending'")
# Cancelled after it was confirmed, so that it has a payment.
CANCELLED = first("payments", "status = 'cancelled'", "order_id")
UNPAID = first("payments", "status = 'cancelled'")
SALE = first("stock_movements", "kind = 'sale'")
SENT = first("reservations", "status = 'shipped'")
HOLD = first("reservations", "status = 'held'")
PLACED = first("outbox_events", "type = 'order.placed'")
PACKED = first("outbox_events", "type = 'order.processing'")
BUSY = first("stock_items", "reserved > 0", "variant_id")

ONE_ORDER = "A cart is ordered when, and only when, it has its one order"
ONE_CURRENCY = "An order, its cart, lines, payments and refunds are of one currency"
LINES_ADD_UP = "A line is unit price x quantity - discount, and not negative"
ORDERS_ADD_UP = "An order's lines, delivery and tax add up to its total"
IS_PAID = "An order is paid when, and only when, its money was collected or it costs nothing"
HAS_PAYMENT = "A confirmed order that costs something has one payment, of its total"
RESERVED = "Reserved units are those of the held and promised reservations"
LEDGER = "Units on hand are the sum of the stock movements"
SHIPPED = "What was sold is what was shipped, order by order"
HOLDS = "A hold has a pending order or open cart and ends within 60 minutes; a promise has a confirmed order"
PROMISED = "A confirmed order has all its units promised or shipped"
TOLD = "Every move of an order is told by one event, and no event tells of what did not happen"
LISTED = "Lists have every product as it is, and can be narrowed by what it has"

KINDS = (
    Damage(
        "carts",
        "an ordered cart is open again",
        f"UPDATE carts SET status = 'open' WHERE id = {first('orders', 'cart_id IS NOT NULL', 'cart_id')}",
        ONE_ORDER,
    ),
    Damage("carts", "a cart's order forgot it", f"UPDATE orders SET cart_id = NULL WHERE id = {ORDER}", ONE_ORDER),
    Damage(
        "carts",
        "a cart is of another currency than its order",
        f"UPDATE carts SET currency = 'EUR' WHERE id = {first('orders', column='cart_id')}",
        ONE_CURRENCY,
    ),
    Damage(
        "carts",
        "a currency in small letters",
        f"UPDATE carts SET currency = 'usd' WHERE id = {first('carts')}",
        "Currencies are codes of three capitals",
    ),
    Damage(
        "money",
        "an amount with a fraction",
        {
            "sqlite": f"UPDATE payments SET amount = amount + 0.5 WHERE id = {first('payments')}",
            "postgresql": "ALTER TABLE payments ALTER COLUMN amount TYPE numeric",
        },
        "Amounts and counts are integers",
    ),
    Damage(
        "money",
        "a line's total is one off",
        f"UPDATE order_line_items SET total_amount = total_amount + 1 WHERE id = {first('order_line_items')}",
        LINES_ADD_UP,
    ),
    Damage(
        "money",
        "an order's total is one off",
        f"UPDATE orders SET total_amount = total_amount - 1 WHERE id = {ORDER}",
        ORDERS_ADD_UP,
    ),
    Damage(
        "money",
        "an order adds up, but not to its lines",
        f"UPDATE orders SET subtotal_amount = subtotal_amount + 1, total_amount = total_amount + 1 WHERE id = {ORDER}",
        ORDERS_ADD_UP,
    ),
    Damage("money", "a line is gone", f"DELETE FROM order_line_items WHERE order_id = {ORDER}", ORDERS_ADD_UP),
    Damage(
        "money",
        "a discount that no line has",
        f"UPDATE orders SET discount_amount = 1, total_amount = total_amount - 1 WHERE id = {ORDER}",
        "The discounts of the lines sum to the order's",
    ),
    Damage(
        "money",
        "a payment in another currency",
        f"UPDATE payments SET currency = 'EUR' WHERE id = {first('payments')}",
        ONE_CURRENCY,
    ),
    Damage(
        "money",
        "more refunded than was taken",
        f"UPDATE payments SET refunded_amount = captured_amount + 1 WHERE id = {first('payments')}",
        "Nothing is refunded or captured beyond what there is",
    ),
    Damage(
        "money",
        "an order is paid by nobody",
        f"UPDATE orders SET payment_status = 'paid' WHERE id = {CONFIRMED}",
        IS_PAID,
    ),
    Damage(
        "money",
        "money was collected, and the order does not know",
        f"UPDATE orders SET payment_status = 'pending' WHERE id = {DELIVERED}",
        IS_PAID,
    ),
    Damage(
        "money",
        "a payment is one less than its order",
        f"UPDATE payments SET amount = amount - 1 WHERE order_id = {CONFIRMED}",
        HAS_PAYMENT,
    ),
    Damage("money", "a payment is gone", f"DELETE FROM payments WHERE order_id = {CONFIRMED}", HAS_PAYMENT),
    Damage(
        "money",
        "an order is packed that nobody promised to pay",
        f"UPDATE orders SET status = 'processing', payment_method = 'stripe' WHERE id = {CONFIRMED}",
        "Nothing is packed or sent that is neither paid nor to be paid at the door",
    ),
    Damage(
        "money",
        "a cancelled order is still to be paid",
        f"UPDATE payments SET status = 'due' WHERE id = {UNPAID}",
        "An order has at most one open payment, and none once it is cancelled",
    ),
    Damage(
        "stock",
        "more is reserved than is there",
        f"UPDATE stock_items SET reserved = on_hand + 1 WHERE variant_id = {BUSY}",
        "0 <= reserved <= on hand",
    ),
    Damage(
        "stock",
        "a reserved unit too many",
        f"UPDATE stock_items SET reserved = reserved + 1 WHERE variant_id = {BUSY}",
        RESERVED,
    ),
    Damage(
        "stock",
        "a unit on hand that never arrived",
        f"UPDATE stock_items SET on_hand = on_hand + 1 WHERE variant_id = {BUSY}",
        LEDGER,
    ),
    Damage(
        "stock",
        "a sale is missing in the ledger",
        f"DELETE FROM stock_movements WHERE id = {SALE}",
        SHIPPED,
    ),
    Damage(
        "stock",
        "units left the house for nobody",
        f"UPDATE reservations SET status = 'released' WHERE id = {SENT}",
        SHIPPED,
    ),
    Damage("stock", "a promise is gone", f"DELETE FROM reservations WHERE order_id = {CONFIRMED}", PROMISED),
    Damage(
        "stock",
        "a hold without an end",
        f"UPDATE reservations SET expires_at = {FAR_OFF} WHERE id = {HOLD}",
        HOLDS,
    ),
    Damage(
        "stock",
        "units are kept for a cancelled order",
        f"UPDATE reservations SET status = 'promised', ended_at = NULL WHERE order_id = {CANCELLED}",
        HOLDS,
    ),
    Damage(
        "stock",
        "a reservation ended at no time",
        f"UPDATE reservations SET ended_at = NULL WHERE id = {first('reservations', 'ended_at IS NOT NULL')}",
        "A reservation that has ended says when, and one that has not says nothing",
    ),
    Damage(
        "orders",
        "a key names an order that is not there",
        "INSERT INTO idempotency_keys (principal, key, fingerprint, resource_id, created_at)"
        f" VALUES ('damage', 'damage', '', 'order_gone', {LONG_AGO})",
        "A key or form placed one order at most, and that order is there",
    ),
    Damage(
        "orders",
        "an entry of a history is gone",
        f"DELETE FROM order_events WHERE seq = 2 AND order_id = {DELIVERED}",
        "The history of an order has no gap",
    ),
    Damage(
        "orders",
        "an order jumped over a status",
        f"UPDATE order_events SET to_status = 'shipped' WHERE seq = 2 AND order_id = {DELIVERED}",
        "An order moves from where it is, and only where it may",
    ),
    Damage(
        "orders",
        "an order is not where its history says",
        f"UPDATE orders SET status = 'delivered' WHERE id = {CONFIRMED}",
        "An order is where its history says",
    ),
    Damage(
        "orders",
        "an order lost its number",
        f"UPDATE orders SET number = NULL WHERE id = {ORDER}",
        "Every order has a number of its own, which opens nothing",
    ),
    Damage(
        "orders",
        "nobody moved an order",
        f"UPDATE order_events SET \"by\" = 'staff', user_id = NULL WHERE id = {first('order_events')}",
        "Every move of an order says who made it",
    ),
    Damage(
        "orders",
        "an order has no history",
        f"DELETE FROM order_events WHERE order_id = {ORDER}",
        "Every move of an order says who made it",
    ),
    Damage(
        "messages",
        "an event is lost",
        f"DELETE FROM outbox_events WHERE id = {PLACED}",
        TOLD,
    ),
    Damage(
        "messages",
        "an event tells of what did not happen",
        f"UPDATE outbox_events SET type = 'order.cancelled' WHERE id = {PACKED}",
        TOLD,
    ),
    Damage(
        "messages",
        "an e-mail was never written",
        f"DELETE FROM emails WHERE id = {first('emails')}",
        "Every dispatched event has a row for each effect",
    ),
    Damage(
        "messages",
        "an event waits for ever",
        f"UPDATE outbox_events SET dispatched_at = NULL, created_at = {LONG_AGO} WHERE id = {first('outbox_events')}",
        "No event waits for its dispatch",
    ),
    Damage(
        "messages",
        "an e-mail is leased for ever",
        f"UPDATE emails SET status = 'leased', lease_until = NULL WHERE id = {first('emails')}",
        "An e-mail is due, leased until a time, sent at a time, or given up",
    ),
    Damage(
        "messages",
        "the sender of an e-mail never came back",
        f"UPDATE emails SET status = 'leased', sent_at = NULL, lease_until = {LONG_AGO} WHERE id = {first('emails')}",
        "No e-mail is stuck beyond its lease or due time",
    ),
    Damage(
        "messages",
        "an order gets the same e-mail twice",
        "UPDATE emails SET subject_id = (SELECT max(subject_id) FROM emails WHERE kind = 'order_confirmed')"
        " WHERE id = (SELECT id FROM emails WHERE kind = 'order_confirmed' ORDER BY subject_id LIMIT 1)",
        "An order gets an e-mail of each kind once",
    ),
    Damage(
        "catalogue",
        "a from-price that no variant has",
        f"UPDATE products SET from_price_amount = from_price_amount + 1 WHERE id = {first('products')}",
        "A product's from-price is the lowest price of its variants on offer",
    ),
    Damage(
        "catalogue",
        "a list shows another price",
        "UPDATE listings SET price_amount = price_amount + 1"
        f" WHERE product_id = {first('listings', column='product_id')}",
        LISTED,
    ),
    Damage(
        "catalogue",
        "a filter does not find a product",
        f"DELETE FROM facet_values WHERE product_id = {first('facet_values', column='product_id')}",
        LISTED,
    ),
    Damage(
        "catalogue",
        "stars of nobody",
        "UPDATE listings SET rating_count = rating_count + 1, rating_sum = rating_sum + 5"
        f" WHERE product_id = {first('listings', column='product_id')}",
        "A product's average and count are those of its approved reviews",
    ),
    Damage(
        "catalogue",
        "a review by who bought nothing",
        f"UPDATE reviews SET order_id = {CANCELLED} WHERE id = {first('reviews')}",
        "A review with an order is of something in it that was delivered",
    ),
    Damage(
        "records",
        "staff changed something, and nobody knows who",
        "INSERT INTO audit_entries (created_at, actor_kind, address, action, subject_kind, subject_id, request_id,"
        f' "before", "after") SELECT {LONG_AGO}, {STAFF}, {EMPTY}, {EMPTY}',
        "An audit row says what was done and who of the staff did it",
    ),
    Damage(
        "records",
        "a guard of the ledger is gone",
        {
            "sqlite": "DROP TRIGGER IF EXISTS stock_movements_no_update",
            "postgresql": "DROP TRIGGER stock_movements_append_only ON stock_movements",
        },
        "Triggers keep the audit log, the histories and the ledger as they were written",
    ),
    Damage(
        "records",
        "a payment names an order that is not there",
        {
            "sqlite": f"UPDATE payments SET order_id = 999999999 WHERE id = {first('payments')}",
            "postgresql": "ALTER TABLE payments ADD CONSTRAINT x FOREIGN KEY (order_id) REFERENCES orders NOT VALID",
        },
        "Every reference leads to a row",
    ),
)
