"""Tasks: how far a change of many things is, and what became of each."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from shop.admin.rendering import render
from shop.admin.resources import RESOURCES
from shop.domain.bulk_changes import BulkChange
from shop.domain.staff_tasks.kinds import KINDS
from shop.domain.staff_tasks.models import StaffTask
from shop.domain.staff_tasks.operations import NO_SUCH_TASK, get_task, list_tasks
from shop.errors import NotFound
from shop.htmx import is_partial, vary_by_htmx
from shop.policies import ANY_STAFF, current_staff, policy
from shop.words import words

blueprint = Blueprint("admin_tasks", __name__, url_prefix="/admin/tasks")


@blueprint.get("")
@policy("staff", ANY_STAFF)
def show_tasks() -> ResponseReturnValue:
    """The last tasks of the kinds that the member of staff may ask for themselves."""
    return render("admin/tasks.html", tasks=[task for task in list_tasks() if _may_see(task)], label_of=label_of)


@blueprint.get("/<public_id>")
@policy("staff", ANY_STAFF)
def show_task(public_id: str) -> ResponseReturnValue:
    """One task; asked for as a piece, how far it is."""
    task = get_task(public_id)
    if not _may_see(task):
        raise NotFound(NO_SUCH_TASK)
    if is_partial():
        return vary_by_htmx(render_template("admin/_task.html", task=task))
    return vary_by_htmx(
        render("admin/task.html", task=task, title=label_of(task.kind), resource=resource_of(task.kind))
    )


def _may_see(task: StaffTask) -> bool:
    change: BulkChange | None = KINDS.get(task.kind)
    return change is not None and current_staff().may(change.permission)


def label_of(kind: str) -> str:
    """What the bulk action of this kind is called."""
    labels = {each.change.kind: each.label for resource in RESOURCES for each in resource.bulk}
    return labels.get(kind, words(kind.replace(".", " ")))


def resource_of(kind: str) -> object:
    """The resource whose rows a task of this kind changes."""
    return next((r for r in RESOURCES if any(each.change.kind == kind for each in r.bulk)), None)
