"""Asking for tasks and carrying them on: each thing in a transaction of its own, together with the task's progress."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, and_, func, or_, select, update

from shop.db import (
    changed_rows,
    db,
    end_read,
    insert_unless_there,
    is_unreachable,
    new_public_id,
    operation,
    transaction_time,
)
from shop.domain.actors import Actor
from shop.domain.customers.models import User
from shop.domain.events import record_event
from shop.domain.inputs import Input
from shop.domain.staff_tasks.kinds import KINDS
from shop.domain.staff_tasks.models import StaffTask
from shop.errors import Conflict, Forbidden, Invalid, NotFound, ShopError, Unavailable

MOST_SUBJECTS = 10_000
AT_ONCE = 100  # things that are done while one waits; more are left to a worker
MOST_REPORTED = 200  # rows of a report; failures are kept before what went well
LEASE = timedelta(seconds=30)
NO_SUCH_TASK = "There is no such task."
OUR_FAULT = "This went wrong on our side; the log has it."
ASK_AGAIN = timedelta(seconds=30)  # after which a worker that was asked counts as lost

log = structlog.get_logger()


@operation
def queue_task(kind: str, wish: Input, subject_ids: Sequence[str], actor: Actor, form_key: str) -> StaffTask:
    """Write down what is to be done to these things; the same `form_key` finds the task it made before.

    Raises Invalid for nothing or too much to do, Forbidden for who may not do it, Conflict when another wish was sent
    with the key before.
    """
    change = KINDS[kind]
    if not actor.may(change.permission):
        raise Forbidden("Your role does not allow this. Ask an owner of the shop for it.")
    if not 1 <= len(subject_ids) <= MOST_SUBJECTS:
        raise Invalid(
            "Tick at least one row first." if not subject_ids else f"Narrow the list to at most {MOST_SUBJECTS} rows."
        )
    values = {
        "public_id": new_public_id("task"),
        "kind": kind,
        "form_key": form_key,
        "parameters": wish.model_dump(mode="json", by_alias=True),
        "subject_ids": list(dict.fromkeys(subject_ids)),
        "total_count": len(dict.fromkeys(subject_ids)),
        "user_id": actor.user_id,
        "address": actor.address or "",
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
        "created_at": transaction_time(),
    }
    made = insert_unless_there(StaffTask, [values])
    found = select(StaffTask).filter_by(form_key=form_key).execution_options(populate_existing=True)
    task = db.session.scalars(found).one()
    if not made and not _asks_for(task, values):
        raise Conflict(
            "This form was sent before, with another wish or other rows. That was asked for, this was not: look at what"
            " became of it, then send this anew."
        )
    if made and task.total_count > AT_ONCE:
        record_event("staff_task.queued", task.public_id)
    return task


def _asks_for(task: StaffTask, values: Mapping[str, Any]) -> bool:
    """Whether the task is the one that would have been made now."""
    same = all(getattr(task, name) == values[name] for name in ("kind", "parameters", "user_id"))
    return same and list(subjects_of(task.id)) == values["subject_ids"]


def run_task(task_id: int, seconds: float, passing: tuple[type[Exception], ...] = ()) -> bool:
    """Carry a task on for about so many seconds; True when nothing of it is left to do by anybody.

    Nothing is done while another one has it in hand. A task whose asker may not do it any more fails. Faults that
    pass, the database's and those of the `passing` types, are raised: once the lease ends, another one goes on there.
    """
    if not claim_task(task_id):
        return not is_waiting(task_id)
    asked_by = db.session.scalars(select(StaffTask.request_id).where(StaffTask.id == task_id)).one()
    with structlog.contextvars.bound_contextvars(request_id=asked_by):  # the log and the audit rows tell who asked
        return _carry_on(task_id, seconds, (Unavailable, *passing))


def _carry_on(task_id: int, seconds: float, passing: tuple[type[Exception], ...]) -> bool:
    until = time.monotonic() + seconds
    actor, subject_ids = find_actor(task_id), subjects_of(task_id)
    refusal = _prepare(task_id, passing)
    if refusal:
        give_up_task(task_id, refusal)
        return True
    until = max(until, time.monotonic() + min(seconds, 1.0))  # however long reading took, it was not for nothing
    while time.monotonic() < until:
        place = next_place(task_id, subject_ids)
        if place is None:
            finish_task(task_id)
            return True
        if actor is None or not actor.may(KINDS[place.kind].permission):
            give_up_task(task_id, "Whoever asked for this may not do it any more.")
            return True
        _do_next(place, actor, passing)
    release_task(task_id)
    return False


def _prepare(task_id: int, passing: tuple[type[Exception], ...]) -> str:
    """Read what all changes of the task need; says why that cannot be."""
    task = db.session.get_one(StaffTask, task_id, populate_existing=True)
    change, parameters = KINDS[task.kind], task.parameters
    if change.prepare is None:
        return ""
    end_read()
    try:
        change.prepare(change.wish.model_validate(parameters))
    except passing:
        raise
    except ShopError as refusal:
        return refusal.message
    except Exception as error:  # it would go wrong at each of its turns, for ever
        if is_unreachable(error):
            raise
        log.exception("staff_task_not_prepared", kind=change.kind, error=type(error).__name__)
        return OUR_FAULT
    return ""


def _do_next(place: Place, actor: Actor, passing: tuple[type[Exception], ...]) -> None:
    try:
        change_next(place, actor)
    except passing:
        raise  # the database is busy, or the time is up: the next one to claim the task goes on
    except ShopError as refusal:
        note_refusal(place, refusal.message)
    except Exception as error:  # a bug in one thing's change must not keep the others from theirs
        if is_unreachable(error):
            raise
        log.exception("staff_task_row_failed", kind=place.kind, error=type(error).__name__)
        note_refusal(place, OUR_FAULT)


class Place:
    """The next thing of a task: where it stands and what is to be done to it."""

    def __init__(self, task: StaffTask, subject_ids: Sequence[str]) -> None:
        self.task_id, self.position, self.kind = task.id, task.position, task.kind
        self.subject_id = subject_ids[task.position]
        self.parameters: dict[str, Any] = task.parameters


def subjects_of(task_id: int) -> Sequence[str]:
    """The public ids of what the task is about."""
    return db.session.scalars(select(StaffTask.subject_ids).where(StaffTask.id == task_id)).one()


def next_place(task_id: int, subject_ids: Sequence[str]) -> Place | None:
    """The next thing to do of a running task; None when all is done."""
    task = db.session.get_one(StaffTask, task_id, populate_existing=True)
    return Place(task, subject_ids) if task.status == "running" and task.position < task.total_count else None


@operation
def change_next(place: Place, actor: Actor) -> None:
    """Do it to the one thing and move on, both or neither. Raises what the change raises."""
    if not _move_on(place, StaffTask.done_count):
        return  # another one was quicker
    change = KINDS[place.kind]
    wish = change.wish.model_validate(place.parameters)
    name = change.names([place.subject_id]).get(place.subject_id, place.subject_id)
    said = change.change(place.subject_id, wish, actor)
    _report(place, name, said or "Nothing to change.", is_well=True)


@operation
def note_refusal(place: Place, sentence: str) -> None:
    """Move on past a thing that could not be changed, and say why."""
    if not _move_on(place, StaffTask.failed_count):
        return
    name = KINDS[place.kind].names([place.subject_id]).get(place.subject_id, place.subject_id)
    _report(place, name, sentence, is_well=False)


def _move_on(place: Place, counter: Any) -> bool:
    """Count the thing, unless somebody has; the row stays locked to the end of the operation."""
    statement = (
        update(StaffTask)
        .where(StaffTask.id == place.task_id, StaffTask.status == "running")
        .where(StaffTask.done_count + StaffTask.failed_count == place.position)
        .values({counter: counter + 1, StaffTask.lease_until: transaction_time() + LEASE})
    )
    return changed_rows(db.session.execute(statement.execution_options(synchronize_session=False))) == 1


def _report(place: Place, name: str, words: str, *, is_well: bool) -> None:
    task = db.session.get_one(StaffTask, place.task_id, populate_existing=True)
    rows = task.rows
    if len(rows) >= MOST_REPORTED and is_well:
        return
    if len(rows) >= MOST_REPORTED:
        well = next((number for number, row in enumerate(rows) if row[3]), None)
        if well is None:
            return
        del rows[well]
    task.report = {"rows": [*rows, [place.subject_id, name[:120], words[:300], is_well]]}


# -- who has it in hand -----------------------------------------------------------------------------------------------


@operation
def claim_task(task_id: int) -> bool:
    """Take a task that nobody has in hand; False when somebody has, or nothing is left of it."""
    now = transaction_time()
    statement = (
        update(StaffTask)
        .where(StaffTask.id == task_id, _is_free(now))
        .values(status="running", lease_until=now + LEASE, started_at=func.coalesce(StaffTask.started_at, now))
    )
    return changed_rows(db.session.execute(statement.execution_options(synchronize_session=False))) == 1


def _is_free(now: Any) -> ColumnElement[bool]:
    ended = and_(StaffTask.status == "running", or_(StaffTask.lease_until.is_(None), StaffTask.lease_until < now))
    return or_(StaffTask.status == "queued", ended)


@operation
def release_task(task_id: int) -> None:
    """Let go of a task that is not at its end, for whoever goes on."""
    db.session.execute(
        update(StaffTask)
        .where(StaffTask.id == task_id, StaffTask.status == "running")
        .values(lease_until=None, asked_at=None)
    )


@operation
def finish_task(task_id: int) -> None:
    """Mark a task as done, once all of its things were looked at."""
    db.session.execute(
        update(StaffTask)
        .where(StaffTask.id == task_id, StaffTask.status == "running")
        .where(StaffTask.done_count + StaffTask.failed_count == StaffTask.total_count)
        .values(status="done", finished_at=transaction_time(), lease_until=None)
    )


@operation
def give_up_task(task_id: int, sentence: str) -> None:
    """End a task that may not go on, and say why."""
    task = db.session.get_one(StaffTask, task_id, populate_existing=True)
    task.status, task.finished_at, task.lease_until = "failed", transaction_time(), None
    task.report = {**task.report, "reason": sentence}


def waiting_tasks(limit: int = 20) -> list[int]:
    """The keys of tasks that nobody has in hand and no worker was asked for of late, the oldest first."""
    now = transaction_time()
    unasked = or_(StaffTask.asked_at.is_(None), StaffTask.asked_at < now - ASK_AGAIN)
    statement = select(StaffTask.id).where(_is_free(now), unasked).order_by(StaffTask.id).limit(limit)
    return list(db.session.scalars(statement))


@operation
def note_asking(task_id: int) -> bool:
    """Note that a worker is being asked for; False when that was done a moment ago."""
    now = transaction_time()
    unasked = or_(StaffTask.asked_at.is_(None), StaffTask.asked_at < now - ASK_AGAIN)
    statement = update(StaffTask).where(StaffTask.id == task_id, _is_free(now), unasked).values(asked_at=now)
    return changed_rows(db.session.execute(statement.execution_options(synchronize_session=False))) == 1


# -- reading ----------------------------------------------------------------------------------------------------------


def is_waiting(task_id: int) -> bool:
    """Whether the task is not at its end."""
    status = db.session.scalar(select(StaffTask.status).where(StaffTask.id == task_id))
    return status in {"queued", "running"}


def find_actor(task_id: int) -> Actor | None:
    """Who asked for the task, with the permissions that they have now; None when they are gone."""
    task = db.session.get_one(StaffTask, task_id, populate_existing=True)
    if task.user_id is None:
        return None
    user = db.session.get(User, task.user_id, populate_existing=True)
    if user is None or not user.is_active:
        return None
    return Actor("staff", user.id, task.address or None, frozenset(user.permissions))


def get_task(public_id: str) -> StaffTask:
    """The task of this id; raises NotFound."""
    task = db.session.scalars(
        select(StaffTask).filter_by(public_id=public_id).execution_options(populate_existing=True)
    ).one_or_none()
    if task is None:
        raise NotFound(NO_SUCH_TASK)
    return task


def list_tasks(limit: int = 50) -> Sequence[StaffTask]:
    """The last tasks, the newest first."""
    return db.session.scalars(select(StaffTask).order_by(StaffTask.id.desc()).limit(limit)).all()


def count_open_tasks() -> int:
    """How many tasks wait or run."""
    waiting = select(func.count()).select_from(StaffTask).where(StaffTask.status.in_(("queued", "running")))
    return db.session.scalar(waiting) or 0
