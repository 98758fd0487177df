"""Products as staff write them: one form for all of a product, saved in one transaction (ADM-2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from shop.db import db, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.addresses import change_slug
from shop.domain.catalog.attributes import NUMBER
from shop.domain.catalog.drafts import UNSAID, ImageDraft, ProductDraft, VariantDraft
from shop.domain.catalog.matrix import (
    Axis,
    axes_of,
    count_missing,
    read_values,
    rearranged,
    refuse_faulty_axes,
)
from shop.domain.catalog.models import Attribute, Category, FormerSlug, Product, Variant
from shop.domain.catalog.operations import save_product
from shop.domain.catalog.slugs import slug_of
from shop.domain.catalog.stock import add_units
from shop.domain.catalog.variant_drafts import (
    copied_sku,
    draft_of_variant,
    new_variants,
    offered_variants,
    variant_drafts,
)
from shop.domain.catalog.wishes import REASONS, ProductWish
from shop.domain.versions import refuse_if_changed
from shop.errors import Conflict, Detail, Invalid, NotFound, Unknown


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
    drafts = new_variants(combinations, wish, currency, slug, taken=())
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
    pairs = variant_drafts(product, wish, axes)
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
        variants=tuple(replace(draft_of_variant(each), sku=copied_sku(each.sku), stock=0) for each in offered),
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
        add_units(variant, change, actor, reason=reason, field=f"variants.{number}.stockChange")
    return bool(wanted)
