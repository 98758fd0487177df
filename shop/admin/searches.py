"""Searches: what shoppers search for and what of it finds nothing, with the way to a synonym."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.admin.lists import PAGE, PAGE_NUMBER
from shop.admin.rendering import render
from shop.domain.search.queries import count_searches, list_searches
from shop.policies import may_open, policy

blueprint = Blueprint("admin_searches", __name__, url_prefix="/admin/searches")
DAYS = 30


@blueprint.get("")
@policy("staff", "catalog:read")
def show_searches() -> ResponseReturnValue:
    """The searches of the last days, most first; `tab=nothing`: those that found nothing last."""
    is_nothing = request.args.get("tab") == "nothing"
    counts = {"all": count_searches(DAYS), "nothing": count_searches(DAYS, only_unanswered=True)}
    total = counts["nothing" if is_nothing else "all"]
    asked = request.args.get("page", "1")
    page = min(int(asked) if PAGE_NUMBER.fullmatch(asked) else 1, max(1, -(-total // PAGE)))
    return render(
        "admin/searches.html",
        searches=list_searches(PAGE, DAYS, only_unanswered=is_nothing, offset=(page - 1) * PAGE),
        tab="nothing" if is_nothing else "all",
        counts=counts,
        days=DAYS,
        page=page,
        total=total,
        first=(page - 1) * PAGE + 1,
        can_add=may_open("admin.synonyms_new"),
    )
