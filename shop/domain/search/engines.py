"""What each database finds by its own means: documents by terms, words that look alike. At most 200 documents.

PostgreSQL: weighted tsvectors, pg_trgm where it is there. SQLite: FTS5, with trigrams over the words. Every term is
of letters and digits alone (words.py) and is quoted all the same, so that no query can be anything but words.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from shop.db import db
from shop.domain.search.ranking import Candidate, Reading, Slot
from shop.domain.search.words import trigrams

MOST = 200
LOOKALIKES = 40
SCOPES = ("names", "kinds", "all")
COLUMNS = "d.product_id, d.name_key, d.names, d.kinds, d.details"


def find_candidates(reading: Reading) -> list[Candidate]:
    """Documents that answer every word of the reading: those of this name or SKU, then by names, then by all."""
    found = {candidate.product_id: candidate for candidate in _find_by_name_and_sku(reading)}
    find = _find_on_sqlite if is_sqlite() else _find_on_postgresql
    for scope in SCOPES if reading.slots else ():
        for candidate in find(reading, scope) if len(found) < MOST else ():
            found.setdefault(candidate.product_id, candidate)
    return list(found.values())[:MOST]


def is_sqlite() -> bool:
    """Which of the two engines this is."""
    return db.session().get_bind().dialect.name == "sqlite"


def _find_by_name_and_sku(reading: Reading) -> list[Candidate]:
    """Those whose whole name or SKU was typed; with digits, also those whose SKU begins so."""
    is_code = len(reading.sku) >= 4 and any(char.isdigit() for char in reading.sku)
    rows = db.session.execute(
        text(
            f"SELECT {COLUMNS}, (SELECT COUNT(*) FROM search_skus s WHERE s.product_id = d.product_id AND s.sku = :sku)"
            " AS skus FROM search_documents d WHERE d.product_id IN ("
            " SELECT product_id FROM search_documents WHERE name_key = :key"
            " UNION SELECT product_id FROM search_skus WHERE sku = :sku OR (sku > :sku AND sku < :end))"
            " ORDER BY skus DESC, d.place LIMIT 50"
        ),
        {"key": reading.key, "sku": reading.sku, "end": reading.sku + "\U0010ffff" if is_code else reading.sku},
    )
    return [
        Candidate(row.product_id, row.name_key, row.names, row.kinds, row.details, has_sku=bool(row.skus))
        for row in rows
    ]


# -- SQLite -----------------------------------------------------------------------------------------------------------

FTS_COLUMNS = {"names": "{names} : ", "kinds": "{names kinds details} : ", "all": ""}


def _find_on_sqlite(reading: Reading, scope: str) -> list[Candidate]:
    """In the order of `place`, which is the FTS table's rowid: it stops as soon as there are enough."""
    query = " AND ".join(_fts_slot(slot) for slot in reading.slots)
    rows = db.session.execute(
        text(
            f"SELECT {COLUMNS} FROM (SELECT rowid AS place FROM search_documents_fts"
            " WHERE search_documents_fts MATCH :query ORDER BY rowid LIMIT :limit) f"
            " JOIN search_documents d ON d.place = f.place"
        ),
        {"query": f"{FTS_COLUMNS[scope]}({query})", "limit": MOST},
    )
    return [Candidate(*row) for row in rows]


def _fts_slot(slot: Slot) -> str:
    phrases = [" AND ".join(f'"{word}"' for word in phrase) for phrase in slot.phrases]
    return "(" + " OR ".join([*(f'"{term}"' for term in slot.terms), *(f"({phrase})" for phrase in phrases)]) + ")"


# -- PostgreSQL -------------------------------------------------------------------------------------------------------


def _find_on_postgresql(reading: Reading, scope: str) -> list[Candidate]:
    column = "names_vector" if scope == "names" else "vector"
    query = " & ".join(_ts_slot(slot, ":ABC" if scope == "kinds" else "") for slot in reading.slots)
    rows = db.session.execute(
        text(
            f"WITH hits AS MATERIALIZED (SELECT place FROM search_documents WHERE {column} @@ CAST(:query AS tsquery))"
            f" SELECT {COLUMNS} FROM (SELECT place FROM hits ORDER BY place LIMIT :limit) f"
            " JOIN search_documents d ON d.place = f.place"
        ),
        {"query": query, "limit": MOST},
    )
    return [Candidate(*row) for row in rows]


def _ts_slot(slot: Slot, weights: str) -> str:
    phrases = [" & ".join(f"'{word}'{weights}" for word in phrase) for phrase in slot.phrases]
    return "(" + " | ".join([*(f"'{term}'{weights}" for term in slot.terms), *(f"({p})" for p in phrases)]) + ")"


# -- words ------------------------------------------------------------------------------------------------------------


def words_beginning_with(beginnings: Sequence[str], limit: int) -> list[tuple[str, str, str, int]]:
    """(beginning, word, term, documents): for each of these the words most in use that begin so."""
    parts = [
        f"SELECT * FROM (SELECT :b{n} AS beginning, word, term, documents FROM search_words"
        f" WHERE word >= :b{n} AND word < :e{n} ORDER BY documents DESC, word LIMIT :limit) p{n}"
        for n in range(len(beginnings))
    ]
    values: dict[str, Any] = {"limit": limit}
    values |= {f"b{n}": beginning for n, beginning in enumerate(beginnings)}
    values |= {f"e{n}": beginning + "\U0010ffff" for n, beginning in enumerate(beginnings)}
    rows = db.session.execute(text(" UNION ALL ".join(parts)), values) if parts else ()
    return [(row[0], row[1], row[2], row[3]) for row in rows]


def lookalikes(word: str) -> list[tuple[str, str, int]]:
    """(word, term, documents) of words that share many threes of letters; none where pg_trgm is missing."""
    if is_sqlite():
        threes = " OR ".join(f'"{three}"' for three in trigrams(word))
        rows = db.session.execute(
            text(
                "SELECT word, term, documents FROM (SELECT rowid AS id FROM search_words_fts WHERE search_words_fts"
                " MATCH :threes ORDER BY rank LIMIT :limit) f JOIN search_words USING (id)"
            ),
            {"threes": threes, "limit": LOOKALIKES},
        )
    elif has_trigrams():
        rows = db.session.execute(
            text(
                "SELECT word, term, documents FROM search_words WHERE word % :word"
                " ORDER BY similarity(word, :word) DESC, word LIMIT :limit"
            ),
            {"word": word, "limit": LOOKALIKES},
        )
    else:
        return []
    return [(row[0], row[1], row[2]) for row in rows]


def has_trigrams() -> bool:
    """Whether words with two wrong letters can be looked up here."""
    if is_sqlite():
        return True
    return bool(db.session.scalar(text("SELECT COUNT(*) FROM pg_extension WHERE extname = 'pg_trgm'")))
