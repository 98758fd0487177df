"""What becomes of payments at the bank, a step at a time, so that the stories of many orders mix.

Each story is a generator: what it does between two `yield`s happens at one moment, and the bank owes events for it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from shop.demo.bank.errors import BankError
from tests.bank import RunningBank

APPROVE, SECURE, SLOW = "pm_card_approve", "pm_card_3ds", "pm_card_processing"
DECLINES = ("pm_card_decline_generic", "pm_card_decline_insufficient_funds", "pm_card_decline_expired")
Steps = Iterator[None]


class Teller:
    """Does at the bank what customers, staff at its dashboard and other banks do; the shop is not asked."""

    def __init__(self, running: RunningBank) -> None:
        self.running, self.bank, self.store = running, running.bank, running.bank.store

    def do(self, work: Callable[..., Any], *arguments: Any) -> Any:
        with self.store.transaction():
            try:
                return work(*arguments)
            except BankError as error:
                if not error.is_kept:
                    raise
                return None

    def charge(self, intent: str, card: str) -> None:
        self.do(self.bank.confirm_intent, intent, {"payment_method": card})

    def answer(self, intent: str, approves: bool) -> None:
        secret = self.bank.get("payment_intent", intent)["client_secret"]
        self.do(self.bank.answer_question, intent, secret, approves)

    def cancel(self, intent: str) -> None:
        self.do(self.bank.cancel_intent, intent, {})

    def refund(self, intent: str, amount: int | None = None) -> None:
        wanted = {"payment_intent": intent, **({"amount": str(amount)} if amount else {})}
        self.do(self.bank.create_refund, wanted)

    def dispute(self, intent: str) -> str:
        charge = self.bank.get("payment_intent", intent)["latest_charge"]
        self.do(self.bank.open_dispute, charge)
        return next(each["id"] for each in self.store.list_after("dispute") if each["charge"] == charge)

    def tell(self, type_: str, **thing: Any) -> None:
        """Owe an event of what this bank does not do by itself."""
        self.do(self.bank.tell, type_, thing)


def approve(teller: Teller, intent: str, _dice: random.Random) -> Steps:
    teller.charge(intent, APPROVE)
    yield


def decline(teller: Teller, intent: str, dice: random.Random) -> Steps:
    for _ in range(dice.randint(1, 4)):
        teller.charge(intent, dice.choice(DECLINES))
        yield


def decline_too_often(teller: Teller, intent: str, dice: random.Random) -> Steps:
    for _ in range(dice.randint(5, 6)):
        teller.charge(intent, dice.choice(DECLINES))
        yield


def decline_then_approve(teller: Teller, intent: str, dice: random.Random) -> Steps:
    yield from decline(teller, intent, dice)
    yield from approve(teller, intent, dice)


def ask_first(teller: Teller, intent: str, dice: random.Random) -> Steps:
    teller.charge(intent, SECURE)
    yield
    teller.answer(intent, dice.random() < 0.7)
    yield


def take_a_while(teller: Teller, intent: str, dice: random.Random) -> Steps:
    teller.charge(intent, dice.choice((SLOW, SLOW, "pm_card_processing_decline")))
    yield


def cancel(teller: Teller, intent: str, _dice: random.Random) -> Steps:
    teller.cancel(intent)
    yield


def nothing(_teller: Teller, _intent: str, _dice: random.Random) -> Steps:
    yield


def refund_all(teller: Teller, intent: str, dice: random.Random) -> Steps:
    yield from approve(teller, intent, dice)
    teller.refund(intent)
    yield


def refund_parts(teller: Teller, intent: str, dice: random.Random) -> Steps:
    yield from approve(teller, intent, dice)
    for _ in range(dice.randint(1, 3)):
        teller.refund(intent, dice.randint(100, 300))
        yield


def dispute(teller: Teller, intent: str, dice: random.Random) -> Steps:
    yield from approve(teller, intent, dice)
    found = teller.dispute(intent)
    yield
    teller.tell("charge.dispute.updated", **teller.bank.get("dispute", found))
    yield
    if ends := dice.choice(("won", "lost", "")):
        teller.do(teller.bank.close_dispute, found, ends)
        yield


def approve_and_perhaps_refund(teller: Teller, intent: str, dice: random.Random) -> Steps:
    yield from approve(teller, intent, dice)
    if dice.random() < 0.5:
        teller.refund(intent, 200)
        yield


class Fate(NamedTuple):
    """How many of a hundred orders; the card that the shop charges at once; what the shop does of itself."""

    share: int
    story: Callable[[Teller, str, random.Random], Steps]
    card: str = ""
    shop: str = ""


FATES = {
    "approved": Fate(20, approve),
    "approved by the API": Fate(6, nothing, APPROVE),
    "declined, approved": Fate(15, decline_then_approve),
    "declined by the API, approved": Fate(5, approve, DECLINES[0]),
    "declined": Fate(6, decline),
    "declined too often": Fate(3, decline_too_often),
    "asked first": Fate(6, ask_first),
    "processing": Fate(6, take_a_while),
    "cancelled": Fate(4, cancel),
    "left open": Fate(2, nothing),
    "refunded": Fate(6, refund_all),
    "refunded in parts": Fate(6, refund_parts),
    "disputed": Fate(7, dispute),
    "refund slow": Fate(3, nothing, "pm_card_refund_slow", "give_back"),
    "refund failed": Fate(3, nothing, "pm_card_refund_fail", "give_back"),
    "cancelled, paid late": Fate(4, approve, "", "cancel_orders"),
    "forgotten": Fate(4, approve_and_perhaps_refund, "", "forget_references"),
}
SUBSCRIPTIONS = 8  # of a hundred orders


def subscribe(teller: Teller, dice: random.Random) -> Steps:
    """A standing order: begun, paid, changed, perhaps ended."""
    customer = teller.do(teller.bank.create_customer, {"email": f"{dice.random()}@example.com"})
    subscription = teller.do(teller.bank.create_subscription, {"customer": customer["id"]})["id"]
    yield
    for month in range(dice.randint(1, 3)):
        named: dict[str, Any] = {"subscription": subscription}
        shape = named if month % 2 else {"parent": {"subscription_details": named}}
        teller.tell("invoice.payment_succeeded", id=f"in_{subscription}_{month}", object="invoice", **shape)
        yield
    if dice.random() < 0.6:
        teller.do(teller.bank.change_subscription, subscription, {"cancel_at_period_end": "true"})
        yield
    if dice.random() < 0.5:
        teller.do(teller.bank.end_subscription, subscription)
        yield


STRANGE = (
    "payment_intent.succeeded", "payment_intent.payment_failed", "charge.refunded", "refund.updated",
    "charge.dispute.created", "customer.subscription.updated", "invoice.payment_succeeded",
)  # fmt: skip


def be_strange(teller: Teller, count: int) -> set[str]:
    """Events of what the bank does not have, and of payments of somebody else; their names there."""
    strangers = {f"xx_strange_{number}" for number in range(count)}
    for number, stranger in enumerate(sorted(strangers)):
        teller.tell(STRANGE[number % len(STRANGE)], id=stranger, object="thing", payment_intent="pi_x")
    for number in range(count // 2):
        metadata = {"order_id": "ord_elsewhere", "payment_id": f"pay_elsewhere_{number}"} if number % 2 else {}
        wanted = {"amount": "1000", "currency": "usd", "metadata": metadata}
        intent = teller.do(teller.bank.create_intent, wanted)["id"]
        teller.charge(intent, APPROVE)
        strangers.add(intent)
    return strangers


def mix(stories: list[Steps], dice: random.Random) -> None:
    """Let all of them go on, a step of any of them at a time, until all have ended."""
    while stories:
        number = dice.randrange(len(stories))
        if next(stories[number], "ended") == "ended":
            stories[number] = stories[-1]
            stories.pop()
