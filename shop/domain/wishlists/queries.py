"""Reading wish lists."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from shop.db import db
from shop.domain.catalog.models import Product
from shop.domain.catalog.queries import with_details
from shop.domain.wishlists.models import WishList, WishListItem
from shop.errors import NotFound


def hash_of_key(key: str) -> str:
    """What is kept of a guest's key. It is 256 random bits, so a plain hash cannot be turned back."""
    return hashlib.sha256(key.encode()).hexdigest()


def find_wish_list_of(user_id: int) -> WishList | None:
    """The customer's list."""
    return db.session.scalars(select(WishList).filter_by(user_id=user_id)).one_or_none()


def find_wish_list_with(key: str) -> WishList | None:
    """The guest's list that this key opens."""
    return db.session.scalars(select(WishList).filter_by(key_hash=hash_of_key(key))).one_or_none()


def get_shared_wish_list(share_id: str) -> WishList:
    """The list that is shared under this name. Raises NotFound, also once it is not shared any more."""
    found = db.session.scalars(select(WishList).filter_by(share_id=share_id)).one_or_none()
    if found is None:
        raise NotFound("This list is not shared, or not any more. Ask for a new link.")
    return found


def list_items(wish_list: WishList) -> Sequence[WishListItem]:
    """What is on the list, newest first, each with its product as a card shows it; what is not sold is left out."""
    statement = (
        select(WishListItem)
        .join(WishListItem.product)
        .where(WishListItem.wish_list_id == wish_list.id, WishListItem.removed_at.is_(None))
        .where(Product.status == "active")
        .order_by(WishListItem.created_at.desc(), WishListItem.id.desc())
    )
    shown = contains_eager(WishListItem.product)
    statement = statement.options(shown.options(*with_details())).execution_options(populate_existing=True)
    return db.session.scalars(statement).unique().all()


def saved_product_ids(wish_list: WishList) -> list[str]:
    """The public ids of what is on the list and on sale."""
    statement = select(Product.public_id).join(WishListItem, WishListItem.product_id == Product.id)
    statement = statement.where(WishListItem.wish_list_id == wish_list.id, WishListItem.removed_at.is_(None))
    return list(db.session.scalars(statement.where(Product.status == "active").order_by(WishListItem.id)))


def find_removed(wish_list: WishList, item_id: str) -> WishListItem | None:
    """What was taken off the list and can still be put back, with its product."""
    statement = (
        select(WishListItem)
        .join(WishListItem.product)
        .where(WishListItem.wish_list_id == wish_list.id, WishListItem.public_id == item_id)
        .where(WishListItem.removed_at.is_not(None), Product.status == "active")
    )
    return db.session.scalars(statement.options(contains_eager(WishListItem.product))).one_or_none()
