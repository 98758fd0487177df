"""Words as search sees them: folded, without plural, and how far apart two of them are. Pure functions."""

from __future__ import annotations

import re

from shop.domain.catalog.richtext import fold_text

LONGEST = 40  # characters of a word that count
MOST = 8  # words of a query that count
SHORTEST_CORRECTED, LONGEST_CORRECTED = 3, 24
TWO_MISTAKES_FROM = 7  # letters of a word in which two mistakes are still understood
# Words that say nothing about a product, unless nothing else is asked for.
SMALL = frozenset({"a", "an", "and", "by", "for", "in", "of", "on", "or", "the", "to", "with"})

_word = re.compile(r"[^\W_]+(?:['’ʼ][^\W_]+)*")  # "women's" is one word
_joined = re.compile(r"[^\W_]+(?:['’ʼ./&+‐‑–-][^\W_]+)*")  # so is "anti-age", beside its parts
_part = re.compile(r"[^\W_]+")


def words_in(text: str) -> list[str]:
    """The words of what somebody typed, or of a name as it may be typed."""
    return ["".join(_part.findall(word))[:LONGEST] for word in _word.findall(fold_text(text))]


def indexed_words(text: str) -> list[str]:
    """Every word by which a text may be found: "anti-age" by anti, age and antiage."""
    words: dict[str, None] = {}
    for chunk in _joined.findall(fold_text(text)):
        parts = _part.findall(chunk)
        for word in ("".join(parts), *parts):
            words[word[:LONGEST]] = None
    return list(words)


def sku_key(text: str) -> str:
    """A stock code without case, spaces and dashes: "ser 30-rose" is SER-30-ROSE."""
    return "".join(_part.findall(fold_text(text)))[:80]


def stem(word: str) -> str:
    """The word without its plural. It need not be a word any more: the same is done to texts and to queries."""
    if len(word) <= 3 or not word.isascii():
        return word
    if word.endswith(("ies", "ie")) and len(word) > 4:
        return word[: -3 if word.endswith("s") else -2] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def can_be_corrected(word: str) -> bool:
    """Whether letters of this word may be wrong: numbers and very short words are taken as they are."""
    return SHORTEST_CORRECTED <= len(word) <= LONGEST_CORRECTED and not any(char.isdigit() for char in word)


def without_a_letter(word: str) -> set[str]:
    """The word, and it without one letter: two words that share any of these may be one mistake apart."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def trigrams(word: str) -> list[str]:
    """Every three neighbouring letters."""
    return [word[start : start + 3] for start in range(len(word) - 2)]


def distance(one: str, other: str, most: int = 2) -> int:
    """Wrong, missing, added or swapped letters between two words; `most` + 1 when there are more."""
    if one == other:
        return 0
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            step = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                step = min(step, last[j - 2] + 1)
            row.append(step)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
