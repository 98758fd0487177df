"""What a product offers, as its card and its page show it: prices, stock in words, and the choice of a variant.

Pure functions of a loaded product and of what was asked for; nothing is read here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shop.domain.catalog.models import Image, Product, ProductAttribute, Variant
from shop.money import Money
from shop.words import words

MOST_VALUES = 5  # of an option that a card shows
NEW_FOR = timedelta(days=21)


@dataclass(frozen=True)
class Card:
    """A product in a listing. `is_from` says that other variants cost more; `badge` is one word or two, or empty.

    `only_variant` is there where nothing has to be chosen and it is in stock: then the card itself can add it.
    """

    product: Product
    image: Image | None
    price: Money
    compare_at: Money | None
    is_from: bool
    badge: str
    only_variant: Variant | None = None
    values: tuple[str, ...] = ()  # the first few values of its first option
    more_values: int = 0


@dataclass(frozen=True)
class OptionValue:
    """One value that can be chosen. `note` says why it cannot be bought as things stand."""

    value: str
    label: str
    is_chosen: bool
    note: str = ""
    price: Money | None = None
    compare_at: Money | None = None


@dataclass(frozen=True)
class OptionGroup:
    """One axis of choice: a legend and its values, sent under `field`."""

    legend: str
    field: str
    values: tuple[OptionValue, ...]


@dataclass(frozen=True)
class Choice:
    """What is chosen on a product's page. `variant` is None where the chosen values are not offered together."""

    groups: tuple[OptionGroup, ...]
    variant: Variant | None
    wanted: tuple[str, ...] = ()

    @property
    def available(self) -> int:
        return self.variant.stock.available if self.variant else 0


def card_of(product: Product, now: datetime | None = None) -> Card:
    """The product's card: its cheapest variant's price. With `now`, what came lately is marked as new."""
    offered = offered_variants(product)
    if not offered:
        return Card(product, _first_image(product), product.from_price, None, is_from=False, badge="Sold out")
    cheapest = min(offered, key=lambda variant: variant.price_amount)
    values = tuple(dict.fromkeys(variant.option_values[0] for variant in offered if variant.option_values))
    return Card(
        product=product,
        image=_first_image(product),
        price=cheapest.price,
        compare_at=cheapest.compare_at,
        is_from=any(variant.price_amount != cheapest.price_amount for variant in offered),
        badge=_badge(offered) or ("New" if now and now - product.created_at < NEW_FOR else ""),
        only_variant=cheapest if len(offered) == 1 and cheapest.stock.available > 0 else None,
        values=values[:MOST_VALUES] if len(values) > 1 else (),
        more_values=max(len(values) - MOST_VALUES, 0),
    )


def _badge(offered: Sequence[Variant]) -> str:
    in_stock = [variant for variant in offered if variant.stock.available > 0]
    if not in_stock:
        return "Sold out"
    if min(offered, key=lambda variant: variant.price_amount).compare_at:  # whose price the card shows
        return "Sale"
    return "Few left" if all(variant.stock.is_low for variant in in_stock) else ""


def choose(product: Product, asked: Mapping[str, str]) -> Choice:
    """The choice that was asked for: `variant` (or `variantId`) names it, or o1, o2… name its option values.

    Without either it is the first variant in stock; of one that is not offered any more likewise.
    """
    offered = offered_variants(product)
    if not offered:
        return Choice((), None)
    if len(product.option_names) < 2:
        chosen = _named(offered, asked) or _usual(offered)
        groups = (_group_of_variants(product, offered, chosen),) if len(offered) > 1 else ()
        return Choice(groups, chosen, tuple(chosen.option_values))
    fields = [f"o{number}" for number in range(1, len(product.option_names) + 1)]
    variant = _named(offered, asked)
    wanted = tuple((variant or _usual(offered)).option_values)
    if variant is None and fields[0] in asked:
        wanted = tuple(asked.get(field, "") for field in fields)
    return Choice(
        groups=tuple(_group_of_values(product, offered, wanted, index) for index in range(len(fields))),
        variant=_with_values(offered, wanted),
        wanted=wanted,
    )


def pictures_of(product: Product, variant: Variant | None) -> list[Image]:
    """The product's stored pictures; those of the chosen variant first."""
    stored = [image for image in product.images if image.file_name]
    return sorted(stored, key=lambda image: variant is None or image.variant_id != variant.id)


@dataclass(frozen=True)
class Fact:
    """What is said of a product under one name; `filter` is the parameter that finds others like it, or empty."""

    label: str
    kind: str
    unit: str
    filter: str
    values: tuple[str, ...]

    def words_for(self, value: str) -> str:
        """A value as people read it."""
        if self.kind == "yes_no":
            return value.capitalize()
        return f"{value} {self.unit}" if self.unit else value


def facts_of(product: Product) -> list[Fact]:
    """The product's attributes by name, in their order."""
    values: dict[str, list[ProductAttribute]] = {}
    for attribute in product.attributes:
        values.setdefault(attribute.name, []).append(attribute)
    return [_fact(name, rows) for name, rows in values.items()]


def _fact(name: str, rows: Sequence[ProductAttribute]) -> Fact:
    values, defined = tuple(row.value for row in rows), rows[0].definition
    if defined is None:
        return Fact(words(name), "text", "", "", values)
    return Fact(defined.label, defined.kind, defined.unit, f"attr.{name}" if defined.is_filterable else "", values)


def offered_variants(product: Product) -> list[Variant]:
    """The variants that can be chosen, in stock or not."""
    return [variant for variant in product.variants if variant.is_active]


def _first_image(product: Product) -> Image | None:
    return next((image for image in product.images if image.file_name), None)


def _named(offered: Sequence[Variant], asked: Mapping[str, str]) -> Variant | None:
    name = asked.get("variant") or asked.get("variantId")
    return next((variant for variant in offered if variant.public_id == name), None)


def _usual(offered: Sequence[Variant]) -> Variant:
    return next((variant for variant in offered if variant.stock.available > 0), offered[0])


def _with_values(offered: Sequence[Variant], values: tuple[str, ...]) -> Variant | None:
    return next((variant for variant in offered if tuple(variant.option_values) == values), None)


def _group_of_variants(product: Product, offered: Sequence[Variant], chosen: Variant) -> OptionGroup:
    """One option: each of its values is a variant, and says its own price."""
    prices_differ = len({variant.price_amount for variant in offered}) > 1
    values = tuple(
        OptionValue(
            value=variant.public_id,
            label=variant.name,
            is_chosen=variant is chosen,
            note="" if variant.stock.available > 0 else "sold out",
            price=variant.price if prices_differ else None,
            compare_at=variant.compare_at if prices_differ else None,
        )
        for variant in offered
    )
    return OptionGroup(product.option_names[0] if product.option_names else "Choice", "variantId", values)


def _group_of_values(product: Product, offered: Sequence[Variant], wanted: tuple[str, ...], index: int) -> OptionGroup:
    """One of several options: each value is judged together with what is chosen of the others."""
    labels = dict.fromkeys(variant.option_values[index] for variant in offered)
    values = tuple(
        OptionValue(
            value=label,
            label=label,
            is_chosen=label == wanted[index],
            note=_note(_with_values(offered, (*wanted[:index], label, *wanted[index + 1 :]))),
        )
        for label in labels
    )
    return OptionGroup(product.option_names[index], f"o{index + 1}", values)


def _note(variant: Variant | None) -> str:
    if variant is None:
        return "not offered"
    return "" if variant.stock.available > 0 else "sold out"
