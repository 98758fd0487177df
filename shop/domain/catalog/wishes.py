"""What staff write of a product: one form for all of it, with a field for everything that it may say (ADM-2)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from shop.domain.catalog.drafts import MAX_DESCRIPTION
from shop.domain.inputs import Input, Line, PublicId

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
