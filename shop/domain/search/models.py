"""The tables of search. All but synonyms and counts follow from the catalogue and can be made anew from it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from shop.db import Model, public_id_column, transaction_time

# Compared by code point on both engines, so that words beginning alike lie side by side.
ByCodePoint = String(40).with_variant(String(40, collation="C"), "postgresql")
SkuByCodePoint = String(80).with_variant(String(80, collation="C"), "postgresql")


class SearchDocument(Model):
    """A product on sale as search sees it: folded words without plural, apart by how much they say about it.

    The migration adds what each engine looks them up by: weighted tsvectors (PostgreSQL), an FTS5 table (SQLite).
    """

    __tablename__ = "search_documents"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(unique=True)  # where many match alike: short names first, then by id
    name_key: Mapped[str] = mapped_column(String(255), index=True)  # the name's words as they would be typed
    names: Mapped[str] = mapped_column(Text)
    kinds: Mapped[str] = mapped_column(Text)  # brand and tags
    details: Mapped[str] = mapped_column(Text)  # categories, attributes, options, parts of SKUs
    texts: Mapped[str] = mapped_column(Text)  # the description
    vocabulary: Mapped[str] = mapped_column(Text)  # its words as they are written, which SearchWord counts


class SearchSku(Model):
    """A stock code of a product on sale, folded."""

    __tablename__ = "search_skus"

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"), primary_key=True)
    sku: Mapped[str] = mapped_column(SkuByCodePoint, primary_key=True)

    __table_args__ = (Index("ix_search_skus_sku", "sku", "product_id"),)


class SearchWord(Model):
    """A word of the catalogue, and how many documents have it."""

    __tablename__ = "search_words"

    id: Mapped[int] = mapped_column(primary_key=True)
    word: Mapped[str] = mapped_column(ByCodePoint, unique=True)
    term: Mapped[str] = mapped_column(ByCodePoint, index=True)  # without plural, as documents have it
    documents: Mapped[int]


class SearchTypo(Model):
    """A word and one that it may have been meant as: the word itself, and it without one letter."""

    __tablename__ = "search_typos"

    typed: Mapped[str] = mapped_column(ByCodePoint, primary_key=True)
    word: Mapped[str] = mapped_column(ByCodePoint, primary_key=True, index=True)


class SearchQueued(Model):
    """A product whose document is to be made anew. Several rows of one product do no harm."""

    __tablename__ = "search_queue"

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))


class Synonym(Model):
    """Words, or phrases of up to three, that mean the same to whoever searches."""

    __tablename__ = "synonyms"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = public_id_column("syn")
    words: Mapped[list[str]]  # as staff wrote them
    updated_at: Mapped[datetime] = mapped_column(default=transaction_time, onupdate=transaction_time)


class SynonymPhrase(Model):
    """A phrase of a set of synonyms, as queries are compared with it."""

    __tablename__ = "synonym_phrases"

    synonym_id: Mapped[int] = mapped_column(ForeignKey("synonyms.id", ondelete="CASCADE"), primary_key=True)
    phrase: Mapped[str] = mapped_column(String(130), primary_key=True, index=True)


class SearchCount(Model):
    """How often something was searched for on a day, and how many products the last of these searches found."""

    __tablename__ = "search_counts"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    query: Mapped[str] = mapped_column(String(80), primary_key=True)
    times: Mapped[int]
    found: Mapped[int]
