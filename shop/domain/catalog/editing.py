"""Products as staff write them: one form for all of a product, saved in one transaction (ADM-2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from shop.db import db, new_public_id, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.addresses import change_slug
from shop.domain.catalog.attributes import NUMBER
from shop.domain.catalog.drafts import MAX_DESCRIPTION, UNSAID, ImageDraft, ProductDraft, VariantDraft
from shop.domain.catalog.matrix import (
    Axis,
    Values,
    axes_of,
    count_missing,
    missing_combinations,
    read_values,
    rearranged,
    refuse_faulty_axes,
    refuse_too_many,
)
from shop.domain.catalog.models import Attribute, Category, FormerSlug, Product, Variant
from shop.domain.catalog.operations import save_product
from shop.domain.catalog.slugs import slug_of
from shop.domain.catalog.stock import change_stock
from shop.domain.inputs import Input, Line, PublicId
from shop.domain.versions import refuse_if_changed
from shop.errors import Conflict, Detail, Invalid, NotFound, Unknown
from shop.money import Money

ROWS_AT_ONCE = 50  # variants on one page of the form
REASONS = ("received", "counted", "damaged", "returned", "other")
LONGEST_SKU = 80


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


Prose = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_lines)]


class OptionWish(Input):
    """An option and its values, a line each or with commas between. One without a name and values is none."""

    name: Line = Field(default="", max_length=80)
    values: Prose = Field(default="", max_length=20_000)


class VariantWish(Input):
    """A variant that is there, by its id. A field that was not sent stays; an empty former price ends the offer."""

    id: PublicId
    sku: Line | None = Field(default=None, max_length=LONGEST_SKU, title="a SKU")
    price: Line | None = Field(default=None, max_length=20, title="a price")
    compare_at: Line = Field(default="", max_length=20)
    weight: int | None = Field(default=None, ge=0, le=10**9, title="a weight")
    stock_change: int = Field(default=0, ge=-(10**6), le=10**6)
    is_offered: bool = True


class PictureWish(Input):
    """A picture that is there, by its id: its words, its place, and the variant that it shows (by public id)."""

    id: PublicId
    alt_text: Line = Field(default="", max_length=500)
    position: int = Field(default=0, ge=-(10**6), le=10**6)
    variant: PublicId | None = None


class AttributeWish(Input):
    """What is said under one name: one value, or a line each."""

    name: Line = Field(default="", max_length=80)
    values: Prose = Field(default="", max_length=5000)


class ProductWish(Input):
    """All of a product. `price`, `stock`, `sku` and `weight` are those of variants that the options newly make."""

    name: Line = Field(min_length=1, max_length=255, title="a name")
    slug: Line = Field(default="", max_length=160)
    description: Prose = Field(default="", max_length=MAX_DESCRIPTION)
    brand: Line = Field(default="", max_length=120)
    category: PublicId | None = None
    tags: Line = Field(default="", max_length=5000)
    status: Line = "draft"
    seo_title: Line = Field(default="", max_length=255)
    seo_description: Line = Field(default="", max_length=500)
    price: Line = Field(default="", max_length=20)
    compare_at: Line = Field(default="", max_length=20)
    sku: Line = Field(default="", max_length=60)
    weight: int = Field(default=0, ge=0, le=10**9)
    requires_shipping: bool = True
    stock: int = Field(default=0, ge=0, le=10**6)
    stock_reason: Line = "received"
    fill_missing: bool = False
    options: list[OptionWish] = Field(default=[], max_length=3)
    variants: list[VariantWish] = Field(default=[], max_length=ROWS_AT_ONCE)
    pictures: list[PictureWish] = Field(default=[], max_length=250)
    attributes: list[AttributeWish] = Field(default=[], max_length=200)


@dataclass(frozen=True)
class _Row:
    """A variant that is there, and what the form says of it."""

    variant: Variant
    wish: VariantWish | None
    number: int  # of the wish in the form


@operation
def create_product(wish: ProductWish, actor: Actor, currency: str) -> Product:
    """Make a product with all the variants that its options make.

    Raises Invalid naming the faulty fields, Conflict for an address or a SKU that is taken, Unknown for no category.
    """
    slug = wish.slug or _free_slug(slug_of(wish.name, 150))
    if db.session.scalar(select(Product.id).filter_by(slug=slug)) is not None:
        message = f"Another product has the address {slug}. Choose another."
        raise Conflict(message, [Detail("slug", message)])
    # What had this address formerly gives it up: it names what has it now.
    former = db.session.get(FormerSlug, ("product", slug))
    if former is not None:
        db.session.delete(former)
    axes = _axes(wish)
    combinations = list(rearranged((), (), axes)) if axes else [()]
    drafts = _new_variants(combinations, wish, currency, slug, taken=())
    saved = save_product(_draft(wish, slug, axes, drafts, images=None), actor)
    return get_product_to_edit(saved.public_id)


@operation
def edit_product(public_id: str, wish: ProductWish, actor: Actor, *, seen: str | None = None) -> Product:
    """Make the product as the wish says; variants and pictures that it does not name stay as they are.

    Raises NotFound, ChangedMeanwhile for another version than the one `seen`, and as create_product.
    """
    statement = select(Product).filter_by(public_id=public_id).with_for_update()
    if db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none() is None:
        raise NotFound("There is no such product any more.")
    product = get_product_to_edit(public_id)
    refuse_if_changed(product.updated_at, seen)
    if wish.slug and wish.slug != product.slug:
        change_slug("product", public_id, wish.slug, actor)
        product = get_product_to_edit(public_id)
    axes = _axes(wish)
    pairs = _variants(product, wish, axes)
    images = _images(product, wish, {was.public_id: draft.option_key for draft, was in pairs if was})
    save_product(_draft(wish, product.slug, axes, [draft for draft, _ in pairs], images), actor)
    product = get_product_to_edit(public_id)
    if _change_stocks(product, wish, actor):
        product.updated_at = transaction_time()  # so that the same form sent again is refused, not done twice
        db.session.flush()
    return get_product_to_edit(public_id)


@operation
def duplicate_product(public_id: str, actor: Actor) -> Product:
    """A draft that says the same, with SKUs and an address of its own and nothing in stock. Raises NotFound."""
    product = get_product_to_edit(public_id)
    name = f"Copy of {product.name}"[:255]
    slug = _free_slug(slug_of(name, 150))
    offered = [variant for variant in product.variants if variant.is_active] or product.variants[:1]
    draft = ProductDraft(
        slug=slug,
        name=name,
        variants=tuple(replace(_draft_of(each), sku=_copied_sku(each.sku), stock=0) for each in offered),
        option_names=tuple(product.option_names),
        description=product.description,
        brand=product.brand,
        category_slug=product.category.slug if product.category else None,
        tags=tuple(product.tags),
        status="draft",
        seo_title=product.seo_title,
        seo_description=product.seo_description,
        images=tuple(
            ImageDraft(
                image.file_name,
                None if image.file_name else image.source_url,
                image.alt_text,
                image.width,
                image.height,
            )
            for image in product.images
            if image.file_name or image.source_url
        ),
        attributes=tuple((row.name, row.value) for row in product.attributes),
    )
    saved = save_product(draft, actor)
    record_change(actor, "product.copied", "product", saved.public_id, {}, {"from": product.name})
    return get_product_to_edit(saved.public_id)


# -- reading ----------------------------------------------------------------------------------------------------------


def get_product_to_edit(public_id: str) -> Product:
    """The product of any status with all its parts; raises NotFound."""
    product = db.session.scalars(
        select(Product)
        .filter_by(public_id=public_id)
        .options(
            joinedload(Product.category),
            selectinload(Product.variants).joinedload(Variant.stock),
            selectinload(Product.images),
            selectinload(Product.attributes),
        )
        .execution_options(populate_existing=True)
    ).one_or_none()
    if product is None:
        raise NotFound("There is no such product any more.")
    return product


def axes_of_product(product: Product) -> tuple[Axis, ...]:
    """The options of the product, with the values that its variants on offer have."""
    return axes_of(product.option_names, [variant.option_values for variant in offered_variants(product)])


def offered_variants(product: Product) -> list[Variant]:
    """The variants on offer; those that nobody can buy any more are kept for their orders alone."""
    return [variant for variant in product.variants if variant.is_active]


def count_missing_of_product(product: Product) -> int:
    """How many combinations of its option values no variant on offer has."""
    rows = [tuple(variant.option_values) for variant in offered_variants(product)]
    return count_missing(axes_of_product(product), rows) if product.option_names else 0


def list_attributes() -> Sequence[Attribute]:
    """Every attribute that is defined, in order."""
    return db.session.scalars(select(Attribute).order_by(Attribute.position, Attribute.name)).all()


# -- putting the draft together ---------------------------------------------------------------------------------------


def _axes(wish: ProductWish) -> tuple[Axis, ...]:
    said = [option for option in wish.options if option.name or option.values]
    axes = tuple(Axis(option.name, read_values(option.values)) for option in said)
    refuse_faulty_axes(axes)
    return axes


def _draft(
    wish: ProductWish,
    slug: str,
    axes: Sequence[Axis],
    variants: Sequence[VariantDraft],
    images: tuple[ImageDraft, ...] | None,
) -> ProductDraft:
    return ProductDraft(
        slug=slug,
        name=wish.name,
        variants=tuple(variants),
        option_names=tuple(axis.name for axis in axes),
        description=wish.description,
        brand=wish.brand,
        category_slug=_category_slug(wish.category),
        tags=tuple(dict.fromkeys(tag.strip() for tag in wish.tags.split(",") if tag.strip())),
        status=wish.status,
        seo_title=wish.seo_title,
        seo_description=wish.seo_description,
        images=UNSAID if images is None else images,
        attributes=_attributes(wish),
    )


def _category_slug(public_id: str | None) -> str | None:
    if public_id is None:
        return None
    slug = db.session.scalar(select(Category.slug).filter_by(public_id=public_id))
    if slug is None:
        raise Unknown("There is no such category.", [Detail("category", "Choose a category of the list.")])
    return slug


def _attributes(wish: ProductWish) -> tuple[tuple[str, str], ...]:
    kinds = {each.name: each.kind for each in list_attributes()}
    pairs: dict[tuple[str, str], None] = {}
    faults = []
    for number, each in enumerate(wish.attributes):
        name = "_".join(each.name.lower().replace("-", " ").split())
        whole = kinds.get(name) == "text"
        for value in [each.values] if whole else each.values.split("\n"):
            if value.strip() and not name:
                faults.append(Detail(f"attributes.{number}.name", "Give this attribute a name, such as material."))
            elif value.strip():
                said = value.strip()
                if kinds.get(name) == "number":
                    said = said.replace(",", ".")
                    if not NUMBER.fullmatch(said):
                        faults.append(Detail(f"attributes.{number}.values", "Enter a number, such as 12 or 62.5."))
                pairs[name, said] = None
    if faults:
        raise Invalid(faults[0].message, faults)
    return tuple(pairs)


def _variants(product: Product, wish: ProductWish, axes: Sequence[Axis]) -> list[tuple[VariantDraft, Variant | None]]:
    """Every variant of the product after the save with what it was, in the order of its options."""
    numbers = {each.id: number for number, each in enumerate(wish.variants)}
    rows = []
    for variant in offered_variants(product):
        number = numbers.get(variant.public_id)
        rows.append(_Row(variant, None if number is None else wish.variants[number], number or 0))
    kept = [row for row in rows if row.wish is None or row.wish.is_offered]
    is_alike = len({row.variant.requires_shipping for row in rows}) == 1  # else each keeps its own
    if not kept and not axes:
        raise Invalid(
            "A product has at least one variant on offer.", [Detail("variants", "Keep one variant on offer.")]
        )
    values = [tuple(row.variant.option_values) for row in rows]
    before = axes_of(product.option_names, values)
    made = (
        rearranged(before, values, axes) if axes else {(): next((n for n, row in enumerate(rows) if row in kept), None)}
    )
    pairs: list[tuple[VariantDraft, Variant | None]] = []
    new: list[Values] = []
    for combination, number in made.items():
        row = rows[number] if number is not None else None
        if row is None:
            new.append(combination)
        elif row in kept:
            draft = _changed(row, combination, product.currency)
            pairs.append((replace(draft, requires_shipping=wish.requires_shipping) if is_alike else draft, row.variant))
    if wish.fill_missing and axes:
        there = {draft.option_values for draft, _ in pairs} | set(new)
        new += missing_combinations(axes, list(there))
    refuse_too_many(len(pairs) + len(new))
    made_now = _new_variants(new, wish, product.currency, product.slug, taken=[draft.sku for draft, _ in pairs])
    pairs += [(draft, None) for draft in made_now]
    if not pairs:
        raise Invalid(
            "A product has at least one variant on offer.", [Detail("variants", "Keep one variant on offer.")]
        )
    places = [{value: place for place, value in enumerate(axis.values)} for axis in axes]
    return sorted(
        pairs, key=lambda pair: [each[value] for each, value in zip(places, pair[0].option_values, strict=True)]
    )


def _changed(row: _Row, values: Values, currency: str) -> VariantDraft:
    draft = replace(_draft_of(row.variant), option_values=values)
    wish, field = row.wish, f"variants.{row.number}"
    if wish is None:
        return draft
    price = draft.price if wish.price is None else _money(wish.price, currency, f"{field}.price")
    return replace(
        draft,
        sku=wish.sku or draft.sku,
        price=price,
        compare_at=_former_price(wish.compare_at, price, f"{field}.compareAt"),
        weight_grams=row.variant.weight_grams if wish.weight is None else wish.weight,
    )


def _draft_of(variant: Variant) -> VariantDraft:
    compare_at = variant.compare_at_amount
    return VariantDraft(
        sku=variant.sku,
        price=variant.price,
        option_values=tuple(variant.option_values),
        compare_at=None if compare_at is None else Money(compare_at, variant.currency),
        weight_grams=variant.weight_grams,
        requires_shipping=variant.requires_shipping,
    )


def _new_variants(
    combinations: Sequence[Values], wish: ProductWish, currency: str, slug: str, taken: Sequence[str]
) -> list[VariantDraft]:
    """Variants that the options newly make, all with the price, stock and weight that the form says for new ones."""
    if not combinations:
        return []
    if not wish.price:
        raise Invalid("Enter a price for the new variants.", [Detail("price", "Enter a price, such as 24.00.")])
    price = _money(wish.price, currency, "price")
    compare_at = _former_price(wish.compare_at, price, "compareAt")
    skus = _free_skus(wish.sku or slug, combinations, taken)
    return [
        VariantDraft(
            sku=sku,
            price=price,
            option_values=values,
            compare_at=compare_at,
            weight_grams=wish.weight,
            requires_shipping=wish.requires_shipping,
            stock=wish.stock,
        )
        for sku, values in zip(skus, combinations, strict=True)
    ]


def _money(text: str, currency: str, field: str) -> Money:
    try:
        return Money.parse(text.replace(",", "."), currency)
    except ValueError:
        raise Invalid("A price cannot be read.", [Detail(field, "Write the price as 24.00.")]) from None


def _former_price(text: str, price: Money, field: str) -> Money | None:
    """What it cost before; nothing typed is none. Raises Invalid where it is not above the price: nobody saw it."""
    if not text:
        return None
    former = _money(text, price.currency, field)
    if former.amount <= price.amount:
        said = f"Enter more than the price, which is {price.to_decimal()}, or leave it empty."
        raise Invalid("A former price is not above the price.", [Detail(field, said)])
    return former


def _free_skus(stem: str, combinations: Sequence[Values], taken: Sequence[str]) -> list[str]:
    """A SKU for each combination, such as SHIRT-RED-S, that no other variant has."""
    base = [_sku_of(stem, values) for values in combinations]
    used = {sku for sku in db.session.scalars(select(Variant.sku).where(Variant.sku.in_(base)))} | set(taken)
    return list(_told_apart(base, used))


def _told_apart(base: Sequence[str], used: set[str]) -> Iterator[str]:
    for sku in base:
        free = sku
        while free in used:
            free = f"{sku[: LONGEST_SKU - 7]}-{new_public_id('x')[-6:].upper()}"
        used.add(free)
        yield free


def _sku_of(stem: str, values: Values) -> str:
    parts = [slug_of(part, 40) for part in (stem, *values)]
    return "-".join(parts).upper()[:LONGEST_SKU].strip("-")


def _copied_sku(sku: str) -> str:
    return f"{sku[: LONGEST_SKU - 12]}-COPY-{new_public_id('x')[-5:].upper()}"


def _free_slug(wanted: str) -> str:
    """The slug, with a number after it where a product has it."""
    like = select(Product.slug).where(Product.slug.startswith(wanted, autoescape=True))
    taken = set(db.session.scalars(like))
    return next(slug for slug in _numbered(wanted) if slug not in taken)


def _numbered(slug: str) -> Iterator[str]:
    yield slug
    number = 2
    while True:
        yield f"{slug}-{number}"
        number += 1


def _images(product: Product, wish: ProductWish, keys: Mapping[str, str]) -> tuple[ImageDraft, ...]:
    """Every picture of the product in its new order; those that the wish does not name stay behind the named ones.

    `keys`: public id of a variant that stays -> its option key.
    """
    ids = {variant.id: variant.public_id for variant in product.variants}
    named = {each.id: each for each in wish.pictures}
    entries = []
    for place, image in enumerate(product.images):
        asked = named.get(image.public_id)
        position = asked.position if asked else 10**7
        alt_text = asked.alt_text if asked else image.alt_text
        variant_id = asked.variant if asked else ids.get(image.variant_id or 0)
        entries.append((position, place, image.public_id, alt_text, keys.get(variant_id or "")))
    return tuple(
        ImageDraft(public_id=public_id, alt_text=alt_text, option_key=option_key)
        for _, _, public_id, alt_text, option_key in sorted(entries, key=lambda entry: entry[:2])
    )


def _change_stocks(product: Product, wish: ProductWish, actor: Actor) -> bool:
    """Add or take the units that the form says, with its one reason, in the order of variant ids; whether there were
    any."""
    by_id = {variant.public_id: variant for variant in product.variants}
    asked = [(by_id[each.id], each.stock_change, n) for n, each in enumerate(wish.variants) if each.id in by_id]
    reason = wish.stock_reason if wish.stock_reason in REASONS else "other"
    wanted = sorted((entry for entry in asked if entry[1]), key=lambda entry: entry[0].id)
    for variant, change, number in wanted:
        change_stock(variant, change, actor, reason=reason, field=f"variants.{number}.stockChange")
    return bool(wanted)
