"""/styleguide: every component in every state, in both themes and both directions. In development only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from shop.domain.catalog.filters import ProductFilter
from shop.domain.catalog.queries import list_products
from shop.domain.inputs import Input, read_query
from shop.domain.pricing import LineToPrice, Receipt, price_lines
from shop.extensions import terms
from shop.filled import FilledForm
from shop.money import Money
from shop.policies import policy
from shop.storefront.catalog import ON_HOME
from shop.storefront.listings import Pager
from shop.storefront.offers import Card, OptionGroup, OptionValue, card_of
from shop.storefront.orders import Step
from shop.storefront.rendering import render_page

blueprint = Blueprint("styleguide", __name__)

COLOURS = (
    *("paper", "surface", "sunken", "tile", "ink", "ink-2", "ink-3", "line", "line-strong", "accent", "accent-soft"),
    *("red", "red-soft", "green", "green-soft", "amber", "amber-soft", "focus"),
)
FIELDS = {"name": "Lina", "email": "lina@nowhere", "country": "JO", "note": "Ring twice", "method": "standard"}
MISTAKES = {"email": "Enter an e-mail address like name@example.com."}


class StyleguideQuery(Input):
    """How the page is asked for another direction of writing."""

    dir: Literal["ltr", "rtl"] = "ltr"


@dataclass(frozen=True)
class SampleChoice:
    """As much of a product's choice as its options show."""

    groups: tuple[OptionGroup, ...]


@blueprint.get("/styleguide")
@policy("public")
def show() -> ResponseReturnValue:
    asked = read_query(StyleguideQuery, request.args)
    page = list_products(ProductFilter(limit=ON_HOME))
    return render_page(
        "dev/styleguide.html",
        categories=page.categories,
        cards=_cards([card_of(product) for product in page.products]),
        choice=SampleChoice((_options(),)),
        colours=COLOURS,
        direction=asked.dir,
        filled=FilledForm(FIELDS),
        long_list=Pager(first=1, reached=2, last=12, more=72),
        method=terms.shipping_methods[0],
        money=lambda text: Money.parse(text, terms.currency),
        product=page.products[0] if page.products else None,
        receipt=_receipt(),
        refused=FilledForm(FIELDS, MISTAKES, "Some fields need another value."),
        steps=_steps(),
    )


def _cards(cards: list[Card]) -> list[Card]:
    """The newest products, with each badge in turn."""
    badges = ("", "Sale", "Few left", "Sold out")
    return [replace(card, badge=badge) for card, badge in zip(cards, badges, strict=False)]


def _options() -> OptionGroup:
    price = Money.parse("24", terms.currency)
    return OptionGroup(
        "Size",
        "variantId",
        (
            OptionValue("s", "30 ml", is_chosen=True, price=price),
            OptionValue("m", "50 ml", is_chosen=False, price=price + price),
            OptionValue("l", "100 ml", is_chosen=False, note="sold out"),
            OptionValue("x", "Refill", is_chosen=False, note="not offered"),
        ),
    )


def _receipt() -> Receipt:
    return price_lines([LineToPrice(Money.parse("24", terms.currency), 2)], terms.shipping_methods[0].price, terms.tax)


def _steps() -> list[Step]:
    placed = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    names = ("Placed", "Confirmed", "Being packed", "On its way", "Delivered")
    return [Step(name, placed if number < 3 else None, is_current=number == 2) for number, name in enumerate(names)]
