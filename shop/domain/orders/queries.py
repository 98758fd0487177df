"""Reading orders, always through who may see them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Table, func, or_, select, union_all
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.interfaces import ORMOption

from shop.db import db
from shop.domain.actors import Actor
from shop.domain.orders.models import Order, OrderLineItem, Return, Shipment
from shop.domain.orders.tokens import token_opens
from shop.domain.terms import Terms
from shop.errors import NotFound

FOLLOWED = (Order.shipments, Order.returns, Order.refunds)


def get_order(name: str, actor: Actor, terms: Terms, token: str | None = None) -> Order:
    """The order of this id or number with lines, history and what followed, for who may read it: the holder of its
    token, its customer, or staff with orders:read. Raises NotFound alike for a missing and a foreign one."""
    order = db.session.scalars(
        select(Order)
        .where(or_(Order.public_id == name, Order.number == name))
        .options(selectinload(Order.line_items), selectinload(Order.history), *with_what_followed())
        .execution_options(populate_existing=True)
    ).one_or_none()
    if order is None or not _may_read(order, actor, terms, token):
        raise NotFound("There is no such order, or this link does not open it.")
    return order


def with_what_followed() -> list[ORMOption]:
    """Options that load an order's parcels, returns and refunds, each with its lines."""
    return [selectinload(each).selectinload(each.property.mapper.class_.line_items) for each in FOLLOWED]


def _may_read(order: Order, actor: Actor, terms: Terms, token: str | None) -> bool:
    is_own = order.user_id is not None and order.user_id == actor.customer_id
    return is_own or actor.may("orders:read") or token_opens(order, token, terms.order_token_secrets)


def list_orders_of(user_id: int, page: int, limit: int) -> tuple[Sequence[Order], int]:
    """A customer's orders, newest first, with their lines; and how many there are in all."""
    mine = select(Order).where(Order.user_id == user_id)
    total = db.session.scalar(select(func.count()).select_from(mine.subquery())) or 0
    statement = (
        mine.order_by(Order.id.desc())
        .options(selectinload(Order.line_items), selectinload(Order.history))
        .limit(limit)
        .offset((page - 1) * limit)
    )
    return db.session.scalars(statement).all(), total


def email_addresses_of(public_ids: Collection[str]) -> dict[str, str]:
    """Where to write to about these orders, parcels and refunds: public id to e-mail address.

    What is not there is left out.
    """
    orders = select(Order.public_id, Order.email).where(Order.public_id.in_(public_ids))
    shipments = select(Shipment.public_id, Order.email).join(Order, Order.id == Shipment.order_id)
    refunds = select(_refunds().c.public_id, Order.email).join(Order, Order.id == _refunds().c.order_id)
    rows = db.session.execute(
        union_all(
            orders,
            shipments.where(Shipment.public_id.in_(public_ids)),
            refunds.where(_refunds().c.public_id.in_(public_ids)),
        )
    )
    return {public_id: email for public_id, email in rows}


@dataclass(frozen=True)
class OrderName:
    """An order as it is linked to."""

    public_id: str
    number: str


def orders_behind(references: Collection[str]) -> dict[str, OrderName]:
    """The orders behind these public ids of parcels, returns and orders themselves; what is none is left out."""
    named = select(Order.public_id, Order.number)
    rows = db.session.execute(
        union_all(
            named.add_columns(Order.public_id.label("reference")).where(Order.public_id.in_(references)),
            *(
                named.join(each, each.order_id == Order.id)
                .add_columns(each.public_id.label("reference"))
                .where(each.public_id.in_(references))
                for each in (Shipment, Return)
            ),
        )
    )
    return {reference: OrderName(public_id, number or "") for public_id, number, reference in rows}


def order_names(order_ids: Collection[int]) -> dict[int, OrderName]:
    """The orders of these keys, as they are linked to."""
    rows = db.session.execute(select(Order.id, Order.public_id, Order.number).where(Order.id.in_(order_ids)))
    return {row.id: OrderName(row.public_id, row.number or "") for row in rows}


def get_order_about(subject_id: str) -> Order:
    """The order that an e-mail is about: named itself, by a parcel or by a refund. Raises NotFound."""
    of_shipment = select(Shipment.order_id).where(Shipment.public_id == subject_id)
    of_refund = select(_refunds().c.order_id).where(_refunds().c.public_id == subject_id)
    named = or_(Order.public_id == subject_id, Order.id.in_(of_shipment), Order.id.in_(of_refund))
    order = db.session.scalars(
        select(Order)
        .where(named)
        .options(selectinload(Order.line_items), selectinload(Order.history), *with_what_followed())
        .execution_options(populate_existing=True)
    ).one_or_none()
    if order is None:
        raise NotFound("There is no such order.")
    return order


def _refunds() -> Table:
    """The table of refunds, by its name: payments lie above orders in the domain's layers."""
    return Order.metadata.tables["refunds"]


def find_order_placed_with(public_id: str, placement_key: str) -> Order | None:
    """The order of this id, for the form that placed it: `placement_key` is the hash of that form's key."""
    return db.session.scalars(select(Order).filter_by(public_id=public_id, placement_key=placement_key)).one_or_none()


def list_folders_of_sold_pictures(folders: Collection[str]) -> set[str]:
    """Those of the store's folders from which an order shows a picture: it shows for ever what was sold."""
    if not folders:
        return set()
    shown = or_(*(OrderLineItem.image_file.startswith(f"{folder}/", autoescape=True) for folder in folders))
    names = db.session.scalars(select(OrderLineItem.image_file).where(shown).distinct())
    return {name.rpartition("/")[0] for name in names if name}
