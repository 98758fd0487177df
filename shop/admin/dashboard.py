"""The admin's home: what there is to do, each with the way to it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from shop.admin.lists import tab_counts
from shop.admin.rendering import render
from shop.admin.resources import RESOURCES
from shop.domain.staff_tasks.kinds import KINDS
from shop.domain.staff_tasks.operations import count_open_tasks
from shop.policies import ANY_STAFF, current_staff, policy

blueprint = Blueprint("admin_dashboard", __name__, url_prefix="/admin")


@dataclass(frozen=True)
class ToDo:
    """A number of things that wait, and where."""

    label: str
    number: int
    address: str


@blueprint.get("")
@policy("staff", ANY_STAFF)
def show_dashboard() -> ResponseReturnValue:
    return render("admin/dashboard.html", todo=list_todo())


def list_todo() -> list[ToDo]:
    """What waits, of all that the member of staff may read: the tabs that resources mark so."""
    found = []
    for resource in RESOURCES:
        if not current_staff().may(resource.read) or not any(tab.todo for tab in resource.tabs):
            continue
        counts = tab_counts(resource)
        for tab in resource.tabs:
            if tab.todo:
                address = url_for(resource.endpoint("list"), tab=tab.name)
                found.append(ToDo(tab.todo, counts[tab.name], address))
    if any(current_staff().may(change.permission) for change in KINDS.values()):
        found.append(ToDo("Tasks running", count_open_tasks(), url_for("admin_tasks.show_tasks")))
    return found
