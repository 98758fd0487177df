"""The one form: what was typed is never lost, mistakes are counted, and nobody's work is overwritten unseen."""

from __future__ import annotations

import os.path
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from shop.admin.details import history_of, last_change_of
from shop.admin.errors import status_of
from shop.admin.lists import find_row
from shop.admin.rendering import render
from shop.admin.resource import Field, Form, Resource, Row, field_limits
from shop.db import end_read
from shop.domain.inputs import read_form
from shop.domain.versions import version_of
from shop.errors import ChangedMeanwhile, Conflict, Invalid, ShopError, Unknown
from shop.filled import FilledForm
from shop.policies import current_staff

REFUSALS = (Invalid, Unknown, Conflict)  # what a form can put right
SHOWN = 200  # characters of a value beside another's


@dataclass(frozen=True)
class Difference:
    """A field that two people left with different values."""

    label: str
    yours: str
    theirs: str


def as_text(value: Any) -> str:
    """A value as a form field holds it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def show_new(resource: Resource) -> ResponseReturnValue:
    """The form for a new row; the address may fill fields in."""
    form = _form_of(resource)
    given = {each.name: request.args[each.name] for each in form.fields if each.name in request.args}
    return _page(resource, FilledForm({**form.at_first, **given}), None)


def create(resource: Resource) -> ResponseReturnValue:
    """Make the row, or show the form again with what is wrong."""
    form = _form_of(resource)
    assert form.create is not None
    try:
        row = form.create(read_form(form.wish, request.form.items(multi=True)), current_staff())
    except REFUSALS as refusal:
        return _refused(resource, refusal, None)
    flash(f"The {resource.singular} was made.")
    return redirect(url_for(resource.endpoint("row"), public_id=resource.row_id(row)), 303)


def show_form(resource: Resource, public_id: str) -> ResponseReturnValue:
    """The form of a row as it is now."""
    row = find_row(resource, public_id)
    return _page(resource, FilledForm(_values(resource, row)), row)


def change(resource: Resource, public_id: str) -> ResponseReturnValue:
    """Save the row, or show the form again: with what is wrong, or with what somebody else made of it meanwhile."""
    form = _form_of(resource)
    assert form.change is not None
    try:
        wish = read_form(form.wish, request.form.items(multi=True))
        row = form.change(public_id, wish, current_staff(), version_seen())
    except ChangedMeanwhile as refusal:
        return _changed_meanwhile(resource, public_id, refusal)
    except REFUSALS as refusal:
        return _refused(resource, refusal, public_id)
    flash("Saved.")
    return redirect(_form_address(resource, resource.row_id(row)), 303)


def version_seen() -> str:
    """The version that the sender knows: that of the opened form, or of "Save mine over it" the one shown beside."""
    return request.form.get("keep") or request.form.get("version", "")


def _form_of(resource: Resource) -> Form:
    assert resource.form is not None
    return resource.form


def _form_address(resource: Resource, public_id: str) -> str:
    return url_for(resource.endpoint("form" if resource.detail else "row"), public_id=public_id)


def _values(resource: Resource, row: Row) -> dict[str, str]:
    return {name: as_text(value) for name, value in _form_of(resource).values(row).items()}


def _typed(resource: Resource) -> dict[str, str]:
    """What was sent; of a tick the last value, as read_form takes it."""
    names = [each.name for each in _form_of(resource).fields if each.name in request.form]
    return {name: request.form.getlist(name)[-1] for name in names}


def _refused(resource: Resource, refusal: ShopError, public_id: str | None) -> ResponseReturnValue:
    end_read()
    row = find_row(resource, public_id) if public_id else None
    filled = FilledForm.refused(_typed(resource), refusal)
    return _page(resource, filled, row, seen=request.form.get("version", "")), status_of(refusal)


def _changed_meanwhile(resource: Resource, public_id: str, refusal: ShopError) -> ResponseReturnValue:
    """Both versions side by side. Save is refused again; another button saves the typed one over it, knowingly."""
    end_read()
    row = find_row(resource, public_id)
    typed, saved = _typed(resource), _values(resource, row)
    fields = _form_of(resource).fields
    labels = {each.name: each.label for each in fields}
    words = {name: dict(pairs) for name, pairs in _choices(fields).items()}
    words |= {each.name: {"true": "yes", "false": "no"} for each in fields if each.control == "tick"}
    differences = list_differences(typed, saved, labels, words)
    seen = request.form.get("version", "")
    page = _page(resource, FilledForm(typed), row, seen=seen, differences=differences, is_late=True)
    return page, status_of(refusal)


def list_differences(
    typed: Mapping[str, str],
    saved: Mapping[str, str],
    labels: Mapping[str, str],
    words: Mapping[str, Mapping[str, str]],
) -> list[Difference]:
    """The labelled fields that were typed otherwise than they are saved; `words` says choices as people read them."""
    found = []
    for name, label in labels.items():
        yours, theirs = (values.get(name, "").replace("\r\n", "\n").strip() for values in (typed, saved))
        if name in typed and yours != theirs:
            said = words.get(name, {})
            found.append(Difference(label, *_around(said.get(yours, yours), said.get(theirs, theirs))))
    return found


def _around(yours: str, theirs: str) -> tuple[str, str]:
    """Two texts, of long ones what lies around the first place where they differ."""
    same = len(os.path.commonprefix([yours, theirs]))
    start = 0 if same < SHOWN // 2 or max(len(yours), len(theirs)) <= SHOWN else same - SHOWN // 4
    return (_cut(yours, start), _cut(theirs, start))


def _cut(text: str, start: int) -> str:
    return ("…" if start else "") + text[start : start + SHOWN] + ("…" if len(text) > start + SHOWN else "")


def _page(
    resource: Resource,
    filled: FilledForm,
    row: Row | None,
    *,
    seen: str | None = None,
    differences: list[Difference] | None = None,
    is_late: bool = False,
) -> str:
    form = _form_of(resource)
    is_new = row is None
    fields = [each for each in form.fields if (each.on_new if is_new else each.on_change)]
    limits = {each.name: field_limits(form.wish, each.name) for each in fields}
    parts = [(part.title, [each for each in part.fields if each in fields]) for part in form.parts]
    can_write = resource.write is not None and current_staff().may(resource.write)
    return render(
        "admin/form.html",
        resource=resource,
        row=row,
        title=f"New {resource.singular}" if is_new else resource.row_name(row),
        form=filled,
        parts=[part for part in parts if part[1]],
        limits=limits,
        choices=_choices(fields),
        labels={each.name: each.label for each in fields},
        version=(seen if seen is not None else version_of(resource.version(row))) if row is not None else "",
        address=url_for(resource.endpoint("list")) if is_new else _form_address(resource, resource.row_id(row)),
        newest="" if is_new else version_of(resource.version(row)),
        can_write=can_write and (is_new or form.change is not None),
        differences=differences,
        is_late=is_late,
        last_change=last_change_of(resource, row) if is_late else None,
        history=[] if is_new else history_of(resource, row),
        facts=[] if is_new else resource.facts(row),
        acts=[] if is_new or not can_write else [each for each in resource.acts if each.is_possible(row)],
        links=[] if is_new else resource.links(row),
    )


def _choices(fields: list[Field]) -> Mapping[str, list[tuple[str, str]]]:
    return {each.name: list(each.choices()) for each in fields if each.choices}
