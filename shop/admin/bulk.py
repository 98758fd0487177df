"""One thing done to many rows: which, then what exactly, then what it would make of them, then a task with a report.

Each step is a form, so that it works without script. Up to 100 rows are done while one waits, more by a worker.
"""

from __future__ import annotations

import itertools
import secrets
from dataclasses import dataclass

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from shop.admin.errors import status_of
from shop.admin.forms import REFUSALS
from shop.admin.lists import View
from shop.admin.rendering import render
from shop.admin.resource import BulkAction, Resource, field_limits
from shop.domain.bulk_changes import Preview
from shop.domain.inputs import read_form
from shop.domain.staff_tasks.operations import AT_ONCE, MOST_SUBJECTS, queue_task, run_task
from shop.errors import NotFound
from shop.filled import FilledForm
from shop.policies import current_staff

MOST_PREVIEWED = 100
PATIENCE = 10.0  # seconds, fewer than Nginx waits; what is not done by then is left to a worker


@dataclass(frozen=True)
class Selection:
    """Which rows are meant: ticked ones, or all that the view has."""

    which: str
    ids: list[str]


def change_many(resource: Resource) -> ResponseReturnValue:
    """The step of a bulk action that the form asks for."""
    action = _action_of(resource)
    view = View.asked(resource)
    selection = _selection(view)
    if not selection.ids:
        return _page(resource, view, action, selection, FilledForm(message="Tick at least one row first.")), 422
    if len(selection.ids) > MOST_SUBJECTS:
        filled = FilledForm(message=f"Narrow the list to at most {MOST_SUBJECTS} rows.")
        return _page(resource, view, action, Selection(selection.which, []), filled), 422
    step = request.form.get("step", "")
    if not step:
        return _begin(resource, view, action, selection)
    typed = {each.name: request.form[each.name] for each in action.fields if each.name in request.form}
    try:
        wish = read_form(action.change.wish, request.form.items())
        if step == "preview" and action.change.preview:
            preview = list(itertools.islice(action.change.preview(selection.ids, wish), MOST_PREVIEWED + 1))
            return _page(resource, view, action, selection, FilledForm(typed), preview)
        return _do(action, selection)
    except REFUSALS as refusal:
        return _page(resource, view, action, selection, FilledForm.refused(typed, refusal)), status_of(refusal)


def _begin(resource: Resource, view: View, action: BulkAction, selection: Selection) -> ResponseReturnValue:
    return _page(resource, view, action, selection, FilledForm())


def _do(action: BulkAction, selection: Selection) -> ResponseReturnValue:
    wish = read_form(action.change.wish, request.form.items())
    form_key = request.form.get("key", "")[:64] or secrets.token_hex(16)
    task = queue_task(action.change.kind, wish, selection.ids, current_staff(), form_key)
    if task.total_count <= AT_ONCE:
        run_task(task.id, PATIENCE)
    return redirect(url_for("admin_tasks.show_task", public_id=task.public_id), 303)


def _action_of(resource: Resource) -> BulkAction:
    kind = request.form.get("action", "")
    for each in resource.bulk:
        if each.change.kind == kind:
            return each
    raise NotFound("There is no such action. Go back and choose one of the list.")


def _selection(view: View) -> Selection:
    if request.form.get("which") == "match":
        return Selection("match", view.ids(MOST_SUBJECTS + 1))
    return Selection("ticked", list(dict.fromkeys(request.form.getlist("id"))))


def _page(
    resource: Resource,
    view: View,
    action: BulkAction,
    selection: Selection,
    filled: FilledForm,
    preview: list[Preview] | None = None,
) -> str:
    limits = {each.name: field_limits(action.change.wish, each.name) for each in action.fields}
    return render(
        "admin/bulk.html",
        resource=resource,
        view=view,
        action=action,
        selection=selection,
        form=filled,
        limits=limits,
        choices={each.name: list(each.choices()) for each in action.fields if each.choices},
        labels={each.name: each.label for each in action.fields},
        preview=preview[:MOST_PREVIEWED] if preview is not None else None,
        preview_total=min(len(preview or ()), MOST_PREVIEWED),
        preview_is_cut=len(preview or ()) > MOST_PREVIEWED,
        preview_things=len({each.subject_id for each in (preview or ())[:MOST_PREVIEWED]}),
        at_once=AT_ONCE,
        key=secrets.token_hex(16),
    )
