"""Synonyms: sets of words that mean the same to whoever searches, kept by staff. They take effect at once."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field
from sqlalchemy import delete, insert, select

from shop.db import db, operation
from shop.domain.actors import Actor
from shop.domain.audit.operations import record_change
from shop.domain.inputs import Input, Text
from shop.domain.search.models import Synonym, SynonymPhrase
from shop.domain.search.reading import LONGEST_PHRASE
from shop.domain.search.words import SMALL, stem, words_in
from shop.domain.versions import refuse_if_changed
from shop.errors import Detail, Invalid, NotFound

MOST_WORDS = 20
LONGEST = 80


class SynonymWish(Input):
    """A set of words as a form has it: one a line, or with commas between them."""

    words: Text = Field(min_length=1, title="words that mean the same")

    @property
    def each(self) -> list[str]:
        return self.words.replace(",", "\n").splitlines()


@operation
def save_synonym(
    words: Sequence[str], actor: Actor, public_id: str | None = None, *, seen: str | None = None
) -> Synonym:
    """Make a set of words, or phrases of up to three, that mean the same; or change the one of this id.

    Raises Invalid for fewer than two different ones or one that is too long, NotFound for no such set,
    ChangedMeanwhile for another version than the one `seen`.
    """
    written = list(dict.fromkeys(" ".join(word.split()) for word in words if word.strip()))
    phrases = {_phrase(word) for word in written}
    if not 2 <= len(phrases) <= len(written) <= MOST_WORDS or "" in phrases:
        raise _invalid(f"Give two to {MOST_WORDS} different words that mean the same.")
    if any(len(word) > LONGEST or len(_phrase(word).split()) > LONGEST_PHRASE for word in written):
        raise _invalid(f"Use at most {LONGEST_PHRASE} words and {LONGEST} characters for each.")
    synonym = _get_synonym(public_id) if public_id else Synonym(words=[])
    if public_id:
        refuse_if_changed(synonym.updated_at, seen)
    before = list(synonym.words)
    if before == written:
        return synonym
    synonym.words = written
    db.session.add(synonym)
    db.session.flush()
    db.session.execute(delete(SynonymPhrase).where(SynonymPhrase.synonym_id == synonym.id))
    db.session.execute(
        insert(SynonymPhrase), [{"synonym_id": synonym.id, "phrase": phrase} for phrase in sorted(phrases)]
    )
    action = "synonym.changed" if before else "synonym.created"
    record_change(actor, action, "synonym", synonym.public_id, {"words": before} if before else {}, {"words": written})
    return synonym


@operation
def delete_synonym(public_id: str, actor: Actor) -> None:
    """Forget a set of synonyms. Raises NotFound."""
    synonym = _get_synonym(public_id)
    record_change(actor, "synonym.deleted", "synonym", public_id, {"words": list(synonym.words)}, {})
    db.session.execute(delete(SynonymPhrase).where(SynonymPhrase.synonym_id == synonym.id))
    db.session.delete(synonym)


def list_synonyms() -> list[Synonym]:
    """All sets, the oldest first."""
    return list(db.session.scalars(select(Synonym).order_by(Synonym.id)))


def _get_synonym(public_id: str) -> Synonym:
    synonym = db.session.scalars(select(Synonym).filter_by(public_id=public_id).with_for_update()).one_or_none()
    if synonym is None:
        raise NotFound("There is no such set of synonyms.")
    return synonym


def _phrase(text: str) -> str:
    """As queries are compared with it: folded, without small words and plural."""
    words = words_in(text)
    return " ".join(stem(word) for word in words if word not in SMALL or len(words) == 1)


def _invalid(message: str) -> Invalid:
    return Invalid(message, [Detail("words", message)])
