"""The product editor's form: what is in its fields, whose rows they are, and what the operation takes of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request
from pydantic import ValidationError

from shop.admin.forms import Difference, list_differences
from shop.domain.catalog.editing import axes_of_product, list_attributes
from shop.domain.catalog.models import Attribute, Product, Variant
from shop.domain.catalog.queries import list_categories
from shop.domain.catalog.variant_drafts import offered_variants
from shop.domain.catalog.wishes import ROWS_AT_ONCE, ProductWish
from shop.domain.inputs import describe
from shop.errors import Detail, Invalid

OPTIONS = 3
NEW_ATTRIBUTES = 2
IN_LIST = re.compile(r"(options|variants|pictures|attributes)\.(\d{1,4})\.([A-Za-z]{1,20})", re.ASCII)
LABELS = {
    "name": "Name",
    "slug": "Address",
    "description": "Description",
    "brand": "Brand",
    "category": "Category",
    "tags": "Tags",
    "status": "Status",
    "seoTitle": "Title for search engines",
    "seoDescription": "Description for search engines",
    "price": "Price",
    "compareAt": "Former price",
    "sku": "SKU",
    "weight": "Weight",
    "stock": "Stock",
    "options.0.name": "First option",
    "options.0.values": "Values of the first option",
    "options.1.name": "Second option",
    "options.1.values": "Values of the second option",
    "options.2.name": "Third option",
    "options.2.values": "Values of the third option",
}
PARTS = {"sku": "SKU", "price": "price", "compareAt": "former price", "weight": "weight", "stockChange": "stock change"}


@dataclass(frozen=True)
class Said:
    """An attribute as a field of the form: its number there, what it is, how it is asked for."""

    number: int
    name: str
    label: str
    kind: str
    unit: str = ""


def page_number(variants: int) -> int:
    """The page of the variants' rows that the address asks for, of a product that offers so many."""
    asked = request.args.get("page", "1")
    last = max(1, -(-variants // ROWS_AT_ONCE))
    return min(int(asked[:4]), last) if asked.isascii() and asked.isdigit() and int(asked[:4]) > 0 else 1


def row_labels(rows: list[Variant]) -> dict[str, str]:
    """What the fields of these rows are called in a list of mistakes."""
    return {
        f"variants.{n}.{part}": f"{row.name}, {label}" for n, row in enumerate(rows) for part, label in PARTS.items()
    }


def attribute_labels(asked: list[Said]) -> dict[str, str]:
    """What the fields of the attributes are called in a list of mistakes."""
    labels = {f"attributes.{each.number}.values": each.label or "Another detail" for each in asked}
    return labels | {f"attributes.{each.number}.name": "Another detail" for each in asked}


def typed_fields() -> dict[str, str]:
    """What was sent; of a tick the last value."""
    return {name: request.form.getlist(name)[-1] for name in request.form}


def _shown_rows(product: Product) -> dict[str, Variant]:
    """The variants on the page of the form, by the names of their rows there."""
    offered = offered_variants(product)
    first = (page_number(len(offered)) - 1) * ROWS_AT_ONCE
    return {f"variants.{n}": each for n, each in enumerate(offered[first : first + ROWS_AT_ONCE])}


def moved_rows(product: Product, typed: Mapping[str, str]) -> dict[str, str]:
    """Where the typed rows of variants and pictures are now, "" for those that are gone: others may have come or gone
    since the form was opened."""
    places = {each.public_id: row for row, each in _shown_rows(product).items()}
    places |= {each.public_id: f"pictures.{n}" for n, each in enumerate(product.images)}
    return {name.removesuffix(".id"): places.get(text, "") for name, text in typed.items() if name.endswith(".id")}


def in_rows_of(product: Product, typed: Mapping[str, str]) -> dict[str, str]:
    """What was typed, in the rows of today; a row that is new since has what is saved."""
    moved = moved_rows(product, typed)
    new = {
        name: text
        for name, text in values_of(product).items()
        if name.startswith(("variants.", "pictures.")) and name.rpartition(".")[0] not in moved.values()
    }
    return new | renamed(typed, moved)


def renamed(by_field: Mapping[str, str], moved: Mapping[str, str]) -> dict[str, str]:
    """The same under the names of today's rows, without those of rows that are gone."""
    found = {}
    for name, text in by_field.items():
        row, dot, field = name.rpartition(".")
        place = moved.get(row, row)
        if place or not dot:
            found[f"{place}{dot}{field}"] = text
    return found


def product_differences(product: Product, typed: Mapping[str, str]) -> list[Difference]:
    """What was typed otherwise than it is saved now, but for what only begins new variants."""
    saved = values_of(product)
    labels = {name: label for name, label in LABELS.items() if name in saved and name != "price"}
    labels["requiresShipping"] = "Sent by parcel"
    for row, variant in _shown_rows(product).items():
        labels |= {
            f"{row}.{part}": f"{variant.name}, {label}"
            for part, label in {**PARTS, "isOffered": "on offer"}.items()
            if part != "stockChange"
        }
    for number in range(len(product.images)):
        labels[f"pictures.{number}.altText"] = f"Picture {number + 1}, in words"
        labels[f"pictures.{number}.position"] = f"Picture {number + 1}, place"
    labels |= attribute_labels(attributes_asked())
    places = {each.public_id: each.name for each in list_categories()}
    yes_no = {"true": "yes", "false": "no"}
    words = {"category": places, "requiresShipping": yes_no}
    words |= {name: yes_no for name in labels if name.endswith(".isOffered")}
    return list_differences(typed, saved, labels, words)


def values_of(product: Product) -> dict[str, str]:
    """The product as its form has it. Numbers of rows are those of the page of variants."""
    offered = offered_variants(product)
    values = {
        "name": product.name,
        "slug": product.slug,
        "description": product.description,
        "brand": product.brand,
        "category": product.category.public_id if product.category else "",
        "tags": ", ".join(product.tags),
        "status": product.status,
        "seoTitle": product.seo_title,
        "seoDescription": product.seo_description,
        "price": str(offered[0].price.to_decimal()) if offered else "",
        "requiresShipping": "true" if not offered or offered[0].requires_shipping else "false",
    }
    for number, axis in enumerate(axes_of_product(product)):
        values |= {f"options.{number}.name": axis.name, f"options.{number}.values": "\n".join(axis.values)}
    for row, variant in _shown_rows(product).items():
        values |= {f"{row}.{name}": text for name, text in _variant_values(variant).items()}
    ids = {variant.id: variant.public_id for variant in product.variants}
    for number, image in enumerate(product.images):
        values |= {
            f"pictures.{number}.altText": image.alt_text,
            f"pictures.{number}.position": str(number + 1),
            f"pictures.{number}.variant": ids.get(image.variant_id or 0, ""),
        }
    said: dict[str, list[str]] = {}
    for row in product.attributes:
        said.setdefault(row.name, []).append(row.value)
    for each in attributes_asked():
        values |= {
            f"attributes.{each.number}.name": each.name,
            f"attributes.{each.number}.values": "\n".join(said.get(each.name, [])),
        }
    return values


def _variant_values(variant: Variant) -> dict[str, str]:
    compare_at = variant.compare_at
    return {
        "sku": variant.sku,
        "price": str(variant.price.to_decimal()),
        "compareAt": str(compare_at.to_decimal()) if compare_at else "",
        "weight": str(variant.weight_grams),
        "isOffered": "true",
    }


def attributes_asked() -> list[Said]:
    """The defined attributes, then empty rows for what nobody has defined yet."""
    defined: list[Attribute] = list(list_attributes())
    asked = [Said(n, each.name, each.label, each.kind, each.unit) for n, each in enumerate(defined)]
    return asked + [Said(len(asked) + n, "", "", "new") for n in range(NEW_ATTRIBUTES)]


def read_product() -> ProductWish:
    """The form's fields as the operation takes them; the rows of its lists by their numbers. Raises Invalid."""
    values: dict[str, Any] = {}
    lists: dict[str, dict[int, dict[str, str]]] = {}
    for name, text in typed_fields().items():
        if not text.strip():
            continue
        row = IN_LIST.fullmatch(name)
        if row:
            lists.setdefault(row[1], {}).setdefault(int(row[2]), {})[row[3]] = text
        elif name in KNOWN:
            values[name] = text
    numbers: dict[str, list[int]] = {}
    for name, rows in lists.items():
        numbers[name] = [
            number for number in sorted(rows) if name not in {"variants", "pictures"} or "id" in rows[number]
        ]
        values[name] = [rows[number] for number in numbers[name]]
    try:
        wish = ProductWish.model_validate(values)
    except ValidationError as error:
        details = [_renumbered(detail, numbers) for detail in describe(error, ProductWish)]
        raise Invalid("Some fields need another value.", details) from None
    return wish


KNOWN = {info.alias or name for name, info in ProductWish.model_fields.items()}


def _renumbered(detail: Detail, numbers: Mapping[str, list[int]]) -> Detail:
    """The mistake at the field's name in the form: rows without anything in them were left out."""
    name, _, rest = detail.field.partition(".")
    place, _, field = rest.partition(".")
    if name not in numbers or not place.isdigit():
        return detail
    return Detail(f"{name}.{numbers[name][int(place)]}.{field}", detail.message)
