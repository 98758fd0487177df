"""The admin's home: what there is to do, each with the way to it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from shop.admin.lists import tab_counts
from shop.admin.rendering import render
from shop.admin.resources import RESOURCES
from shop.domain.payments.shield import card_traffic
from shop.domain.staff_tasks.kinds import KINDS
from shop.domain.staff_tasks.operations import count_open_tasks
from shop.extensions import terms
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
    return render("admin/dashboard.html", todo=list_todo(), alarm=find_alarm())


def find_alarm() -> str:
    """What is said while stolen cards are tried out, to who may read orders; empty as long as nothing is wrong."""
    if not (terms.takes_cards and current_staff().may("orders:read")):
        return ""
    traffic = card_traffic(terms.card_limits)
    return traffic.sentence if traffic.is_attack else ""


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
