"""The staff's tasks: a worker runs them; without Redis the scheduler does, a little at each of its turns."""

from __future__ import annotations

from rq.timeouts import JobTimeoutException

from shop.db import end_read
from shop.domain.staff_tasks.operations import note_asking, run_task, waiting_tasks
from shop.jobs.doorbell import RUN_STAFF_TASK, doorbell

IN_A_JOB = 40.0  # seconds; then the task is let go, and a worker is asked anew
IN_THE_SCHEDULER = 1.5


def run_staff_task(task_id: int) -> None:
    """Carry a task on. Called twice, late or for one that has ended, it does nothing."""
    run_task(task_id, IN_A_JOB, passing=(JobTimeoutException,))


def ask_for_staff_tasks() -> int:
    """Ask workers for the tasks that nobody has in hand; returns how many."""
    asked = 0
    for task_id in waiting_tasks():
        end_read()
        if doorbell().has_room(RUN_STAFF_TASK) and note_asking(task_id):
            asked += doorbell().ask(RUN_STAFF_TASK, task_id)
    return asked


def sweep_staff_tasks() -> int:
    """Have every waiting task carried on: by a worker, or here where there is none to ask."""
    waiting = waiting_tasks()
    end_read()
    if not waiting:
        return 0
    if doorbell().has_room(RUN_STAFF_TASK):
        return ask_for_staff_tasks()
    if doorbell().is_quiet:  # Redis is away
        for task_id in waiting[:1]:
            run_task(task_id, IN_THE_SCHEDULER)
        return 1
    return 0
