"""What the page of a person shows, with an account or without one: it is read here, and changed nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import joinedload

from shop.admin.people import names_of
from shop.admin.resource import Card
from shop.db import db
from shop.domain.addresses import address_lines
from shop.domain.customers.models import User
from shop.domain.orders.models import Order, OrderNote
from shop.domain.promotions.models import DiscountCode, DiscountRedemption
from shop.domain.reviews.models import Review
from shop.domain.wishlists.models import WishList, WishListItem
from shop.money import Money
from shop.policies import may_open

SHOWN = 50  # of each kind
LOOKED_AT = 200  # orders whose addresses are told apart


@dataclass(frozen=True)
class Person:
    """Whose orders these are: a user's, or those of an e-mail address without an account."""

    user_id: int | None
    email: str

    @property
    def orders(self) -> ColumnElement[bool]:
        """The condition that an order is theirs."""
        if self.user_id is not None:
            return Order.user_id == self.user_id
        return and_(Order.user_id.is_(None), Order.email == self.email)


@dataclass(frozen=True)
class UsedAddress:
    """An address that orders were sent or billed to, with how many and the last time."""

    use: str
    lines: list[str]
    count: int
    last: datetime


@dataclass(frozen=True)
class Note:
    """What was written about an order: by the person themselves, or by staff."""

    order: Order
    by: str
    text: str
    created_at: datetime


def cards_of(person: Any) -> tuple[Card, ...]:
    """The cards of a person's page; `person` makes a Person of the row."""

    def card(title: str, template: str, load: Any) -> Card:
        return Card(title, f"admin/users/{template}.html", lambda row: load(person(row)))

    return (
        card("Orders", "_orders", orders_of),
        card("Addresses", "_addresses", addresses_of),
        card("Codes used", "_codes", codes_of),
        card("Reviews", "_reviews", reviews_of),
        card("Notes in orders", "_notes", notes_of),
    )


def orders_of(person: Person) -> Mapping[str, Any]:
    """Their last orders, and how many there are."""
    mine = select(Order).where(person.orders)
    total = db.session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    orders = db.session.scalars(mine.order_by(Order.id.desc()).limit(SHOWN)).all()
    return {"orders": orders, "total": total, "may_open": may_open("admin_orders.show")}


def addresses_of(person: Person) -> Mapping[str, Any]:
    """Where their last orders went and were billed to, each address once, the last one first."""
    rows = db.session.execute(
        select(Order.shipping_address, Order.billing_address, Order.created_at)
        .where(person.orders)
        .order_by(Order.id.desc())
        .limit(LOOKED_AT)
    )
    found: dict[tuple[str, ...], UsedAddress] = {}
    for shipping, billing, created_at in rows:
        for use, address in (("Sent to", shipping), ("Billed to", billing if billing != shipping else None)):
            lines = address_lines(address) if address else []
            if lines:
                known = found.get((use, *lines))
                found[(use, *lines)] = UsedAddress(
                    use, lines, known.count + 1 if known else 1, known.last if known else created_at
                )
    return {"addresses": list(found.values())[:SHOWN]}


def codes_of(person: Person) -> Mapping[str, Any]:
    """The discount codes that their orders hold or held, and what each spared."""
    rows = db.session.execute(
        select(DiscountRedemption, DiscountCode, Order)
        .join(DiscountCode, DiscountCode.id == DiscountRedemption.code_id)
        .join(Order, Order.id == DiscountRedemption.order_id)
        .where(person.orders)
        .order_by(DiscountRedemption.id.desc())
        .limit(SHOWN)
    )
    return {
        "uses": [(used, code, order, Money(used.amount, order.currency)) for used, code, order in rows],
        "may_open": may_open("admin_orders.show"),
        "may_open_code": may_open("admin.discount-codes_row"),
    }


def reviews_of(person: Person) -> Mapping[str, Any]:
    """What they have written, signed in or by the link of an order."""
    own = Review.order_id.in_(select(Order.id).where(person.orders))
    written = or_(own, Review.user_id == person.user_id) if person.user_id is not None else own
    rows = select(Review).where(written).options(joinedload(Review.product)).order_by(Review.id.desc()).limit(SHOWN)
    return {"reviews": db.session.scalars(rows).all(), "may_open": may_open("admin.reviews_row")}


def notes_of(person: Person) -> Mapping[str, Any]:
    """What they wrote with their orders and what staff noted there, for who may read orders; the newest first."""
    if not may_open("admin_orders.show"):
        return {"notes": [], "is_hidden": True}
    own = select(Order).where(person.orders, Order.notes != "").order_by(Order.id.desc()).limit(SHOWN)
    noted = select(OrderNote, Order).join(Order, Order.id == OrderNote.order_id).where(person.orders)
    of_staff = db.session.execute(noted.order_by(OrderNote.id.desc()).limit(SHOWN)).all()
    people = names_of(note.user_id for note, _ in of_staff if note.user_id is not None)
    notes = [Note(order, "The customer", order.notes, order.created_at) for order in db.session.scalars(own)]
    notes += [Note(order, people.get(note.user_id, "Staff"), note.text, note.created_at) for note, order in of_staff]
    return {"notes": sorted(notes, key=lambda note: note.created_at, reverse=True), "is_hidden": False}


def wish_list_size(user_id: int) -> int:
    """How many products are on the user's wish list."""
    statement = (
        select(func.count())
        .select_from(WishListItem)
        .join(WishList, WishList.id == WishListItem.wish_list_id)
        .where(WishList.user_id == user_id, WishListItem.removed_at.is_(None))
    )
    return db.session.scalar(statement) or 0


def find_guest(email: str) -> tuple[str, int] | None:
    """The name outside of the guest with this e-mail address (their first order's) and how often they ordered."""
    orders = select(Order.public_id, func.count().over().label("orders")).where(Person(None, email).orders)
    row = db.session.execute(orders.order_by(Order.id).limit(1)).one_or_none()
    return (row.public_id, row.orders) if row else None


def find_account(email: str) -> str | None:
    """The public id of the account with this e-mail address."""
    return db.session.scalar(select(User.public_id).where(User.email == email))


def in_words(sums: list[Money]) -> list[str]:
    """Sums in several currencies, as they are shown."""
    return [each.format() for each in sums]
