"""The product editor: all of a product on one page (its form: product_form.py, its pictures: pictures.py)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from shop.admin.details import history_of, last_change_of
from shop.admin.errors import status_of
from shop.admin.forms import REFUSALS, Difference, version_seen
from shop.admin.pictures import LARGEST_PICTURE
from shop.admin.product_form import (
    LABELS,
    OPTIONS,
    attribute_labels,
    attributes_asked,
    in_rows_of,
    moved_rows,
    page_number,
    product_differences,
    read_product,
    renamed,
    row_labels,
    typed_fields,
    values_of,
)
from shop.admin.rendering import render
from shop.db import end_read
from shop.domain.catalog.editing import (
    count_missing_of_product,
    create_product,
    duplicate_product,
    edit_product,
    get_product_to_edit,
)
from shop.domain.catalog.models import PRODUCT_STATUSES, Product
from shop.domain.catalog.queries import list_categories, path_to
from shop.domain.catalog.richtext import plain_text, sanitise_html
from shop.domain.catalog.slugs import slug_of
from shop.domain.catalog.variant_drafts import offered_variants
from shop.domain.catalog.wishes import REASONS, ROWS_AT_ONCE
from shop.domain.versions import version_of
from shop.errors import ChangedMeanwhile
from shop.extensions import terms
from shop.filled import FilledForm
from shop.policies import current_staff, policy

blueprint = Blueprint("admin_products", __name__, url_prefix="/admin/products")

READ, WRITE = "catalog:read", "catalog:write"


# -- the page ---------------------------------------------------------------------------------------------------------


@blueprint.get("/new")
@policy("staff", WRITE)
def show_new() -> ResponseReturnValue:
    return _page(FilledForm({"status": "draft", "requiresShipping": "true"}), None)


@blueprint.post("")
@policy("staff", WRITE)
def create() -> ResponseReturnValue:
    try:
        product = create_product(read_product(), current_staff(), terms.currency)
    except REFUSALS as refusal:
        end_read()
        return _page(FilledForm.refused(typed_fields(), refusal), None), status_of(refusal)
    count = len(offered_variants(product))
    flash(f"The product was made{f' with {count} variants' if count > 1 else ''}. Now add its pictures.")
    return redirect(url_for("admin_products.show", public_id=product.public_id), 303)


@blueprint.get("/<public_id>")
@policy("staff", READ)
def show(public_id: str) -> ResponseReturnValue:
    product = get_product_to_edit(public_id)
    return _page(FilledForm(values_of(product)), product)


@blueprint.post("/<public_id>")
@policy("staff", WRITE)
def change(public_id: str) -> ResponseReturnValue:
    seen = request.form.get("version", "")
    try:
        edit_product(public_id, read_product(), current_staff(), seen=version_seen())
    except ChangedMeanwhile as refusal:
        end_read()
        # What was to be added to the stock may be there already: it is typed anew, by who has seen how many there are.
        product = get_product_to_edit(public_id)
        typed = in_rows_of(product, typed_fields())
        typed = {name: text for name, text in typed.items() if not name.endswith(".stockChange")}
        page = _page(FilledForm(typed), product, seen=seen, differences=product_differences(product, typed))
        return page, status_of(refusal)
    except REFUSALS as refusal:
        end_read()
        product, typed = get_product_to_edit(public_id), typed_fields()
        filled = FilledForm.refused(in_rows_of(product, typed), refusal)
        filled = replace(filled, mistakes=renamed(filled.mistakes, moved_rows(product, typed)))
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
    page, last = page_number(len(offered)), max(1, -(-len(offered) // ROWS_AT_ONCE))
    rows = offered[(page - 1) * ROWS_AT_ONCE : page * ROWS_AT_ONCE]
    version = "" if product is None else seen if seen is not None else version_of(product.updated_at)
    attributes = attributes_asked()
    return render(
        "admin/product.html",
        product=product,
        title=product.name if product else "New product",
        form=filled,
        labels=LABELS | row_labels(rows) | attribute_labels(attributes),
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


def _snippet(filled: FilledForm, product: Product | None) -> dict[str, str]:
    """How a search engine would show the page."""
    slug = filled.value("slug") or (product.slug if product else slug_of(filled.value("name") or "its-name", 150))
    words = plain_text(filled.value("description"))
    return {
        "title": f"{filled.value('seoTitle') or filled.value('name') or 'Name'} · {terms.shop_name}",
        "address": url_for("catalog.product", slug=slug, _external=True),
        "text": (filled.value("seoDescription") or words or "The beginning of the description.")[:160],
    }
