"""Looking after the category tree: making, changing and moving categories, merging two, deleting an empty one."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from sqlalchemy import delete, func, select, update

from shop.db import changed_rows, db, lock_names, operation
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.addresses import remember_slug
from shop.domain.catalog.models import Category, Collection, FormerSlug, Listing, Product
from shop.domain.catalog.operations import CATEGORY_TREE, Changes, itself_and_above
from shop.domain.catalog.slugs import SLUG, slug_of
from shop.domain.events import record_event
from shop.domain.inputs import Input, Line, PublicId, Text
from shop.domain.versions import refuse_if_changed
from shop.errors import Conflict, Detail, Invalid, NotFound, Unknown


class CategoryWish(Input):
    """How a category should be. Without a slug one is made of the name; without a parent it is at the top."""

    name: Line = Field(min_length=1, max_length=120, title="a name")
    slug: Line = Field(default="", max_length=120, title="an address")
    description: Text = ""
    parent: PublicId | None = Field(default=None, title="a category")
    position: int = Field(default=0, ge=0, le=100_000, title="a position")
    seo_title: Line = Field(default="", max_length=255)
    seo_description: Line = Field(default="", max_length=500)


class Merger(Input):
    """Into which category another one is merged."""

    into: PublicId = Field(title="the category to merge into")


@operation
def create_category(wish: CategoryWish, actor: Actor) -> Category:
    """Make a category. Raises Invalid for an address that cannot be, Conflict for one that is taken."""
    lock_names(CATEGORY_TREE)
    category = Category(slug="", name="")
    changes = Changes()
    _assign(category, wish, changes)
    db.session.add(category)
    db.session.flush()
    record_change(actor, "category.created", "category", category.public_id, {}, changes.after)
    return category


@operation
def change_category(public_id: str, wish: CategoryWish, actor: Actor, *, seen: str | None = None) -> Category:
    """Make the category as the wish says. Its former address leads to it from now on.

    Raises NotFound, ChangedMeanwhile for another version than the one `seen`, Invalid and Conflict as create_category,
    and Invalid for a parent that lies inside the category.
    """
    lock_names(CATEGORY_TREE)
    category = _lock(public_id)
    refuse_if_changed(category.updated_at, seen)
    former = category.slug
    changes = Changes()
    _assign(category, wish, changes)
    db.session.flush()
    if "slug" in changes.after:
        remember_slug("category", former, category)
    if changes.after.keys() & {"name", "parent_id"}:
        record_event("category.saved", public_id)
    if changes:
        record_change(actor, "category.changed", "category", public_id, changes.before, changes.after)
    return category


@operation
def delete_category(public_id: str, actor: Actor) -> None:
    """Delete a category that holds nothing.

    Raises NotFound; Conflict while it has products or categories, or the rules of a collection name it.
    """
    lock_names(CATEGORY_TREE)
    category = _lock(public_id)
    products, below = _contents(category)
    if products or below:
        held = " and ".join(
            f"{number} {one if number == 1 else many}"
            for number, one, many in ((products, "product", "products"), (below, "category", "categories"))
            if number
        )
        raise Conflict(f"{category.name} still holds {held}. Move them or merge the category first.")
    if collections := _collections_naming(category):
        rules = f"The rules of {collections[0]}" + (f" and {len(collections) - 1} more" if collections[1:] else "")
        raise Conflict(f"{rules} name {category.name}. Change them or merge the category first.")
    db.session.execute(delete(FormerSlug).where(FormerSlug.kind == "category", FormerSlug.subject_id == category.id))
    before = {"name": category.name, "slug": category.slug}
    db.session.delete(category)
    record_change(actor, "category.deleted", "category", public_id, before, {})


@operation
def merge_category(public_id: str, merger: Merger, actor: Actor) -> Category:
    """Move all that the category holds into another one, whose page its address leads to; and delete it.

    Raises NotFound; Unknown for no such other; Invalid for itself or a category inside of it.
    """
    lock_names(CATEGORY_TREE)
    category, target = _lock(public_id), _find(merger.into)
    if target is None:
        raise Unknown("There is no such category to merge into.", [Detail("into", "Choose a category of the list.")])
    _refuse_inside(category, target, "into")
    set_category = update(Product).where(Product.category_id == category.id).values(category_id=target.id)
    moved = changed_rows(db.session.execute(set_category.execution_options(synchronize_session=False)))
    set_listed = update(Listing).where(Listing.category_id == category.id).values(category_id=target.id)
    db.session.execute(set_listed.execution_options(synchronize_session=False))
    set_parent = update(Category).where(Category.parent_id == category.id).values(parent_id=target.id)
    db.session.execute(set_parent.execution_options(synchronize_session=False))
    db.session.execute(
        update(FormerSlug)
        .where(FormerSlug.kind == "category", FormerSlug.subject_id == category.id)
        .values(subject_id=target.id)
    )
    db.session.expire_all()
    record_event("category.saved", target.public_id)
    slug, name = category.slug, category.name
    db.session.delete(category)
    db.session.flush()
    remember_slug("category", slug, target)
    after = {"products": moved, "into": target.name}
    record_change(actor, "category.merged", "category", public_id, {"name": name, "slug": slug}, after)
    record_change(actor, "category.extended", "category", target.public_id, {}, {"from": name, "products": moved})
    return target


def _assign(category: Category, wish: CategoryWish, changes: Changes) -> None:
    slug = wish.slug or slug_of(wish.name, 120)
    if not SLUG.fullmatch(slug):
        raise _invalid("slug", "Make the address of small letters, digits and single hyphens.")
    holder = db.session.scalar(select(Category.name).where(Category.slug == slug, Category.id != category.id))
    if category.id is None:
        holder = db.session.scalar(select(Category.name).where(Category.slug == slug))
    if holder is not None:
        message = f"{holder} has this address. Choose another one."
        raise Conflict(message, [Detail("slug", message)])
    parent = _find(wish.parent) if wish.parent else None
    if wish.parent and parent is None:
        raise Unknown("There is no such category.", [Detail("parent", "Choose a category of the list.")])
    if parent is not None and category.id is not None:
        _refuse_inside(category, parent, "parent")
    values: dict[str, Any] = {
        "name": wish.name,
        "slug": slug,
        "description": wish.description,
        "parent_id": parent.id if parent else None,
        "position": wish.position,
        "seo_title": wish.seo_title,
        "seo_description": wish.seo_description,
    }
    changes.assign(category, values)


def _refuse_inside(category: Category, other: Category, field: str) -> None:
    if any(above.id == category.id for above in itself_and_above(other)):
        raise _invalid(field, "A category cannot be inside itself. Choose another one.")


def _contents(category: Category) -> tuple[int, int]:
    products = select(func.count()).select_from(Product).where(Product.category_id == category.id)
    below = select(func.count()).select_from(Category).where(Category.parent_id == category.id)
    return db.session.scalar(products) or 0, db.session.scalar(below) or 0


def _collections_naming(category: Category) -> list[str]:
    """The names of the collections whose rules name the category by its address or a former one."""
    former = select(FormerSlug.slug).where(FormerSlug.kind == "category", FormerSlug.subject_id == category.id)
    slugs = {category.slug, *db.session.scalars(former)}
    rows = db.session.execute(select(Collection.name, Collection.rules).order_by(Collection.name))
    return [name for name, rules in rows if slugs & set(rules.get("category", ()))]


def _lock(public_id: str) -> Category:
    category = db.session.scalars(
        select(Category).filter_by(public_id=public_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if category is None:
        raise NotFound("There is no such category any more.")
    return category


def _find(public_id: str) -> Category | None:
    return db.session.scalars(select(Category).filter_by(public_id=public_id)).one_or_none()


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, [Detail(field, message)])
