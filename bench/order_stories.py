"""What became of each order of the bench: its rows in every table, by a dice of its own."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from shop.domain.carts.models import Cart, CartLineItem
from shop.domain.customers.models import User
from shop.domain.events import Email, OutboxEvent
from shop.domain.idempotency import IdempotencyKey
from shop.domain.inventory.models import Reservation, StockMovement
from shop.domain.orders.models import Order, OrderEvent, OrderLineItem, Shipment, ShipmentLineItem
from shop.domain.outbox import EFFECTS
from shop.domain.payments.models import Payment
from shop.domain.reviews.models import Review

CASH = "cash_on_delivery"
DAYS = 730
FATES = {  # how many of a hundred orders
    "paid": 70,
    "delivered": 4,
    "shipped": 4,
    "processing": 4,
    "confirmed": 4,
    "pending": 2,
    "cancelled": 6,
    "unpaid": 6,
}
# The statuses that each fate goes through after `pending`.
WAYS: dict[str, tuple[str, ...]] = {
    "pending": (),
    "unpaid": ("cancelled",),
    "cancelled": ("confirmed", "cancelled"),
    "confirmed": ("confirmed",),
    "processing": ("confirmed", "processing"),
    "shipped": ("confirmed", "processing", "shipped"),
    "delivered": ("confirmed", "processing", "shipped", "delivered"),
    "paid": ("confirmed", "processing", "shipped", "delivered"),
}
AFTER = {
    "confirmed": timedelta(minutes=2),
    "cancelled": timedelta(minutes=50),
    "processing": timedelta(hours=5),
    "shipped": timedelta(hours=23),
    "delivered": timedelta(days=3),
}
ENDED = {"shipped": "shipped", "delivered": "shipped", "paid": "shipped", "cancelled": "released", "unpaid": "expired"}
TAX_PERCENT = 10
SHIPPING = 500
MOMENT = timedelta(seconds=1)


class Shelf(NamedTuple):
    """A variant on sale, with its product and picture."""

    variant_id: int
    variant_public_id: str
    sku: str
    variant_name: str
    price_amount: int
    currency: str
    product_id: int
    product_public_id: str
    product_slug: str
    product_name: str
    image_file: str | None


@dataclass
class Batch:
    """Rows to be written in one transaction, parents first; the next keys; what they do to stock and ratings."""

    shelves: list[Shelf]
    staff_id: int
    now: datetime
    seed: int
    next_key: dict[Any, int]  # of each table whose keys other rows of the batch name
    rows: dict[Any, list[dict[str, Any]]] = field(default_factory=dict)
    kept: Counter[int] = field(default_factory=Counter)
    shipped: Counter[int] = field(default_factory=Counter)
    rated: Counter[int] = field(default_factory=Counter)
    users: list[int] = field(default_factory=list)

    STARS = 5

    def __post_init__(self) -> None:
        sold = (User, Cart, CartLineItem, Order, OrderLineItem, OrderEvent, Shipment, ShipmentLineItem, Payment)
        tables = (*sold, Reservation, StockMovement, OutboxEvent, Email, IdempotencyKey, Review)
        self.rows = {model: [] for model in tables}

    def number(self, model: Any) -> int:
        """The next key of this table."""
        key = self.next_key[model]
        self.next_key[model] = key + 1
        return key

    def add(self, model: Any, **values: Any) -> None:
        self.rows[model].append(values)


def tell_order(batch: Batch, number: int) -> None:
    """Add the `number`th order of this seed with all that belongs to it; now and then a customer, an open cart, …"""
    dice = random.Random(batch.seed * 1_000_003 + number)
    if number % 20 == 0:
        _add_customer(batch, dice)
    if number % 10 == 0:
        for status in ("open", "expired"):
            _add_cart(batch, dice, _choose(batch, dice), batch.now - timedelta(days=1), status=status, user_id=None)
    _Story(batch, number, dice).tell()


def _public_id(prefix: str, dice: random.Random) -> str:
    return f"{prefix}_{dice.getrandbits(128):032x}"


def _choose(batch: Batch, dice: random.Random) -> list[tuple[Shelf, int]]:
    shelves = dice.sample(batch.shelves, min(dice.choice((1, 1, 2, 2, 3)), len(batch.shelves)))
    return [(shelf, dice.choice((1, 1, 1, 2, 3))) for shelf in shelves]


def _add_customer(batch: Batch, dice: random.Random) -> None:
    name = f"bench-{dice.getrandbits(64):016x}"
    names = {"first_name": "Lina", "last_name": name, "email": f"{name}@example.com"}
    at = {"created_at": batch.now - timedelta(days=DAYS), "updated_at": batch.now}
    user_id = batch.number(User)
    batch.add(User, id=user_id, public_id=_public_id("cust", dice), password_hash="!", **names, **at)  # noqa: S106
    batch.users.append(user_id)


def _add_cart(
    batch: Batch, dice: random.Random, wanted: list[tuple[Shelf, int]], at: datetime, **columns: Any
) -> tuple[int, str]:
    cart_id, public_id = batch.number(Cart), _public_id("cart", dice)
    columns.setdefault("order_public_id", None)
    times = {"created_at": at, "updated_at": at, "expires_at": at + timedelta(days=30)}
    currency = wanted[0][0].currency
    batch.add(Cart, id=cart_id, public_id=public_id, currency=currency, destination=None, **times, **columns)
    for shelf, quantity in wanted:
        ids = {"public_id": _public_id("item", dice), "cart_id": cart_id, "variant_id": shelf.variant_id}
        batch.add(CartLineItem, **ids, quantity=quantity, seen_price_amount=shelf.price_amount, created_at=at)
    return cart_id, public_id


class _Story:
    """One order from its cart to where it is now."""

    def __init__(self, batch: Batch, number: int, dice: random.Random) -> None:
        self.batch, self.number, self.dice = batch, number, dice
        self.fate = dice.choices(list(FATES), list(FATES.values()))[0]
        self.id, self.public_id = batch.number(Order), _public_id("order", dice)
        self.shipment_id = _public_id("ship", dice)
        self.lines: list[tuple[int, int]] = []  # key and quantity of each line
        self.user_id = dice.choice(batch.users) if batch.users and dice.random() < 0.3 else None
        self.placed_at = batch.now - timedelta(seconds=dice.randrange(60, self._oldest()))
        self.ended_at: datetime | None = None
        self.seq = 0

    def _oldest(self) -> int:
        return {"pending": 600, "confirmed": 4 * 3600}.get(self.fate, DAYS * 86400)  # seconds before now

    def tell(self) -> None:
        wanted = _choose(self.batch, self.dice)
        way = WAYS[self.fate]
        columns = {"status": "ordered", "user_id": self.user_id, "order_public_id": self.public_id}
        cart_id, _ = _add_cart(self.batch, self.dice, wanted, self.placed_at - timedelta(minutes=5), **columns)
        total = self._write_order(cart_id, wanted, way)
        self._move("status", None, "pending", self.placed_at)
        self._record("order.placed", self.placed_at)
        before = "pending"
        for status in way:
            before = self._go(before, status)
        self._write_payment(total, way)
        self._keep_stock(wanted)
        self._write_rest(wanted)

    def _write_order(self, cart_id: int, wanted: list[tuple[Shelf, int]], way: tuple[str, ...]) -> int:
        is_taxed = self.number % 2 == 0
        subtotal = sum(shelf.price_amount * quantity for shelf, quantity in wanted)
        taxes = [self._tax(shelf.price_amount * quantity) if is_taxed else 0 for shelf, quantity in wanted]
        tax = sum(taxes) + (self._tax(SHIPPING) if is_taxed else 0)
        total = subtotal + SHIPPING + tax
        email = f"bench-{self.number}@example.com"
        address = {**ADDRESS, "email": email}
        self.batch.add(
            Order,
            id=self.id,
            public_id=self.public_id,
            number=f"BENCH-{self.batch.seed}-{self.id:07d}",
            cart_id=cart_id,
            user_id=self.user_id,
            email=email,
            phone=f"+1212{self.number:07d}",
            placement_key=f"{self.dice.getrandbits(256):064x}" if self.number % 3 else None,
            status=way[-1] if way else "pending",
            payment_status="paid" if self.fate == "paid" else "pending",
            shipping_status=way[-1] if way and way[-1] in ("shipped", "delivered") else "pending",
            currency=wanted[0][0].currency,
            subtotal_amount=subtotal,
            shipping_amount=SHIPPING,
            tax_amount=tax,
            total_amount=total,
            shipping_address=address,
            billing_address=address,
            shipping_method=METHOD,
            payment_method=CASH,
            receipt_steps=[],
            estimated_delivery=(self.placed_at + timedelta(days=5)).date(),
            created_at=self.placed_at,
            updated_at=self.placed_at + (AFTER[way[-1]] if way else timedelta(0)),
        )
        for place, ((shelf, quantity), line_tax) in enumerate(zip(wanted, taxes, strict=True), 1):
            self._write_line(place, shelf, quantity, line_tax)
        return total

    @staticmethod
    def _tax(amount: int) -> int:
        return (amount * TAX_PERCENT + 50) // 100

    def _write_line(self, place: int, shelf: Shelf, quantity: int, tax: int) -> None:
        subtotal, key = shelf.price_amount * quantity, self.batch.number(OrderLineItem)
        self.lines.append((key, quantity))
        self.batch.add(
            OrderLineItem,
            id=key,
            public_id=_public_id("item", self.dice),
            order_id=self.id,
            variant_id=shelf.variant_id,
            position=place,
            product_public_id=shelf.product_public_id,
            variant_public_id=shelf.variant_public_id,
            product_name=shelf.product_name,
            product_slug=shelf.product_slug,
            variant_name=shelf.variant_name,
            sku=shelf.sku,
            image_file=shelf.image_file,
            quantity=quantity,
            unit_price_amount=shelf.price_amount,
            subtotal_amount=subtotal,
            tax_amount=tax,
            total_amount=subtotal,
            currency=shelf.currency,
        )

    # -- what happened to it ------------------------------------------------------------------------------------------

    def _go(self, before: str, status: str) -> str:
        at = self.placed_at + AFTER[status]
        if status in ("shipped", "cancelled"):
            self.ended_at = at
        self._move("status", before, status, at)
        if status in ("shipped", "delivered"):
            self._move("shipping", "pending" if status == "shipped" else "shipped", status, at)
        if status == "shipped":
            self._send(at)
        payload = {"unpaid": self.fate == "unpaid"} if status == "cancelled" else {}
        self._record(f"order.{status}", at, payload)
        return status

    def _send(self, at: datetime) -> None:
        """All of the order in one parcel."""
        key = self.batch.number(Shipment)
        delivered_at = self.placed_at + AFTER["delivered"] if self.fate in ("delivered", "paid") else None
        names = {"id": key, "public_id": self.shipment_id, "order_id": self.id, "user_id": self.batch.staff_id}
        self.batch.add(Shipment, **names, shipped_at=at, delivered_at=delivered_at)
        for line_id, quantity in self.lines:
            self.batch.add(ShipmentLineItem, shipment_id=key, line_item_id=line_id, quantity=quantity)
        self._record("shipment.sent", at, subject_id=self.shipment_id)

    def _move(self, track: str, before: str | None, after: str, at: datetime) -> None:
        by = "customer" if after in ("pending", "confirmed") else "staff"
        by = "system" if self.fate == "unpaid" and after == "cancelled" else by
        self.seq += 1
        self.batch.add(
            OrderEvent,
            order_id=self.id,
            seq=self.seq,
            track=track,
            from_status=before,
            to_status=after,
            by=by,
            user_id={"staff": self.batch.staff_id, "customer": self.user_id}.get(by),
            created_at=at,
        )

    def _record(
        self, event_type: str, at: datetime, payload: dict[str, Any] | None = None, subject_id: str = ""
    ) -> None:
        event_id, done, subject_id = self.batch.number(OutboxEvent), at + MOMENT, subject_id or self.public_id
        names = {"id": event_id, "public_id": _public_id("evt", self.dice), "subject_id": subject_id}
        self.batch.add(OutboxEvent, **names, type=event_type, payload=payload or {}, created_at=at, dispatched_at=done)
        for kind in EFFECTS.get(event_type, ()):
            self.batch.add(
                Email,
                public_id=_public_id("mail", self.dice),
                event_id=event_id,
                kind=kind,
                recipient=f"bench-{self.number}@example.com",
                subject_id=subject_id,
                status="done",
                attempts=1,
                due_at=done,
                created_at=done,
                sent_at=done + MOMENT,
            )

    def _write_payment(self, total: int, way: tuple[str, ...]) -> None:
        if "confirmed" not in way:
            return
        is_paid = self.fate == "paid"
        at = self.placed_at + AFTER["confirmed"]
        paid_at = self.placed_at + AFTER["delivered"]
        self.batch.add(
            Payment,
            public_id=_public_id("pay", self.dice),
            order_id=self.id,
            provider=CASH,
            status="collected" if is_paid else "cancelled" if self.fate == "cancelled" else "due",
            amount=total,
            captured_amount=total if is_paid else 0,
            currency=self.batch.rows[Order][-1]["currency"],
            created_at=at,
            updated_at=paid_at if is_paid else at,
        )
        if is_paid:
            self._move("payment", "pending", "paid", paid_at)
            self._record("payment.collected", paid_at)

    def _keep_stock(self, wanted: list[tuple[Shelf, int]]) -> None:
        status = ENDED.get(self.fate, "held" if self.fate == "pending" else "promised")
        for shelf, quantity in wanted:
            self.batch.add(
                Reservation,
                public_id=_public_id("res", self.dice),
                variant_id=shelf.variant_id,
                order_id=self.id,
                quantity=quantity,
                status=status,
                expires_at=self.placed_at + timedelta(minutes=15) if status == "held" else None,
                created_at=self.placed_at,
                ended_at=self.ended_at if self.fate in ENDED else None,
            )
            if status in ("held", "promised"):
                self.batch.kept[shelf.variant_id] += quantity
            elif status == "shipped":
                self.batch.shipped[shelf.variant_id] += quantity
                self._write_sale(shelf.variant_id, quantity)

    def _write_sale(self, variant_id: int, quantity: int) -> None:
        self.batch.add(
            StockMovement,
            variant_id=variant_id,
            quantity=-quantity,
            kind="sale",
            reference=self.shipment_id,
            line=variant_id,
            actor=f"staff:{self.batch.staff_id}",
            created_at=self.ended_at,
        )

    def _write_rest(self, wanted: list[tuple[Shelf, int]]) -> None:
        """Of some orders the key that placed them, and a review."""
        if self.number % 50 == 1:
            self.batch.add(
                IdempotencyKey,
                principal="bench",
                key=f"bench-{self.batch.seed}-{self.number}",
                fingerprint="0" * 64,
                resource_id=self.public_id,
                status_code=201,
                answer={},
                created_at=self.batch.now,
            )
        if self.fate in ("paid", "delivered") and self.number % 10 == 1:
            product_id, is_shown = wanted[0][0].product_id, self.number % 20 == 1
            self.batch.rated[product_id] += is_shown
            at = self.placed_at + timedelta(days=7)
            self.batch.add(
                Review,
                public_id=_public_id("rev", self.dice),
                product_id=product_id,
                order_id=self.id,
                rating=self.batch.STARS,
                body="As good as they say.",
                status="approved" if is_shown else "pending",
                created_at=at,
                moderated_at=at + timedelta(hours=1) if is_shown else None,
            )


ADDRESS = {
    "firstName": "Bench",
    "lastName": "Buyer",
    "phone": "+1 212 555 0100",
    "country": "US",
    "region": "NY",
    "city": "New York",
    "postalCode": "10001",
    "street": "1 Rainbow Street",
}
METHOD = {"id": "standard", "name": "Standard", "price_amount": SHIPPING, "min_days": 3, "max_days": 5}
