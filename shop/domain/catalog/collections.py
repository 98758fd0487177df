"""Collections: groups of products with a page of their own, chosen one by one or by rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import delete, insert, select

from shop.db import db, operation
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.filters import Narrowing
from shop.domain.catalog.models import Category, Collection, CollectionProduct, Product
from shop.domain.catalog.slugs import SLUG
from shop.domain.inputs import Input, Line, Text
from shop.errors import Conflict, Detail, Invalid, NotFound, Unknown

MOST_CHOSEN = 1000


class SaveCollection(Input):
    """A collection as it should be. With `rules` it has all products that meet them, else those that are chosen."""

    slug: Line = Field(max_length=120)
    name: Line = Field(min_length=1, max_length=120)
    description: Text = ""
    seo_title: Line = Field(default="", max_length=255)
    seo_description: Line = Field(default="", max_length=500)
    position: int = Field(default=0, ge=0, le=10**6)
    is_active: bool = True
    rules: Narrowing | None = None


@operation
def save_collection(wanted: SaveCollection, actor: Actor) -> Collection:
    """Make the collection, or make the one of this slug be so; the same again writes nothing.

    Raises Invalid for a slug that cannot be or rules that ask for nothing, Unknown for a category that is not there,
    Conflict for rules where products were chosen one by one.
    """
    if not SLUG.fullmatch(wanted.slug):
        raise _invalid("slug", "Make the address of small letters, digits and single hyphens, at most 120.")
    found = db.session.scalars(select(Collection).filter_by(slug=wanted.slug).with_for_update()).one_or_none()
    collection = found or Collection(slug=wanted.slug, rules={})
    values = wanted.model_dump(exclude={"slug", "rules"}) | {"rules": checked_rules(wanted.rules)}
    if values["rules"] and found is not None and chosen_ids(found):
        raise Conflict("Products were chosen for this collection one by one. Take them out before giving it rules.")
    before = {name: getattr(collection, name) for name in values}
    after = {name: value for name, value in values.items() if value != before[name]}
    for name, value in after.items():
        setattr(collection, name, value)
    db.session.add(collection)
    db.session.flush()
    if after or found is None:
        status = "created" if found is None else "changed"
        told = {} if found is None else {name: before[name] for name in after}
        record_change(actor, f"collection.{status}", "collection", collection.public_id, told, after)
    return collection


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, [Detail(field, message)])


def checked_rules(rules: Narrowing | None) -> dict[str, Any]:
    if rules is None:
        return {}
    kept = rules.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if not kept:
        raise _invalid("rules", "Say what the products have in common, such as a tag, a brand or a highest price.")
    known = set(db.session.scalars(select(Category.slug).where(Category.slug.in_(rules.category))))
    for slug in rules.category:
        if slug not in known:
            message = f"There is no category {slug}. Make it first, or choose another."
            raise Unknown(message, [Detail("rules.category", message)])
    return kept


@operation
def set_collection_products(slug: str, product_ids: Sequence[str], actor: Actor) -> None:
    """Make the collection be of these products (public ids), in this order; the same again writes nothing.

    Raises NotFound for no such collection, Conflict where it goes by rules, Invalid for too many or one named twice,
    Unknown for a product that is not there.
    """
    collection = db.session.scalars(select(Collection).filter_by(slug=slug).with_for_update()).one_or_none()
    if collection is None:
        raise NotFound("There is no such collection.")
    if collection.rules:
        raise Conflict("This collection goes by rules. Take them away before choosing its products.")
    if len(product_ids) > MOST_CHOSEN or len(set(product_ids)) < len(product_ids):
        raise _invalid("products", f"Choose at most {MOST_CHOSEN} products, each once.")
    rows = db.session.execute(select(Product.public_id, Product.id).where(Product.public_id.in_(product_ids)))
    known = {public_id: row_id for public_id, row_id in rows}
    if missing := [public_id for public_id in product_ids if public_id not in known]:
        message = f"There is no product {missing[0]}."
        raise Unknown(message, [Detail("products", message)])
    wanted, present = [known[public_id] for public_id in product_ids], chosen_ids(collection)
    if wanted == present:
        return
    before = db.session.scalars(select(Product.public_id).where(Product.id.in_(present))).all()
    choose(collection, wanted)
    change = ({"products": sorted(before)}, {"products": list(product_ids)})
    record_change(actor, "collection.products_chosen", "collection", collection.public_id, *change)


def choose(collection: Collection, product_ids: Sequence[int]) -> None:
    """Have the collection be of these products (keys), in this order; in the current operation."""
    db.session.execute(delete(CollectionProduct).where(CollectionProduct.collection_id == collection.id))
    if product_ids:
        chosen = [
            {"collection_id": collection.id, "product_id": row_id, "position": place}
            for place, row_id in enumerate(product_ids)
        ]
        db.session.execute(insert(CollectionProduct), chosen)


def chosen_ids(collection: Collection) -> list[int]:
    """The keys of the products that were chosen one by one, in their order."""
    chosen = select(CollectionProduct.product_id).where(CollectionProduct.collection_id == collection.id)
    return list(db.session.scalars(chosen.order_by(CollectionProduct.position, CollectionProduct.product_id)))
