"""What a resource of the admin declares. The views of lists.py, forms.py, details.py and bulk.py do the rest.

A new resource is one module in shop/admin/resources of about forty lines, named in RESOURCES there:

    SYNONYMS = Resource(
        name="synonyms", title="Synonyms", singular="synonym", section="Catalogue",
        read="catalog:read", write="catalog:write",
        model=Synonym,                                   # has public_id, by which its pages are named
        columns=(
            Column("words", "Words", lambda row: ", ".join(row.words), "main"),
            Column("updated", "Updated", lambda row: row.updated_at, "moment", sort=Synonym.updated_at),
        ),
        search=has_words,                                # a text to a condition; often words_in(Model.name)
        sort="-updated",                                 # the newest first
        form=Form(
            wish=SynonymWish,                            # the operation's own input model (shop/domain/inputs.py)
            parts=(Part("", (Field("words", "Words that mean the same", "textarea"),)),),
            values=lambda row: {"words": "\\n".join(row.words)},
            create=lambda wish, actor: save_synonym(wish.each, actor),
            change=lambda public_id, wish, actor, seen: save_synonym(wish.each, actor, public_id, seen=seen),
        ),
    )

That gives the list with search, sort, pages and CSV, the form for new and present ones with its history, its link in
the navigation, and the routes with their policies. Beyond that:

- `filters` (Filter) narrow the list; `tabs` (Tab) are saved views of it, the first one usually being all.
- `prepare` turns a page of rows into what the columns show, in a constant number of statements.
- `bulk` (BulkAction) does one thing to many ticked rows. What it does is a BulkChange of the domain, named in
  shop/domain/staff_tasks/kinds.py; up to 100 rows are done at once, more by a worker.
- `detail` (Detail) is a page of cards and facts for what is read and not edited; with it, the form (if any) is at
  /edit, else the form is the row's page. `facts` stand beside either.
- `acts` (Act) are buttons on the row's page that do one thing to it: delete, approve, merge into. One may have a
  letter that presses it (`key`) and lead on to another page (`leads_to`), as a queue does (resources/reviews.py).
- An operation that takes `seen` raises ChangedMeanwhile when the row's `version` is another one by now
  (shop/domain/versions.py: refuse_if_changed); the form then shows both versions and loses nothing.

Selects and conditions stand in the declarations; everything that changes a row is an operation of the domain, which
writes its own audit entry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from shop.domain.actors import Actor
from shop.domain.bulk_changes import BulkChange
from shop.domain.inputs import Input
from shop.filled import FilledForm

Row = Any
Choices = Callable[[], Sequence[tuple[str, str]]]
OnPhone = Literal["lead", "end", "note", "none"]

MOST_WORDS = 8


@dataclass(frozen=True)
class Column:
    """One column of a list. `shape` names the macro of templates/admin/_cells.html that shows its value.

    Of a value that is a tuple the first is its text, in the CSV too; the rest says how it is shown.
    `on_phone`: in the row's first line (lead, or at its end), among the notes of its second, or not at all.
    """

    name: str
    label: str
    value: Callable[[Row], Any]
    shape: str = "text"
    sort: Any = None
    on_phone: OnPhone = "note"
    in_csv: bool = True
    in_list: bool = True


@dataclass(frozen=True)
class Filter:
    """A question that narrows a list: one of `choices`, else a text that is typed (`kind` "text" or "date")."""

    name: str
    label: str
    where: Callable[[str], ColumnElement[bool]]
    choices: Choices | None = None
    kind: Literal["text", "date"] = "text"


@dataclass(frozen=True)
class Tab:
    """A saved view of a list; `where` gives its condition. With `todo`, its number is on the admin's home."""

    name: str
    label: str
    where: Callable[[], ColumnElement[bool]] | None = None
    todo: str = ""


@dataclass(frozen=True)
class BulkAction:
    """Something to do to many rows. With a `wish` of fields it asks for them first; a preview comes with the change."""

    change: BulkChange
    label: str
    fields: tuple[Field, ...] = ()
    question: str = ""  # asked before it is done, with the number of rows; for what is not easily undone
    is_danger: bool = False


@dataclass(frozen=True)
class Field:
    """A field of a form, by its JSON name in the input model, which also says what it takes.

    `control` names the macro of templates/admin/_fields.html.
    """

    name: str
    label: str
    control: Literal["text", "textarea", "select", "tick", "number", "date"] = "text"
    hint: str = ""
    choices: Choices | None = None
    on_new: bool = True
    on_change: bool = True
    width: Literal["", "half"] = ""


@dataclass(frozen=True)
class Part:
    """A card of fields in a form."""

    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Form:
    """How a row is made and changed. `change` takes (public id, wish, actor, version seen) and gives the row back.

    `at_first` are the values, by field, that the form for a new row starts with.
    """

    wish: type[Input]
    parts: tuple[Part, ...]
    values: Callable[[Row], Mapping[str, Any]]
    change: Callable[[str, Any, Actor, str], Row] | None = None
    create: Callable[[Any, Actor], Row] | None = None
    at_first: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> list[Field]:
        return [each for part in self.parts for each in part.fields]


@dataclass(frozen=True)
class Fact:
    """A labelled value beside a form or a detail; `shape` as of a Column."""

    label: str
    value: Any
    shape: str = "text"
    address: str = ""


@dataclass(frozen=True)
class Card:
    """A part of a detail page: a template of templates/admin, given what `load` reads of the row."""

    title: str
    template: str
    load: Callable[[Row], Mapping[str, Any]] = field(default=lambda row: {})


@dataclass(frozen=True)
class Detail:
    """What a row's page shows."""

    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Act:
    """A button on a row's page. `do` takes (public id, wish, actor); it leads back to the row, or to the list."""

    name: str  # a noun, for the address: deletion, merger
    label: str
    do: Callable[[str, Any, Actor], Any]
    said: str | Callable[[str, Any], str]  # afterwards; made of the row's name before and of what `do` gave back
    wish: type[Input] | None = None
    fields: Callable[[Row], tuple[Field, ...]] = lambda row: ()
    is_possible: Callable[[Row], bool] = lambda row: True
    hint: str = ""
    is_danger: bool = False
    leads_to_list: bool = False
    leads_to: Callable[[str], str] | None = None  # (public id), asked before it is done: the address it leads to
    leads_to_made: Callable[[Any], str] | None = None  # (what `do` gave back): the address of what was made
    values: Callable[[Row], Mapping[str, str]] = lambda row: {}  # what its fields hold at first
    is_main: bool = False  # what one is most likely to do there
    key: str = ""  # the letter that presses its button
    question: Callable[[Row, Any], str] | None = None  # (row, wish): what would come of it, shown on a page of its own

    def filled(self, row: Row) -> FilledForm:
        """Its fields as they are shown."""
        return FilledForm(self.values(row))

    def limit(self, name: str) -> tuple[bool, int | None]:
        """What its wish says of a field."""
        assert self.wish is not None
        return field_limits(self.wish, name)


@dataclass(frozen=True)
class Resource:
    """A kind of thing that staff look after (see the module's docstring)."""

    name: str
    title: str
    singular: str
    section: str
    read: str
    model: Any
    columns: tuple[Column, ...]
    write: str | None = None
    icon: str = "package"
    select: Callable[[], Select[Any]] | None = None
    prepare: Callable[[Sequence[Any]], Sequence[Row]] = lambda rows: rows
    row_name: Callable[[Row], str] = lambda row: str(row.name)
    row_id: Callable[[Row], str] = lambda row: str(row.public_id)
    row_key: Any = None  # the column of numbers by which rows without a public_id are named
    version: Callable[[Row], datetime | None] = lambda row: getattr(row, "updated_at", None)
    audit_kind: str = ""  # what the audit log calls it; empty: as `singular`
    search: Callable[[str], ColumnElement[bool]] | None = None
    search_hint: str = ""
    filters: tuple[Filter, ...] = ()
    tabs: tuple[Tab, ...] = ()
    sort: str = "name"
    in_order: Callable[[], Sequence[int]] | None = None  # all keys in an order that no column has, such as a tree's
    bulk: tuple[BulkAction, ...] = ()
    form: Form | None = None
    detail: Detail | None = None
    facts: Callable[[Row], Sequence[Fact]] = lambda row: ()
    acts: tuple[Act, ...] = ()
    links: Callable[[Row], Sequence[tuple[str, str]]] = lambda row: ()  # (words, address): such as "View in shop"
    list_links: tuple[tuple[str, str], ...] = ()  # (words, endpoint) above the list, beside its export
    has_pages: bool = True  # False: the list is all there is
    own_views: Mapping[str, str] = field(default_factory=dict)  # such as row or new -> the endpoint that is it instead
    is_empty_text: str = ""  # what the empty list says
    is_in_search: bool = False  # found by the search over everything
    note: Callable[[Row], str] = lambda row: ""  # the second line where the search shows it

    @property
    def shown(self) -> list[Column]:
        """The columns of the list's page."""
        return [column for column in self.columns if column.in_list]

    def statement(self) -> Select[Any]:
        """All rows there are, before search and filters."""
        return self.select() if self.select else select(self.model)

    def one(self, public_id: str) -> Select[Any]:
        """The row of this name outside."""
        if self.row_key is None:
            return self.statement().where(self.model.public_id == public_id)
        key = int(public_id) if public_id.isascii() and public_id.isdigit() and len(public_id) < 18 else -1
        return self.statement().where(self.row_key == key)

    def endpoint(self, view: str) -> str:
        """The name of a view of this resource, for url_for."""
        return self.own_views.get(view, f"admin.{self.name}_{view}")

    @property
    def kind(self) -> str:
        """What the audit log calls such a thing."""
        return self.audit_kind or self.singular

    @property
    def can_be_made(self) -> bool:
        has_form = "new" in self.own_views or (self.form is not None and self.form.create is not None)
        return has_form and self.write is not None


def words_in(*columns: Any) -> Callable[[str], ColumnElement[bool]]:
    """The condition that each word typed is somewhere in one of these columns, whatever its case."""

    def condition(text: str) -> ColumnElement[bool]:
        words = text.lower().split()[:MOST_WORDS]
        return and_(*(or_(*(func.lower(each).contains(word, autoescape=True) for each in columns)) for word in words))

    return condition


def field_limits(wish: type[BaseModel], name: str) -> tuple[bool, int | None]:
    """Whether the model insists on the field, and how many characters it takes at most."""
    for own_name, info in wish.model_fields.items():
        if (info.alias or own_name) == name:
            longest = next((each.max_length for each in info.metadata if getattr(each, "max_length", None)), None)
            return info.is_required(), longest
    raise ValueError(f"{wish.__name__} has no field {name}")
