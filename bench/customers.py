"""Customers who do not give up: they order by API and by pages, again and again, and note every answer they got."""

from __future__ import annotations

import collections
import http.client
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from bench.running_shop import RunningShop
from bench.shopper import Answer, Shopper
from bench.staff import sign_in

R = TypeVar("R")
MOST_SECONDS = 15.0  # for an answer, whatever happens (reliability.md D44)
PATIENCE = 120.0  # seconds in which one of them tries the same again
PAUSE = 0.2  # seconds between two purchases
BROKEN = (OSError, http.client.HTTPException)
NOT_YET = (*BROKEN, AssertionError, KeyError, ValueError)
NOWHERE = "/no/such/page"
PAGES = (
    "/",
    "/categories/proofs",
    "/search?q=proof",
    "/cart",
    "/checkout",
    "/account",
    "/api/v1/products?limit=5",
    "/admin",
    "/admin/orders",
    NOWHERE,
)


@dataclass
class Watch:
    """What all of them saw: answers by status, the slowest, connections that broke, what came late, what is wrong."""

    statuses: collections.Counter = field(default_factory=collections.Counter)
    slowest: float = 0.0
    broken: int = 0
    late: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def note(self, what: str, answer: Answer, seconds: float) -> None:
        self.statuses[answer.status] += 1
        self.slowest = max(self.slowest, seconds)
        is_told_when = answer.status == 503 and "retry-after" in answer.headers
        if answer.status >= 500 and not is_told_when:
            self.wrong.append(f"{what}: {answer.status} {answer.body[:200]!r}")
        if seconds > MOST_SECONDS:
            self.late.append(f"{what}: {answer.status} after {seconds:.1f} s")


@dataclass
class WatchedShopper(Shopper):
    """A shopper whose every answer is noted."""

    watch: Watch = field(default_factory=Watch)

    def request(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        started = time.monotonic()
        try:
            answer = super().request(method, path, body, **headers)
        except BROKEN:
            self.watch.broken += 1
            if time.monotonic() - started > MOST_SECONDS:
                self.watch.late.append(f"{method} {path}: broken after {time.monotonic() - started:.1f} s")
            raise
        self.watch.note(f"{method} {path}", answer, time.monotonic() - started)
        return answer


class Customers:
    """Threads that buy one unit of a variant after the other until they are stopped, and one that looks around.

    `acknowledged` are the ids of the orders that they were told of. `ways`: how each of them buys, if not in cash.
    `first`: the number of the first shopper, where others were at this shop before.
    """

    def __init__(
        self,
        shop: RunningShop,
        wish: tuple[str, str],
        ways: Sequence[Way] | None = None,
        *,
        first: int = 0,
        look_around: bool = True,
    ) -> None:
        self.shop, self.wish, self.watch = shop, wish, Watch()
        self.acknowledged: list[str] = []
        self._is_over = threading.Event()
        ways = ways or [_order_by_api] * 3 + [_order_by_pages] * 2
        self._threads = [
            threading.Thread(target=self._buy, args=(first + number * 100_000, way), daemon=True)
            for number, way in enumerate(ways)
        ]
        if look_around:
            self._staff_email = shop.hands.do("make_staff", 1)[0]
            number = first + len(ways) * 100_000
            self._threads.append(threading.Thread(target=self._look_around, args=(number,), daemon=True))

    def start(self) -> None:
        [thread.start() for thread in self._threads]

    def stop(self) -> None:
        """Let each finish the order that it is at."""
        self._is_over.set()
        for thread in self._threads:
            thread.join(PATIENCE + 10)
            if thread.is_alive():
                self.watch.wrong.append("a customer did not come to an end")

    def shopper(self, number: int) -> WatchedShopper:
        return WatchedShopper(self.shop.port, number, watch=self.watch)

    def again(self, attempt: Callable[[], R], shopper: Shopper) -> R:
        """Try until it is done, as somebody on a bad line would. Raises TimeoutError after two minutes."""
        give_up = time.monotonic() + PATIENCE
        while True:
            try:
                return attempt()
            except NOT_YET as error:
                shopper.close()
                if time.monotonic() > give_up:
                    self.watch.wrong.append(f"two minutes of trying did not help: {error!r}"[:300])
                    raise TimeoutError from error
            time.sleep(0.1)

    def _buy(self, first: int, way: Way) -> None:
        count = 0
        while not self._is_over.is_set():
            count += 1
            shopper = self.shopper(first + count)
            self.acknowledged.append(way(self, shopper))
            shopper.close()
            time.sleep(PAUSE)

    def _look_around(self, number: int) -> None:
        """Pages of every face, by a member of staff: they are there, or the shop says when to come back."""
        browser = self.shopper(number)
        self.again(lambda: sign_in(browser, self._staff_email), browser)
        self.again(lambda: browser.fill_cart_on_page(*self.wish), browser)
        while not self._is_over.is_set():
            for path in PAGES:
                try:
                    answer = browser.request("GET", path)
                except BROKEN:
                    browser.close()
                    continue
                if answer.status not in {404 if path == NOWHERE else 200, 503}:
                    self.watch.wrong.append(f"GET {path}: {answer.status} {answer.headers.get('location', '')}")
            browser.close()
            time.sleep(PAUSE)


Way = Callable[[Customers, WatchedShopper], str]  # buys once; the id of the order


def _order_by_api(customers: Customers, shopper: WatchedShopper) -> str:
    key = {"Idempotency-Key": f"customer-{shopper.number}"}
    cart_id = customers.again(lambda: shopper.fill_cart(*customers.wish), shopper)
    placed = customers.again(lambda: wanted(shopper.place(cart_id, **key), 201), shopper)
    order = placed.json()["data"]
    customers.again(lambda: wanted(shopper.pay(order, **key), 200), shopper)
    return order["id"]


def _order_by_pages(customers: Customers, shopper: WatchedShopper) -> str:
    placed = order_on_page(customers, shopper, {}, (303, 400, 409))
    path = placed.headers["location"].partition("?")[0]
    assert path.startswith("/orders/"), path
    return path.removeprefix("/orders/")


def order_on_page(
    customers: Customers, shopper: WatchedShopper, fields: dict[str, str], statuses: tuple[int, ...], **headers: str
) -> Answer:
    """Fill the form of the checkout and send it until an order is there; the answer to it."""

    def open_checkout() -> dict[str, str]:
        shopper.cookies.clear()  # a cart that may be filled or not is left for a new one
        shopper.fill_cart_on_page(*customers.wish)
        return {**shopper.checkout_form(), **fields}

    while True:  # the form is not known, as its session could not be stored: the shop says to open it again
        form = customers.again(open_checkout, shopper)
        placed = customers.again(
            lambda form=form: wanted(shopper.post_form("/checkout", form, **headers), *statuses), shopper
        )
        if placed.status < 400:
            return placed


def wanted(answer: Answer, *statuses: int) -> Answer:
    if answer.status not in statuses:
        raise ValueError(f"{answer.status} {answer.body[:300]!r}")
    return answer
