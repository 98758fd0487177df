"""A receipt told line by line: how each figure came about, for staff and for the API. Written down with the order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shop.domain.pricing import PricedLine, Receipt
from shop.domain.tax import TaxRule
from shop.money import Money

MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Step:
    """One figure of a receipt: `figure` names it (items.1.discount, shipping, total), `words` say how it came about.

    A tax also has its `rate` in percent and what it is worked out on.
    """

    figure: str
    amount: Money
    words: str
    rate: Decimal | None = None
    taxed: Money | None = None


def explain(receipt: Receipt, tax: TaxRule, names: Sequence[str], method_name: str) -> list[Step]:
    """Every figure of a receipt in the order of the sum. `names` are those of its lines."""
    steps = [
        step
        for number, (line, name) in enumerate(zip(receipt.lines, names, strict=True), start=1)
        for step in _explain_line(receipt, tax, line, f"items.{number}", name)
    ]
    return [*steps, *_explain_rest(receipt, tax, method_name)]


def _explain_line(receipt: Receipt, tax: TaxRule, line: PricedLine, field: str, name: str) -> Iterator[Step]:
    price, subtotal = line.unit_price.format(), line.subtotal.format()
    yield Step(f"{field}.subtotal", line.subtotal, f"{name}: {line.quantity} × {price} = {subtotal}")
    if line.discount and receipt.applied is not None:
        whole = f"{receipt.discount.format()} off by {receipt.applied.code}"
        if receipt.applied.kind == "percentage":
            whole += f" ({percent(receipt.applied.percent)})"
        share = "all of it" if line.discount == receipt.discount else "its share"
        words = f"{name}: {MINUS}{line.discount.format()}, {share} of {whole}"
        yield Step(f"{field}.discount", line.discount, words)
    if line.tax or line.tax_included:
        yield _explain_tax(f"{field}.tax", name, line.total, line.tax_percent, line.tax_included or line.tax, tax)


def _explain_tax(field: str, name: str, amount: Money, rate: Decimal, due: Money, rule: TaxRule) -> Step:
    of = f"{percent(rate)} tax of {amount.format()}"
    split = ", rounded with all that has this rate" if rule.rounding == "order" else ""
    inside = ", inside the price" if rule.included else ""
    return Step(field, due, f"{name}: {of} = {due.format()}{inside}{split}", rate, amount)


def _explain_rest(receipt: Receipt, tax: TaxRule, method_name: str) -> Iterator[Step]:
    if receipt.shipping_spared and receipt.applied is not None:
        words = f"{method_name}: free by {receipt.applied.code}, instead of {receipt.shipping_spared.format()}"
    else:
        words = f"{method_name}: {receipt.shipping.format() if receipt.shipping else 'free'}"
    yield Step("shipping", receipt.shipping, words)
    on_lines = sum((line.tax_included or line.tax for line in receipt.lines), Money(0, receipt.total.currency))
    of_shipping = (receipt.tax_included if tax.included else receipt.tax) - on_lines
    if of_shipping:
        yield _explain_tax("shippingTax", method_name, receipt.shipping, tax.percent_of_shipping, of_shipping, tax)
    parts = [receipt.subtotal.format()]
    parts += [f"{MINUS} {receipt.discount.format()} discount"] if receipt.discount else []
    parts += [f"+ {receipt.shipping.format()} delivery"] if receipt.shipping else []
    parts += [f"+ {receipt.tax.format()} tax"] if receipt.tax else []
    yield Step("total", receipt.total, f"{' '.join(parts)} = {receipt.total.format()}")


def kept(steps: Sequence[Step], called: Mapping[Decimal, str]) -> list[dict[str, str | int]]:
    """The steps as they are written down with an order: rates and codes change, this does not. Minor units.

    `called` are the names of the rates of tax, by percent.
    """
    return [
        {"figure": step.figure, "amount": step.amount.amount, "words": step.words, **_rate_of(step, called)}
        for step in steps
    ]


def _rate_of(step: Step, called: Mapping[Decimal, str]) -> dict[str, str | int]:
    if step.rate is None or step.taxed is None:
        return {}
    return {"rate": percent(step.rate), "called": called.get(step.rate, ""), "taxed": step.taxed.amount}


def percent(rate: Decimal) -> str:
    """A rate as people read it: 10.75%."""
    return f"{rate.normalize():f}%"
