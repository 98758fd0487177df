"""Drafts: how a product should be, as a form or a file says it. What they leave unsaid stays as it is."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from shop.domain.catalog.models import PRODUCT_STATUSES
from shop.domain.catalog.slugs import SLUG
from shop.errors import Detail, Invalid
from shop.money import Money

T = TypeVar("T")

DEFAULT_VARIANT_NAME = "Default"
OPTION_SEPARATOR = " / "
MAX_VARIANTS = 2000
MAX_IMAGES = 250
MAX_TAGS = 250
MAX_OPTIONS = 3
MAX_COUNT = 10**9  # units, grams
MAX_PRICE = 10**10 - 1  # minor units; a full cart of it still adds up within Money's range
MAX_DESCRIPTION = 100_000  # characters; sanitising deeply nested markup takes time that grows with its square
ATTRIBUTE_NAME = re.compile(r"[a-z][a-z0-9_]{0,79}")


class Unsaid(enum.Enum):
    """The type of UNSAID."""

    UNSAID = enum.auto()


UNSAID: Final = Unsaid.UNSAID
Said: TypeAlias = T | Unsaid


def unless_said(value: Said[T], otherwise: T) -> T:
    """The value, or the other one where nothing was said."""
    return otherwise if isinstance(value, Unsaid) else value


@dataclass(frozen=True)
class VariantDraft:
    """One choice of a product. `option_values` follow the product's `option_names`; `stock` is in units."""

    sku: str
    price: Money
    option_values: tuple[str, ...] = ()
    compare_at: Said[Money | None] = UNSAID
    weight_grams: Said[int] = UNSAID
    requires_shipping: Said[bool] = UNSAID
    stock: Said[int] = UNSAID

    @property
    def option_key(self) -> str:
        return option_key_of(self.option_values)

    @property
    def name(self) -> str:
        return self.option_key or DEFAULT_VARIANT_NAME


def option_key_of(values: Iterable[str]) -> str:
    """The option values as one text, by which a variant is known within its product."""
    return OPTION_SEPARATOR.join(values)


@dataclass(frozen=True)
class ImageDraft:
    """A picture by its key in the store, by the address it can be fetched from, or (once there) by its public id.

    `option_key` ties it to a variant.
    """

    file_name: str | None = None
    source_url: str | None = None
    alt_text: Said[str] = UNSAID
    width: int | None = None
    height: int | None = None
    option_key: str | None = None
    public_id: str | None = None

    @property
    def source(self) -> str | None:
        """What a picture is known by: its id, else where it comes from, else where it lies."""
        return self.public_id or self.source_url or self.file_name


@dataclass(frozen=True)
class ProductDraft:
    """A product with all its variants and pictures; others that it has are withdrawn.

    With `keeps_other_variants` they stay as they are instead (the source could not describe them all), and with
    `keeps_uploads` so do pictures that came from no address.
    """

    slug: str
    name: str
    variants: tuple[VariantDraft, ...]
    option_names: tuple[str, ...] = ()
    description: Said[str] = UNSAID
    brand: Said[str] = UNSAID
    category_slug: Said[str | None] = UNSAID
    tags: Said[tuple[str, ...]] = UNSAID
    status: Said[str] = UNSAID
    seo_title: Said[str] = UNSAID
    seo_description: Said[str] = UNSAID
    images: Said[tuple[ImageDraft, ...]] = UNSAID
    attributes: Said[tuple[tuple[str, str], ...]] = UNSAID
    keeps_other_variants: bool = False
    keeps_uploads: bool = False


def refuse_faulty_draft(draft: ProductDraft) -> None:
    """Raise Invalid naming every field that cannot be saved as it is."""
    faults = [*_product_faults(draft), *_variant_set_faults(draft)]
    for number, variant in enumerate(draft.variants):
        faults += (Detail(f"variants.{number}.{f.field}", f.message) for f in variant_faults(variant))
    faults += [*_image_faults(draft), *_attribute_faults(draft)]
    if faults:
        raise Invalid(" ".join(dict.fromkeys(fault.message for fault in faults)), faults)


def _product_faults(draft: ProductDraft) -> Iterator[Detail]:
    if not SLUG.fullmatch(draft.slug) or len(draft.slug) > 160:
        yield Detail("slug", "Make the address of small letters, digits and single hyphens, at most 160.")
    if not draft.name.strip():
        yield Detail("name", "Give the product a name.")
    yield from _too_long("name", "The name", draft.name, 255)
    yield from _too_long("brand", "The brand", draft.brand, 120)
    yield from _too_long("description", "The description", draft.description, MAX_DESCRIPTION)
    yield from _too_long("seoTitle", "The SEO title", draft.seo_title, 255)
    yield from _too_long("seoDescription", "The SEO description", draft.seo_description, 500)
    if unless_said(draft.status, "active") not in PRODUCT_STATUSES:
        yield Detail("status", f"Choose one of: {', '.join(PRODUCT_STATUSES)}.")
    tags = unless_said(draft.tags, ())
    if len(tags) > MAX_TAGS:
        yield Detail("tags", f"Use at most {MAX_TAGS} tags.")
    if any(not tag.strip() or len(tag) > 255 for tag in tags):
        yield Detail("tags", "Give each tag 1 to 255 characters.")


def _too_long(field: str, name: str, text: Said[str], limit: int) -> Iterator[Detail]:
    if len(unless_said(text, "")) > limit:
        yield Detail(field, f"{name} is too long: use at most {limit} characters.")


def _variant_set_faults(draft: ProductDraft) -> Iterator[Detail]:
    variants = draft.variants
    if not 1 <= len(variants) <= MAX_VARIANTS:
        yield Detail("variants", f"A product has 1 to {MAX_VARIANTS} variants.")
    if len({v.price.currency for v in variants} | {m.currency for v in variants if (m := _compare_at(v))}) > 1:
        yield Detail("variants", "Give all prices of a product in one currency.")
    names = draft.option_names
    if len(names) > MAX_OPTIONS or len(set(names)) < len(names) or any(not n.strip() or len(n) > 255 for n in names):
        yield Detail("options", f"Use at most {MAX_OPTIONS} options with different names.")
    if any(len(v.option_values) != len(names) or not all(map(str.strip, v.option_values)) for v in variants):
        yield Detail("variants", "Give each variant a value for each option.")
    if len({v.option_key for v in variants}) < len(variants):
        yield Detail("variants", "Give each variant other option values.")
    if len({v.sku for v in variants}) < len(variants):
        yield Detail("variants", "Give each variant a SKU of its own.")


def variant_faults(variant: VariantDraft) -> Iterator[Detail]:
    """What one variant cannot be saved with, whatever its product."""
    if not variant.sku.strip():
        yield Detail("sku", "Give the variant a SKU.")
    yield from _too_long("sku", "The SKU", variant.sku, 80)
    yield from _too_long("name", "The variant's name (its option values)", variant.name, 255)
    compare_at = _compare_at(variant)
    if max(variant.price.amount, compare_at.amount if compare_at else 0) > MAX_PRICE:
        yield Detail("price", "The price is too high to be sold: use at most 10 digits.")
    if variant.price.amount < 0 or (compare_at is not None and compare_at.amount < 0):
        yield Detail("price", "A price is 0 or more.")
    if not 0 <= unless_said(variant.weight_grams, 0) <= MAX_COUNT:
        yield Detail("weight", "The weight is a number of grams of 0 or more.")
    if not 0 <= unless_said(variant.stock, 0) <= MAX_COUNT:
        yield Detail("stock", "The stock is a number of units of 0 or more.")


def _compare_at(variant: VariantDraft) -> Money | None:
    return unless_said(variant.compare_at, None)


def _image_faults(draft: ProductDraft) -> Iterator[Detail]:
    images = unless_said(draft.images, ())
    if len(images) > MAX_IMAGES:
        yield Detail("images", f"A product has at most {MAX_IMAGES} pictures.")
    if len({image.source for image in images}) < len(images):
        yield Detail("images", "A picture is listed twice.")
    known = {variant.option_key for variant in draft.variants} | {None}
    for number, image in enumerate(images):
        field = f"images.{number}"
        if not image.source:
            yield Detail(field, "Give each picture a file or an address.")
        if len(image.file_name or "") > 255 or len(image.source_url or "") > 2000:
            yield Detail(field, "The file name or address of a picture is too long.")
        if image.option_key not in known:
            yield Detail(field, "A picture belongs to a variant that is not listed.")
        yield from _too_long(field, "The text that describes a picture", image.alt_text, 500)


def _attribute_faults(draft: ProductDraft) -> Iterator[Detail]:
    attributes = unless_said(draft.attributes, ())
    if len(set(attributes)) < len(attributes):
        yield Detail("attributes", "An attribute has the same value twice.")
    if any(not ATTRIBUTE_NAME.fullmatch(name) for name, _ in attributes):
        yield Detail("attributes", "Name attributes in small letters, digits and underscores, such as skin_types.")
    if any(not value.strip() or len(value) > 500 for _, value in attributes):
        yield Detail("attributes", "Give attributes values of 1 to 500 characters.")
