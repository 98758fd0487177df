"""Synonyms: words that mean the same to whoever searches."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, select, true

from shop.admin.resource import MOST_WORDS, Act, Column, Fact, Field, Form, Part, Resource
from shop.domain.search.models import Synonym, SynonymPhrase
from shop.domain.search.synonyms import SynonymWish, delete_synonym, save_synonym
from shop.domain.search.words import stem, words_in


def has_words(text: str) -> ColumnElement[bool]:
    """Each word is somewhere in the set, compared as a search compares it."""
    words = [stem(word) for word in words_in(text)[:MOST_WORDS]]
    having = select(SynonymPhrase.synonym_id)
    return and_(
        true(), *(Synonym.id.in_(having.where(SynonymPhrase.phrase.contains(word, autoescape=True))) for word in words)
    )


SYNONYMS = Resource(
    name="synonyms",
    title="Synonyms",
    singular="synonym",
    section="Catalogue",
    read="catalog:read",
    write="catalog:write",
    icon="equal",
    model=Synonym,
    row_name=lambda row: ", ".join(row.words),
    columns=(
        Column("words", "Words", lambda row: ", ".join(row.words), "main", on_phone="lead"),
        Column("updated", "Updated", lambda row: row.updated_at, "moment", sort=Synonym.updated_at),
    ),
    search=has_words,
    sort="-updated",
    form=Form(
        wish=SynonymWish,
        parts=(
            Part(
                "",
                (
                    Field(
                        "words",
                        "Words that mean the same",
                        "textarea",
                        hint="One a line or with commas between, of up to three words each: whoever searches for one "
                        "also finds the others.",
                    ),
                ),
            ),
        ),
        values=lambda row: {"words": "\n".join(row.words)},
        create=lambda wish, actor: save_synonym(wish.each, actor),
        change=lambda public_id, wish, actor, seen: save_synonym(wish.each, actor, public_id, seen=seen),
    ),
    facts=lambda row: (Fact("Last change", row.updated_at, "moment"),),
    acts=(
        Act(
            "deletion",
            "Delete",
            lambda public_id, wish, actor: delete_synonym(public_id, actor),
            "The synonym was deleted.",
            is_danger=True,
            leads_to_list=True,
        ),
    ),
    is_empty_text="No words mean the same yet. Add some where people search in words that your products do not use.",
)
