"""Rendering the admin's pages: the navigation that one may use, and what every template of it is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Flask, render_template, request, url_for
from flask_login import current_user

from shop.admin.resources import RESOURCES
from shop.domain.staff_tasks.kinds import KINDS
from shop.domain.versions import version_of
from shop.filled import FilledForm
from shop.policies import current_staff, may_open


@dataclass(frozen=True)
class Place:
    """A link of the navigation."""

    label: str
    address: str
    icon: str
    is_here: bool = False


def register(app: Flask) -> None:
    """Give the admin's templates their filters."""
    app.jinja_env.filters.update(ago=ago, version=version_of)


def render(template: str, **context: Any) -> str:
    """A whole page of the admin."""
    is_staff = current_user.is_authenticated and current_user.is_staff
    return render_template(
        template,
        sections=list(navigation()) if is_staff else [],
        bare_form=FilledForm(),
        staff_name=current_user.first_name or current_user.email if is_staff else "",
        **context,
    )


def navigation() -> Iterator[tuple[str, list[Place]]]:
    """Section by section, the places that the member of staff may read."""
    yield "", [_place("Home", "admin_dashboard.show_dashboard", "home")]
    sections: dict[str, list[Place]] = {}
    for resource in RESOURCES:
        if current_staff().may(resource.read):
            sections.setdefault(resource.section, []).append(
                _place(resource.title, resource.endpoint("list"), resource.icon)
            )
    if may_open("admin_searches.show_searches"):
        sections.setdefault("Catalogue", []).append(_place("Searches", "admin_searches.show_searches", "search"))
    if may_open("admin_shipping.show_test_box"):
        sections.setdefault("Shipping", []).append(_place("Test box", "admin_shipping.show_test_box", "search"))
    if any(current_staff().may(change.permission) for change in KINDS.values()):
        sections.setdefault("The shop", []).append(_place("Tasks", "admin_tasks.show_tasks", "list"))
    yield from sections.items()


def _place(label: str, endpoint: str, icon: str) -> Place:
    address = url_for(endpoint)
    is_home = endpoint == "admin_dashboard.show_dashboard"
    is_below = not is_home and request.path.startswith(address + "/")
    return Place(label, address, icon, request.path == address or is_below)


def ago(moment: datetime) -> str:
    """How long ago, in words: 2 minutes ago."""
    seconds = max(0, int((datetime.now(UTC) - moment).total_seconds()))
    if seconds < 60:
        return "a moment ago"
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {word}{'' if number == 1 else 's'} ago"
    raise AssertionError("unreachable")
