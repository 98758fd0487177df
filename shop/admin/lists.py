"""The one list: search, filters, tabs and sort in the address, 50 rows a page, and exactly this view as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Any

from flask import Response, request, stream_with_context, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, case, func, select

from shop.admin.rendering import render
from shop.admin.resource import Column, Resource, Row
from shop.db import db, end_read
from shop.domain.versions import version_of
from shop.errors import NotFound
from shop.money import Money
from shop.policies import current_staff

PAGE = 50
CSV_BATCH = 200
LONGEST_SEARCH = 200
PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)
# What a spreadsheet would take for a formula (OWASP, CSV injection); a plain quote before it makes it text.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


@dataclass(frozen=True)
class View:
    """One view of a resource's list: all that its address says, and no more."""

    resource: Resource
    tab: str
    search: str
    filters: Mapping[str, str]
    sort: str
    page: int

    @classmethod
    def asked(cls, resource: Resource) -> View:
        """The view that the request's address asks for; what it does not know is left out."""
        known_tabs = [tab.name for tab in resource.tabs]
        tab = request.args.get("tab", "")
        filters = {each.name: request.args.get(each.name, "").strip()[:LONGEST_SEARCH] for each in resource.filters}
        sortable = {column.name for column in resource.columns if column.sort is not None}
        sort = request.args.get("sort", "")
        page = request.args.get("page", "1")
        return cls(
            resource,
            tab if tab in known_tabs else (known_tabs[0] if known_tabs else ""),
            request.args.get("q", "").strip()[:LONGEST_SEARCH],
            {name: text for name, text in filters.items() if text},
            sort if sort.removeprefix("-") in sortable else resource.sort,
            int(page) if PAGE_NUMBER.fullmatch(page) else 1,
        )

    # -- addresses ------------------------------------------------------------------------------------------------

    def parameters(self) -> dict[str, str]:
        """The address's query; what is usual is left out."""
        said = {"tab": self.tab, "q": self.search, **self.filters, "sort": self.sort, "page": str(self.page)}
        tabs = self.resource.tabs
        usual = {"tab": tabs[0].name if tabs else "", "sort": self.resource.sort, "page": "1"}
        return {name: text for name, text in said.items() if text and text != usual.get(name)}

    def address(self, endpoint: str = "list", **changes: Any) -> str:
        """The address of this view, or of one that differs in this; another view begins at its first page."""
        changed = replace(self, **({"page": 1} | changes)) if changes else self
        return url_for(self.resource.endpoint(endpoint), **changed.parameters())

    def action_address(self, endpoint: str, **values: str) -> str:
        """Where a form about this view is sent."""
        return url_for(self.resource.endpoint(endpoint), **values, **self.parameters())

    def without_filter(self, name: str) -> str:
        """The same view without one of its filters."""
        return self.address(filters={key: text for key, text in self.filters.items() if key != name})

    def sorted_by(self, column: Column) -> str:
        """This view sorted by the column; the other way round when it is already."""
        return self.address(sort=f"-{column.name}" if self.sort == column.name else column.name)

    def direction(self, column: Column) -> str:
        """What aria-sort says of the column."""
        if self.sort.removeprefix("-") != column.name:
            return ""
        return "descending" if self.sort.startswith("-") else "ascending"

    # -- rows -----------------------------------------------------------------------------------------------------

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search or self.filters)

    @property
    def statement(self) -> Select[Any]:
        """The rows of this view, in no order."""
        resource = self.resource
        statement = resource.statement()
        for tab in resource.tabs:
            if tab.name == self.tab and tab.where:
                statement = statement.where(tab.where())
        for each in resource.filters:
            if each.name in self.filters:
                statement = statement.where(each.where(self.filters[each.name]))
        if self.search and resource.search:
            statement = statement.where(resource.search(self.search))
        return statement

    @cached_property
    def total(self) -> int:
        return count(self.statement)

    @property
    def last_page(self) -> int:
        return max(1, -(-self.total // PAGE))

    @property
    def in_order(self) -> Select[Any]:
        """The rows of this view, in its order; the key settles ties, so that no row is on two pages."""
        chosen = next((column for column in self.resource.columns if column.name == self.sort.removeprefix("-")), None)
        statement, key = self.statement, self.resource.model.id
        if chosen is None or chosen.sort is None:
            order = self.resource.in_order() if self.resource.in_order else ()
            places = {key: place for place, key in enumerate(order)}
            return statement.order_by(*([case(places, value=key)] if places else []), key)
        if self.sort.startswith("-"):
            return statement.order_by(chosen.sort.desc(), key.desc())
        return statement.order_by(chosen.sort.asc(), key)

    def rows(self) -> Sequence[Row]:
        """The rows of the page."""
        return self.resource.prepare(
            db.session.scalars(self.in_order.limit(PAGE).offset((self.page - 1) * PAGE)).unique().all()
        )

    def ids(self, limit: int) -> list[str]:
        """The public ids of the view's rows, at most so many."""
        statement = self.in_order.with_only_columns(self.resource.model.public_id).limit(limit)
        return list(db.session.scalars(statement))


def count(statement: Select[Any]) -> int:
    """How many rows a statement has."""
    return db.session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0


def tab_counts(resource: Resource) -> dict[str, int]:
    """How many rows each tab has, whatever else narrows the view; one statement for them all."""
    if not resource.tabs:
        return {}
    counts = [func.count(case((tab.where(), 1)) if tab.where else resource.model.id) for tab in resource.tabs]
    row = db.session.execute(resource.statement().with_only_columns(*counts).order_by(None)).one()
    return {tab.name: number for tab, number in zip(resource.tabs, row, strict=True)}


def show_list(resource: Resource) -> ResponseReturnValue:
    """The list's page."""
    view = View.asked(resource)
    if view.page > view.last_page:
        view = replace(view, page=view.last_page)
    staff = current_staff()
    can_write = resource.write is not None and staff.may(resource.write)
    return render(
        "admin/list.html",
        resource=resource,
        view=view,
        rows=view.rows(),
        tab_counts=tab_counts(resource),
        can_write=can_write,
        actions=[each for each in resource.bulk if staff.may(each.change.permission)],
        filters=[(each, list(each.choices()) if each.choices else None) for each in resource.filters],
    )


# -- CSV --------------------------------------------------------------------------------------------------------------


def send_csv(resource: Resource) -> ResponseReturnValue:
    """Exactly this view, all of its pages, as a spreadsheet reads it; sent while it is read, batch by batch."""
    view = View.asked(resource)
    name = "-".join(filter(None, [resource.name, view.tab if len(resource.tabs) > 1 else ""]))
    response = Response(stream_with_context(_lines(view)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _lines(view: View) -> Iterator[str]:
    columns = [column for column in view.resource.columns if column.in_csv]
    yield "\ufeff" + _csv_line([column.label for column in columns])  # the mark tells Excel that it is UTF-8
    keys = list(db.session.scalars(view.in_order.with_only_columns(view.resource.model.id)))
    for start in range(0, len(keys), CSV_BATCH):
        batch = keys[start : start + CSV_BATCH]
        found = db.session.scalars(view.resource.statement().where(view.resource.model.id.in_(batch))).unique()
        by_key = {row.id: row for row in found}
        rows = view.resource.prepare([by_key[key] for key in batch if key in by_key])
        lines = "".join(_csv_line([csv_text(column.value(row)) for column in columns]) for row in rows)
        end_read()  # a slow reader holds no transaction
        db.session.expunge_all()
        yield lines


def _csv_line(values: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(values)
    return out.getvalue()


def csv_text(value: Any) -> str:
    """A value as a cell of a spreadsheet: never a formula, whoever typed it (reliability.md S26)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Money):
        return str(value.to_decimal())
    if isinstance(value, datetime):
        return version_of(value)
    if isinstance(value, tuple):
        return csv_text(value[0])  # the rest says how it is shown
    text = ", ".join(str(each) for each in value) if isinstance(value, list) else str(value)
    return "'" + text if text.lstrip(" ").startswith(FORMULA) else text


def find_row(resource: Resource, public_id: str) -> Row:
    """The row of this name outside, prepared as the list has it; raises NotFound."""
    found = db.session.scalars(resource.one(public_id).execution_options(populate_existing=True)).unique().one_or_none()
    if found is None:
        raise NotFound(f"There is no such {resource.singular} any more. It may have been deleted.")
    return resource.prepare([found])[0]
