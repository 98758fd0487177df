"""Writing the catalogue: categories, and products with their variants, pictures and attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from shop.db import db, lock_names, operation, transaction_time
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.catalog.attributes import define_new_attributes, refuse_faulty_values
from shop.domain.catalog.drafts import (
    UNSAID,
    ImageDraft,
    ProductDraft,
    Unsaid,
    VariantDraft,
    refuse_faulty_draft,
    unless_said,
)
from shop.domain.catalog.listings import filterable_names, refresh_listing
from shop.domain.catalog.models import Category, Image, Product, ProductAttribute, Variant
from shop.domain.catalog.pictures import set_aside
from shop.domain.catalog.richtext import sanitise_html
from shop.domain.catalog.slugs import SLUG
from shop.domain.catalog.stock import open_stock, set_units
from shop.domain.events import record_event
from shop.errors import Conflict, Detail, Invalid, NotFound, Unknown
from shop.money import Money

PARTS = ("category", "variants", "images", "attributes")
CATEGORY_TREE = "category_tree"  # the lock of all that changes the tree: no loop is made by two at once


@dataclass(frozen=True)
class Saved:
    """What saving a product did. `changed_fields` names columns, and parts as in variants[M].price_amount."""

    status: Literal["created", "changed", "unchanged"]
    public_id: str
    changed_fields: tuple[str, ...] = ()


class Changes:
    """What one save changes: field -> before and after. A value that is the same is not written."""

    def __init__(self) -> None:
        self.before: dict[str, Any] = {}
        self.after: dict[str, Any] = {}

    def assign(self, row: Any, values: Mapping[str, Any], part: str = "") -> None:
        for column, value in values.items():
            before = getattr(row, column)
            if value is UNSAID or value == before:
                continue
            setattr(row, column, value)
            self.note(f"{part}.{column}" if part else column, before, value)

    def note(self, field: str, before: Any, after: Any) -> None:
        self.before.setdefault(field, before)
        self.after[field] = after

    def __bool__(self) -> bool:
        return bool(self.after)


# -- categories -------------------------------------------------------------------------------------------------------


@operation
def save_category(
    slug: str,
    name: str,
    description: str = "",
    parent_slug: str | None = None,
    position: int = 0,
    actor: Actor | None = None,
) -> Category:
    """Make the category, or change the one of this slug; the same again writes nothing. With an actor it is audited.

    Raises Invalid for a slug or name that cannot be, or a parent inside the category itself; Unknown for no parent.
    """
    lock_names(CATEGORY_TREE)
    if not SLUG.fullmatch(slug) or len(slug) > 120:
        raise _invalid("slug", "Make the address of small letters, digits and single hyphens, at most 120.")
    if not 1 <= len(name.strip()) <= 120:
        raise _invalid("name", "Give the category a name of 1 to 120 characters.")
    category = db.session.scalars(select(Category).filter_by(slug=slug)).one_or_none() or Category(slug=slug)
    parent = _category_of(parent_slug)
    if parent is not None and any(above.slug == category.slug for above in itself_and_above(parent)):
        raise _invalid("parent", "A category cannot be inside itself. Choose another parent.")
    changes = Changes()
    values = {"name": name.strip(), "description": description, "position": position}
    changes.assign(category, {**values, "parent_id": parent.id if parent else None})
    is_new = category.id is None
    db.session.add(category)
    db.session.flush()
    if not is_new and changes.after.keys() & {"name", "parent_id"}:
        record_event("category.saved", category.public_id)
    if changes and actor is not None:
        before, after = ({}, {"slug": slug, **changes.after}) if is_new else (changes.before, changes.after)
        action = "category.created" if is_new else "category.changed"
        record_change(actor, action, "category", category.public_id, before, after)
    return category


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(message, [Detail(field, message)])


def _category_of(slug: str | None) -> Category | None:
    if slug is None:
        return None
    category = db.session.scalars(select(Category).filter_by(slug=slug)).one_or_none()
    if category is None:
        message = f"There is no category {slug}. Make it first, or choose another."
        raise Unknown(message, [Detail("category", message)])
    return category


def itself_and_above(category: Category) -> Iterator[Category]:
    """The category and those above it, each once, so that it ends even where rows make a loop."""
    seen: set[int] = set()
    above: Category | None = category
    while above is not None and above.id not in seen:
        seen.add(above.id)
        yield above
        above = db.session.get(Category, above.parent_id) if above.parent_id else None


# -- products ---------------------------------------------------------------------------------------------------------


@operation
def save_product(draft: ProductDraft, actor: Actor, *, set_stock: bool = False) -> Saved:
    """Make the product, or make the one of this slug be as the draft says; the same again writes nothing.

    Variants are known by their option values, else by their SKU; one that the draft has no more is deactivated.
    New variants open with the draft's stock; existing ones keep theirs unless `set_stock`.
    Raises Invalid naming the faulty fields, Unknown for no such category, Conflict for a SKU of another product or
    a stock below what is reserved.
    """
    refuse_faulty_draft(draft)
    found = db.session.scalars(_whole_products().where(Product.slug == draft.slug).with_for_update(of=Product)).first()
    product = found or Product(slug=draft.slug, variants=[], images=[], attributes=[])
    category_now = found.category if found else None
    category = category_now if isinstance(draft.category_slug, Unsaid) else _category_of(draft.category_slug)
    changes = Changes()
    changes.assign(product, _product_values(draft, category))
    db.session.add(product)
    variants = _save_variants(product, draft, actor, changes, set_stock=set_stock)
    _save_images(product, draft, {variant.option_key: variant.id for variant in variants}, changes)
    attributes = _save_attributes(product, draft, changes)
    _bring_in_step(product, attributes)
    if found and any(not field.endswith(".stock") for field in changes.after):
        product.updated_at = transaction_time()  # the page changed, also where only a part of the product did
    db.session.flush()
    db.session.expire(product, PARTS)  # whoever reads the product next in this session reads them anew
    return _record(product, changes, actor, is_new=found is None)


@operation
def change_product(public_id: str, change: Callable[[Product, Changes], None], actor: Actor) -> Saved:
    """Change parts of one product, whole and locked, by what `change` assigns; the same again writes nothing.

    What follows from the product (its cheapest price, its flat row) is brought in step. Raises NotFound, and what
    `change` raises.
    """
    found = db.session.scalars(
        _whole_products().where(Product.public_id == public_id).with_for_update(of=Product)
    ).one_or_none()
    if found is None:
        raise NotFound("There is no such product any more.")
    product: Product = found
    changes = Changes()
    change(product, changes)
    _bring_in_step(product, product.attributes)
    if changes:
        product.updated_at = transaction_time()
    db.session.flush()
    db.session.expire(product, PARTS)
    return _record(product, changes, actor, is_new=False)


def _bring_in_step(product: Product, attributes: Iterable[ProductAttribute]) -> None:
    prices = [variant.price_amount for variant in product.variants if variant.is_active]
    product.from_price_amount = min(prices, default=0)
    db.session.flush()
    refresh_listing(product, product.variants, attributes, filterable_names())


def _whole_products() -> Any:
    return (
        select(Product)
        .options(
            joinedload(Product.category),
            selectinload(Product.variants),
            selectinload(Product.images),
            selectinload(Product.attributes),
        )
        .execution_options(populate_existing=True)
    )


def _product_values(draft: ProductDraft, category: Category | None) -> dict[str, Any]:
    return {
        "name": draft.name.strip(),
        "currency": draft.variants[0].price.currency,
        "option_names": list(draft.option_names),
        "description": draft.description if isinstance(draft.description, Unsaid) else sanitise_html(draft.description),
        "brand": draft.brand,
        "tags": draft.tags if isinstance(draft.tags, Unsaid) else list(draft.tags),
        "status": draft.status,
        "seo_title": draft.seo_title,
        "seo_description": draft.seo_description,
        "category_id": category.id if category else None,
    }


def _record(product: Product, changes: Changes, actor: Actor, *, is_new: bool) -> Saved:
    if not changes:
        return Saved("unchanged", product.public_id)
    record_event("product.saved", product.public_id)
    status: Literal["created", "changed"] = "created" if is_new else "changed"
    if actor.kind != "customer":
        before = {} if is_new else changes.before
        record_change(actor, f"product.{status}", "product", product.public_id, before, changes.after)
    return Saved(status, product.public_id, tuple(changes.after))


# -- variants ---------------------------------------------------------------------------------------------------------

Pairs = list[tuple[VariantDraft, Variant | None]]


def _save_variants(
    product: Product, draft: ProductDraft, actor: Actor, changes: Changes, *, set_stock: bool
) -> list[Variant]:
    siblings = list(product.variants)
    pairs = _match_variants(siblings, draft)
    _claim_skus(pairs, siblings, draft, changes)
    new: list[tuple[Variant, VariantDraft]] = []
    for position, (wanted, variant) in enumerate(pairs):
        if variant is None:
            variant = Variant(product=product, sku=wanted.sku, option_values=[], option_key="", position=position)
            changes.note(f"variants[{wanted.name}]", None, wanted.sku)
            db.session.add(variant)
            new.append((variant, wanted))
            Changes().assign(variant, _variant_values(wanted, position))
        else:
            changes.assign(variant, _variant_values(wanted, position), f"variants[{wanted.name}]")
    described = [variant for _, variant in pairs]
    for variant in siblings:
        if variant not in described and not draft.keeps_other_variants:
            changes.assign(variant, {"is_active": False}, f"variants[{variant.name}]")
    db.session.flush()
    for variant, wanted in new:
        open_stock(variant, unless_said(wanted.stock, 0), actor)
    if set_stock:
        _correct_stocks(pairs, actor, changes)
    return list(product.variants)


def _match_variants(siblings: list[Variant], draft: ProductDraft) -> Pairs:
    free = {variant.option_key: variant for variant in siblings}
    found = {wanted.option_key: free.pop(wanted.option_key, None) for wanted in draft.variants}
    by_sku = {variant.sku: variant for variant in free.values()}  # an option value was given another name
    if not draft.option_names and len(siblings) == 1:
        by_sku |= {wanted.sku: variant for wanted in draft.variants for variant in free.values()}
    return [(wanted, found[wanted.option_key] or by_sku.pop(wanted.sku, None)) for wanted in draft.variants]


def _variant_values(wanted: VariantDraft, position: int) -> dict[str, Any]:
    compare_at = wanted.compare_at
    return {
        "sku": wanted.sku,
        "name": wanted.name,
        "option_values": list(wanted.option_values),
        "option_key": wanted.option_key,
        "position": position,
        "price_amount": wanted.price.amount,
        "compare_at_amount": compare_at.amount if isinstance(compare_at, Money) else compare_at,
        "currency": wanted.price.currency,
        "weight_grams": wanted.weight_grams,
        "requires_shipping": wanted.requires_shipping,
        "is_active": True,
    }


def _claim_skus(pairs: Pairs, siblings: list[Variant], draft: ProductDraft, changes: Changes) -> None:
    """Free the wanted SKUs that other variants of the product hold, or raise Conflict for one that is not to be had."""
    wanted = {described.sku: variant for described, variant in pairs}
    own_ids = {variant.id for variant in siblings}
    for sku in db.session.scalars(select(Variant.sku).where(Variant.sku.in_(wanted), Variant.id.not_in(own_ids))):
        raise _sku_taken(sku, "another product")
    is_any_parked = False
    for holder in siblings:
        if wanted.get(holder.sku, holder) is holder:
            continue
        if draft.keeps_other_variants and holder not in wanted.values():
            raise _sku_taken(holder.sku, f"the variant {holder.name}")
        # Two swap their SKUs, or a retired one gives its own away: it must be free before it is taken.
        changes.assign(holder, {"sku": f"retired-{holder.public_id}"}, f"variants[{holder.name}]")
        is_any_parked = True
    if is_any_parked:
        db.session.flush()


def _sku_taken(sku: str, holder: str) -> Conflict:
    message = f"The SKU {sku} belongs to {holder}. Give this variant another, or change that one first."
    return Conflict(message, [Detail("sku", message)])


def _correct_stocks(pairs: Pairs, actor: Actor, changes: Changes) -> None:
    known = [(v.id, v, w.stock) for w, v in pairs if v is not None and not isinstance(w.stock, Unsaid)]
    for _, variant, units in sorted(known, key=lambda entry: entry[0]):
        before = set_units(variant, units, actor)
        if before is not None:
            changes.note(f"variants[{variant.name}].stock", before, units)


# -- pictures and attributes ------------------------------------------------------------------------------------------


def _save_images(product: Product, draft: ProductDraft, variant_ids: Mapping[str, int], changes: Changes) -> None:
    if isinstance(draft.images, Unsaid):
        return
    known = {name: image for image in product.images for name in (image.file_name, image.source_url) if name}
    known |= {image.public_id: image for image in product.images}
    kept: list[Image] = []
    for position, wanted in enumerate(draft.images):
        image = known.get(wanted.source or "")
        values = _image_values(wanted, variant_ids, position)
        part = f"images[{wanted.source}]"
        if image is None and wanted.public_id:
            raise Conflict("A picture of this product was removed meanwhile. Look again and retry.")
        if image is None:
            image = Image(product_id=product.id)
            db.session.add(image)
            changes.note(part, None, "added")
            Changes().assign(image, values)
        else:
            changes.assign(image, values, part)
        kept.append(image)
    for image in product.images:
        is_kept_upload = draft.keeps_uploads and image.source_url is None
        if image not in kept and not is_kept_upload:
            changes.note(f"images[{image.source_url or image.file_name or image.public_id}]", "listed", "removed")
            set_aside(image)


def _image_values(wanted: ImageDraft, variant_ids: Mapping[str, int], position: int) -> dict[str, Any]:
    values: dict[str, Any] = {
        "alt_text": wanted.alt_text,
        "position": position,
        "variant_id": None if wanted.option_key is None else variant_ids.get(wanted.option_key),
    }
    # What the draft does not know may have been found out since: by fetching the picture, by measuring it.
    learnable = ("file_name", "source_url", "width", "height")
    known = {column: getattr(wanted, column) for column in learnable}
    return values | {column: value for column, value in known.items() if value is not None}


def _save_attributes(product: Product, draft: ProductDraft, changes: Changes) -> list[ProductAttribute]:
    if isinstance(draft.attributes, Unsaid):
        return list(product.attributes)
    present = {(row.name, row.value): row for row in product.attributes}
    wanted = {pair: position for position, pair in enumerate(draft.attributes)}
    if list(present) == list(wanted):
        return list(product.attributes)
    refuse_faulty_values(draft.attributes)
    changes.note("attributes", [list(pair) for pair in present], [list(pair) for pair in wanted])
    define_new_attributes(draft.attributes)
    rows = []
    for (name, value), position in wanted.items():
        row = present.pop((name, value), None) or ProductAttribute(product_id=product.id, name=name, value=value)
        row.position = position
        db.session.add(row)
        rows.append(row)
    for row in present.values():
        db.session.delete(row)
    return rows
