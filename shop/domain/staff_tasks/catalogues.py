"""The tasks of an uploaded catalogue: its dry run and its import, one of each a file."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from shop.db import db, operation
from shop.domain.actors import Actor
from shop.domain.bulk_changes import BulkChange
from shop.domain.imports.models import CatalogueFile
from shop.domain.imports.uploads import REHEARSAL, CatalogueRead, FileWish, keep_catalogue
from shop.domain.staff_tasks.models import StaffTask
from shop.domain.staff_tasks.operations import queue_task


@operation
def upload_catalogue(
    name: str, content: bytes, read: CatalogueRead, actor: Actor, currency: str, *, sets_stock: bool
) -> CatalogueFile:
    """Keep an uploaded catalogue and have it rehearsed, both or neither. Raises what queue_task raises."""
    file = keep_catalogue(name, content, read, actor, sets_stock=sets_stock)
    queue_catalogue_task(file.public_id, REHEARSAL, list(read.products), actor, currency)
    return file


@operation
def queue_catalogue_task(
    public_id: str, change: BulkChange, handles: Sequence[str], actor: Actor, currency: str
) -> StaffTask:
    """Have these products of the file rehearsed or imported; whoever asks a second time is led to the first task."""
    there = find_catalogue_task(public_id, change)
    if there is not None:
        return there
    wish = FileWish.model_validate({"file": public_id, "currency": currency})
    return queue_task(change.kind, wish, handles, actor, _key(public_id, change))


def find_catalogue_task(public_id: str, change: BulkChange) -> StaffTask | None:
    """The dry run or the import of the file, once it was asked for."""
    statement = select(StaffTask).filter_by(form_key=_key(public_id, change)).execution_options(populate_existing=True)
    return db.session.scalars(statement).one_or_none()


def _key(public_id: str, change: BulkChange) -> str:
    return f"{change.kind.partition('.')[2]}:{public_id}"[:64]
