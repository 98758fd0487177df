"""Changing wish lists. The list's row is locked first; its items are then this operation's alone."""

from __future__ import annotations

import secrets
from datetime import timedelta

from pydantic import Field
from sqlalchemy import delete, func, select, update

from shop.db import changed_rows, db, insert_unless_there, new_public_id, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.carts.operations import AddToCart, add_to_cart, add_to_new_cart
from shop.domain.catalog.models import Product
from shop.domain.inputs import Input, PublicId
from shop.domain.terms import Terms
from shop.domain.wishlists.models import WishList, WishListItem
from shop.domain.wishlists.queries import find_wish_list_of, find_wish_list_with, hash_of_key
from shop.errors import Detail, Invalid, NotFound, Unknown

MAX_ITEMS = 100
KEEP_GUESTS = timedelta(days=365)
KEEP_REMOVED = timedelta(days=1)


class SaveForLater(Input):
    """What saving asks for."""

    product_id: PublicId = Field(title="a product id")


class MoveToCart(Input):
    """Which variant of a saved product to move."""

    variant_id: PublicId = Field(title="a choice")


def new_key() -> str:
    """A key for a guest's list: 256 random bits."""
    return secrets.token_urlsafe(32)


@operation
def make_wish_list(actor: Actor, key: str) -> WishList:
    """The customer's list, or the guest's that `key` opens; made where there is none."""
    owner = {"user_id": actor.customer_id} if actor.customer_id is not None else {"key_hash": hash_of_key(key)}
    insert_unless_there(WishList, {"public_id": new_public_id("wish"), **owner})
    return db.session.scalars(select(WishList).filter_by(**owner)).one()


def lock_wish_list(list_id: int) -> WishList:
    """Lock a list for the current operation and note that it is in use. Raises NotFound when it has ended."""
    found = db.session.scalars(
        update(WishList)
        .where(WishList.id == list_id)
        .values(updated_at=transaction_time())
        .returning(WishList)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound("This wish list has ended. Save something to begin a new one.")
    return found


@operation
def add_to_new_wish_list(wanted: SaveForLater, actor: Actor, key: str) -> WishList:
    """Make a list (or take the customer's) and add to it, in one: a refusal leaves no empty list behind."""
    made = make_wish_list(actor, key)
    add_to_wish_list(made.id, wanted)
    return made


@operation
def add_to_wish_list(list_id: int, wanted: SaveForLater) -> WishListItem:
    """Put a product on the list with its price of now; one that is on it stays as it was saved.

    Raises Unknown for what is not on sale, Invalid over 100 products.
    """
    lock_wish_list(list_id)
    product = db.session.scalars(select(Product).filter_by(public_id=wanted.product_id, status="active")).one_or_none()
    if product is None:
        raise Unknown("This is not on sale any more.", [Detail("productId", "Nothing on sale has this id.")])
    item = _find_item(list_id, WishListItem.product_id == product.id)
    if item is not None and item.removed_at is None:
        return item
    _check_room(list_id)
    if item is None:
        item = WishListItem(wish_list_id=list_id, product_id=product.id)
    item.saved_price_amount, item.currency = product.from_price_amount, product.currency
    item.created_at, item.removed_at = transaction_time(), None
    db.session.add(item)
    db.session.flush()
    return item


def _find_item(list_id: int, condition: object) -> WishListItem | None:
    statement = select(WishListItem).where(WishListItem.wish_list_id == list_id, condition)  # type: ignore[arg-type]
    return db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def _check_room(list_id: int) -> None:
    there = select(func.count()).select_from(WishListItem).filter_by(wish_list_id=list_id, removed_at=None)
    if (db.session.scalar(there) or 0) >= MAX_ITEMS:
        message = f"A wish list holds {MAX_ITEMS} products at most. Remove one first."
        raise Invalid(message, [Detail("productId", message)])


@operation
def remove_from_wish_list(list_id: int, *, item_id: str = "", product_id: str = "") -> WishListItem:
    """Take an item, or the item of a product, off the list. Raises NotFound when it is gone already."""
    lock_wish_list(list_id)
    if item_id:
        item = _find_item(list_id, WishListItem.public_id == item_id)
    else:
        product = select(Product.id).where(Product.public_id == product_id).scalar_subquery()
        item = _find_item(list_id, WishListItem.product_id == product)
    if item is None or item.removed_at is not None:
        raise NotFound("This is not on the wish list any more.")
    item.removed_at = transaction_time()
    return item


@operation
def restore_to_wish_list(list_id: int, item_id: str) -> WishListItem:
    """Put back what was removed, as it was saved. Raises NotFound after a day, Invalid when the list is full."""
    lock_wish_list(list_id)
    item = _find_item(list_id, WishListItem.public_id == item_id)
    if item is None:
        raise NotFound("This cannot be put back any more. Save it again from its page.")
    if item.removed_at is not None:
        _check_room(list_id)
        item.removed_at = None
    return item


@operation
def move_to_cart(
    list_id: int, item_id: str, wanted: MoveToCart, actor: Actor, terms: Terms, cart_id: str | None
) -> tuple[str, WishListItem]:
    """Put one of a saved product's variants into the cart and take it off the list: both or neither.

    Without `cart_id` a cart is made. Returns the cart's public id and the item. Raises NotFound, and what add_to_cart
    raises.
    """
    item = remove_from_wish_list(list_id, item_id=item_id)
    product = db.session.get_one(Product, item.product_id)
    ids = {"productId": product.public_id, "variantId": wanted.variant_id, "quantity": 1}
    add = AddToCart.model_validate(ids)
    cart = add_to_new_cart(add, actor, terms) if cart_id is None else add_to_cart(cart_id, add, actor)
    return cart.public_id, item


@operation
def share_wish_list(list_id: int) -> str:
    """Let who has its link read the list; returns the link's unguessable part, the same until sharing is ended."""
    found = lock_wish_list(list_id)
    if found.share_id is None:
        found.share_id = new_public_id("list")
    return found.share_id


@operation
def end_sharing(list_id: int) -> None:
    """Make the link worth nothing. Sharing again makes another one."""
    lock_wish_list(list_id).share_id = None


@operation
def join_wish_lists(key: str, actor: Actor) -> WishList | None:
    """Move what a guest saved to the customer's list at sign-in; of what is on both, the older one is kept.

    The guest's list is gone afterwards. Without one, the customer's list is returned as it is, if there is one.
    """
    assert actor.user_id is not None
    guest = find_wish_list_with(key) if key else None
    if guest is None:
        return find_wish_list_of(actor.user_id)
    own = make_wish_list(actor, "")
    for list_id in sorted((guest.id, own.id)):
        lock_wish_list(list_id)
    _join_items(guest.id, own.id)
    share_id = guest.share_id
    db.session.execute(delete(WishList).where(WishList.id == guest.id))
    if share_id and not own.share_id:
        own.share_id = share_id  # a link that was passed on goes on leading to the list
    return own


def _join_items(guest_id: int, own_id: int) -> None:
    rows = db.session.scalars(
        select(WishListItem)
        .where(WishListItem.wish_list_id.in_((guest_id, own_id)), WishListItem.removed_at.is_(None))
        .order_by(WishListItem.created_at, WishListItem.id)
        .execution_options(populate_existing=True)
    ).all()
    kept = {row.product_id: row for row in reversed(rows)}  # the oldest of each
    own = {row.product_id for row in rows if row.wish_list_id == own_id}  # where not all fit, these stay
    keep = sorted(kept.values(), key=lambda row: (row.product_id not in own, row.created_at, row.id))[:MAX_ITEMS]
    ids = [row.id for row in keep]
    gone = WishListItem.wish_list_id.in_((guest_id, own_id)) & WishListItem.id.not_in(ids)
    db.session.execute(delete(WishListItem).where(gone).execution_options(synchronize_session=False))
    moved = update(WishListItem).where(WishListItem.id.in_(ids)).values(wish_list_id=own_id)
    db.session.execute(moved.execution_options(synchronize_session=False))


@operation
def forget_wish_lists() -> int:
    """Delete guests' lists that nobody changed for a year, and what was removed a day ago; returns how many rows."""
    now = transaction_time()
    old = delete(WishList).where(WishList.user_id.is_(None), WishList.updated_at < now - KEEP_GUESTS)
    removed = delete(WishListItem).where(WishListItem.removed_at < now - KEEP_REMOVED)
    done = db.session.execute(removed), db.session.execute(old)
    return sum(changed_rows(result) for result in done)
