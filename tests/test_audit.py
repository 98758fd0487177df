"""`flask shop audit`: clean on a shop that lived, and each check is seen to find what it is for.

Rows are broken in a transaction that is rolled back, with the constraints and triggers that guard them put aside.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import text

from shop.db import db, operation
from shop.domain.actors import SYSTEM, Actor
from shop.domain.audit.operations import record_change
from shop.domain.audit_checks.check import Finding
from shop.domain.audit_checks.run import CHECKS, run_audit, run_check
from shop.domain.carts.operations import ApplyCode, apply_code
from shop.domain.catalog.listings import refresh_all_listings
from shop.domain.catalog.models import Product, Variant
from shop.domain.checkout import cancel_order, place_order
from shop.domain.customers.operations import create_user
from shop.domain.models import APPEND_ONLY
from shop.domain.orders.models import OrderLineItem
from shop.domain.orders.operations import deliver_order, start_processing
from shop.domain.orders.queries import email_addresses_of
from shop.domain.orders.returns import ReceiveReturn, receive_return
from shop.domain.orders.shipments import ship_order
from shop.domain.outbox import claim_email, dispatch_events, mark_sent, unasked_emails, undispatched_events
from shop.domain.payments.operations import collect_cash
from shop.domain.payments.refunds import RefundPayment, refund_payment
from shop.domain.reviews.operations import ModerateReview, WriteReview, moderate_review, submit_review
from shop.domain.terms import Terms
from shop.payment_provider import ProviderDispute
from tests.conftest import SHOPPER, cart_with, make_product, order_wish, placed_order, variants_of
from tests.domain.payments.conftest import card_order
from tests.domain.payments.fake_provider import FakeProvider
from tests.domain.payments.stories import pay, payment_of, send_all, tell_everything
from tests.domain.promotions.codes import make_code
from tests.domain.tax_zones.zones import make_zone

# What each check promises -> how to break it, by engine where they need different words; None where a constraint
# cannot be put aside.
DAMAGE: dict[str, str | dict[str, str | None]] = {
    "Amounts and counts are integers": {
        "sqlite": "UPDATE variants SET price_amount = 10.5",
        "postgresql": "ALTER TABLE payments ALTER COLUMN amount TYPE numeric",
    },
    "Currencies are codes of three capitals": "UPDATE carts SET currency = 'usd'",
    "A line is unit price x quantity - discount, and not negative": (
        "UPDATE order_line_items SET total_amount = total_amount + 1"
    ),
    "An order's lines, delivery and tax add up to its total": "UPDATE orders SET total_amount = total_amount - 1",
    "The discounts of the lines sum to the order's": (
        "UPDATE orders SET discount_amount = 1, total_amount = total_amount - 1"
    ),
    "A code was used as often as orders hold it that were not cancelled, and within its limit": (
        "UPDATE discount_codes SET used = used + 1"
    ),
    "No customer has used a code more often than it was used": "UPDATE discount_customers SET used = used + 1",
    "An order that was not cancelled holds the code that it names; a cancelled one has given it back": (
        "UPDATE discount_redemptions SET released_at = created_at"
    ),
    "An order has a discount only by a code": "UPDATE orders SET discount_code = NULL",
    "An order, its cart, lines, payments and refunds are of one currency": "UPDATE payments SET currency = 'EUR'",
    "Nothing is refunded or captured beyond what there is": "UPDATE payments SET refunded_amount = captured_amount + 1",
    "What a payment has given back is the sum of its refunds, and the order says so": (
        "UPDATE orders SET payment_status = 'paid' WHERE payment_status = 'partially_refunded'"
    ),
    "A refund is its units' shares, delivery and the rest, and of its own order": (
        "UPDATE refund_line_items SET amount = amount + 1"
    ),
    "No unit and no delivery is refunded twice or beyond what it cost": ("UPDATE refund_line_items SET quantity = 99"),
    "An order is paid when, and only when, its money was collected or it costs nothing": (
        "UPDATE orders SET payment_status = 'paid' WHERE status = 'confirmed'"
    ),
    "A confirmed order that costs something has one payment, of its total": (
        "UPDATE payments SET amount = amount + 1 WHERE status = 'due'"
    ),
    "Nothing is packed or sent that is neither paid nor to be paid at the door": (
        "UPDATE orders SET status = 'processing', payment_method = 'stripe' WHERE status = 'confirmed'"
    ),
    "A payment at a provider is written down once": {
        "sqlite": None,
        "postgresql": "UPDATE payments SET provider_reference = 'pi_1'",
    },
    "An order has at most one open payment, and none once it is cancelled": (
        "UPDATE payments SET status = 'due' WHERE status = 'cancelled'"
    ),
    "An order was charged once at most": (
        "UPDATE payments SET order_id = (SELECT max(order_id) FROM payments WHERE status = 'succeeded')"
        " WHERE status = 'collected'"
    ),
    "A payment has taken its whole amount once it succeeded or was collected, and nothing before": (
        "UPDATE payments SET captured_amount = amount - 1 WHERE status = 'succeeded' AND refunded_amount = 0"
    ),
    "A card payment that succeeded has its order confirmed, or is given back": (
        "UPDATE payments SET refunded_amount = 0 WHERE status = 'succeeded'"
    ),
    "A cancelled order came back only for money that was taken": (
        "UPDATE order_events SET from_status = 'cancelled' WHERE to_status = 'confirmed'"
    ),
    "No card payment waits long to be asked for, and none is open of an order that was cancelled": (
        "UPDATE payments SET status = 'unknown', provider_reference = 'pi_0', asked_at = NULL,"
        " created_at = '2020-01-01 00:00:00.000000' WHERE status = 'due'"
    ),
    "A refund that was sent has its key or the provider's name for it, and none waits long": (
        "UPDATE refunds SET status = 'sent', key = NULL, provider_reference = NULL"
    ),
    "A dispute is of a payment of its own order": "UPDATE disputes SET order_id = order_id + 1",
    "An event of the provider is stored once, and applied at a time": "UPDATE provider_events SET applied_at = NULL",
    "No event of the provider waits, and none is parked": "UPDATE provider_events SET status = 'parked'",
    "What differs from the provider's books is settled before its deadline": (
        "UPDATE payment_differences SET resolved_at = NULL, due_at = '2020-01-01 00:00:00.000000'"
    ),
    "0 <= reserved <= on hand": "UPDATE stock_items SET reserved = on_hand + 1",
    "Reserved units are those of the held and promised reservations": (
        "UPDATE stock_items SET reserved = reserved + 1"
    ),
    "Units on hand are the sum of the stock movements": "UPDATE stock_items SET on_hand = on_hand + 1",
    "What was sold is what was shipped, order by order": (
        "UPDATE reservations SET status = 'released' WHERE status = 'shipped'"
    ),
    "What is in an order's parcels is what left the stock for it": (
        "UPDATE shipment_line_items SET quantity = quantity + 1"
    ),
    "No more of a line came back than was sent": "UPDATE return_line_items SET quantity = 99",
    "What came back is in the ledger where it is on sale again, and nowhere else": (
        "UPDATE stock_movements SET reference = 'ret_1' WHERE kind = 'return'"
    ),
    "A hold has a pending order or open cart and ends within 60 minutes; a promise has a confirmed order": (
        "UPDATE reservations SET expires_at = '2099-01-01 00:00:00.000000' WHERE status = 'held'"
    ),
    "A confirmed order has all its units promised or shipped": (
        "UPDATE reservations SET quantity = quantity - 1 WHERE status = 'promised'"
    ),
    "A reservation that has ended says when, and one that has not says nothing": (
        "UPDATE reservations SET ended_at = NULL WHERE status = 'released'"
    ),
    "A cart is ordered when, and only when, it has its one order": "UPDATE carts SET status = 'expired'",
    "A key or form placed one order at most, and that order is there": "UPDATE orders SET placement_key = 'same'",
    "An order moves from where it is, and only where it may": (
        "UPDATE order_events SET to_status = 'shipped' WHERE to_status = 'confirmed'"
    ),
    "The history of an order has no gap": "UPDATE order_events SET seq = 99 WHERE seq = 2",
    "An order is where its history says": "UPDATE orders SET status = 'confirmed' WHERE status = 'pending'",
    "How far the goods are is what the parcels and returns say": (
        "UPDATE orders SET shipping_status = 'returned' WHERE shipping_status = 'delivered'"
    ),
    "Every order has a number of its own, which opens nothing": "UPDATE orders SET number = NULL",
    "Every move of an order says who made it": "UPDATE order_events SET \"by\" = 'staff', user_id = NULL",
    "Every move of an order is told by one event, and no event tells of what did not happen": (
        "DELETE FROM outbox_events WHERE type = 'order.placed'"
    ),
    "Every parcel, return and refund is told by one event": "DELETE FROM outbox_events WHERE type = 'return.received'",
    "Every dispatched event has a row for each effect": "DELETE FROM emails",
    "No event waits for its dispatch": (
        "UPDATE outbox_events SET dispatched_at = NULL, created_at = '2020-01-01 00:00:00.000000'"
    ),
    "An e-mail is due, leased until a time, sent at a time, or given up": "UPDATE emails SET status = 'leased'",
    "No e-mail is stuck beyond its lease or due time": (
        "UPDATE emails SET status = 'leased', sent_at = NULL, lease_until = '2020-01-01 00:00:00.000000'"
    ),
    "An order gets an e-mail of each kind once": "UPDATE emails SET subject_id = 'order_same'",
    "A product's average and count are those of its approved reviews": (
        "UPDATE listings SET rating_count = rating_count + 1, rating_sum = rating_sum + 3"
    ),
    "A review with an order is of something in it that was delivered": (
        "UPDATE reviews SET order_id = (SELECT max(id) FROM orders WHERE status = 'cancelled')"
    ),
    "An audit row says what was done and who of the staff did it": "UPDATE audit_entries SET user_id = NULL",
    "Triggers keep the audit log, the histories and the ledger as they were written": {
        "sqlite": "DROP TRIGGER IF EXISTS order_events_no_update",
        "postgresql": "DROP TRIGGER order_events_append_only ON order_events",
    },
    "Lists have every product as it is, and can be narrowed by what it has": "UPDATE listings SET price_amount = 1",
    "A product's from-price is the lowest price of its variants on offer": (
        "UPDATE products SET from_price_amount = from_price_amount + 1"
    ),
    "A place is in one active tax zone at most": "UPDATE tax_zones SET is_active = true",
    "A tax zone has places and a standard rate": "DELETE FROM tax_rates WHERE category_id IS NULL",
    "Every reference leads to a row": {
        "sqlite": "UPDATE payments SET order_id = 90000 + id",
        "postgresql": "ALTER TABLE payments ADD CONSTRAINT x FOREIGN KEY (order_id) REFERENCES orders NOT VALID",
    },
}

FROM_PRICE = "A product's from-price is the lowest price of its variants on offer"


@pytest.fixture
def lived_in(app: Flask, terms: Terms) -> Flask:
    """A shop with an order of every kind: pending, confirmed, delivered and paid, cancelled; their e-mails are sent."""
    staff = Actor("staff", user_id=create_user(email="anna@example.com", password="long enough").id)
    variants = variants_of(make_product(stock=20, variants=["30 ml", "50 ml"]))
    make_code()
    pending, confirmed, delivered, cancelled = (
        placed_order(terms, (variants[0], 2), (variants[1], 3), confirm=confirm)
        for confirm in (False, True, True, True)
    )
    assert pending.id < confirmed.id
    cart = cart_with(terms, (variants[0], 1))
    apply_code(cart, ApplyCode(discountCode="SPRING"), SHOPPER, terms)
    place_order(order_wish(cart), SHOPPER, terms)
    cancel_order(cancelled.id, SHOPPER)
    start_processing(delivered.id, staff)
    ship_order(delivered.id, staff)
    deliver_order(delivered.id, staff)
    collect_cash(delivered.id, delivered.total, staff)
    line_id = db.session.scalar(db.select(OrderLineItem.public_id).filter_by(order_id=delivered.id, position=1))
    one = {line_id: 1}
    receive_return(delivered.id, staff, ReceiveReturn(quantities=one, restock=True))
    refund_payment(delivered.id, staff, RefundPayment(quantities=one))
    product_id = db.session.scalar(db.select(Product.public_id))
    review = submit_review(delivered.id, product_id, WriteReview(rating=4, body="Good."))
    moderate_review(review.public_id, ModerateReview(decision="approve"), SYSTEM)
    note_change(staff)
    make_zone("DE")
    make_zone("DE", isActive=False)
    live_with_cards(replace(terms, takes_cards=True), variants[0])
    send_everything()
    return app


def live_with_cards(terms: Terms, variant: Variant) -> None:
    """Orders paid by card, open, disputed, cancelled and given back; their events are applied."""
    provider = FakeProvider()
    paid, given_back, waiting = (card_order(terms, (variant, 1)) for _ in range(3))
    for order in (paid, given_back):
        pay(order, terms, provider)
    pay(waiting, terms, provider, card=None)
    cancel_order(given_back.id, SHOPPER)
    send_all(provider)
    intent_id = payment_of(paid).provider_reference
    dispute = ProviderDispute("dp_1", "needs_response", "fraudulent", paid.total, intent_id, None, False)
    provider.disputes["dp_1"] = dispute
    provider.events.append(("charge.dispute.created", "dp_1"))
    tell_everything(provider, terms)


@operation
def note_change(staff: Actor) -> None:
    record_change(staff, "product.changed", "product", "prod_1", {"name": "a"}, {"name": "b"})


def send_everything() -> None:
    dispatch_events(undispatched_events(), email_addresses_of)
    for email_id in unasked_emails():
        claim_email(email_id)
        mark_sent(email_id)


@contextmanager
def without_guards() -> Iterator[None]:
    """Put constraints and triggers aside in a transaction that is rolled back at the end."""
    is_sqlite = db.engine.dialect.name == "sqlite"
    db.session.rollback()
    try:
        if is_sqlite:
            db.session.execute(text("PRAGMA ignore_check_constraints = ON"))
            db.session.execute(text("PRAGMA defer_foreign_keys = ON"))
            for name in [f"{table}_no_{verb}" for table in APPEND_ONLY for verb in ("update", "delete")]:
                db.session.execute(text(f"DROP TRIGGER {name}"))
        else:
            db.session.execute(text("SET LOCAL session_replication_role = replica"))
            for table, constraint in db.session.execute(text(POSTGRESQL_CONSTRAINTS)).all():
                db.session.execute(text(f'ALTER TABLE {table} DROP CONSTRAINT "{constraint}"'))
        yield
    finally:
        if is_sqlite:
            db.session.execute(text("PRAGMA ignore_check_constraints = OFF"))
        db.session.rollback()


@pytest.mark.both_databases
@pytest.mark.breaks_invariants
@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("UPDATE listings SET status = 'draft'", "status"),
        ("UPDATE listings SET price_amount = 1", "price_amount"),
        ("UPDATE listings SET name_key = 'other'", "name_key"),
        ("DELETE FROM facet_values", "facet values"),
        ("DELETE FROM listings", "none"),
    ],
)
def test_a_list_that_is_out_of_step_is_found_and_made_anew(app: Flask, damage: str, what: str) -> None:
    product = make_product("Amber", brand="Aster", variants=["30 ml"])
    check = next(check for check in CHECKS if check.id == "X05")
    run_operation(damage)

    assert run_check(check).examples == (f"product {product.public_id}: {what}",)

    assert refresh_all_listings() == 1
    assert run_check(check).rows == 0


@operation
def run_operation(words: str) -> None:
    db.session.execute(text(words))


POSTGRESQL_CONSTRAINTS = """
    SELECT conrelid::regclass::text, conname FROM pg_constraint
    WHERE contype IN ('c', 'u') AND connamespace = current_schema()::regnamespace
"""


def broken(findings: list[Finding]) -> set[str]:
    return {finding.promise for finding in findings if finding.rows}


@pytest.mark.both_databases
def test_a_shop_that_lived_is_clean(lived_in: Flask) -> None:
    findings = run_audit()

    assert broken(findings) == set()
    assert len(findings) == len(CHECKS)


@pytest.mark.both_databases
def test_each_check_finds_what_it_is_for(lived_in: Flask) -> None:
    dialect = db.engine.dialect.name
    damages = {promise: words_for(dialect, damage) for promise, damage in DAMAGE.items()}

    with without_guards():
        findings = [finding_after(words, promise) for promise, words in damages.items() if words is not None]

    assert [finding.promise for finding in findings if not finding.rows] == []
    assert all(all(finding.examples) for finding in findings)


def words_for(dialect: str, damage: str | dict[str, str | None]) -> str | None:
    return damage[dialect] if isinstance(damage, dict) else damage


def finding_after(damage: str, promise: str) -> Finding:
    """What the check of this promise finds after the damage, which is undone."""
    check = next(check for check in CHECKS if check.promise == promise)
    undo = db.session.begin_nested()
    try:
        db.session.execute(text(damage))
        return run_check(check)
    finally:
        undo.rollback()


def test_every_check_has_its_damage() -> None:
    assert {check.promise for check in CHECKS} == set(DAMAGE)


def test_all_broken_rows_are_counted_and_five_are_shown(lived_in: Flask) -> None:
    for _ in range(6):
        make_product()

    with without_guards():
        found = finding_after("UPDATE products SET from_price_amount = 1", FROM_PRICE)

    assert (found.rows, len(found.examples)) == (7, 5)


def test_lateness_can_be_left_out(app: Flask) -> None:
    promises = {finding.promise for finding in run_audit(with_lateness=False)}

    assert "No event waits for its dispatch" not in promises
    assert len(promises) == len(CHECKS) - 6


def test_the_damage_is_undone(lived_in: Flask) -> None:
    with without_guards():
        finding_after("UPDATE products SET from_price_amount = 1", FROM_PRICE)

    assert broken(run_audit()) == set()
