"""Options and the variants they make: what is kept, renamed, added and taken off sale when staff change the options."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shop.domain.catalog.drafts import MAX_OPTIONS, MAX_VARIANTS
from shop.errors import Detail, Invalid

Values = tuple[str, ...]


@dataclass(frozen=True)
class Axis:
    """One option and its values in order, such as Size: S, M, L."""

    name: str
    values: Values


def axes_of(names: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[Axis, ...]:
    """The options of a product, from the option values of its variants in their order."""
    return tuple(Axis(name, tuple(dict.fromkeys(row[place] for row in rows))) for place, name in enumerate(names))


def read_values(text: str) -> Values:
    """The values of an option as they are typed: a line each, or on one line with commas."""
    lines = [line.strip() for line in text.replace("\r", "").split("\n")]
    parts = lines if len([line for line in lines if line]) > 1 else [part.strip() for part in text.split(",")]
    return tuple(dict.fromkeys(part for part in parts if part))


def refuse_faulty_axes(axes: Sequence[Axis]) -> None:
    """Raise Invalid for options that make no variants."""
    faults = []
    for number, axis in enumerate(axes):
        if not axis.values:
            faults.append(Detail(f"options.{number}.values", f"Enter the values of {axis.name}, such as S, M, L."))
        if any(" / " in value or len(value) > 100 for value in axis.values):
            faults.append(Detail(f"options.{number}.values", "Use values of at most 100 characters without “ / ”."))
        if not axis.name:
            faults.append(Detail(f"options.{number}.name", "Give this option a name, such as Size."))
    names = [axis.name.casefold() for axis in axes]
    if len(set(names)) < len(names) or len(axes) > MAX_OPTIONS:
        faults.append(Detail("options.0.name", f"Use at most {MAX_OPTIONS} options with different names."))
    if faults:
        raise Invalid(" ".join(dict.fromkeys(fault.message for fault in faults)), faults)


def refuse_too_many(count: int) -> None:
    """Raise Invalid for more variants than a product may have."""
    if count > MAX_VARIANTS:
        message = f"These make {count} variants; a product has at most {MAX_VARIANTS}."
        raise Invalid(message, [Detail("options.0.values", message)])


def rearranged(before: Sequence[Axis], rows: Sequence[Values], after: Sequence[Axis]) -> dict[Values, int | None]:
    """The variants that the options make now: their values -> which of `rows` it was, or None for a new one.

    As many values as before: a changed one was renamed. A value that is new makes its combinations; one that is
    gone takes its variants with it. A new option gives the present variants its first value; of variants that are the
    same without an option that is gone, the first stays. Combinations that were missing before are left missing.
    Raises Invalid for more new ones than a product may have.
    """
    renamed = [_renamings(old, new) for old, new in zip(before, after, strict=False)]
    made: dict[Values, int | None] = {}
    for number, row in enumerate(rows):
        values = [renaming.get(value) for renaming, value in zip(renamed, row, strict=False)]
        values += [axis.values[0] for axis in after[len(before) :]]
        if None not in values:
            made.setdefault(tuple(value for value in values if value is not None), number)
    known = [set(renaming.values()) for renaming in renamed] + [{axis.values[0]} for axis in after[len(before) :]]
    known = known if rows else [set() for _ in after]
    refuse_too_many(_count(after) - math.prod(len(those) for those in known))
    for combination in _with_a_new_value(after, known):
        made[combination] = None
    places = [{value: place for place, value in enumerate(axis.values)} for axis in after]
    in_order = sorted(made, key=lambda values: [place[value] for place, value in zip(places, values, strict=True)])
    return {values: made[values] for values in in_order}


def _with_a_new_value(axes: Sequence[Axis], known: Sequence[set[str]]) -> Iterator[Values]:
    """The combinations of which at least one value is not known, by the first option where that is so."""
    for place, axis in enumerate(axes):
        before = [[value for value in each.values if value in known[n]] for n, each in enumerate(axes[:place])]
        here = [value for value in axis.values if value not in known[place]]
        yield from itertools.product(*before, here, *(each.values for each in axes[place + 1 :]))


def count_missing(axes: Sequence[Axis], rows: Sequence[Values]) -> int:
    """How many combinations of the values no variant has. There may be millions, so they are not made for this."""
    return _count(axes) - len(set(rows))


def _count(axes: Sequence[Axis]) -> int:
    return math.prod(len(axis.values) for axis in axes)


def missing_combinations(axes: Sequence[Axis], rows: Sequence[Values]) -> list[Values]:
    """The combinations of the values that no variant has. Raises Invalid for more than a product may have in all."""
    refuse_too_many(_count(axes))
    there = set(rows)
    return [values for values in itertools.product(*(axis.values for axis in axes)) if values not in there]


def _renamings(old: Axis, new: Axis) -> dict[str, str]:
    """Former value -> present one; what is gone is left out."""
    if len(old.values) == len(new.values):
        kept = set(old.values) & set(new.values)
        gone = [value for value in old.values if value not in kept]
        come = [value for value in new.values if value not in kept]
        return {value: value for value in kept} | dict(zip(gone, come, strict=True))
    return {value: value for value in old.values if value in new.values}
