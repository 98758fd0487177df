"""Collections as staff write them down: rules as words, chosen products one a line, in one form with all the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import select

from shop.db import db, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.addresses import remember_slug
from shop.domain.catalog.collections import checked_rules, choose, chosen_ids
from shop.domain.catalog.filters import Narrowing, rules_of
from shop.domain.catalog.models import Collection
from shop.domain.catalog.named import category_slugs, few_lines, product_ids, product_slugs, wrong
from shop.domain.catalog.operations import Changes
from shop.domain.catalog.slugs import SLUG, slug_of
from shop.domain.inputs import Input, Line, Lines, Text
from shop.domain.versions import refuse_if_changed
from shop.errors import Conflict, Detail, NotFound
from shop.money import Money

YesNo = Literal["yes", "no"]


class CollectionWish(Input):
    """How a collection should be: of all products that meet its rules, or of those that are named; not both."""

    name: Line = Field(min_length=1, max_length=120, title="a name")
    slug: Line = Field(default="", max_length=120, title="an address")
    description: Text = ""
    seo_title: Line = Field(default="", max_length=255)
    seo_description: Line = Field(default="", max_length=500)
    position: int = Field(default=0, ge=0, le=10**6, title="a position")
    is_active: bool = False
    categories: Text = ""
    tags: Text = ""
    brands: Text = ""
    attributes: Text = ""
    min_price: Line = Field(default="", max_length=20)
    max_price: Line = Field(default="", max_length=20)
    in_stock: YesNo | None = None
    on_sale: YesNo | None = None
    products: Lines = Field(default="", max_length=100_000)


@operation
def create_collection(wish: CollectionWish, actor: Actor, currency: str) -> Collection:
    """Make a collection. Without a slug one is made of its name.

    Raises Invalid for what cannot be, each at its field; Conflict for an address that is taken.
    """
    collection = Collection(slug="", name="", rules={})
    changes = Changes()
    chosen = _assign(collection, wish, currency, changes)
    db.session.add(collection)
    db.session.flush()
    _choose(collection, chosen, changes)
    record_change(actor, "collection.created", "collection", collection.public_id, {}, changes.after)
    return collection


@operation
def change_collection(
    public_id: str, wish: CollectionWish, actor: Actor, currency: str, *, seen: str | None = None
) -> Collection:
    """Make the collection as the wish says. Its former address leads to it from now on.

    Raises NotFound, ChangedMeanwhile for another version than the one `seen`, and as create_collection.
    """
    statement = select(Collection).filter_by(public_id=public_id).with_for_update()
    collection = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if collection is None:
        raise NotFound("There is no such collection any more.")
    refuse_if_changed(collection.updated_at, seen)
    former = collection.slug
    changes = Changes()
    chosen = _assign(collection, wish, currency, changes)
    _choose(collection, chosen, changes)
    db.session.flush()
    if "slug" in changes.after:
        remember_slug("collection", former, collection)
    if changes:
        record_change(actor, "collection.changed", "collection", public_id, changes.before, changes.after)
    return collection


def wish_values(collection: Collection, currency: str) -> dict[str, Any]:
    """The collection as the form has it, by the names of its fields."""
    rules = rules_of(collection) if collection.rules else Narrowing()
    return {
        "name": collection.name,
        "slug": collection.slug,
        "description": collection.description,
        "seoTitle": collection.seo_title,
        "seoDescription": collection.seo_description,
        "position": collection.position,
        "isActive": collection.is_active,
        "categories": "\n".join(rules.category),
        "tags": "\n".join(rules.tag),
        "brands": "\n".join(rules.brand),
        "attributes": "\n".join(f"{name}: {value}" for name, values in rules.attr.items() for value in values),
        "minPrice": _as_price(rules.min_price, currency),
        "maxPrice": _as_price(rules.max_price, currency),
        "inStock": _as_yes_no(rules.in_stock),
        "onSale": _as_yes_no(rules.on_sale),
        "products": "\n".join(product_slugs(chosen_ids(collection))),
    }


def _as_price(amount: int | None, currency: str) -> str:
    return "" if amount is None else str(Money(amount, currency).to_decimal())


def _as_yes_no(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


# -- reading the wish -------------------------------------------------------------------------------------------------


def _assign(collection: Collection, wish: CollectionWish, currency: str, changes: Changes) -> list[int]:
    """Give the collection what the wish says, but for the products, whose keys are returned."""
    slug = wish.slug or slug_of(wish.name, 120)
    if not SLUG.fullmatch(slug):
        raise wrong("slug", "Make the address of small letters, digits and single hyphens.")
    with db.session.no_autoflush:
        holder = db.session.scalars(select(Collection).where(Collection.slug == slug)).one_or_none()
    if holder is not None and holder is not collection:
        message = f"{holder.name} has this address. Choose another one."
        raise Conflict(message, [Detail("slug", message)])
    rules = _rules(wish, currency)
    chosen = product_ids(wish.products)
    if rules and chosen:
        raise wrong("products", "Name products or fill in rules, not both: take one of them away.")
    names = ("name", "description", "seo_title", "seo_description", "position", "is_active")
    changes.assign(collection, {**{name: getattr(wish, name) for name in names}, "slug": slug, "rules": rules})
    return chosen


def _choose(collection: Collection, wanted: list[int], changes: Changes) -> None:
    present = chosen_ids(collection)
    if wanted == present:
        return
    choose(collection, wanted)
    collection.updated_at = transaction_time()
    changes.note("products", product_slugs(present), product_slugs(wanted))


def _rules(wish: CollectionWish, currency: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "category": category_slugs(wish.categories),
        "tag": few_lines("tags", wish.tags),
        "brand": few_lines("brands", wish.brands),
        "attr": _attributes(wish.attributes),
        "minPrice": _amount("minPrice", wish.min_price, currency),
        "maxPrice": _amount("maxPrice", wish.max_price, currency),
        "inStock": None if wish.in_stock is None else wish.in_stock == "yes",
        "onSale": None if wish.on_sale is None else wish.on_sale == "yes",
    }
    low, high = values["minPrice"], values["maxPrice"]
    if low is not None and high is not None and low > high:
        raise wrong("maxPrice", "Enter a highest price that is not below the lowest.")
    narrowing = Narrowing.model_validate(values)
    return checked_rules(narrowing) if narrowing != Narrowing() else {}


def _attributes(text: str) -> Mapping[str, list[str]]:
    """`name: value`, one a line."""
    found: dict[str, list[str]] = {}
    for line in few_lines("attributes", text):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not (name and colon and value):
            raise wrong("attributes", f"Write “{line[:40]}” as a name, a colon and a value, such as size: 30 ml.")
        found.setdefault(name, []).append(value)
    return found


def _amount(field: str, text: str, currency: str) -> int | None:
    if not text:
        return None
    try:
        return Money.typed(text, currency).amount
    except ValueError:
        raise wrong(field, "Enter a price such as 54.95.") from None
