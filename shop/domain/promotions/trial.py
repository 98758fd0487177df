"""The test box of discount codes: what a code takes off some goods today, and why, before any shopper tries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from shop.db import db
from shop.domain.catalog.models import Variant
from shop.domain.catalog.named import refuse_missing, written_lines, wrong
from shop.domain.explanations import Step, explain
from shop.domain.inputs import Input, Line, Lines
from shop.domain.pricing import LineToPrice, Receipt, price_lines
from shop.domain.promotions.codes import sentence_of
from shop.domain.promotions.queries import Goods, find_code, judge
from shop.domain.tax import NO_TAX
from shop.errors import Detail, Unknown
from shop.money import Money

MOST_LINES, MOST_OF_ONE = 100, 99


class TryCode(Input):
    """A code and a cart: SKUs one a line, each with how many after it where it is not one."""

    code: Line = Field(min_length=1, max_length=40, title="a code")
    goods: Lines = Field(min_length=1, max_length=10_000, title="what is in the cart")


@dataclass(frozen=True)
class CodeTrial:
    """What comes of it: the rule in words, why nothing comes off where that is so, and each figure explained."""

    sentence: str
    refusal: str
    receipt: Receipt
    steps: tuple[Step, ...]


def try_code(wanted: TryCode, currency: str, now: datetime) -> CodeTrial:
    """What the code takes off these goods, without delivery and tax.

    Raises Unknown for no such code, Invalid for a line that names no variant or no number.
    """
    try:
        code = find_code(wanted.code)
    except Unknown as error:
        raise Unknown(error.message, [Detail("code", error.message)]) from None
    pairs = _read_goods(wanted.goods)
    verdict = judge(code, [Goods(each.product_id, each.price * count) for each, count in pairs], [], now)
    lines = [
        LineToPrice(each.price, count, in_scope=is_meant)
        for (each, count), is_meant in zip(pairs, verdict.in_scope, strict=True)
    ]
    discount = code.discount() if verdict.refusal is None else None
    receipt = price_lines(lines, Money(0, currency), NO_TAX, discount=discount)
    steps = explain(receipt, NO_TAX, [each.full_name for each, _ in pairs], "Delivery")
    refusal = verdict.refusal.message if verdict.refusal else ""
    return CodeTrial(sentence_of(code), refusal, receipt, tuple(step for step in steps if step.figure != "shipping"))


def _read_goods(text: str) -> list[tuple[Variant, int]]:
    """`SKU` or `SKU 3`, one a line."""
    lines = written_lines(text)
    if len(lines) > MOST_LINES:
        raise wrong("goods", f"Enter at most {MOST_LINES} lines: a cart has no more.")
    counts: dict[str, int] = {}
    for line in lines:
        sku, _, number = line.rpartition(" ")
        is_counted = bool(sku) and number.isascii() and number.isdigit()
        name, units = (sku.strip(), int(number[:9])) if is_counted else (line, 1)
        counts[name] = counts.get(name, 0) + units
        if units < 1 or counts[name] > MOST_OF_ONE:
            raise wrong("goods", f"Enter from 1 to {MOST_OF_ONE} of {name[:60]}.")
    rows = select(Variant).where(Variant.sku.in_(counts)).options(joinedload(Variant.product))
    variants = {each.sku: each for each in db.session.scalars(rows)}
    refuse_missing("goods", "SKU", (sku for sku in counts if sku not in variants))
    return [(variants[sku], count) for sku, count in counts.items()]
