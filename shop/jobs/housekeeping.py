"""What must be done now and then. Every task is made of conditional changes, so that two at once do no harm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from shop.domain.carts.operations import expire_carts
from shop.domain.checkout import cancel_unpaid_orders
from shop.domain.customers.operations import clear_ended_sessions
from shop.domain.customers.registration import forget_old_links
from shop.domain.customers.tokens import forget_old_families
from shop.domain.idempotency import forget_old_keys
from shop.domain.imports.uploads import forget_old_catalogues
from shop.domain.orders.operations import forget_refused_links
from shop.domain.orders.sold import recount_sold
from shop.domain.payments.provider_events import forget_old_events
from shop.domain.search.statistics import forget_old_searches, record_searches
from shop.domain.wishlists.operations import forget_wish_lists
from shop.extensions import search_tally
from shop.jobs.pictures import remove_old_pictures, remove_stray_uploads

log = structlog.get_logger()


@dataclass(frozen=True)
class Task:
    """Something to do every so many seconds. `run` returns how many rows it changed."""

    name: str
    every: float
    run: Callable[[], int]


def keep_search_counts() -> int:
    """Move what was counted in Redis into the table."""
    return record_searches(search_tally.take())


TASKS = (
    Task("unpaid_orders_cancelled", 10, cancel_unpaid_orders),
    Task("carts_expired", 60, expire_carts),
    Task("sessions_cleared", 60, clear_ended_sessions),
    Task("sign_ins_forgotten", 3600, forget_old_families),
    Task("account_links_forgotten", 3600, forget_old_links),
    Task("idempotency_keys_forgotten", 60, forget_old_keys),
    Task("searches_counted", 60, keep_search_counts),
    Task("old_searches_forgotten", 24 * 3600, forget_old_searches),
    Task("removed_pictures_cleared", 60, remove_old_pictures),
    Task("old_catalogues_forgotten", 3600, forget_old_catalogues),
    Task("stray_uploads_removed", 3600, remove_stray_uploads),
    Task("refused_order_links_forgotten", 3600, forget_refused_links),
    Task("provider_events_emptied", 3600, forget_old_events),
    Task("wish_lists_forgotten", 3600, forget_wish_lists),
    Task("sold_units_recounted", 3600, recount_sold),
)


def keep_house() -> None:
    """Do every task now."""
    for task in TASKS:
        run_task(task)


def run_task(task: Task) -> None:
    """Do one task, and say so when there was something to do."""
    changed = task.run()
    if changed:
        log.info(task.name, count=changed)
