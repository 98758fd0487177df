"""The proof of payments: what it calls wrong, and a small round of each family, in which a planted mistake is found."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from bench.payments import books, faults, hooks, instant, kills
from bench.payments.card_shop import card_shop

Row = dict[str, Any]


def line(kind: str, amount: int = 2500, order_id: str = "order_1") -> Row:
    return {"kind": kind, "amount": amount, "order_id": order_id}


def order(status: str, payment_status: str, *attempts: str, refunds: tuple[int, ...] = ()) -> Row:
    """Of 25.00, with attempts that ended so."""
    return {
        "public_id": "order_1",
        "number": "SKN-1",
        "status": status,
        "payment_status": payment_status,
        "total_amount": 2500,
        "attempts": [{"status": each, "captured_amount": 2500 * (each == "succeeded")} for each in attempts],
        "refunds": [{"status": "succeeded", "amount": amount} for amount in refunds],
    }


PAID = order("confirmed", "paid", "succeeded")
GIVEN_BACK = order("cancelled", "refunded", "succeeded", refunds=(2500,))
UNPAID = order("cancelled", "failed", "cancelled")


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([line("capture")], PAID),
        ([line("capture")], order("confirmed", "paid", "cancelled", "succeeded")),
        ([line("capture"), line("refund")], GIVEN_BACK),
        ([], UNPAID),
    ],
)
def test_books_that_agree_are_right(lines: list[Row], found: Row) -> None:
    assert not list(books.compare(lines, [found]))


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([line("capture"), line("capture")], [PAID]),  # taken twice
        ([], [PAID]),  # paid by nothing
        ([line("capture")], [UNPAID]),  # the money is lost
        ([line("capture")], []),  # the order is lost
        ([line("capture")], [order("confirmed", "processing", "unknown")]),
        ([line("capture", 2400)], [PAID]),
        ([], [order("pending", "processing", "sent")]),
        ([], [order("cancelled", "failed", "unknown")]),
        ([line("capture")], [GIVEN_BACK]),  # given back here alone
        ([line("capture"), line("refund"), line("refund")], [GIVEN_BACK]),  # given back twice
        ([line("capture"), line("refund")], [PAID]),
        ([line("capture")], [order("cancelled", "paid", "succeeded")]),  # the money is kept
    ],
)
def test_books_that_differ_are_found(lines: list[Row], found: list[Row]) -> None:
    assert list(books.compare(lines, found))


@pytest.mark.parametrize(("letters", "is_right"), [(0, False), (1, True), (2, False)])
def test_each_paid_order_has_one_letter(letters: int, is_right: bool) -> None:
    subjects = ["Your order SKN-1 is confirmed"] * letters

    assert (not list(books.compare_letters(subjects, [PAID]))) is is_right


def test_money_given_back_is_told_once() -> None:
    assert list(books.compare_letters(["Money of your order SKN-1 is given back"] * 2, [GIVEN_BACK]))


@pytest.mark.thorough
def test_rounds_of_kills_and_faults_end_with_books_that_agree() -> None:
    with card_shop("sqlite", STRIPE_TIMEOUT_SECONDS="1") as cards:
        killed = kills.run(cards, 1, random.Random(7))
        disturbed = faults.run(cards, faults.PLACES[1], 2, 7, ("reset_after", "error_before"))

    assert killed["verdict"] == disturbed["verdict"] == "ok"
    assert disturbed["orders"] >= killed["orders"] + 4


@pytest.mark.thorough
def test_rounds_of_returns_and_webhooks_pay_each_order_and_what_the_bank_did_unseen_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with card_shop("sqlite", tells=False) as cards:
        returned, told = instant.run(cards, 2), hooks.run(cards, 1, 7)
        (capture, *others) = cards.bank.ledger("capture")
        lines = [capture, capture, {**capture, "order_id": "order_x"}, *others]
        monkeypatch.setattr(cards.bank, "ledger", lambda *_kinds: lines)
        letters = Path(cards.shop.folder, "mail").glob("*.eml")
        letter = next(each for each in letters if b"is confirmed" in each.read_bytes().partition(b"\r\n\r\n")[0])
        Path(cards.shop.folder, "mail", "again.eml").write_bytes(letter.read_bytes())
        wrong, _ = books.judge(cards)

    assert returned["verdict"] == told["verdict"] == "ok"
    assert told["paid"] == 2 + len(hooks.KINDS)
    assert any("captured 2 times" in each for each in wrong)
    assert any("of an order that is not there" in each for each in wrong)
    assert any("has 2 letters" in each for each in wrong)
