"""A payment provider in memory: a ledger of its own, true idempotency, and failures before or after the effect.

Cards decide what happens: see CARDS. Deterministic, and safe for several threads.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from shop.db import refuse_inside_operation
from shop.money import Money
from shop.payment_provider import (
    BadSignature,
    Card,
    CardDeclined,
    Intent,
    IntentWish,
    OutcomeUnknown,
    ProviderDispute,
    ProviderRefund,
    ProviderRefused,
    ProviderSubscription,
    SignedEvent,
    UnknownCard,
    UnknownCustomer,
)

T = TypeVar("T")
GOOD, DECLINED, POOR, SECURE, SLOW = "pm_good", "pm_declined", "pm_poor", "pm_secure", "pm_slow"
WORDS = {DECLINED: ("Your card was declined.", "card_declined"), POOR: ("Not enough money.", "insufficient_funds")}
SIGNATURE = "signed"


class FakeProvider:
    """`fail_next(method, when)` has its next call be lost: before its effect, after it, or for good (`refused`).

    `kept`: nothing is done, and that it failed is the answer under its key from then on.
    """

    name = "stripe"

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.clock = clock
        self.intents: dict[str, Intent] = {}
        self.refunds: dict[str, ProviderRefund] = {}
        self.disputes: dict[str, ProviderDispute] = {}
        self.subscriptions: dict[str, ProviderSubscription] = {}
        self.customers: dict[str, str] = {}
        self.charges: list[str] = []  # ids of intents, one each time money was taken
        self.tries = 0  # cards that reached the bank
        self.refund_status = "succeeded"
        self.events: list[tuple[str, str]] = []  # (type, object) as they happened
        self.before: Callable[[str], None] = lambda method: None  # called before each call, outside the lock
        self._answers: dict[str, tuple[Any, Any]] = {}
        self._failures: list[tuple[str, str]] = []
        self._numbers = itertools.count(1)
        self._lock = threading.RLock()

    # -- for tests

    def fail_next(self, method: str, when: str) -> None:
        self._failures.append((method, when))

    def finish(self, intent_id: str, status: str) -> None:
        """What the shopper or the bank does: `succeeded`, `declined`, `cancelled`."""
        with self._lock:
            intent = self.intents[intent_id]
            if intent.status in ("succeeded", "cancelled"):
                return
            if status == "succeeded":
                self._take(intent_id)
            elif status == "declined":
                self.tries += 1
                card = Card("pm_browser", "visa", "0002", "12/2030", f"fp_{next(self._numbers)}")
                self._set(intent_id, status="requires_payment_method", failure=WORDS[DECLINED][0],
                          failure_code="card_declined", card=card)  # fmt: skip
                self.events.append(("payment_intent.payment_failed", intent_id))
            else:
                self._set(intent_id, status=status)
                self.events.append((f"payment_intent.{status.replace('cancelled', 'canceled')}", intent_id))

    def refund_elsewhere(self, intent_id: str, amount: int) -> ProviderRefund:
        """Somebody gives money back in the provider's dashboard."""
        with self._lock:
            return self._refund(intent_id, Money(amount, self.intents[intent_id].amount.currency), "")

    def finish_refund(self, refund_id: str, status: str) -> None:
        with self._lock:
            refund = self.refunds[refund_id]
            if status == "failed" and refund.status != "failed":
                intent = self.intents[refund.intent_id]
                self._set(intent.id, refunded=intent.refunded - refund.amount)
            self.refunds[refund_id] = replace(refund, status=status, failure="The bank sent it back.")
            self.events.append(("refund.updated", refund_id))

    def change(self, intent_id: str, **values: Any) -> None:
        """Make an intent what the shop never asked for."""
        self._set(intent_id, **values)

    @property
    def taken(self) -> int:
        return sum(intent.captured.amount for intent in self.intents.values())

    @property
    def given(self) -> int:
        return sum(refund.amount.amount for refund in self.refunds.values() if refund.status != "failed")

    # -- the provider

    def create_intent(self, wish: IntentWish, key: str) -> Intent:
        def create() -> Intent:
            self._check_customer(wish.customer)
            number = next(self._numbers)
            intent = Intent(
                id=f"pi_{number}",
                status="requires_payment_method",
                amount=wish.amount,
                captured=wish.amount * 0,
                refunded=wish.amount * 0,
                order_id=wish.order_id,
                payment_id=wish.payment_id,
                client_secret=f"pi_{number}_secret",
                card=None,
                failure="",
                failure_code="",
                created_at=self.clock(),
                customer=wish.customer or "",
                keeps_card=wish.save_card,
            )
            self.intents[intent.id] = intent
            return intent

        intent = self._call("create_intent", create, key, wish)
        return self.intents[intent.id]

    def fetch_intent(self, intent_id: str) -> Intent:
        return self._call("fetch_intent", lambda: self._get(self.intents, intent_id))

    def confirm_intent(self, intent_id: str, payment_method: str, return_url: str, key: str) -> Intent:
        return self._call(
            "confirm_intent", lambda: self._confirm(intent_id, payment_method), key, (intent_id, payment_method)
        )

    def change_keeping(self, intent_id: str, customer: str | None, keeps_card: bool) -> Intent:
        def change() -> Intent:
            self._check_customer(customer)
            intent = self._get(self.intents, intent_id)
            self._set(intent_id, customer=customer or intent.customer, keeps_card=keeps_card)
            return self.intents[intent_id]

        return self._call("change_keeping", change)

    def cancel_intent(self, intent_id: str) -> Intent:
        def cancel() -> Intent:
            intent = self._get(self.intents, intent_id)
            if intent.status == "processing":
                raise ProviderRefused("It is being processed.", "payment_intent_unexpected_state")
            if intent.status not in ("succeeded", "cancelled"):
                self._set(intent_id, status="cancelled")
                self.events.append(("payment_intent.canceled", intent_id))
            return self.intents[intent_id]

        return self._call("cancel_intent", cancel)

    def list_intents(self, since: datetime) -> Iterator[Intent]:
        found = [each for each in self.intents.values() if each.created_at >= since]
        return iter(self._call("list_intents", lambda: found[::-1]))

    def create_refund(self, intent_id: str, amount: Money, refund_id: str, key: str) -> ProviderRefund:
        made = self._call("create_refund", lambda: self._refund(intent_id, amount, refund_id), key, (intent_id, amount))
        return self.refunds[made.id]

    def fetch_refund(self, provider_refund_id: str) -> ProviderRefund:
        return self._call("fetch_refund", lambda: self._get(self.refunds, provider_refund_id))

    def list_refunds(self, since: datetime) -> Iterator[ProviderRefund]:
        found = [each for each in self.refunds.values() if each.created_at >= since]
        return iter(self._call("list_refunds", lambda: found[::-1]))

    def fetch_dispute(self, dispute_id: str) -> ProviderDispute:
        return self._call("fetch_dispute", lambda: self._get(self.disputes, dispute_id))

    def fetch_subscription(self, subscription_id: str) -> ProviderSubscription:
        return self._call("fetch_subscription", lambda: self._get(self.subscriptions, subscription_id))

    def create_customer(self, email: str, user_id: str, key: str) -> str:
        def create() -> str:
            return self.customers.setdefault(user_id, f"cus_{next(self._numbers)}_{user_id}")

        return self._call("create_customer", create, key, email)

    def list_cards(self, customer: str) -> list[Card]:
        return []

    def forget_card(self, payment_method: str) -> None:
        pass

    def read_event(self, body: bytes, signature: str) -> SignedEvent:
        if signature != SIGNATURE:
            raise BadSignature("no")
        try:
            values = json.loads(body)
            return SignedEvent(values["id"], values["type"], values["data"]["object"]["id"], self.clock())
        except (ValueError, KeyError, TypeError) as error:
            raise BadSignature("no event") from error

    # -- inside

    def _call(self, method: str, act: Callable[[], T], key: str = "", wish: Any = None) -> T:
        refuse_inside_operation(method)
        self.before(method)
        with self._lock:
            failure = next((each for each in self._failures if each[0] == method), None)
            if failure is not None:
                self._failures.remove(failure)
                if failure[1] == "before":
                    raise OutcomeUnknown("timed out")
                if failure[1] == "kept":
                    self._answers[key] = (wish, OutcomeUnknown("an error"))
                    raise OutcomeUnknown("an error")
                if failure[1] == "refused":
                    raise ProviderRefused("No.", "refused")
            answer = self._once(act, key, wish)
            if failure is not None:
                raise OutcomeUnknown("timed out")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _once(self, act: Callable[[], T], key: str, wish: Any) -> T | Exception:
        """What the call with this key did, however often it comes; another wish with the same key is refused."""
        if key and key in self._answers:
            before, answer = self._answers[key]
            return answer if before == wish else ProviderRefused("Keys are for one wish.", "idempotency_error")
        try:
            answer: Any = act()
        except ProviderRefused as error:
            answer = error
        if key:
            self._answers[key] = (wish, answer)
        return answer

    def _check_customer(self, customer: str | None) -> None:
        if customer and customer not in self.customers.values():
            raise UnknownCustomer(f"No such customer: {customer}", "resource_missing")

    def _confirm(self, intent_id: str, payment_method: str) -> Intent:
        intent = self._get(self.intents, intent_id)
        if intent.status not in ("requires_payment_method", "requires_action"):
            raise ProviderRefused(f"The payment is {intent.status}.", "payment_intent_unexpected_state")
        if not payment_method.startswith("pm_"):
            raise UnknownCard("No such payment method.", "resource_missing")
        self.tries += 1
        kind = "_".join(payment_method.split("_")[:2])
        card = Card(payment_method, "visa", "4242", "12/2030", f"fp_{payment_method}")
        if kind in WORDS:
            words, code = WORDS[kind]
            self._set(intent_id, status="requires_payment_method", failure=words, failure_code=code, card=card)
            self.events.append(("payment_intent.payment_failed", intent_id))
            raise CardDeclined(words, code, self.intents[intent_id])
        self._set(intent_id, card=card, failure="", failure_code="")
        if kind == GOOD:
            self._take(intent_id)
        else:
            status = "requires_action" if kind == SECURE else "processing"
            self._set(intent_id, status=status)
            self.events.append((f"payment_intent.{status}", intent_id))
        return self.intents[intent_id]

    def _take(self, intent_id: str) -> None:
        self.charges.append(intent_id)
        self._set(intent_id, status="succeeded", captured=self.intents[intent_id].amount, failure="", failure_code="")
        self.events.append(("payment_intent.succeeded", intent_id))

    def _refund(self, intent_id: str, amount: Money, refund_id: str) -> ProviderRefund:
        intent = self._get(self.intents, intent_id)
        if not intent.captured >= intent.refunded + amount:
            raise ProviderRefused("It was given back already.", "charge_already_refunded")
        refund = ProviderRefund(
            id=f"re_{next(self._numbers)}",
            status=self.refund_status,  # type: ignore[arg-type]
            amount=amount,
            intent_id=intent_id,
            refund_id=refund_id,
            failure="",
            created_at=self.clock(),
        )
        self.refunds[refund.id] = refund
        self._set(intent_id, refunded=intent.refunded + amount)
        self.events += [("charge.refunded", intent_id), ("refund.updated", refund.id)]
        return refund

    def _set(self, intent_id: str, **values: Any) -> None:
        with self._lock:
            self.intents[intent_id] = replace(self.intents[intent_id], **values)

    def _get(self, table: dict[str, T], name: str) -> T:
        if name not in table:
            raise ProviderRefused(f"No such object: {name}", "resource_missing")
        return table[name]
