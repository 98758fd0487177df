"""Collections as staff write them down: rules as words, chosen products one a line, in one form with all the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import func, or_, select

from shop.db import db, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.addresses import remember_slug
from shop.domain.catalog.collections import MOST_CHOSEN, checked_rules, choose, chosen_ids
from shop.domain.catalog.filters import Narrowing, rules_of
from shop.domain.catalog.models import Category, Collection, Product, Variant
from shop.domain.catalog.operations import Changes
from shop.domain.catalog.slugs import SLUG, slug_of
from shop.domain.inputs import MOST_VALUES, Input, Line, Lines, Text
from shop.domain.versions import refuse_if_changed
from shop.errors import Conflict, Detail, Invalid, NotFound
from shop.money import Money

MOST_NAMED = 5  # lines that are wrong and named in one sentence
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
        "products": "\n".join(_slugs(chosen_ids(collection))),
    }


def _as_price(amount: int | None, currency: str) -> str:
    return "" if amount is None else str(Money(amount, currency).to_decimal())


def _as_yes_no(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def _slugs(product_ids: Sequence[int]) -> list[str]:
    rows = db.session.execute(select(Product.id, Product.slug).where(Product.id.in_(product_ids)))
    slugs = {row_id: slug for row_id, slug in rows}
    return [slugs[row_id] for row_id in product_ids]


# -- reading the wish -------------------------------------------------------------------------------------------------


def _assign(collection: Collection, wish: CollectionWish, currency: str, changes: Changes) -> list[int]:
    """Give the collection what the wish says, but for the products, whose keys are returned."""
    slug = wish.slug or slug_of(wish.name, 120)
    if not SLUG.fullmatch(slug):
        raise _invalid("slug", "Make the address of small letters, digits and single hyphens.")
    with db.session.no_autoflush:
        holder = db.session.scalars(select(Collection).where(Collection.slug == slug)).one_or_none()
    if holder is not None and holder is not collection:
        message = f"{holder.name} has this address. Choose another one."
        raise Conflict(message, [Detail("slug", message)])
    rules = _rules(wish, currency)
    chosen = _product_ids(wish.products)
    if rules and chosen:
        raise _invalid("products", "Name products or fill in rules, not both: take one of them away.")
    names = ("name", "description", "seo_title", "seo_description", "position", "is_active")
    changes.assign(collection, {**{name: getattr(wish, name) for name in names}, "slug": slug, "rules": rules})
    return chosen


def _choose(collection: Collection, wanted: list[int], changes: Changes) -> None:
    present = chosen_ids(collection)
    if wanted == present:
        return
    choose(collection, wanted)
    collection.updated_at = transaction_time()
    changes.note("products", _slugs(present), _slugs(wanted))


def _rules(wish: CollectionWish, currency: str) -> dict[str, Any]:
    values: dict[str, Any] = {
        "category": _category_slugs(wish.categories),
        "tag": _few("tags", wish.tags),
        "brand": _few("brands", wish.brands),
        "attr": _attributes(wish.attributes),
        "minPrice": _amount("minPrice", wish.min_price, currency),
        "maxPrice": _amount("maxPrice", wish.max_price, currency),
        "inStock": None if wish.in_stock is None else wish.in_stock == "yes",
        "onSale": None if wish.on_sale is None else wish.on_sale == "yes",
    }
    low, high = values["minPrice"], values["maxPrice"]
    if low is not None and high is not None and low > high:
        raise _invalid("maxPrice", "Enter a highest price that is not below the lowest.")
    narrowing = Narrowing.model_validate(values)
    return checked_rules(narrowing) if narrowing != Narrowing() else {}


def _lines(text: str) -> list[str]:
    """What stands in the lines, each once."""
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))


def _few(field: str, text: str) -> list[str]:
    lines = _lines(text)
    if len(lines) > MOST_VALUES:
        raise _invalid(field, f"Enter at most {MOST_VALUES}, one a line.")
    return lines


def _category_slugs(text: str) -> list[str]:
    """The addresses of categories that are written as their address or their name."""
    lines = _few("categories", text)
    names = [line.casefold() for line in lines]
    wanted = or_(Category.slug.in_(lines), func.lower(Category.name).in_(names))
    by_word: dict[str, str] = {}
    for category in db.session.scalars(select(Category).where(wanted).order_by(Category.id.desc())):
        by_word[category.name.casefold()] = category.slug
    by_word |= {slug: slug for slug in db.session.scalars(select(Category.slug).where(Category.slug.in_(lines)))}
    found = {line: by_word.get(line) or by_word.get(line.casefold()) for line in lines}
    _refuse_missing("categories", "category", (line for line, slug in found.items() if slug is None))
    return [slug for slug in found.values() if slug is not None]


def _attributes(text: str) -> Mapping[str, list[str]]:
    """`name: value`, one a line."""
    found: dict[str, list[str]] = {}
    for line in _few("attributes", text):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not (name and colon and value):
            raise _invalid("attributes", f"Write “{line[:40]}” as a name, a colon and a value, such as size: 30 ml.")
        found.setdefault(name, []).append(value)
    return found


def _amount(field: str, text: str, currency: str) -> int | None:
    if not text:
        return None
    try:
        return Money.parse(text, currency).amount
    except ValueError:
        raise _invalid(field, "Enter a price such as 54.95.") from None


def _product_ids(text: str) -> list[int]:
    """The keys of products that are written as their address, their id or the SKU of one of their variants."""
    lines = _lines(text)
    if len(lines) > MOST_CHOSEN:
        raise _invalid("products", f"Name at most {MOST_CHOSEN} products.")
    known = dict(_known_products(lines))
    _refuse_missing("products", "product", (line for line in lines if line not in known))
    return list(dict.fromkeys(known[line] for line in lines))


def _known_products(lines: Sequence[str]) -> Iterator[tuple[str, int]]:
    """What was written and the key it stands for; an address before an id before a SKU, hence last."""
    rows = db.session.execute(select(Variant.sku, Variant.product_id).where(Variant.sku.in_(lines)))
    yield from ((sku, row_id) for sku, row_id in rows)
    for column in (Product.public_id, Product.slug):
        found = db.session.execute(select(column, Product.id).where(column.in_(lines)))
        yield from ((written, row_id) for written, row_id in found)


def _refuse_missing(field: str, noun: str, missing: Iterable[str]) -> None:
    lines = list(missing)
    if not lines:
        return
    named = ", ".join(line[:60] for line in lines[:MOST_NAMED])
    more = f" and {len(lines) - MOST_NAMED} more" if len(lines) > MOST_NAMED else ""
    raise _invalid(field, f"There is no {noun} {named}{more}. Correct or remove what is wrong.")


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, [Detail(field, message)])
