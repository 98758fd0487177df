"""Thousands of stolen cards tried out, and a thousand ordinary checkouts, at a shop with its usual limits (TRU-1)."""

from __future__ import annotations

import argparse
import collections
import itertools
import math
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bench.payments.buying import Wish, confirm_in_browser, order_by_api, order_on_page, pay_by_api, type_card
from bench.payments.card_shop import CardShop, card_shop
from bench.payments.case import Case
from bench.payments.events import ask
from bench.shopper import Shopper
from shop.domain.payments.shield import ALARM_WINDOW
from shop.settings import Settings

MOST_AT_THE_BANK = 20  # in ten minutes, which is how far the alarm looks back
KNOWN = 10  # who paid before, and pay again during the attack
THREADS = 6
BY_PAGE = 10  # one of so many
LIMITED = ("ratelimit_enabled", "card_", "max_open_")
USUAL = {  # what no setting changes, whatever other proofs take away
    name.upper(): str(setting.default).lower()
    for name, setting in Settings.model_fields.items()
    if name.startswith(LIMITED)
}
APPROVED, DECLINED = "pm_card_approve", "pm_card_decline_generic"


def cases(asked: argparse.Namespace) -> Iterator[Case]:
    for engine in asked.engines:
        for addresses in (1, 200):
            name = f"{engine}, {asked.stolen:,} stolen cards, addresses: {addresses}"
            yield Case(name, partial(prove_attack, engine, addresses, asked.stolen))
        yield Case(
            f"{engine}, {asked.checkouts:,} ordinary checkouts",
            partial(prove_ordinary, engine, asked.seed, asked.checkouts),
        )


@dataclass
class Seen:
    """What shoppers were answered."""

    statuses: collections.Counter[int] = field(default_factory=collections.Counter)
    wrong: list[str] = field(default_factory=list)

    def note(self, status: int) -> int:
        self.statuses[status] += 1
        return status


def _at_once(works: Sequence[Callable[[], object]], what: str, threads: int = THREADS) -> float:
    """Do all of them, so many at once; the seconds it took."""
    left, turn, began = iter(enumerate(works, 1)), threading.Lock(), time.monotonic()

    def go_on() -> None:
        while True:
            with turn:
                number, work = next(left, (0, None))
            if work is None:
                return
            work()
            if number % 250 == 0:
                print(f"  {what}: {number} of {len(works)}", flush=True)

    running = [threading.Thread(target=go_on, daemon=True) for _ in range(threads)]
    [thread.start() for thread in running]
    [thread.join() for thread in running]
    return time.monotonic() - began


def _asked_of(own: CardShop) -> int:
    """How often the bank was asked to charge a card."""
    return sum(call.endswith("/confirm") for call in own.bank.faults.calls)


# -- the attack --------------------------------------------------------------------------------------------------------


def prove_attack(engine: str, addresses: int, attempts: int) -> dict[str, Any]:
    with card_shop(engine, roles=("web", "worker"), **USUAL) as own:
        wish, seen, known = _wish(own), Seen(), Seen()
        for number in range(KNOWN):
            _pay_again(own, wish, known, number)
        ask(own, "let_payments_be_old")
        before, every = _asked_of(own), max(attempts // KNOWN, 1)
        works: list[Callable[[], object]] = []
        for number in range(attempts):
            works.append(partial(_try_card, own, wish, seen, number, addresses))
            if number % every == every // 2:
                works.append(partial(_pay_again, own, wish, known, number // every))
        seconds = _at_once(works, f"{engine}, {addresses} addresses")
        asked = _asked_of(own) - before - KNOWN
        audit = own.shop.hands.do("audit")
    wrong = [*seen.wrong, *known.wrong]
    most = MOST_AT_THE_BANK * math.ceil(seconds / ALARM_WINDOW.total_seconds())
    wrong += [f"{asked} stolen cards came to the bank"] if asked > most else []
    wrong += ["no stolen card came to the bank at all"] if not asked else []
    wrong += [f"audit: {audit}"] if audit != "clean" else []
    return _row(wrong, seconds, seen, {"cards tried": attempts, "at the bank": asked,
                "known who paid": f"{known.statuses[200] - KNOWN} of {KNOWN}"})  # fmt: skip


def _row(wrong: list[str], seconds: float, seen: Seen, told: dict[str, Any]) -> dict[str, Any]:
    if wrong:
        print("  WRONG:", *wrong[:20], sep="\n    ", flush=True)
    answers = dict(sorted(seen.statuses.items()))
    return {**told, "answers": answers, "seconds": f"{seconds:.0f}", "verdict": "FAILED" if wrong else "ok"}


def _wish(own: CardShop) -> Wish:
    product_id, variant_id = own.shop.hands.do("make_products", 1, 10**6)[0]
    return product_id, variant_id


def _pay_again(own: CardShop, wish: Wish, known: Seen, number: int) -> None:
    """Somebody who has paid here buys as ever."""
    shopper = Shopper(own.shop.port, 50_000 + number)
    placed = order_by_api(shopper, wish)
    if placed.status == 201:
        placed = pay_by_api(shopper, placed.json()["data"], type_card(own.bank, APPROVED, f"known-{number}"))
    if known.note(placed.status) != 200:
        known.wrong.append(f"known customer {number}: {placed.status} {placed.body[:200]!r}")
    shopper.close()


def _try_card(own: CardShop, wish: Wish, seen: Seen, number: int, addresses: int) -> None:
    """A new order, by nobody who is known, with a card that its bank declines."""
    thief = Shopper(own.shop.port, number % addresses, buyer=100_000 + number)
    card = type_card(own.bank, DECLINED, f"stolen-{number}")
    way = _try_on_page if number % BY_PAGE == 1 else _try_by_api
    status = seen.note(way(own, thief, wish, card))
    if status not in {204, 200, 303, 402, 409, 429}:
        seen.wrong.append(f"attempt {number}: {status}")
    thief.close()


def _try_by_api(_own: CardShop, thief: Shopper, wish: Wish, card: str) -> int:
    placed = order_by_api(thief, wish)
    return pay_by_api(thief, placed.json()["data"], card).status if placed.status == 201 else placed.status


def _try_on_page(own: CardShop, thief: Shopper, wish: Wish, card: str) -> int:
    answer = order_on_page(thief, wish)
    if "application/json" not in answer.headers.get("content-type", ""):
        return answer.status
    return confirm_in_browser(own.bank, answer.json()["clientSecret"], card)[0]


# -- ordinary days -----------------------------------------------------------------------------------------------------


def prove_ordinary(engine: str, seed: int, checkouts: int) -> dict[str, Any]:
    dice = random.Random(f"{seed} {engine}")
    with card_shop(engine, roles=("web", "worker"), **USUAL) as own:
        wish, seen = _wish(own), Seen()
        works = [
            partial(_buy, own, wish, seen, number, address, dice.random() < 0.05)
            for number, address in zip(range(checkouts), addresses(dice), strict=False)
        ]
        seconds = _at_once(works, f"{engine}, ordinary")
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and _unpaid(own):
            time.sleep(1)
        orders, unpaid, audit = own.shop.hands.do("orders"), _unpaid(own), own.shop.hands.do("audit")
    wrong = [*seen.wrong, *(f"{number} is {status}" for number, status in unpaid)]
    wrong += [f"{len(orders)} orders of {checkouts}"] if len(orders) != checkouts else []
    wrong += [f"audit: {audit}"] if audit != "clean" else []
    told = {"checkouts": checkouts, "refused by the shop": seen.statuses[429] + seen.statuses[409],
            "declined once": seen.statuses[402], "paid": len(orders) - len(unpaid)}  # fmt: skip
    return _row(wrong, seconds, seen, told)


def _unpaid(own: CardShop) -> list[tuple[str, str]]:
    return [(number, status) for _, number, status in own.shop.hands.do("orders") if status != "confirmed"]


def addresses(dice: random.Random) -> Iterator[int]:
    """Whose address each shopper has: most an own one, families of two to four and offices of eight share one."""
    for house in itertools.count():
        yield from itertools.repeat(house, dice.choices((1, dice.randint(2, 4), 8), (80, 15, 5))[0])


def _buy(own: CardShop, wish: Wish, seen: Seen, number: int, address: int, is_declined: bool) -> None:
    """An ordinary checkout; one who is declined takes another card."""
    shopper = Shopper(own.shop.port, address, buyer=200_000 + number)
    cards = [type_card(own.bank, DECLINED, f"empty-{number}")] if is_declined else []
    cards.append(type_card(own.bank, APPROVED, f"good-{number}"))
    way = _buy_on_page if number % BY_PAGE == 1 else _buy_by_api
    statuses = [seen.note(status) for status in way(own, shopper, wish, cards)]
    if statuses != [402] * (len(cards) - 1) + [200]:
        seen.wrong.append(f"checkout {number}: {statuses}")
    shopper.close()


def _buy_by_api(_own: CardShop, shopper: Shopper, wish: Wish, cards: list[str]) -> list[int]:
    placed = order_by_api(shopper, wish)
    if placed.status != 201:
        return [placed.status]
    return [pay_by_api(shopper, placed.json()["data"], card).status for card in cards]


def _buy_on_page(own: CardShop, shopper: Shopper, wish: Wish, cards: list[str]) -> list[int]:
    answer = order_on_page(shopper, wish)
    if "application/json" not in answer.headers.get("content-type", ""):
        return [answer.status]
    told = answer.json()
    statuses = [confirm_in_browser(own.bank, told["clientSecret"], card)[0] for card in cards]
    back = shopper.request("GET", told["returnUrl"].partition(str(own.shop.port))[2])
    return statuses if back.status in {302, 303} else [*statuses, back.status]
