"""Trying taxes out: what a price would cost at a place, told in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field
from sqlalchemy import select

from shop.db import db
from shop.domain.addresses import Country, country_in_sentence
from shop.domain.catalog.models import Category
from shop.domain.explanations import percent
from shop.domain.inputs import Input, Line, PublicId
from shop.domain.places import Place
from shop.domain.pricing import LineToPrice, Receipt, price_lines
from shop.domain.tax import PlaceTax
from shop.domain.tax_zones.queries import tax_for
from shop.domain.terms import Terms
from shop.errors import Detail, Invalid, Unknown
from shop.money import Money


class TaxTrial(Input):
    """What is tried: a place, a category (or none) and a price in the shop's currency, such as 24.90."""

    country: Country = Field(title="a country")
    region: Line = Field(default="", max_length=80)
    category: PublicId | None = Field(default=None, title="a category")
    price: Line = Field(min_length=1, max_length=10, title="a price")


@dataclass(frozen=True)
class TrialResult:
    """The receipt of one piece without shipping, and the sentences that say how it came about."""

    receipt: Receipt
    sentences: tuple[str, ...]


def try_tax(trial: TaxTrial, terms: Terms) -> TrialResult:
    """Tax one piece at a place as a cart would be. Raises Invalid for no price, Unknown for no such category."""
    price = _read_price(trial.price, terms)
    category = _find_category(trial.category)
    tax = tax_for(Place(trial.country, trial.region), terms)
    category_id = category.id if category else None
    line = LineToPrice(price, 1, tax_percent=tax.percent_for(category_id))
    receipt = price_lines([line], Money(0, terms.currency), tax.rule)
    where = country_in_sentence(trial.country)
    if trial.region:
        where = f"{trial.region} in {where}"
    sentences = (_say_zone(where, tax), _say_rate(category, tax), _say_sum(receipt), _say_rest(tax))
    return TrialResult(receipt, tuple(each for each in sentences if each))


def _read_price(text: str, terms: Terms) -> Money:
    try:
        return Money.typed(text, terms.currency)
    except ValueError:
        message = "Enter a price, such as 24.90."
        raise Invalid(message, [Detail("price", message)]) from None


def _find_category(public_id: str | None) -> Category | None:
    if public_id is None:
        return None
    category = db.session.scalars(select(Category).filter_by(public_id=public_id)).one_or_none()
    if category is None:
        message = "There is no such category. Choose another."
        raise Unknown(message, [Detail("category", message)])
    return category


def _say_zone(where: str, tax: PlaceTax) -> str:
    if not tax.is_by_zone:
        return "No tax zone is active, so all places have the one rate of the settings."
    subject = f"{where[:1].upper()}{where[1:]}"
    return f"{subject} is in the zone {tax.zone}." if tax.zone else f"{subject} is in no zone, so nothing is taxed."


def _say_rate(category: Category | None, tax: PlaceTax) -> str:
    if tax.is_by_zone and not tax.zone:
        return ""
    rate = tax.rates.get(category.id) if category else None
    if rate is None or category is None:
        return f"The standard rate is taken: {_named(percent(tax.rule.rate_percent), tax.name)}."
    above = "" if rate.category == category.name else f" above {category.name}"
    return f"The rate of the category {rate.category}{above} is taken: {_named(percent(rate.percent), rate.name)}."


def _named(rate: str, name: str) -> str:
    return f"{rate} {name}" if name else rate


def _say_sum(receipt: Receipt) -> str:
    if receipt.tax_included:
        return f"{receipt.total.format()} is to pay; {receipt.tax_included.format()} of it is tax."
    if receipt.tax:
        return f"{receipt.subtotal.format()} + {receipt.tax.format()} tax = {receipt.total.format()} to pay."
    return f"{receipt.total.format()} is to pay, without tax."


def _say_rest(tax: PlaceTax) -> str:
    shipping = tax.rule.percent_of_shipping
    if tax.is_by_zone and not tax.zone:
        return ""
    rounded = "line by line" if tax.rule.rounding == "line" else "on the sum of an order"
    return f"Shipping is {f'taxed at {percent(shipping)}' if shipping else 'not taxed'}. Tax is rounded {rounded}."
