"""What can be done to many products at once; each product by itself, with its own audit entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop.db import db, operation
from shop.domain.actors import Actor
from shop.domain.bulk_changes import BulkChange, Preview
from shop.domain.catalog.drafts import MAX_DESCRIPTION, MAX_PRICE, MAX_TAGS
from shop.domain.catalog.models import Category, Product
from shop.domain.catalog.operations import Changes, change_product
from shop.domain.catalog.richtext import plain_text, sanitise_html
from shop.domain.inputs import Input, Line, PublicId, Verbatim
from shop.errors import Detail, Invalid, Unknown
from shop.money import Money

READ_AT_ONCE = 200  # products of a preview
LONGEST_NAME = 255
AROUND = 40  # characters shown on either side of what is replaced


class StatusWish(Input):
    """Which status products get."""

    status: Literal["draft", "active", "archived"] = Field(title="a status")


class CategoryChoice(Input):
    """Which category products get; none takes them out of theirs."""

    category: PublicId | None = Field(default=None, title="a category")


class TagWish(Input):
    """A tag to give or to take away."""

    tag: Line = Field(min_length=1, max_length=255, title="a tag")


def _with_point(given: Any) -> Any:
    return given.strip().removesuffix("%").strip().replace(",", ".") if isinstance(given, str) else given


class PriceWish(Input):
    """By how many percent prices change, and whether the former price is kept as the struck-through one."""

    percent: Annotated[Decimal, BeforeValidator(_with_point)] = Field(
        ge=-90, le=900, max_digits=6, decimal_places=2, title="a percentage"
    )
    keep_former: bool = False

    @model_validator(mode="after")
    def _changes_something(self) -> PriceWish:
        if self.percent == 0:
            raise ValueError("Enter a percentage other than 0.")
        return self


class Replacement(Input):
    """A text to look for, and what stands in its place; letters count as they are written."""

    find: Verbatim = Field(min_length=1, max_length=200, title="the text to look for")
    replace: Verbatim = Field(default="", max_length=200)
    where: Literal["both", "name", "description"] = "both"


@operation
def set_status(public_id: str, wish: StatusWish, actor: Actor) -> str:
    """Give the product this status. Raises NotFound."""
    return _said(change_product(public_id, lambda p, c: c.assign(p, {"status": wish.status}), actor), wish.status)


@operation
def archive(public_id: str, _wish: Any, actor: Actor) -> str:
    """Take the product out of the shop; its orders keep it. Raises NotFound."""
    return set_status(public_id, StatusWish(status="archived"), actor)


@operation
def set_category(public_id: str, wish: CategoryChoice, actor: Actor) -> str:
    """Put the product into this category, or into none. Raises NotFound, Unknown for no such category."""
    category = db.session.scalars(select(Category).filter_by(public_id=wish.category)).one_or_none()
    if wish.category is not None and category is None:
        raise Unknown("There is no such category any more.", [Detail("category", "Choose a category of the list.")])
    values = {"category_id": category.id if category else None}
    return _said(
        change_product(public_id, lambda p, c: c.assign(p, values), actor), category.name if category else "no category"
    )


@operation
def add_tag(public_id: str, wish: TagWish, actor: Actor) -> str:
    """Give the product this tag. Raises NotFound, Invalid for one tag too many."""

    def change(product: Product, changes: Changes) -> None:
        if wish.tag in product.tags:
            return
        if len(product.tags) >= MAX_TAGS:
            raise Invalid(f"It has {MAX_TAGS} tags already.")
        changes.assign(product, {"tags": [*product.tags, wish.tag]})

    return _said(change_product(public_id, change, actor), f"tagged {wish.tag}")


@operation
def remove_tag(public_id: str, wish: TagWish, actor: Actor) -> str:
    """Take this tag from the product. Raises NotFound."""

    def change(product: Product, changes: Changes) -> None:
        changes.assign(product, {"tags": [tag for tag in product.tags if tag != wish.tag]})

    return _said(change_product(public_id, change, actor), f"no longer tagged {wish.tag}")


@operation
def change_prices(public_id: str, wish: PriceWish, actor: Actor) -> str:
    """Change the prices of the product's variants on offer. Raises NotFound, Invalid for a price that is too high."""
    said: list[str] = []

    def change(product: Product, changes: Changes) -> None:
        for variant in product.variants:
            if not variant.is_active:
                continue
            new = new_price(variant.price, wish)
            if new.amount > MAX_PRICE:
                raise Invalid(f"{variant.name} would cost more than can be sold.")
            values: dict[str, Any] = {"price_amount": new.amount}
            if wish.keep_former and new.amount < variant.price_amount:
                values["compare_at_amount"] = max(variant.price_amount, variant.compare_at_amount or 0)
            said.append(f"{variant.price.format()} → {new.format()}")
            changes.assign(variant, values, f"variants[{variant.name}]")

    saved = change_product(public_id, change, actor)
    return _said(saved, "; ".join(said[:3]) + ("; …" if len(said) > 3 else ""))


def new_price(price: Money, wish: PriceWish) -> Money:
    """The price after the change, rounded as the currency is."""
    return price.share(100 + wish.percent, Decimal(100))


@operation
def replace_text(public_id: str, wish: Replacement, actor: Actor) -> str:
    """Replace a text in the product's name and description, never inside of markup. Raises NotFound, Invalid for a
    name that would be empty, or for either that would be too long."""

    def change(product: Product, changes: Changes) -> None:
        name, description = replaced(product, wish)
        changes.assign(product, {"name": name, "description": description})

    saved = change_product(public_id, change, actor)
    return _said(saved, f"replaced in its {' and '.join(saved.changed_fields)}")


def replaced(product: Product, wish: Replacement) -> tuple[str, str]:
    """The product's name and description with the text replaced. Raises Invalid for what they cannot be."""
    name, description = product.name, product.description
    if wish.where in {"both", "name"}:
        name = name.replace(wish.find, wish.replace).strip()
        if not name or len(name) > LONGEST_NAME:
            raise Invalid(f"The name would be empty or longer than {LONGEST_NAME} characters.")
    if wish.where in {"both", "description"}:
        description = replaced_in_markup(description, wish.find, wish.replace)
    return name, description


def replaced_in_markup(markup: str, find: str, replace: str) -> str:
    """Replace in the texts between tags; what is put in is text, whatever it looks like. Raises Invalid for more than
    a description may have, before that is read as markup."""
    wanted, instead = _as_markup(find), _as_markup(replace)
    parts = []
    rest = markup
    while rest:
        text, opening, rest = rest.partition("<")
        parts.append(text.replace(wanted, instead))
        if opening:
            tag, closing, rest = rest.partition(">")
            parts.append(f"<{tag}{closing}")
    changed = "".join(parts)
    if changed != markup and len(changed) > MAX_DESCRIPTION:
        raise Invalid(f"The description would be longer than {MAX_DESCRIPTION} characters.")
    return sanitise_html(changed) if changed != markup else markup


def _as_markup(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _said(saved: Any, words: str) -> str:
    return "" if saved.status == "unchanged" else words


# -- names and previews -----------------------------------------------------------------------------------------------


def names_of(public_ids: Sequence[str]) -> Mapping[str, str]:
    """The names of products, by public id."""
    rows = db.session.execute(select(Product.public_id, Product.name).where(Product.public_id.in_(public_ids)))
    return {public_id: name for public_id, name in rows}


def _each(public_ids: Sequence[str]) -> Iterator[Product]:
    """The products, read a few at a time, so that whoever has seen enough stops there."""
    for first in range(0, len(public_ids), READ_AT_ONCE):
        some = public_ids[first : first + READ_AT_ONCE]
        statement = select(Product).where(Product.public_id.in_(some)).order_by(Product.name, Product.id)
        yield from db.session.scalars(statement.options(selectinload(Product.variants))).all()


def preview_prices(public_ids: Sequence[str], wish: PriceWish) -> Iterator[Preview]:
    """What each variant would cost."""
    for product in _each(public_ids):
        for variant in product.variants:
            if variant.is_active:
                name = product.name if len(product.variants) == 1 else f"{product.name}, {variant.name}"
                before, after = variant.price.format(), new_price(variant.price, wish).format()
                yield Preview(product.public_id, name, before, after)


def preview_replacement(public_ids: Sequence[str], wish: Replacement) -> Iterator[Preview]:
    """Each place that would be another, with some words around it, or why it cannot be."""
    for product in _each(public_ids):
        try:
            name, description = replaced(product, wish)
        except Invalid as refusal:
            yield Preview(product.public_id, product.name, "", refusal.message)
            continue
        pairs = [(product.name, name), (plain_text(product.description), plain_text(description))]
        for before, after in pairs:
            if before != after:
                yield Preview(product.public_id, product.name, *_around(before, after))


def _around(before: str, after: str) -> tuple[str, str]:
    """The first place where two texts differ, with some of what is the same on either side."""
    start = next(
        (i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), min(len(before), len(after))
    )
    first = max(0, start - AROUND)
    return tuple(  # type: ignore[return-value]
        ("…" if first else "") + text[first : start + AROUND] + ("…" if len(text) > start + AROUND else "")
        for text in (before, after)
    )


def _change(kind: str, change: Callable[[str, Any, Actor], str], wish: type[Input], **more: Any) -> BulkChange:
    return BulkChange(f"products.{kind}", "catalog:write", change, names_of, wish, **more)


STATUS = _change("status", set_status, StatusWish)
CATEGORY = _change("category", set_category, CategoryChoice)
ADD_TAG = _change("tag_added", add_tag, TagWish)
REMOVE_TAG = _change("tag_removed", remove_tag, TagWish)
PRICES = _change("prices", change_prices, PriceWish, preview=preview_prices)
REPLACE = _change("replacement", replace_text, Replacement, preview=preview_replacement)
ARCHIVE = BulkChange("products.archived", "catalog:write", archive, names_of)
CHANGES = (STATUS, CATEGORY, ADD_TAG, REMOVE_TAG, PRICES, REPLACE, ARCHIVE)
