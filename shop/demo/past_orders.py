"""The demo's orders of the last 90 days: placed, packed, sent and cancelled by the shop's own operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from pydantic.alias_generators import to_camel
from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from shop.db import db, frozen_time
from shop.domain.actors import SYSTEM, Actor
from shop.domain.carts.operations import AddToCart, ApplyCode, add_to_cart, apply_code, create_cart
from shop.domain.catalog.models import Product, Variant
from shop.domain.checkout import PlaceOrder, cancel_order, place_order
from shop.domain.customers.models import User
from shop.domain.events import OutboxEvent
from shop.domain.inventory.adjustments import ChangeStock, StockSheet, apply_stock_sheet, change_stock
from shop.domain.orders.models import Order
from shop.domain.orders.operations import close_order as end_unpaid_order
from shop.domain.orders.operations import deliver_order, start_processing
from shop.domain.orders.returns import ReceiveReturn, receive_return
from shop.domain.orders.shipments import ShipOrder, ship_order
from shop.domain.payments.operations import CASH, CashOnDelivery, collect_cash, confirm_cash_on_delivery
from shop.domain.payments.refunds import RefundPayment, refund_payment
from shop.domain.places import Place
from shop.domain.terms import Terms
from shop.money import Money

DAYS = 90
# What became of each order, from the oldest to the newest; 60 in all.
OLD = (*("delivered",) * 7, "cancelled", *("delivered",) * 3, "unpaid")  # four times over
FATES = (*OLD * 4, *("shipped",) * 4, *("processing",) * 3, *("confirmed",) * 3, *("pending",) * 2)
# Days ago that the first and the last order of a fate were placed.
OPEN_SINCE = {"shipped": (5.0, 2.6), "processing": (2.4, 1.2), "confirmed": (1.1, 0.1)}
SENT_BACK = 9  # of every ninth delivered order a unit comes back
RETURNED = "Changed my mind"
CARRIERS = ("DHL", "UPS", "Aramex")
LINAS = 7  # every seventh order is of the customer to sign in as
NEWCOMERS = 6  # every sixth order has the code for newcomers, once a person
DELIVERIES = {len(OLD): "Spring delivery", len(OLD) * 3: "Before the holidays"}  # by the order that comes after it
DELIVERED_VARIANTS, DELIVERED_UNITS = 8, 24
KEEP_UNITS = 12  # scarce articles stay as scarce as the catalogue has them
NOTES = ("", "", "", "Please ring twice.", "", "It is a present: no bill in the parcel, please.", "", "")


@contextmanager
def _at(moment: datetime) -> Iterator[None]:
    """What is done inside happened then: rows get their times as they are written, so that is not put off."""
    with frozen_time(moment):
        yield
        db.session.flush()


@dataclass(frozen=True)
class Shopper:
    """A person of people.json, and the key of their account if they have one."""

    person: Mapping[str, str]
    user_id: int | None

    @property
    def actor(self) -> Actor:
        return Actor("customer", user_id=self.user_id)


@dataclass
class _Shelf:
    """A variant that can be bought: since when, and how many more of it."""

    variant: Variant
    since: datetime
    units: int


def place_past_orders(
    shoppers: Sequence[Shopper],
    since: Mapping[str, datetime],
    staff: User,
    terms: Terms,
    now: datetime,
    newcomers_code: str = "",
) -> int:
    """Place the orders and take each as far as its fate says; returns how many. For use in the seed's operation."""
    served = [s for s in shoppers if terms.shipping_table.methods_for(Place(s.person["country"]))]
    if len(served) < 2:
        return 0
    dice = Random(2026)
    shelves = _shelves(since)
    packer = Actor("staff", user_id=staff.id, permissions=frozenset({"all"}))
    newcomers: set[str] = set()
    for place, fate in enumerate(FATES):
        shopper = served[0] if place % LINAS == 3 else served[1:][place % (len(served) - 1)]
        placed_at = _moment(place, fate, now, dice)
        if place in DELIVERIES:
            _receive(shelves, packer, placed_at, DELIVERIES[place])
        email = shopper.person["email"]
        code = newcomers_code if place % NEWCOMERS == 0 and email not in newcomers else ""
        newcomers |= {email} if code else set()
        story = _Story(shopper, packer, terms, placed_at, now)
        story.place(_choose(shelves, placed_at, dice), dice, code)
        story.tell(fate)
    _look_through(shelves, packer, now)
    settle_events()
    return len(FATES)


def _shelves(since: Mapping[str, datetime]) -> list[_Shelf]:
    statement = select(Variant).join(Variant.product).where(Product.slug.in_(since)).order_by(Variant.id)
    variants = db.session.scalars(statement.options(joinedload(Variant.product), joinedload(Variant.stock)))
    return [_Shelf(v, since[v.product.slug], v.stock.available - KEEP_UNITS) for v in variants]


def _bestsellers(shelves: Sequence[_Shelf], moment: datetime) -> list[Variant]:
    there = (shelf.variant for shelf in shelves if shelf.since < moment and shelf.units > 3)
    return [variant for variant in there if "bestseller" in variant.product.tags][:DELIVERED_VARIANTS]


def _receive(shelves: Sequence[_Shelf], packer: Actor, moment: datetime, note: str) -> None:
    """A delivery of what sells best."""
    lines = "\n".join(f"{variant.sku}, {DELIVERED_UNITS}" for variant in _bestsellers(shelves, moment))
    if lines:
        with _at(moment):
            apply_stock_sheet(StockSheet(lines=lines, note=note), packer)


def _look_through(shelves: Sequence[_Shelf], packer: Actor, now: datetime) -> None:
    """Yesterday somebody counted the shelf of the bestsellers, and found a broken one."""
    for place, variant in enumerate(_bestsellers(shelves, now)):
        with _at(now - timedelta(hours=20, minutes=place)):
            wish = {"reason": "damaged", "units": 1, "note": "Broken on the shelf"}
            if place % 2:
                wish = {"reason": "other", "units": -2, "note": "Two given as testers"}
            change_stock(variant.public_id, ChangeStock.model_validate(wish), packer)


def _moment(place: int, fate: str, now: datetime, dice: Random) -> datetime:
    """When the order was placed: never before the one before it, and what is still open only just."""
    if fate == "pending":
        return now - timedelta(minutes=1 + len(FATES) - place)
    if fate not in OPEN_SINCE:
        days = DAYS - (DAYS - 7) * place / (len(OLD) * 4)
        return now - timedelta(days=days, minutes=dice.randrange(24 * 60))
    first, last = OPEN_SINCE[fate]
    left = FATES[place:].count(fate) / FATES.count(fate)
    return now - timedelta(days=last + (first - last) * left, minutes=dice.randrange(60))


def _choose(shelves: Sequence[_Shelf], moment: datetime, dice: Random) -> list[tuple[Variant, int]]:
    """One to four different articles that were on sale then."""
    there = [shelf for shelf in shelves if shelf.since < moment and shelf.units > 3]
    weights = [4 if "bestseller" in shelf.variant.product.tags else 1 for shelf in there]
    chosen = {id(shelf): shelf for shelf in dice.choices(there, weights, k=dice.choice((1, 1, 2, 2, 3, 4)))}
    wanted = []
    for shelf in chosen.values():
        quantity = dice.choice((1, 1, 1, 2, 3))
        shelf.units -= quantity
        wanted.append((shelf.variant, quantity))
    return wanted


class _Story:
    """One order from the cart to its end, each step at its time."""

    def __init__(self, shopper: Shopper, packer: Actor, terms: Terms, placed_at: datetime, now: datetime) -> None:
        self.shopper, self.packer, self.terms, self.placed_at, self.now = shopper, packer, terms, placed_at, now
        self.order: Order
        self.lines: list[str] = []  # of the order, by their public ids

    def place(self, wanted: Sequence[tuple[Variant, int]], dice: Random, code: str = "") -> None:
        actor = self.shopper.actor
        with _at(self.placed_at):
            cart = create_cart(self.terms, actor)
            for variant, quantity in wanted:
                ids = {"productId": variant.product.public_id, "variantId": variant.public_id, "quantity": quantity}
                add_to_cart(cart.public_id, AddToCart.model_validate(ids), actor)
            if code:
                apply_code(cart.public_id, ApplyCode(discountCode=code), actor, self.terms)
            self.order = place_order(self._wish(cart.public_id, dice), actor, self.terms)
            self.lines = [line.public_id for line in self.order.line_items]

    def _wish(self, cart_id: str, dice: Random) -> PlaceOrder:
        person = self.shopper.person
        methods = self.terms.shipping_table.methods_for(Place(person["country"]))
        address = {to_camel(name): text for name, text in person.items() if text}
        wish = {
            "cartId": cart_id,
            "shippingAddress": address,
            "shippingMethod": methods[0 if dice.random() < 0.7 else -1].id,
            "paymentMethod": CASH,
            "notes": dice.choice(NOTES) or None,
        }
        return PlaceOrder.model_validate(wish)

    def tell(self, fate: str) -> None:
        """Take the placed order as far as `fate`."""
        order_id = self.order.id
        if fate == "unpaid":
            with self._after(self.terms.hold + timedelta(minutes=1)):
                end_unpaid_order(order_id, SYSTEM, reason="Not confirmed in time", because_unpaid=True)
        if fate in {"pending", "unpaid"}:
            return
        with self._after(timedelta(minutes=2)):
            wish = CashOnDelivery(confirmationRequired=order_id % 9 == 0)
            confirm_cash_on_delivery(order_id, wish, self.shopper.actor, self.terms)
        if fate == "cancelled":
            with self._after(timedelta(hours=3)):
                cancel_order(order_id, self.shopper.actor, reason="Ordered twice")
        if fate not in {"processing", "shipped", "delivered"}:
            return
        with self._after(timedelta(hours=5)):
            start_processing(order_id, self.packer)
        if fate == "processing":
            if len(self.lines) > 1:
                self._send({self.lines[0]: 1}, timedelta(hours=20))
            return
        self._send({}, timedelta(hours=23))
        if fate == "delivered":
            self._deliver()

    def _send(self, quantities: dict[str, int], after: timedelta) -> None:
        number = self.order.id
        parcel = {"carrier": CARRIERS[number % len(CARRIERS)], "trackingNumber": f"AS{number * 7919:09}"}
        with self._after(after):
            ship_order(number, self.packer, ShipOrder.model_validate({**parcel, "quantities": quantities}))

    def _deliver(self) -> None:
        with self._after(timedelta(days=3, hours=6)):
            deliver_order(self.order.id, self.packer)
            collect_cash(self.order.id, Money(self.order.total_amount, self.order.currency), self.packer)
        if self.order.id % SENT_BACK == 0:
            self._take_back({self.lines[0]: 1})

    def _take_back(self, quantities: dict[str, int]) -> None:
        """A unit comes back as new a week later, and is paid back."""
        with self._after(timedelta(days=10)):
            back = ReceiveReturn(quantities=quantities, restock=True, reason=RETURNED)
            receive_return(self.order.id, self.packer, back)
            refund_payment(self.order.id, self.packer, RefundPayment(quantities=quantities, reason=RETURNED))

    def _after(self, time: timedelta) -> AbstractContextManager[None]:
        return _at(min(self.placed_at + time, self.now))


def settle_events() -> None:
    """Nobody is to get an e-mail now about what happened weeks ago."""
    past = update(OutboxEvent).where(OutboxEvent.dispatched_at.is_(None))
    db.session.execute(past.values(dispatched_at=OutboxEvent.created_at).execution_options(synchronize_session=False))
