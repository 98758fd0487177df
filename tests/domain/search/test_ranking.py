"""The order of what was found, as a truth table. No database."""

from __future__ import annotations

import itertools

import pytest

from shop.domain.search.ranking import Candidate, Match, Means, Reading, Slot, order, rank

ROSE_SERUM = Reading(
    "rose serum",
    "roseserum",
    (Slot("rose", {"rose": Means.ITSELF, "rosa": Means.TYPO}),
     Slot("serum", {"serum": Means.ITSELF, "serumist": Means.BEGINNING, "serun": Means.TYPO, "elixir": Means.SYNONYM})),
)  # fmt: skip


def candidate(number: int, names: str = "", kinds: str = "", details: str = "", **more) -> Candidate:
    return Candidate(number, more.pop("name_key", names), names, kinds, details, **more)


# From the best to the worst.
TABLE = [
    (candidate(90, "something else", has_sku=True), Match.SKU),
    (candidate(80, "rose serum"), Match.NAME),
    (candidate(75, "rose serum mini"), Match.WORDS_OF_NAME),
    (candidate(70, "the rose serum"), Match.WORDS_OF_NAME),
    (candidate(65, "serum of rose"), Match.WORDS_OF_NAME),
    (candidate(64, "elixir rose"), Match.WORDS_OF_NAME),
    (candidate(60, "rose serumist"), Match.BEGINNINGS_IN_NAME),
    (candidate(50, "serum", "rose"), Match.BRAND_OR_TAGS),
    (candidate(40, "serum", "", "rose"), Match.DETAILS),
    (candidate(30, "rosa serum"), Match.TYPO),
    (candidate(20, "rosa serun"), Match.TYPO),
    (candidate(10, "rose"), Match.DESCRIPTION),
]


@pytest.mark.parametrize(("one", "match"), TABLE, ids=lambda value: str(getattr(value, "names", value)))
def test_how_well_a_product_answers(one, match):
    assert rank(ROSE_SERUM, one).match == match


def test_the_order_is_that_of_the_table_however_they_were_found():
    wanted = [one.product_id for one, _ in TABLE]
    for shift in range(len(TABLE)):
        found = [one for one, _ in TABLE[shift:] + TABLE[:shift]][::-1]
        assert [ranked.product_id for ranked in order(ROSE_SERUM, found)] == wanted


def test_what_is_alike_comes_by_the_shorter_name_and_then_by_id():
    found = [candidate(3, "rose red serum"), candidate(2, "rose red serum"), candidate(1, "big rose red serum")]
    for some in itertools.permutations(found):
        assert [ranked.product_id for ranked in order(ROSE_SERUM, some)] == [2, 3, 1]


def test_a_phrase_that_means_the_same_counts_as_the_words():
    reading = Reading("shower gel", "showergel", (Slot("shower gel", {}, (("shower", "gel"), ("body", "wash"))),))
    found = [candidate(1, "plain"), candidate(2, "body wash"), candidate(3, "shower gel")]
    assert [ranked.product_id for ranked in order(reading, found)] == [3, 2, 1]


def test_without_words_there_is_still_an_order():
    assert [ranked.product_id for ranked in order(Reading("", "", ()), [candidate(2), candidate(1)])] == [1, 2]
