"""Reading orders, always through who may see them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import selectinload

from shop.db import db
from shop.domain.actors import Actor
from shop.domain.orders.models import Order, OrderLineItem
from shop.domain.orders.tokens import token_opens
from shop.domain.terms import Terms
from shop.errors import NotFound


def get_order(name: str, actor: Actor, terms: Terms, token: str | None = None) -> Order:
    """The order of this id or number with lines and history, for who may read it: the holder of its token, its
    customer, or staff with orders:read. Raises NotFound in the same words for a missing and a foreign one."""
    order = db.session.scalars(
        select(Order)
        .where(or_(Order.public_id == name, Order.number == name))
        .options(selectinload(Order.line_items), selectinload(Order.history))
        .execution_options(populate_existing=True)
    ).one_or_none()
    if order is None or not _may_read(order, actor, terms, token):
        raise NotFound("There is no such order, or this link does not open it.")
    return order


def _may_read(order: Order, actor: Actor, terms: Terms, token: str | None) -> bool:
    is_own = order.user_id is not None and order.user_id == actor.user_id
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
    """Where to write to about these orders: public id to e-mail address; orders that are not there are left out."""
    rows = db.session.execute(select(Order.public_id, Order.email).where(Order.public_id.in_(public_ids)))
    return {public_id: email for public_id, email in rows}


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
