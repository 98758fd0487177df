"""People with an account: customers and staff. They are looked at here, not changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from shop.admin.resource import Card, Column, Detail, Fact, Filter, Resource, Tab, words_in
from shop.db import db
from shop.domain.customers.models import StaffRole, User
from shop.domain.orders.models import Order
from shop.domain.orders.queries import list_orders_of
from shop.policies import may_open

ORDERS_SHOWN = 50


@dataclass(frozen=True)
class UserRow:
    """A user with the number of their orders and the time of the last."""

    user: User
    order_count: int
    last_order_at: datetime | None

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def name(self) -> str:
        return f"{self.user.first_name} {self.user.last_name}".strip() or self.user.email


def prepare(users: Sequence[User]) -> list[UserRow]:
    """The users with their orders counted, in one statement."""
    counted = select(Order.user_id, func.count().label("orders"), func.max(Order.created_at).label("last"))
    rows = db.session.execute(counted.where(Order.user_id.in_([each.id for each in users])).group_by(Order.user_id))
    found = {row.user_id: row for row in rows}
    return [
        UserRow(each, found[each.id].orders, found[each.id].last) if each.id in found else UserRow(each, 0, None)
        for each in users
    ]


def orders_of(row: UserRow) -> Mapping[str, Any]:
    """The user's last orders."""
    orders, total = list_orders_of(row.user.id, 1, ORDERS_SHOWN)
    return {"orders": orders, "total": total, "may_open": may_open("admin_orders.show")}


def roles() -> list[tuple[str, str]]:
    names = db.session.scalars(select(StaffRole.name).order_by(StaffRole.name))
    return [(name, name) for name in names]


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
        Column("role", "Role", lambda row: row.user.staff_role.name if row.user.staff_role else "", on_phone="end"),
        Column("orders", "Orders", lambda row: row.order_count, "number"),
        Column("last", "Last order", lambda row: row.last_order_at, "moment", on_phone="none"),
        Column("since", "Since", lambda row: row.user.created_at, "moment", sort=User.created_at),
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
    ),
    detail=Detail((Card("Orders", "admin/users/_orders.html", orders_of),)),
    facts=lambda row: (
        Fact("E-mail", row.user.email),
        Fact("Phone", row.user.phone or "none"),
        Fact("Role", row.user.staff_role.name if row.user.staff_role else "Customer"),
        Fact("May sign in", row.user.is_active, "yes_no"),
        Fact("Since", row.user.created_at, "time"),
    ),
    is_empty_text="Nobody has an account yet.",
    is_in_search=True,
    note=lambda row: row.user.email,
)
