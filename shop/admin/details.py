"""The one detail page: cards, facts beside them, and what the audit log knows of the thing."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from shop.admin.lists import find_row
from shop.admin.rendering import render
from shop.admin.resource import Act, Resource, Row
from shop.domain.audit.queries import Entry, list_entries_of
from shop.domain.inputs import read_form
from shop.errors import Conflict, Invalid, Unknown
from shop.policies import current_staff, may_open

HISTORY = 20


def show_detail(resource: Resource, public_id: str) -> ResponseReturnValue:
    """The page of a row that is read rather than edited."""
    assert resource.detail is not None
    row = find_row(resource, public_id)
    can_write = resource.write is not None and current_staff().may(resource.write)
    return render(
        "admin/detail.html",
        resource=resource,
        row=row,
        title=resource.row_name(row),
        cards=[(card, card.load(row)) for card in resource.detail.cards],
        facts=resource.facts(row),
        history=history_of(resource, row),
        acts=[each for each in resource.acts if can_write and each.is_possible(row)],
        links=resource.links(row),
        edit=url_for(resource.endpoint("form"), public_id=public_id) if resource.form else "",
    )


def do_act(resource: Resource, act: Act, public_id: str) -> ResponseReturnValue:
    """Do one thing to the row; where it cannot be done, the row's page says why."""
    address = _address_after(resource, act, public_id)
    try:
        wish: Any = read_form(act.wish, request.form.items(multi=True)) if act.wish else None
        row = find_row(resource, public_id) if act.question or callable(act.said) else None
        question = act.question(row, wish) if act.question and "confirmed" not in request.form else ""
        if question:
            return _ask_first(resource, act, row, question)
        name = "" if row is None else resource.row_name(row)
        outcome = act.do(public_id, wish, current_staff())
    except (Conflict, Invalid, Unknown) as refusal:
        flash(" ".join(dict.fromkeys([refusal.message, *(each.message for each in refusal.details)])), "error")
        return redirect(url_for(resource.endpoint("row"), public_id=public_id), 303)
    flash(act.said if isinstance(act.said, str) else act.said(name, outcome))
    return redirect(act.leads_to_made(outcome) if act.leads_to_made else address, 303)


def _ask_first(resource: Resource, act: Act, row: Row, question: str) -> ResponseReturnValue:
    """The page between the button and the deed: what would come of it, and the button again."""
    return render(
        "admin/question.html",
        resource=resource,
        row=row,
        title=f"{act.label} {resource.row_name(row)}",
        act=act,
        question=question,
        typed={each.name: request.form.get(each.name, "") for each in act.fields(row)},
    )


def _address_after(resource: Resource, act: Act, public_id: str) -> str:
    if act.leads_to is not None:
        return act.leads_to(public_id)
    if act.leads_to_list:
        return url_for(resource.endpoint("list"))
    return url_for(resource.endpoint("row"), public_id=public_id)


def history_of(resource: Resource, row: Row) -> list[Entry]:
    """The last changes of the row, for who may read the audit log."""
    if not may_open("admin.audit_list"):
        return []
    return list_entries_of(resource.kind, resource.row_id(row), HISTORY)


def last_change_of(resource: Resource, row: Row) -> Entry | None:
    """Who changed the row last."""
    return next(iter(list_entries_of(resource.kind, resource.row_id(row), 1)), None)
