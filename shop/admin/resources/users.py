"""People with an account: customers and staff. They are looked at here, not changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import url_for
from sqlalchemy import ColumnElement, func, select

from shop.admin.person import Person, cards_of, find_guest, in_words, wish_list_size
from shop.admin.resource import Column, Detail, Fact, Filter, Resource, Tab, words_in
from shop.db import db
from shop.domain.customers.models import StaffRole, User
from shop.domain.orders.models import Order
from shop.domain.payments.queries import spent_by_users


@dataclass(frozen=True)
class UserRow:
    """A user with the number of their orders, the time of the last, and what they spent by currency."""

    user: User
    order_count: int = 0
    last_order_at: datetime | None = None
    spent: list[str] = field(default_factory=list)

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def name(self) -> str:
        return f"{self.user.first_name} {self.user.last_name}".strip() or self.user.email


def prepare(users: Sequence[User]) -> list[UserRow]:
    """The users with their orders and payments counted, in two statements."""
    ids = [each.id for each in users]
    counted = select(Order.user_id, func.count().label("orders"), func.max(Order.created_at).label("last"))
    rows = db.session.execute(counted.where(Order.user_id.in_(ids)).group_by(Order.user_id))
    orders = {row.user_id: (row.orders, row.last) for row in rows}
    spent = spent_by_users(ids)
    return [UserRow(each, *orders.get(each.id, (0, None)), in_words(spent.get(each.id, []))) for each in users]


def roles() -> list[tuple[str, str]]:
    names = db.session.scalars(select(StaffRole.name).order_by(StaffRole.name))
    return [(name, name) for name in names]


def is_verified(text: str) -> ColumnElement[bool]:
    """Accounts whose e-mail address was confirmed; `no`: those whose was not."""
    return User.email_verified_at.is_(None) if text == "no" else User.email_verified_at.is_not(None)


def has_ordered(text: str) -> ColumnElement[bool]:
    """Accounts with that many orders: none, once, or more."""
    count = order_count()
    return {"none": count == 0, "once": count == 1}.get(text, count > 1)


def order_count() -> ColumnElement[int]:
    return select(func.count(Order.id)).where(Order.user_id == User.id).correlate(User).scalar_subquery()


def last_order() -> ColumnElement[int]:
    """The key of the last order; keys grow with time, and 0 is before all."""
    last = select(func.coalesce(func.max(Order.id), 0)).where(Order.user_id == User.id)
    return last.correlate(User).scalar_subquery()


def account_of(row: UserRow) -> str:
    """The role of a member of staff; of a customer whether their e-mail address was confirmed."""
    if row.user.staff_role:
        return row.user.staff_role.name
    return "Verified" if row.user.email_verified_at else "Not verified"


def facts_of(row: UserRow) -> tuple[Fact, ...]:
    user, guest = row.user, find_guest(row.user.email)
    return (
        Fact("E-mail", user.email),
        Fact("Verified", user.email_verified_at is not None, "yes_no"),
        Fact("Phone", user.phone or "none"),
        Fact("Role", user.staff_role.name if user.staff_role else "Customer"),
        Fact("May sign in", user.is_active, "yes_no"),
        Fact("Since", user.created_at, "time"),
        Fact("Orders", row.order_count, "number"),
        Fact("Spent", row.spent or ["nothing"], "sums"),
        Fact("Wish list", wish_list_size(user.id), "number"),
        *(
            (Fact("Without signing in", how_often(guest[1]), address=url_for("admin.guests_row", public_id=guest[0])),)
            if guest
            else ()
        ),
    )


def how_often(orders: int) -> str:
    return "1 order" if orders == 1 else f"{orders} orders"


USERS = Resource(
    name="users",
    title="Customers",
    singular="user",
    section="Selling",
    read="customers:read",
    icon="users",
    model=User,
    prepare=prepare,
    row_id=lambda row: row.user.public_id,
    version=lambda row: row.user.updated_at,
    columns=(
        Column("name", "Name", lambda row: row.name, "main", sort=User.last_name, on_phone="lead"),
        Column("email", "E-mail", lambda row: row.user.email, sort=User.email),
        Column("account", "Account", account_of, on_phone="end", in_csv=False),
        Column("verified", "Verified", lambda row: row.user.email_verified_at is not None, in_list=False),
        Column("role", "Role", lambda row: row.user.staff_role.name if row.user.staff_role else "", in_list=False),
        Column("orders", "Orders", lambda row: row.order_count, "number", sort=order_count()),
        Column("spent", "Spent", lambda row: row.spent, "sums"),
        Column("last", "Last order", lambda row: row.last_order_at, "moment", sort=last_order(), on_phone="none"),
        Column("since", "Since", lambda row: row.user.created_at, "moment", sort=User.created_at, on_phone="none"),
    ),
    search=words_in(User.email, User.first_name, User.last_name),
    search_hint="by name or e-mail",
    sort="-since",
    tabs=(
        Tab("customers", "Customers", lambda: User.staff_role_id.is_(None)),
        Tab("staff", "Staff", lambda: User.staff_role_id.is_not(None)),
        Tab("all", "All"),
    ),
    filters=(
        Filter("role", "Role", lambda name: User.staff_role_id.in_(select(StaffRole.id).filter_by(name=name)), roles),
        Filter("verified", "Verified", is_verified, lambda: [("yes", "Yes"), ("no", "No")]),
        Filter("ordered", "Ordered", has_ordered, lambda: [("none", "Never"), ("once", "Once"), ("more", "More")]),
    ),
    detail=Detail(cards_of(lambda row: Person(row.user.id, row.user.email))),
    facts=facts_of,
    list_links=(("Guests", "admin.guests_list"),),
    is_empty_text="Nobody has an account yet.",
    is_in_search=True,
    note=lambda row: row.user.email,
)
