"""Understanding a query: each of its words with what it may stand for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from shop.db import db
from shop.domain.search.engines import lookalikes, words_beginning_with
from shop.domain.search.models import SearchTypo, SearchWord, SynonymPhrase
from shop.domain.search.ranking import Means, Reading, Slot
from shop.domain.search.words import (
    LONGEST_CORRECTED,
    MOST,
    SMALL,
    TWO_MISTAKES_FROM,
    can_be_corrected,
    distance,
    sku_key,
    stem,
    trigrams,
    without_a_letter,
    words_in,
)

BEGINNINGS = 25  # of a word in the catalogue
CORRECTIONS = 8
SHORTEST_BEGINNING = 2
LONGEST_PHRASE = 3  # words of a synonym
SHORTEST_HALF = 3  # letters of a word that was written together with another


@dataclass(frozen=True)
class Typed:
    """The words of a query that count, and of them those that the catalogue has."""

    text: str
    words: tuple[str, ...]
    known: frozenset[str]
    reading: Reading


def read_words(text: str) -> Typed:
    """Understand a query as it was typed: its words, their beginnings, and synonyms; nothing is corrected yet."""
    all_words = words_in(text)
    counting = [word for word in all_words if word not in SMALL] or all_words
    words = tuple(counting[:MOST])
    terms = {word: stem(word) for word in words}
    known_terms = set(db.session.scalars(select(SearchWord.term).where(SearchWord.term.in_(terms.values()))))
    long_enough = [word for word in dict.fromkeys(words) if len(word) >= SHORTEST_BEGINNING]
    begun: dict[str, dict[str, Means]] = defaultdict(dict)
    for beginning, _, term, _ in words_beginning_with(long_enough, BEGINNINGS):
        begun[beginning][term] = Means.BEGINNING
    slots = []
    for word in words:
        is_last = word == words[-1]
        is_known = terms[word] in known_terms
        beginnings = begun[word] if is_last or not is_known else {}
        slots.append(Slot(word, {**beginnings, terms[word]: Means.ITSELF}))
    reading = Reading(" ".join(all_words)[:255], sku_key(text), _with_synonyms(tuple(slots)))
    known = frozenset(word for word in words if terms[word] in known_terms)
    return Typed(text, words, known, reading)


def _with_synonyms(slots: tuple[Slot, ...]) -> tuple[Slot, ...]:
    """Add to each run of words what staff say means the same. A run of several words becomes one slot."""
    stems = [stem(slot.typed) for slot in slots]
    runs = {
        " ".join(stems[start:end]): (start, end)
        for length in range(1, LONGEST_PHRASE + 1)
        for start in range(len(slots) - length + 1)
        for end in (start + length,)
    }
    if not runs:
        return slots
    mine, others = SynonymPhrase.__table__.alias("mine"), SynonymPhrase.__table__.alias("others")
    rows = db.session.execute(
        select(mine.c.phrase, others.c.phrase)
        .join(others, others.c.synonym_id == mine.c.synonym_id)
        .where(mine.c.phrase.in_(runs), others.c.phrase != mine.c.phrase)
        .order_by(mine.c.phrase, others.c.phrase)
    ).all()
    equal: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for phrase, other in rows:
        equal[phrase].append(tuple(other.split()))
    result: list[Slot] = []
    place = 0
    while place < len(slots):
        ends = [end for phrase, (start, end) in runs.items() if start == place and phrase in equal]
        end = max(ends, default=place + 1)
        phrases = equal.get(" ".join(stems[place:end]), [])
        result.append(_joined(slots[place:end], phrases))
        place = end
    return tuple({slot.typed: slot for slot in result}.values())


def _joined(run: Sequence[Slot], phrases: Sequence[tuple[str, ...]]) -> Slot:
    """A slot for these words and for what means the same."""
    singles = {phrase[0]: Means.SYNONYM for phrase in phrases if len(phrase) == 1}
    several = tuple(phrase for phrase in phrases if len(phrase) > 1)
    if len(run) == 1:
        return replace(run[0], terms={**singles, **run[0].terms}, phrases=several)
    own = tuple(stem(slot.typed) for slot in run)
    return Slot(" ".join(slot.typed for slot in run), singles, (own, *several))


def correct(typed: Typed, *, also_known: bool) -> Reading:
    """The reading in which words may have a letter wrong: those the catalogue has not, or (`also_known`) all."""
    asked = [
        slot.typed
        for slot in typed.reading.slots
        if " " not in slot.typed and can_be_corrected(slot.typed) and (also_known or slot.typed not in typed.known)
    ]
    near = nearest_words(asked)
    slots = []
    for slot in typed.reading.slots:
        found = near.get(slot.typed, [])
        terms = {stem(word): Means.TYPO if apart == 1 else Means.TWO_TYPOS for word, apart in reversed(found)}
        written = {stem(word): word for word, _ in reversed(found)}
        slots.append(replace(slot, terms={**terms, **slot.terms}, corrections=written))
    return replace(typed.reading, slots=tuple(slots))


def set_apart(typed: Typed) -> str | None:
    """The query with its unknown words taken apart where a space is missing: "handcream" is "hand cream"."""
    halves: dict[str, list[tuple[str, str]]] = {}
    for word in typed.words:
        if word not in typed.known and word.isalpha() and 2 * SHORTEST_HALF <= len(word) <= LONGEST_CORRECTED:
            places = range(SHORTEST_HALF, len(word) - SHORTEST_HALF + 1)
            halves[word] = [(word[:place], word[place:]) for place in places]
    if not halves:
        return None
    every = {half for pairs in halves.values() for pair in pairs for half in pair}
    rows = db.session.execute(select(SearchWord.word, SearchWord.documents).where(SearchWord.word.in_(sorted(every))))
    uses = {word: documents for word, documents in rows}
    apart: dict[str, str] = {}
    for word, pairs in halves.items():
        there = [pair for pair in pairs if pair[0] in uses and pair[1] in uses]
        if there:
            first, second = max(there, key=lambda pair: (min(uses[pair[0]], uses[pair[1]]), pair))
            apart[word] = f"{first} {second}"
    return " ".join(apart.get(word, word) for word in typed.words) if apart else None


def nearest_words(asked: Sequence[str]) -> Mapping[str, list[tuple[str, int]]]:
    """Words of the catalogue that are one mistake from each of these, or two where they are long: nearest first."""
    if not asked:
        return {}
    keys = {word: without_a_letter(word) for word in asked}
    every_key = sorted(set().union(*keys.values()))
    rows = db.session.execute(
        select(SearchTypo.typed, SearchTypo.word, SearchWord.documents)
        .join(SearchWord, SearchWord.word == SearchTypo.word)
        .where(SearchTypo.typed.in_(every_key))
    ).all()
    found: dict[str, dict[str, tuple[int, int]]] = {word: {} for word in asked}
    for typed, word, documents in rows:
        for one in asked:
            if word not in SMALL and typed in keys[one] and distance(one, word, 1) == 1:
                found[one][word] = (1, -documents)
    for one in asked:
        if not found[one] and TWO_MISTAKES_FROM <= len(one) <= LONGEST_CORRECTED and trigrams(one):
            for word, _, documents in lookalikes(one):
                if len(word) >= TWO_MISTAKES_FROM and distance(one, word, 2) <= 2:
                    found[one][word] = (2, -documents)
    return {
        one: [(word, near[word][0]) for word in sorted(near, key=lambda each: (*near[each], each))[:CORRECTIONS]]
        for one, near in found.items()
    }
