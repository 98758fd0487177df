"""Searching: products, suggestions while somebody types, and what others searched for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, desc, func, select

from shop.db import db, transaction_time
from shop.domain.catalog.filters import ProductFilter
from shop.domain.catalog.models import Category, Image, Product
from shop.domain.catalog.queries import Page, first_images, list_categories, list_products
from shop.domain.search.engines import MOST, find_candidates, words_beginning_with
from shop.domain.search.models import SearchCount
from shop.domain.search.ranking import Means, Ranked, Reading, order
from shop.domain.search.reading import Typed, correct, nearest_words, read_words, set_apart
from shop.domain.search.words import words_in

ENOUGH = 5  # with fewer, what was typed may be a mistake
LONGEST = 200  # characters of a query that count
POPULAR_WITHIN = timedelta(days=30)
POPULAR_FROM = 3  # times that a text must have been searched for before it is shown to others
SUGGESTED_SEARCHES, SUGGESTED_CATEGORIES, SUGGESTED_PRODUCTS = 3, 2, 3


@dataclass(frozen=True)
class Matches:
    """What a search found, best first. `corrected` is what it took the words for, where some were misspelt.

    `is_partial`: no product has all of the words, these have some of them.
    """

    product_ids: tuple[int, ...]
    corrected: str | None
    original: str
    is_partial: bool = False


def search_products(text: str, *, literally: bool = False) -> Matches:
    """Products for these words. Raises nothing, whatever the text. `literally`: misspelt words are only offered."""
    text = text[:LONGEST]
    typed = read_words(text)
    if not typed.words:
        return Matches((), None, text)
    found = _find(typed.reading)
    if literally:
        corrected = None if found else _find_corrected(typed, [])
        return Matches(_ids(found), _corrected_text(typed, corrected), text)
    may_be_misspelt = not found or (len(found) < ENOUGH and not typed.known.issuperset(typed.words))
    if may_be_misspelt and (corrected := _find_corrected(typed, found)):
        meant = _corrected_text(typed, corrected)
        return Matches(_with_meant_first(meant, corrected.found), meant, text)
    if not found and (apart := set_apart(typed)) and (more := _find(read_words(apart).reading)):
        return Matches(_ids(more), apart, text)
    if not found:
        some = _ids(_find_some_words(typed))
        return Matches(some, None, text, is_partial=bool(some))
    return Matches(_ids(found), None, text)


def _ids(found: Sequence[Ranked]) -> tuple[int, ...]:
    return tuple(ranked.product_id for ranked in found)


def _with_meant_first(meant: str | None, found: Sequence[Ranked]) -> tuple[int, ...]:
    """In the order that the corrected words have by themselves; what other corrections found comes after them."""
    best = _ids(_find(read_words(meant).reading)) if meant else ()
    return tuple(dict.fromkeys((*best, *_ids(found))))[:MOST]


def _find(reading: Reading) -> list[Ranked]:
    return order(reading, find_candidates(reading))


@dataclass(frozen=True)
class _Corrected:
    reading: Reading
    found: list[Ranked]


def _find_corrected(typed: Typed, found: list[Ranked]) -> _Corrected | None:
    """What is found when letters may be wrong: of words that nobody uses, then of any."""
    for also_known in (False, True):
        reading = correct(typed, also_known=also_known)
        if more := _find(reading) if any(slot.corrections for slot in reading.slots) else []:
            return _Corrected(reading, more)
        if found:
            return None
    return None


def _corrected_text(typed: Typed, corrected: _Corrected | None) -> str | None:
    """The query with the words by which the best product was found; None where none of them is a correction."""
    if corrected is None:
        return None
    best = corrected.found[0]
    words = []
    for slot, how, term in zip(corrected.reading.slots, best.means, best.terms, strict=True):
        is_mistake = how is not None and how >= Means.TYPO
        words.append((slot.corrections or {}).get(term, slot.typed) if is_mistake else slot.typed)
    before, after = " ".join(slot.typed for slot in corrected.reading.slots), " ".join(words)
    return after if after != before else None


def _find_some_words(typed: Typed) -> list[Ranked]:
    """Products with the words that the catalogue has; where none has all of those, with all but one."""
    slots = [slot for slot in typed.reading.slots if slot.typed in typed.known or len(slot.terms) > 1 or slot.phrases]
    if slots and len(slots) < len(typed.reading.slots):
        some = _find(replace(typed.reading, slots=tuple(slots)))
        if some:
            return some
    if not 2 <= len(slots) <= 5:
        return []
    found: dict[int, Ranked] = {}
    for left_out in slots:
        rest = tuple(slot for slot in slots if slot is not left_out)
        for ranked in _find(replace(typed.reading, slots=rest)):
            found.setdefault(ranked.product_id, ranked)
    return sorted(found.values(), key=lambda ranked: ranked.key)[:MOST]


def list_found(
    asked: ProductFilter, text: str, *, literally: bool = False, with_counts: bool = False
) -> tuple[Matches, Page]:
    """A page of the products for these words, narrowed as asked; by relevance unless another order was asked for."""
    found = search_products(text, literally=literally)
    if "sort_by" not in asked.model_fields_set:
        asked = asked.model_copy(update={"sort_by": "relevance"})
    return found, list_products(asked, among=found.product_ids, with_counts=with_counts)


def spellings_of(found: Matches) -> list[str]:
    """What else to search for: the corrected text, else popular searches with the same beginning."""
    if found.corrected:
        return [found.corrected]
    return [query for query in popular_searches(3, beginning=" ".join(words_in(found.original))) if query]


# -- suggestions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SuggestedProduct:
    """A product to go to at once."""

    product: Product
    image: Image | None


@dataclass(frozen=True)
class Suggestions:
    """At most eight rows for what was typed so far."""

    searches: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    products: tuple[SuggestedProduct, ...] = ()


def suggest(text: str) -> Suggestions:
    """What somebody who typed this may want: searches that found something, categories and products."""
    words = words_in(text[:LONGEST])
    if len("".join(words)) < 2:
        return Suggestions()
    found = search_products(text).product_ids[:SUGGESTED_PRODUCTS]
    return Suggestions(tuple(_searches(words)), tuple(_categories(words)), _products(found))


def _searches(words: Sequence[str]) -> list[str]:
    beginning = " ".join(words)
    rows = popular_searches(SUGGESTED_SEARCHES, beginning=beginning)
    if len(rows) < SUGGESTED_SEARCHES and len(words) == 1:
        begun = words_beginning_with([beginning], 3 * SUGGESTED_SEARCHES)
        by_term = {term: word for _, word, term, _ in reversed(begun)}  # of serum and serums only the more common one
        rows += [word for _, word, term, _ in begun if by_term[term] == word and word not in rows]
    if not rows and len(words) == 1:
        rows = [word for word, _ in nearest_words(words).get(beginning, [])]
    return rows[:SUGGESTED_SEARCHES]


def _categories(words: Sequence[str]) -> list[Category]:
    """Categories that have a word beginning with each of these."""
    return [
        category
        for category in list_categories()
        if all(any(part.startswith(word) for part in words_in(category.name)) for word in words)
    ][:SUGGESTED_CATEGORIES]


def _products(ids: Sequence[int]) -> tuple[SuggestedProduct, ...]:
    if not ids:
        return ()
    rows = db.session.scalars(select(Product).where(Product.id.in_(ids), Product.status == "active"))
    by_id = {product.id: product for product in rows}
    images = first_images(ids)
    return tuple(SuggestedProduct(by_id[id_], images.get(id_)) for id_ in ids if id_ in by_id)


# -- what others searched for -----------------------------------------------------------------------------------------


def popular_searches(limit: int, beginning: str = "") -> list[str]:
    """What was searched for most in the last 30 days and found something; with this beginning, where one is given."""
    times = func.sum(SearchCount.times)
    rows = (
        select(SearchCount.query)
        .where(SearchCount.day >= _since(), SearchCount.found > 0)
        .group_by(SearchCount.query)
        .having(times >= POPULAR_FROM)
        .order_by(desc(times), SearchCount.query)
        .limit(limit)
    )
    if beginning:
        rows = rows.where(SearchCount.query.startswith(beginning, autoescape=True), SearchCount.query != beginning)
    return list(db.session.scalars(rows))


@dataclass(frozen=True)
class Searched:
    """A text that was searched for: how often, when last, and how many products that found."""

    query: str
    times: int
    last_day: date
    found: int


def searches_without_result(limit: int = 50, days: int = 30) -> list[Searched]:
    """What was searched for most and found nothing when it was last searched for: what to stock, or a synonym."""
    return list_searches(limit, days, only_unanswered=True)


def list_searches(limit: int, days: int, *, only_unanswered: bool = False, offset: int = 0) -> list[Searched]:
    """What was searched for in the last days, most first."""
    rows = db.session.execute(_counted_searches(days, only_unanswered=only_unanswered).limit(limit).offset(offset))
    return [Searched(row.query, int(row.times), row.day, row.found) for row in rows]


def count_searches(days: int, *, only_unanswered: bool = False) -> int:
    """How many different texts were searched for in the last days."""
    searches = _counted_searches(days, only_unanswered=only_unanswered).subquery()
    return db.session.scalar(select(func.count()).select_from(searches)) or 0


def _counted_searches(days: int, *, only_unanswered: bool) -> Select[Any]:
    since = transaction_time().date() - timedelta(days=days)
    last = (
        select(SearchCount.query, func.max(SearchCount.day).label("day"), func.sum(SearchCount.times).label("times"))
        .where(SearchCount.day >= since)
        .group_by(SearchCount.query)
        .subquery()
    )
    rows = select(last.c.query, last.c.times, last.c.day, SearchCount.found).join(
        SearchCount, (SearchCount.query == last.c.query) & (SearchCount.day == last.c.day)
    )
    rows = rows.order_by(desc(last.c.times), last.c.query)
    return rows.where(SearchCount.found == 0) if only_unanswered else rows


def _since() -> date:
    return (transaction_time() - POPULAR_WITHIN).date()
