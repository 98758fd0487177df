"""Importing a catalogue: upload, rehearsal, import, and what came of each, with a report to take away."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from shop.admin.errors import status_of
from shop.admin.lists import csv_text
from shop.admin.rendering import render
from shop.db import end_read
from shop.domain.imports.models import CatalogueFile
from shop.domain.imports.uploads import (
    IMPORT,
    MOST_BYTES,
    NO_PRODUCT,
    REHEARSAL,
    get_catalogue,
    handles_of,
    list_catalogues,
    read_catalogue,
    without_picture,
)
from shop.domain.staff_tasks.catalogues import find_catalogue_task, queue_catalogue_task, upload_catalogue
from shop.errors import Conflict, Gone, Invalid, Malformed
from shop.extensions import terms
from shop.filled import FilledForm
from shop.htmx import is_partial, vary_by_htmx
from shop.policies import current_staff, policy

blueprint = Blueprint("admin_imports", __name__, url_prefix="/admin/imports")

READ, WRITE = "catalog:read", "catalog:write"
SAMPLE = Path(__file__).with_name("sample.csv")
LARGEST_BODY = MOST_BYTES + 100_000
SHOWN = 100  # problems on the page; the report has them all


@blueprint.get("")
@policy("staff", READ)
def show_imports() -> ResponseReturnValue:
    """Past imports, and the form for another."""
    return _list_page(FilledForm())


@blueprint.post("")
@policy("staff", WRITE, max_body=LARGEST_BODY)
def upload() -> ResponseReturnValue:
    """Keep the file and have it rehearsed; nothing of the catalogue changes."""
    sent = request.files.get("file")
    content = sent.stream.read(MOST_BYTES + 1) if sent else b""
    try:
        if not content:
            raise Invalid("Choose a CSV file first.")
        name = (sent.filename or "" if sent else "").replace("\\", "/").rpartition("/")[2] or "catalogue.csv"
        sets_stock = "true" in request.form.getlist("setsStock")
        read = read_catalogue(content, terms.currency)
        file = upload_catalogue(name, content, read, current_staff(), terms.currency, sets_stock=sets_stock)
    except (Invalid, Malformed) as refusal:
        end_read()
        return _list_page(FilledForm({}, {}, refusal.message)), 422
    return redirect(url_for("admin_imports.show_import", public_id=file.public_id), 303)


@blueprint.get("/<public_id>")
@policy("staff", READ)
def show_import(public_id: str) -> ResponseReturnValue:
    """How far it is, what it would do or did; asked for as a piece, that alone."""
    context = _whole_state(get_catalogue(public_id))
    if is_partial():
        return vary_by_htmx(render_template("admin/_import.html", **context))
    return vary_by_htmx(render("admin/import.html", **context))


@blueprint.post("/<public_id>/runs")
@policy("staff", WRITE)
def run(public_id: str) -> ResponseReturnValue:
    """Import the file, once its rehearsal is done; a second time leads to the first."""
    file = get_catalogue(public_id)
    rehearsal = find_catalogue_task(file.public_id, REHEARSAL)
    if rehearsal is None or rehearsal.is_open:
        raise Conflict("The dry run is not done yet. Wait for it, and read what it says.")
    try:
        handles = handles_of(file, terms.currency)
        queue_catalogue_task(public_id, IMPORT, handles, current_staff(), terms.currency)
    except (Gone, Invalid) as refusal:
        end_read()
        context = _whole_state(get_catalogue(public_id))
        return render("admin/import.html", **{**context, "refusal": refusal.message}), status_of(refusal)
    return redirect(url_for("admin_imports.show_import", public_id=public_id), 303)


@blueprint.get("/<public_id>/report.csv")
@policy("staff", READ)
def send_report(public_id: str) -> ResponseReturnValue:
    """Every mistake: of rows as the file has them, and of products as the shop refused them."""
    file = get_catalogue(public_id)
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(["Row", "Handle", "Column", "Problem", "Value"])
    for row, handle, column, message, value in [*file.problem_rows, *_refusals(file)]:
        writer.writerow([row, csv_text(handle), csv_text(column), csv_text(message), csv_text(value)])
    return _csv(f"\ufeff{out.getvalue()}", "import-report.csv")


@blueprint.get("/sample.csv")
@policy("staff", READ)
def send_sample() -> ResponseReturnValue:
    """A small file that can be imported as it is."""
    return _csv(SAMPLE.read_text(encoding="utf-8"), "products.csv")


def _csv(text: str, name: str) -> Response:
    response = Response(text, mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _refusals(file: CatalogueFile) -> list[list[Any]]:
    """What the shop refused, of the import, else of its rehearsal."""
    task = find_catalogue_task(file.public_id, IMPORT) or find_catalogue_task(file.public_id, REHEARSAL)
    if task is None:
        return []
    return [["", name, "", said, ""] for _, name, said, is_well in task.rows if not is_well and said != NO_PRODUCT]


def _whole_state(file: CatalogueFile) -> dict[str, Any]:
    """The state with the mistakes themselves; they come with the outcome, not with every look at the progress."""
    state = _state(file)
    problems = [] if state["running"] else [*file.problem_rows, *_refusals(file)]
    return {**state, "problems": problems[:SHOWN]}


def _state(file: CatalogueFile) -> dict[str, Any]:
    rehearsal, done = find_catalogue_task(file.public_id, REHEARSAL), find_catalogue_task(file.public_id, IMPORT)
    running = next((task for task in (done, rehearsal) if task is not None and task.is_open), None)
    refusals = _refusals(file)
    return {
        "file": file,
        "title": file.name,
        "rehearsal": rehearsal,
        "done": done,
        "running": running,
        "stage": "import" if done else "rehearsal",
        "problem_count": file.problem_count + len(refusals),
        "without_picture": without_picture(file, "import" if done else "rehearsal"),
        "can_write": current_staff().may(WRITE),
        "refusal": "",
    }


def _list_page(form: FilledForm) -> str:
    states = [_state(file) for file in list_catalogues(20)]
    return render("admin/imports.html", states=states, form=form, can_write=current_staff().may(WRITE))
