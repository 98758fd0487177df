"""The variants of a product to be saved: those that are there, as the form has them, and those its options make."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from shop.db import db, new_public_id
from shop.domain.catalog.drafts import VariantDraft
from shop.domain.catalog.matrix import Axis, Values, axes_of, missing_combinations, rearranged, refuse_too_many
from shop.domain.catalog.models import Product, Variant
from shop.domain.catalog.slugs import slug_of
from shop.domain.catalog.wishes import LONGEST_SKU, ProductWish, VariantWish
from shop.errors import Detail, Invalid
from shop.money import Money


@dataclass(frozen=True)
class _Row:
    """A variant that is there, and what the form says of it."""

    variant: Variant
    wish: VariantWish | None
    number: int  # of the wish in the form


def offered_variants(product: Product) -> list[Variant]:
    """The variants on offer; those that nobody can buy any more are kept for their orders alone."""
    return [variant for variant in product.variants if variant.is_active]


def variant_drafts(
    product: Product, wish: ProductWish, axes: Sequence[Axis]
) -> list[tuple[VariantDraft, Variant | None]]:
    """Every variant of the product after the save with what it was, in the order of its options."""
    numbers = {each.id: number for number, each in enumerate(wish.variants)}
    rows = []
    for variant in offered_variants(product):
        number = numbers.get(variant.public_id)
        rows.append(_Row(variant, None if number is None else wish.variants[number], number or 0))
    kept = [row for row in rows if row.wish is None or row.wish.is_offered]
    is_alike = len({row.variant.requires_shipping for row in rows}) == 1  # else each keeps its own
    if not kept and not axes:
        raise Invalid(
            "A product has at least one variant on offer.", [Detail("variants", "Keep one variant on offer.")]
        )
    values = [tuple(row.variant.option_values) for row in rows]
    before = axes_of(product.option_names, values)
    made = (
        rearranged(before, values, axes) if axes else {(): next((n for n, row in enumerate(rows) if row in kept), None)}
    )
    pairs: list[tuple[VariantDraft, Variant | None]] = []
    new: list[Values] = []
    for combination, number in made.items():
        row = rows[number] if number is not None else None
        if row is None:
            new.append(combination)
        elif row in kept:
            draft = _changed(row, combination, product.currency)
            pairs.append((replace(draft, requires_shipping=wish.requires_shipping) if is_alike else draft, row.variant))
    if wish.fill_missing and axes:
        there = {draft.option_values for draft, _ in pairs} | set(new)
        new += missing_combinations(axes, list(there))
    refuse_too_many(len(pairs) + len(new))
    made_now = new_variants(new, wish, product.currency, product.slug, taken=[draft.sku for draft, _ in pairs])
    pairs += [(draft, None) for draft in made_now]
    if not pairs:
        raise Invalid(
            "A product has at least one variant on offer.", [Detail("variants", "Keep one variant on offer.")]
        )
    places = [{value: place for place, value in enumerate(axis.values)} for axis in axes]
    return sorted(
        pairs, key=lambda pair: [each[value] for each, value in zip(places, pair[0].option_values, strict=True)]
    )


def _changed(row: _Row, values: Values, currency: str) -> VariantDraft:
    draft = replace(draft_of_variant(row.variant), option_values=values)
    wish, field = row.wish, f"variants.{row.number}"
    if wish is None:
        return draft
    price = draft.price if wish.price is None else _money(wish.price, currency, f"{field}.price")
    return replace(
        draft,
        sku=wish.sku or draft.sku,
        price=price,
        compare_at=_former_price(wish.compare_at, price, f"{field}.compareAt"),
        weight_grams=row.variant.weight_grams if wish.weight is None else wish.weight,
    )


def draft_of_variant(variant: Variant) -> VariantDraft:
    """The variant as it is, to be saved again."""
    compare_at = variant.compare_at_amount
    return VariantDraft(
        sku=variant.sku,
        price=variant.price,
        option_values=tuple(variant.option_values),
        compare_at=None if compare_at is None else Money(compare_at, variant.currency),
        weight_grams=variant.weight_grams,
        requires_shipping=variant.requires_shipping,
    )


def new_variants(
    combinations: Sequence[Values], wish: ProductWish, currency: str, slug: str, taken: Sequence[str]
) -> list[VariantDraft]:
    """Variants that the options newly make, all with the price, stock and weight that the form says for new ones."""
    if not combinations:
        return []
    if not wish.price:
        raise Invalid("Enter a price for the new variants.", [Detail("price", "Enter a price, such as 24.00.")])
    price = _money(wish.price, currency, "price")
    compare_at = _former_price(wish.compare_at, price, "compareAt")
    skus = _free_skus(wish.sku or slug, combinations, taken)
    return [
        VariantDraft(
            sku=sku,
            price=price,
            option_values=values,
            compare_at=compare_at,
            weight_grams=wish.weight,
            requires_shipping=wish.requires_shipping,
            stock=wish.stock,
        )
        for sku, values in zip(skus, combinations, strict=True)
    ]


def _money(text: str, currency: str, field: str) -> Money:
    try:
        return Money.typed(text, currency)
    except ValueError:
        raise Invalid("A price cannot be read.", [Detail(field, "Write the price as 24.00.")]) from None


def _former_price(text: str, price: Money, field: str) -> Money | None:
    """What it cost before; nothing typed is none. Raises Invalid where it is not above the price: nobody saw it."""
    if not text:
        return None
    former = _money(text, price.currency, field)
    if former.amount <= price.amount:
        said = f"Enter more than the price, which is {price.to_decimal()}, or leave it empty."
        raise Invalid("A former price is not above the price.", [Detail(field, said)])
    return former


def _free_skus(stem: str, combinations: Sequence[Values], taken: Sequence[str]) -> list[str]:
    """A SKU for each combination, such as SHIRT-RED-S, that no other variant has."""
    base = [_sku_of(stem, values) for values in combinations]
    used = {sku for sku in db.session.scalars(select(Variant.sku).where(Variant.sku.in_(base)))} | set(taken)
    return list(_told_apart(base, used))


def _told_apart(base: Sequence[str], used: set[str]) -> Iterator[str]:
    for sku in base:
        free = sku
        while free in used:
            free = f"{sku[: LONGEST_SKU - 7]}-{new_public_id('x')[-6:].upper()}"
        used.add(free)
        yield free


def _sku_of(stem: str, values: Values) -> str:
    parts = [slug_of(part, 40) for part in (stem, *values)]
    return "-".join(parts).upper()[:LONGEST_SKU].strip("-")


def copied_sku(sku: str) -> str:
    """A SKU for the copy of the variant that has this one."""
    return f"{sku[: LONGEST_SKU - 12]}-COPY-{new_public_id('x')[-5:].upper()}"
