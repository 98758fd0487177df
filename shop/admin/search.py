"""One search over everything that the member of staff may read: results by kind, and the admin's own pages."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from shop.admin.lists import LONGEST_SEARCH, View
from shop.admin.rendering import navigation, render
from shop.admin.resource import Resource
from shop.admin.resources import RESOURCES
from shop.db import db
from shop.policies import ANY_STAFF, current_staff, policy

blueprint = Blueprint("admin_search", __name__, url_prefix="/admin")
MOST_OF_A_KIND = 6


@dataclass(frozen=True)
class Hit:
    """Something that was found."""

    name: str
    note: str
    address: str


@dataclass(frozen=True)
class Group:
    """What was found of one kind; `more` is the address of the whole list."""

    title: str
    hits: list[Hit]
    total: int
    more: str = ""


@blueprint.get("/search")
@policy("staff", ANY_STAFF)
def search() -> ResponseReturnValue:
    text = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    return render("admin/search.html", everything_text=text, groups=find_everywhere(text) if text else [])


def find_everywhere(text: str) -> list[Group]:
    """Every resource's best matches, then the pages whose name has the words."""
    searched = (each for each in RESOURCES if each.is_in_search and each.search and current_staff().may(each.read))
    groups = [_found_of(resource, text) for resource in searched]
    words = text.casefold().split()
    places = [place for _, places in navigation() for place in places]
    pages = [Hit(each.label, "", each.address) for each in places if all(w in each.label.casefold() for w in words)]
    return [group for group in [*groups, Group("Pages", pages, len(pages))] if group.hits]


def _found_of(resource: Resource, text: str) -> Group:
    view = View(resource, "", text, {}, resource.sort, 1)
    rows = resource.prepare(db.session.scalars(view.in_order.limit(MOST_OF_A_KIND)).unique().all())
    hits = [
        Hit(
            resource.row_name(row),
            resource.note(row),
            url_for(resource.endpoint("row"), public_id=resource.row_id(row)),
        )
        for row in rows
    ]
    return Group(resource.title, hits, view.total, url_for(resource.endpoint("list"), q=text))
