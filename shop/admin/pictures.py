"""The pictures of a product, which are uploaded beside its form and made by a worker."""

from __future__ import annotations

import re
import secrets

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from shop.admin.forms import REFUSALS
from shop.admin.product_form import values_of
from shop.admin.rendering import render
from shop.domain.catalog.editing import get_product_to_edit
from shop.domain.catalog.pictures import add_picture, put_back_picture, remove_picture, retry_picture
from shop.domain.catalog.variant_drafts import offered_variants
from shop.errors import Gone, Invalid, ShopError
from shop.extensions import storage
from shop.filled import FilledForm
from shop.gateways.images import UNREADABLE, looks_like_picture
from shop.gateways.storage import TooLarge
from shop.htmx import is_htmx
from shop.policies import current_staff, policy

blueprint = Blueprint("admin_pictures", __name__, url_prefix="/admin/products")

READ, WRITE = "catalog:read", "catalog:write"
LARGEST_PICTURE = 20 * 1024 * 1024  # bytes
LARGEST_UPLOAD = 50 * 1024 * 1024  # of all pictures that are sent at once


@blueprint.get("/<public_id>/pictures")
@policy("staff", READ)
def show_pictures(public_id: str) -> ResponseReturnValue:
    """The pictures alone, for the script that waits for them."""
    product = get_product_to_edit(public_id)
    return render(
        "admin/_pictures.html",
        product=product,
        form=FilledForm(values_of(product)),
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
