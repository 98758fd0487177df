"""What can be done to many things at once: one operation a thing, so that each succeeds or fails by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shop.domain.actors import Actor
from shop.domain.inputs import Input


class NothingToSay(Input):
    """The wish of a change that needs no more to be known."""


@dataclass(frozen=True)
class Preview:
    """What a change would make of one value of one thing."""

    subject_id: str
    name: str
    before: str
    after: str


@dataclass(frozen=True)
class BulkChange:
    """A change of many things. `change` is an operation on one of them: it does it, writes its audit entry and says
    what it did, in a few words, or nothing when there was nothing to do; it raises a ShopError when it cannot.

    `preview` makes one after the other, as many as are looked at.
    `prepare` reads what takes long and serves every one of them; it is called before, outside of any operation.
    """

    kind: str  # dotted, such as products.status
    permission: str
    change: Callable[[str, Any, Actor], str]
    names: Callable[[Sequence[str]], Mapping[str, str]]  # public ids to names, for the report
    wish: type[Input] = NothingToSay
    preview: Callable[[Sequence[str], Any], Iterator[Preview]] | None = None
    prepare: Callable[[Any], None] | None = None
