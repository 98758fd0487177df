"""The one order of what was found, the same on every engine. Pure: nothing is read here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum


class Means(IntEnum):
    """How a word of a query stands for a word of the catalogue."""

    ITSELF = 0
    SYNONYM = 1
    BEGINNING = 2
    TYPO = 3
    TWO_TYPOS = 4


class Match(IntEnum):
    """How well a product answers a whole query, best first; the worst of its words decides."""

    SKU = 0
    NAME = 1
    WORDS_OF_NAME = 2
    BEGINNINGS_IN_NAME = 3
    BRAND_OR_TAGS = 4
    DETAILS = 5
    TYPO = 6
    DESCRIPTION = 7


@dataclass(frozen=True)
class Slot:
    """One word of a query: the terms it may stand for, and phrases that mean the same."""

    typed: str
    terms: Mapping[str, Means]
    phrases: tuple[tuple[str, ...], ...] = ()
    corrections: Mapping[str, str] | None = None  # term -> the word as it is written


@dataclass(frozen=True)
class Reading:
    """A query as it is understood: every slot is to be answered."""

    key: str  # its words as they were typed
    sku: str
    slots: tuple[Slot, ...]


@dataclass(frozen=True)
class Candidate:
    """What the order needs to know of a product that an engine found."""

    product_id: int
    name_key: str
    names: str
    kinds: str
    details: str
    has_sku: bool = False


@dataclass(frozen=True)
class Ranked:
    """A product's place; `match` is how well it answers, `means` by what each word of the query was found."""

    product_id: int
    match: Match
    means: tuple[Means | None, ...]
    terms: tuple[str, ...]
    key: tuple[int, ...]


def order(reading: Reading, candidates: Iterable[Candidate]) -> list[Ranked]:
    """The candidates, best first; what is alike comes by the shorter name, then by id."""
    return sorted((rank(reading, candidate) for candidate in candidates), key=lambda ranked: ranked.key)


def rank(reading: Reading, candidate: Candidate) -> Ranked:
    """How well a candidate answers."""
    answers = [_answer(slot, candidate) for slot in reading.slots]
    worst = max((match for match, _, _ in answers), default=Match.DESCRIPTION)
    if candidate.has_sku:
        worst = Match.SKU
    elif candidate.name_key == reading.key:
        worst = Match.NAME
    means = tuple(how for _, how, _ in answers)
    mistakes = sum(how - Means.BEGINNING for how in means if how is not None and how >= Means.TYPO)
    key = (
        worst,
        mistakes,
        sum(match for match, _, _ in answers),
        _how_far_from_the_phrase(reading.key, candidate.name_key),
        sum(how is Means.SYNONYM for how in means),
        candidate.name_key.count(" "),
        candidate.product_id,
    )
    return Ranked(candidate.product_id, worst, means, tuple(term for _, _, term in answers), key)


def _answer(slot: Slot, candidate: Candidate) -> tuple[Match, Means | None, str]:
    """The best answer to one word: where it was found, by what means, and as which term."""
    best: tuple[Match, Means, str] | None = None
    fields = ((candidate.names, Match.WORDS_OF_NAME), (candidate.kinds, Match.BRAND_OR_TAGS))
    for field, place in (*fields, (candidate.details, Match.DETAILS)):
        terms = field.split()
        for term in terms:
            how = slot.terms.get(term)
            if how is None:
                continue
            found = (_match(place, how), how, term)
            if best is None or found[:2] < best[:2]:
                best = found
        for phrase in slot.phrases:
            if all(word in terms for word in phrase) and (best is None or (place, Means.SYNONYM) < best[:2]):
                best = (place, Means.SYNONYM, " ".join(phrase))
        if best is not None and best[0] <= place:
            break
    return best or (Match.DESCRIPTION, None, "")


def _match(place: Match, how: Means) -> Match:
    if how >= Means.TYPO:
        return Match.TYPO
    if how is Means.BEGINNING and place is Match.WORDS_OF_NAME:
        return Match.BEGINNINGS_IN_NAME
    return place


def _how_far_from_the_phrase(key: str, name_key: str) -> int:
    """0 where the name begins with the very words, 1 where it has them in a row, 2 elsewhere."""
    if name_key.startswith(key):
        return 0
    return 1 if f" {key}" in name_key else 2
