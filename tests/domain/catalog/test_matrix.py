"""Options and the variants they make, as a truth table."""

from __future__ import annotations

import pytest

from shop.domain.catalog.matrix import Axis, axes_of, missing_combinations, read_values, rearranged, refuse_faulty_axes
from shop.errors import Invalid

SIZE = Axis("Size", ("S", "M"))
COLOUR = Axis("Colour", ("Red", "Blue"))
ROWS = [("S",), ("M",)]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("S, M,L", ("S", "M", "L")),
        ("S\nM\r\nL\n", ("S", "M", "L")),
        ("Red, dark\nBlue", ("Red, dark", "Blue")),
        ("S, S", ("S",)),
        (" ", ()),
    ],
)
def test_values_are_lines_or_stand_between_commas(text, values):
    assert read_values(text) == values


@pytest.mark.parametrize(
    ("before", "rows", "after", "made"),
    [
        ((), [], (SIZE,), {("S",): None, ("M",): None}),
        ((), [], (SIZE, COLOUR), {("S", "Red"): None, ("S", "Blue"): None, ("M", "Red"): None, ("M", "Blue"): None}),
        ((SIZE,), ROWS, (SIZE,), {("S",): 0, ("M",): 1}),
        ((SIZE,), ROWS, (Axis("Size", ("S", "M", "L")),), {("S",): 0, ("M",): 1, ("L",): None}),
        ((SIZE,), ROWS, (Axis("Size", ("Small", "M")),), {("Small",): 0, ("M",): 1}),
        ((SIZE,), ROWS, (Axis("Size", ("M", "S")),), {("M",): 1, ("S",): 0}),
        ((SIZE,), ROWS, (Axis("Size", ("M",)),), {("M",): 1}),
        ((), [()], (SIZE,), {("S",): 0, ("M",): None}),
        (
            (SIZE,),
            ROWS,
            (SIZE, COLOUR),
            {("S", "Red"): 0, ("S", "Blue"): None, ("M", "Red"): 1, ("M", "Blue"): None},
        ),
        ((SIZE, COLOUR), [("S", "Red"), ("S", "Blue"), ("M", "Red")], (SIZE,), {("S",): 0, ("M",): 2}),
        ((SIZE, COLOUR), [("S", "Red"), ("M", "Blue")], (SIZE, COLOUR), {("S", "Red"): 0, ("M", "Blue"): 1}),
    ],
    ids=["one", "two", "same", "added", "renamed", "reordered", "removed", "first", "another", "fewer", "sparse"],
)
def test_what_the_options_make_of_the_variants(before, rows, after, made):
    result = rearranged(before, rows, after)
    assert result == made
    assert list(result) == list(made)


def test_options_are_read_off_the_variants_and_tell_what_is_missing():
    rows = [("S", "Red"), ("M", "Blue")]
    axes = axes_of(["Size", "Colour"], rows)
    assert axes == (SIZE, COLOUR)
    assert missing_combinations(axes, rows) == [("S", "Blue"), ("M", "Red")]


@pytest.mark.parametrize(
    "axes",
    [
        (Axis("", ("S",)),),
        (Axis("Size", ()),),
        (SIZE, SIZE),
        (Axis("Size", ("S / M",)),),
    ],
    ids=["no name", "no values", "twice", "separator"],
)
def test_options_that_make_no_sense_are_refused(axes):
    with pytest.raises(Invalid):
        refuse_faulty_axes(axes)


def test_more_new_variants_than_a_product_may_have_are_refused_before_they_are_made():
    axes = tuple(Axis(name, tuple(map(str, range(10_000)))) for name in ("A", "B", "C"))
    with pytest.raises(Invalid, match="1000000000000 variants"):
        rearranged((), (), axes)
    with pytest.raises(Invalid):
        missing_combinations(axes, ())
