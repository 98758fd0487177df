"""After the disturbance: everything is let come to its end, and the bank's ledger is laid beside the shop's orders."""

from __future__ import annotations

import collections
import time
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

from bench.payments.card_shop import CardShop

Row = dict[str, Any]
PATIENCE = 300.0
A_WHILE = 61.0  # seconds of the bank's clock: all that it does later, and each event that it owes, is due then
PAID = frozenset({"paid", "partially_refunded", "refunded"})
OPEN = frozenset({"created", "sent", "requires_action", "processing", "unknown"})


# -- coming to an end --------------------------------------------------------------------------------------------------


def come_to_rest(cards: CardShop) -> list[str]:
    """Let everything end: events, the poller, reconciliation, holds, letters. What does not, in words."""
    cards.bank.faults.stop()
    give_up = time.monotonic() + PATIENCE
    _let_time_pass(cards)  # who paid is found by the poller
    cards.shop.hands.do("compare_payments")
    while waiting := _what_waits(cards):
        if time.monotonic() > give_up:
            return [f"after {PATIENCE:.0f} s there are still {waiting}"]
        cards.shop.hands.do("end_holds")
        cards.shop.hands.do("sweep_holds")
        _let_time_pass(cards)
    return []


def _let_time_pass(cards: CardShop) -> None:
    cards.bank.pass_time(A_WHILE)
    cards.shop.hands.do("age_payments")
    cards.shop.hands.do("keep_and_poll")
    time.sleep(0.5)


def _what_waits(cards: CardShop) -> dict[str, int]:
    waiting: dict[str, int] = cards.shop.hands.do("waiting_payments")
    if cards.is_told and (owed := len(cards.bank.bank.store.list_owed())):
        waiting["events owed"] = owed
    if unsent := cards.shop.hands.do("unsent_emails"):
        waiting["letters"] = unsent
    return waiting


# -- the books ---------------------------------------------------------------------------------------------------------


def compare(ledger: Iterable[Row], orders: Iterable[Row]) -> Iterator[str]:
    """What the bank did and the shop does not say, or the other way round, in words; nothing where all is right."""
    lines: dict[str, list[Row]] = collections.defaultdict(list)
    for line in ledger:
        lines[line["order_id"]].append(line)
    for order in orders:
        yield from _compare_order(order, lines.pop(order["public_id"], []))
    for order_id, strange in lines.items():
        yield f"the bank has {len(strange)} lines of an order that is not there: {order_id!r}"


def _compare_order(order: Row, lines: list[Row]) -> Iterator[str]:
    number, total = order["number"], order["total_amount"]
    taken = [line["amount"] for line in lines if line["kind"] == "capture"]
    given = [line["amount"] for line in lines if line["kind"] == "refund"]
    ours = [attempt for attempt in order["attempts"] if attempt["status"] == "succeeded"]
    is_paid = order["payment_status"] in PAID
    if len(taken) > 1:
        yield f"{number} was captured {len(taken)} times"
    if len(taken) != len(ours) or is_paid != bool(taken):
        yield f"{number} is {order['payment_status']} by {len(ours)} payments, and was captured {len(taken)} times"
    if any(amount != total for amount in [*taken, *(attempt["captured_amount"] for attempt in ours)]):
        yield f"{number} is of {total}, and {taken} was captured"
    yield from _compare_refunds(order, sum(taken), given)
    open_ones = [attempt["status"] for attempt in order["attempts"] if attempt["status"] in OPEN]
    if open_ones or order["status"] == "pending":
        yield f"{number} is {order['status']} with attempts {open_ones}"


def _compare_refunds(order: Row, taken: int, given: list[int]) -> Iterator[str]:
    number, status = order["number"], order["payment_status"]
    ours = [refund["amount"] for refund in order["refunds"] if refund["status"] == "succeeded"]
    if sorted(ours) != sorted(given):
        yield f"{number}: the shop gave back {ours}, the bank {given}"
    if (status == "refunded") != bool(given and sum(given) == taken):
        yield f"{number} is {status}, and of {taken} the bank gave back {given}"
    if order["status"] == "cancelled" and sum(given) != taken:
        yield f"{number} is cancelled, and of {taken} the bank gave back {given}"


# -- letters -----------------------------------------------------------------------------------------------------------


def compare_letters(subjects: Iterable[str], orders: Iterable[Row]) -> Iterator[str]:
    """Letters that came twice or not at all, in words."""
    letters = collections.Counter(subjects)
    for order in orders:
        confirmed = letters[f"Your order {order['number']} is confirmed"]
        if confirmed > 1 or (order["status"] == "confirmed" and not confirmed):
            yield f"{order['number']} is {order['status']} and has {confirmed} letters that say it is confirmed"
        if (given := letters[f"Money of your order {order['number']} is given back"]) > 1:
            yield f"{order['number']} has {given} letters that money is given back"


def subjects_of_letters(folder: Path) -> list[str]:
    """The subjects in the mailbox folder, one a file."""
    return [str(message_from_bytes(file.read_bytes())["Subject"]) for file in (folder / "mail").glob("*.eml")]


# -- all of it ---------------------------------------------------------------------------------------------------------


def judge(cards: CardShop) -> tuple[list[str], list[Row]]:
    """Come to rest and compare everything: what is wrong, in words, and the orders."""
    wrong = come_to_rest(cards)
    wrong += [f"the books differ: {each}" for each in cards.shop.hands.do("compare_payments")]
    orders = cards.shop.hands.do("card_orders")
    wrong += compare(cards.bank.ledger(), orders)
    wrong += compare_letters(subjects_of_letters(cards.shop.folder), orders)
    if (audit := cards.shop.hands.do("audit")) != "clean":
        wrong.append(f"audit: {audit}")
    return wrong, orders


def count_orders(orders: Iterable[Row]) -> Row:
    """How the orders ended, as columns of a row of the proof."""
    ends = collections.Counter(order["payment_status"] if order["status"] != "cancelled" else "" for order in orders)
    given = sum(order["payment_status"] == "refunded" for order in orders)
    return {"orders": sum(ends.values()), "paid": ends["paid"], "given back": given, "unpaid": ends[""] - given}


def tell(wrong: list[str]) -> str:
    """The verdict, after saying what is wrong."""
    if wrong:
        print("  WRONG:", *wrong[:20], sep="\n    ", flush=True)
    return "FAILED" if wrong else "ok"
