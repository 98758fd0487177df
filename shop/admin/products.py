"""The product editor: all of a product on one page, and its pictures, which are uploaded beside the form."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from werkzeug.datastructures import FileStorage

from shop.admin.details import history_of, last_change_of
from shop.admin.errors import status_of
from shop.admin.forms import REFUSALS, Difference, list_differences, version_seen
from shop.admin.rendering import render
from shop.db import end_read
from shop.domain.catalog.editing import (
    REASONS,
    ROWS_AT_ONCE,
    ProductWish,
    axes_of_product,
    count_missing_of_product,
    create_product,
    duplicate_product,
    edit_product,
    get_product_to_edit,
    list_attributes,
    offered_variants,
)
from shop.domain.catalog.models import PRODUCT_STATUSES, Attribute, Product, Variant
from shop.domain.catalog.pictures import add_picture, put_back_picture, remove_picture, retry_picture
from shop.domain.catalog.queries import list_categories, path_to
from shop.domain.catalog.richtext import plain_text, sanitise_html
from shop.domain.catalog.slugs import slug_of
from shop.domain.inputs import describe
from shop.domain.versions import version_of
from shop.errors import ChangedMeanwhile, Detail, Gone, Invalid, ShopError
from shop.extensions import storage, terms
from shop.filled import FilledForm
from shop.gateways.images import UNREADABLE, looks_like_picture
from shop.gateways.storage import TooLarge
from shop.htmx import is_htmx
from shop.policies import current_staff, policy

blueprint = Blueprint("admin_products", __name__, url_prefix="/admin/products")

READ, WRITE = "catalog:read", "catalog:write"
LARGEST_PICTURE = 20 * 1024 * 1024  # bytes
LARGEST_UPLOAD = 50 * 1024 * 1024  # of all pictures that are sent at once
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


# -- the page ---------------------------------------------------------------------------------------------------------


@blueprint.get("/new")
@policy("staff", WRITE)
def show_new() -> ResponseReturnValue:
    return _page(FilledForm({"status": "draft", "requiresShipping": "true"}), None)


@blueprint.post("")
@policy("staff", WRITE)
def create() -> ResponseReturnValue:
    try:
        product = create_product(_read(request.form), current_staff(), terms.currency)
    except REFUSALS as refusal:
        end_read()
        return _page(FilledForm.refused(_typed(), refusal), None), status_of(refusal)
    count = len(offered_variants(product))
    flash(f"The product was made{f' with {count} variants' if count > 1 else ''}. Now add its pictures.")
    return redirect(url_for("admin_products.show", public_id=product.public_id), 303)


@blueprint.get("/<public_id>")
@policy("staff", READ)
def show(public_id: str) -> ResponseReturnValue:
    product = get_product_to_edit(public_id)
    return _page(FilledForm(_values(product)), product)


@blueprint.post("/<public_id>")
@policy("staff", WRITE)
def change(public_id: str) -> ResponseReturnValue:
    seen = request.form.get("version", "")
    try:
        edit_product(public_id, _read(request.form), current_staff(), seen=version_seen())
    except ChangedMeanwhile as refusal:
        end_read()
        # What was to be added to the stock may be there already: it is typed anew, by who has seen how many there are.
        product = get_product_to_edit(public_id)
        typed = _in_rows_of(product, _typed())
        typed = {name: text for name, text in typed.items() if not name.endswith(".stockChange")}
        page = _page(FilledForm(typed), product, seen=seen, differences=_differences(product, typed))
        return page, status_of(refusal)
    except REFUSALS as refusal:
        end_read()
        product, typed = get_product_to_edit(public_id), _typed()
        filled = FilledForm.refused(_in_rows_of(product, typed), refusal)
        filled = replace(filled, mistakes=_renamed(filled.mistakes, _moved_rows(product, typed)))
        return _page(filled, product, seen=seen), status_of(refusal)
    flash("Saved.")
    return redirect(url_for("admin_products.show", public_id=public_id, page=request.args.get("page")), 303)


@blueprint.post("/<public_id>/copies")
@policy("staff", WRITE)
def duplicate(public_id: str) -> ResponseReturnValue:
    copy = duplicate_product(public_id, current_staff())
    flash("This is the copy: a draft, with SKUs of its own and nothing in stock.")
    return redirect(url_for("admin_products.show", public_id=copy.public_id), 303)


@blueprint.post("/description-preview")
@policy("staff", READ)
def preview_description() -> ResponseReturnValue:
    """What the shop would show of a description."""
    return sanitise_html(request.form.get("description", "")[:100_000])


def _page(
    filled: FilledForm, product: Product | None, *, seen: str | None = None, differences: list[Difference] | None = None
) -> str:
    categories = list_categories()
    places = [(each.public_id, " / ".join(step.name for step in path_to(categories, each))) for each in categories]
    offered = offered_variants(product) if product else []
    page, last = _page_number(len(offered)), max(1, -(-len(offered) // ROWS_AT_ONCE))
    rows = offered[(page - 1) * ROWS_AT_ONCE : page * ROWS_AT_ONCE]
    version = "" if product is None else seen if seen is not None else version_of(product.updated_at)
    attributes = _attributes_asked()
    return render(
        "admin/product.html",
        product=product,
        title=product.name if product else "New product",
        form=filled,
        labels=LABELS | _row_labels(rows) | _attribute_labels(attributes),
        version=version,
        newest=version_of(product.updated_at) if product else "",
        is_late=differences is not None,
        differences=differences,
        last_change=last_change_of(KIND, product) if product and differences is not None else None,
        history=history_of(KIND, product) if product else [],
        can_write=current_staff().may(WRITE),
        categories=places,
        statuses=PRODUCT_STATUSES,
        attributes=attributes,
        options=range(OPTIONS),
        rows=list(enumerate(rows)),
        offered=offered,
        page=page,
        last_page=last,
        missing=count_missing_of_product(product) if product else 0,
        withdrawn=[each for each in product.variants if not each.is_active] if product else [],
        reasons=REASONS,
        currency=product.currency if product else terms.currency,
        description=sanitise_html(filled.value("description")),
        snippet=_snippet(filled, product),
        largest_picture=LARGEST_PICTURE,
        removed=request.args.get("removed", "") if product else "",
        products_address=url_for("admin.products_list"),
    )


class _Kind:
    """What the frame's history asks of a resource."""

    kind = "product"
    audit_kind = "product"

    @staticmethod
    def row_id(row: Product) -> str:
        return row.public_id


KIND: Any = _Kind()


def _page_number(variants: int) -> int:
    asked = request.args.get("page", "1")
    last = max(1, -(-variants // ROWS_AT_ONCE))
    return min(int(asked[:4]), last) if asked.isascii() and asked.isdigit() and int(asked[:4]) > 0 else 1


def _row_labels(rows: list[Variant]) -> dict[str, str]:
    return {
        f"variants.{n}.{part}": f"{row.name}, {label}" for n, row in enumerate(rows) for part, label in PARTS.items()
    }


def _attribute_labels(asked: list[Said]) -> dict[str, str]:
    labels = {f"attributes.{each.number}.values": each.label or "Another detail" for each in asked}
    return labels | {f"attributes.{each.number}.name": "Another detail" for each in asked}


def _snippet(filled: FilledForm, product: Product | None) -> dict[str, str]:
    """How a search engine would show the page."""
    slug = filled.value("slug") or (product.slug if product else slug_of(filled.value("name") or "its-name", 150))
    words = plain_text(filled.value("description"))
    return {
        "title": f"{filled.value('seoTitle') or filled.value('name') or 'Name'} · {terms.shop_name}",
        "address": url_for("catalog.product", slug=slug, _external=True),
        "text": (filled.value("seoDescription") or words or "The beginning of the description.")[:160],
    }


# -- the form ---------------------------------------------------------------------------------------------------------


def _typed() -> dict[str, str]:
    """What was sent; of a tick the last value."""
    return {name: request.form.getlist(name)[-1] for name in request.form}


def _shown_rows(product: Product) -> dict[str, Variant]:
    """The variants on the page of the form, by the names of their rows there."""
    offered = offered_variants(product)
    first = (_page_number(len(offered)) - 1) * ROWS_AT_ONCE
    return {f"variants.{n}": each for n, each in enumerate(offered[first : first + ROWS_AT_ONCE])}


def _moved_rows(product: Product, typed: Mapping[str, str]) -> dict[str, str]:
    """Where the typed rows of variants and pictures are now, "" for those that are gone: others may have come or gone
    since the form was opened."""
    places = {each.public_id: row for row, each in _shown_rows(product).items()}
    places |= {each.public_id: f"pictures.{n}" for n, each in enumerate(product.images)}
    return {name.removesuffix(".id"): places.get(text, "") for name, text in typed.items() if name.endswith(".id")}


def _in_rows_of(product: Product, typed: Mapping[str, str]) -> dict[str, str]:
    """What was typed, in the rows of today; a row that is new since has what is saved."""
    moved = _moved_rows(product, typed)
    new = {
        name: text
        for name, text in _values(product).items()
        if name.startswith(("variants.", "pictures.")) and name.rpartition(".")[0] not in moved.values()
    }
    return new | _renamed(typed, moved)


def _renamed(by_field: Mapping[str, str], moved: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for name, text in by_field.items():
        row, dot, field = name.rpartition(".")
        place = moved.get(row, row)
        if place or not dot:
            found[f"{place}{dot}{field}"] = text
    return found


def _differences(product: Product, typed: Mapping[str, str]) -> list[Difference]:
    """What was typed otherwise than it is saved now, but for what only begins new variants."""
    saved = _values(product)
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
    labels |= _attribute_labels(_attributes_asked())
    places = {each.public_id: each.name for each in list_categories()}
    yes_no = {"true": "yes", "false": "no"}
    words = {"category": places, "requiresShipping": yes_no}
    words |= {name: yes_no for name in labels if name.endswith(".isOffered")}
    return list_differences(typed, saved, labels, words)


def _values(product: Product) -> dict[str, str]:
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
    for each in _attributes_asked():
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


def _attributes_asked() -> list[Said]:
    """The defined attributes, then empty rows for what nobody has defined yet."""
    defined: list[Attribute] = list(list_attributes())
    asked = [Said(n, each.name, each.label, each.kind, each.unit) for n, each in enumerate(defined)]
    return asked + [Said(len(asked) + n, "", "", "new") for n in range(NEW_ATTRIBUTES)]


def _read(form: Mapping[str, str]) -> ProductWish:
    """The form's fields as the operation takes them; the rows of its lists by their numbers. Raises Invalid."""
    values: dict[str, Any] = {}
    lists: dict[str, dict[int, dict[str, str]]] = {}
    for name, text in _typed().items():
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


# -- pictures ---------------------------------------------------------------------------------------------------------


@blueprint.get("/<public_id>/pictures")
@policy("staff", READ)
def show_pictures(public_id: str) -> ResponseReturnValue:
    """The pictures alone, for the script that waits for them."""
    product = get_product_to_edit(public_id)
    return render(
        "admin/_pictures.html",
        product=product,
        form=FilledForm(_values(product)),
        can_write=current_staff().may(WRITE),
        offered=offered_variants(product),
    )


@blueprint.post("/<public_id>/pictures")
@policy("staff", WRITE, max_body=LARGEST_UPLOAD)
def upload(public_id: str) -> ResponseReturnValue:
    """Take pictures in: each is kept aside until a worker has made it. What is no picture is named and left out."""
    files = [file for file in request.files.getlist("pictures") if file.filename]
    refused = []
    for file in files:
        try:
            _take_in(public_id, file)
        except (Invalid, TooLarge) as refusal:
            words = refusal.message if isinstance(refusal, ShopError) else "It is larger than 20 MB: save it smaller."
            refused.append(f"{_shown_name(file)}: {words}")
    if not files:
        refused.append("Choose one or more pictures first.")
    taken = len(files) - len(refused) if files else 0
    if is_scripted():
        return {"refused": refused}, 422 if refused else 201
    for sentence in refused:
        flash(sentence, "error")
    if taken:
        flash(f"{'1 picture' if taken == 1 else f'{taken} pictures'} uploaded. They show as soon as they are made.")
    return _back(public_id)


def _take_in(public_id: str, file: FileStorage) -> None:
    start = file.stream.read(16)
    file.stream.seek(0)
    if not looks_like_picture(start):
        raise Invalid("The file is empty." if not start else UNREADABLE)
    key = secrets.token_hex(16)
    storage.quarantine.receive(key, file.stream, LARGEST_PICTURE)
    try:
        add_picture(public_id, key, current_staff())
    except ShopError:
        storage.quarantine.remove(key)
        raise


def _shown_name(file: FileStorage) -> str:
    return re.sub(r"[^\w .()-]", "", (file.filename or "").replace("\\", "/").rpartition("/")[2])[:80] or "A file"


def is_scripted() -> bool:
    """Whether the page's own script asks, which wants no page back."""
    return request.headers.get("Accept") == "application/json" or is_htmx()


@blueprint.post("/<public_id>/pictures/<image_id>/removal")
@policy("staff", WRITE)
def remove(public_id: str, image_id: str) -> ResponseReturnValue:
    remove_picture(public_id, image_id, current_staff())
    return _back(public_id, removed=image_id)


@blueprint.post("/<public_id>/pictures/<image_id>/return")
@policy("staff", WRITE)
def put_back(public_id: str, image_id: str) -> ResponseReturnValue:
    try:
        put_back_picture(public_id, image_id, current_staff())
    except (Gone, Invalid) as refusal:
        flash(refusal.message, "error")
    return _back(public_id)


@blueprint.post("/<public_id>/pictures/<image_id>/retry")
@policy("staff", WRITE)
def retry(public_id: str, image_id: str) -> ResponseReturnValue:
    try:
        retry_picture(public_id, image_id, current_staff())
    except REFUSALS as refusal:
        flash(refusal.message, "error")
    return _back(public_id)


def _back(public_id: str, **more: str) -> ResponseReturnValue:
    return redirect(url_for("admin_products.show", public_id=public_id, _anchor="pictures", **more), 303)
