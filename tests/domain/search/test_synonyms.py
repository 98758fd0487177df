"""Synonyms are kept by staff, with an entry in the audit log."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.audit.models import AuditEntry
from shop.domain.search.synonyms import delete_synonym, list_synonyms, save_synonym
from shop.errors import Invalid, NotFound


def actions() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def test_a_set_is_made_changed_and_forgotten_with_an_audit_entry_each(app):
    made = save_synonym(["EDP", " Eau de   parfum "], SYSTEM)
    assert made.words == ["EDP", "Eau de parfum"]
    save_synonym(["EDP", "Eau de parfum"], SYSTEM, made.public_id)
    assert actions() == ["synonym.created"]

    save_synonym(["EDP", "Perfume"], SYSTEM, made.public_id)
    assert [synonym.words for synonym in list_synonyms()] == [["EDP", "Perfume"]]
    delete_synonym(made.public_id, SYSTEM)

    assert list_synonyms() == []
    assert actions() == ["synonym.created", "synonym.changed", "synonym.deleted"]


@pytest.mark.parametrize(
    "words", [[], ["one"], ["cream", "Creams"], ["a", "!!!"], ["one two three four", "x"], ["x" * 81, "y"], ["w"] * 30]
)
def test_a_set_of_nothing_is_refused(app, words):
    with pytest.raises(Invalid):
        save_synonym(words, SYSTEM)


def test_a_set_that_is_not_there_is_not_found(app):
    with pytest.raises(NotFound):
        save_synonym(["a1", "b1"], SYSTEM, "syn_none")
    with pytest.raises(NotFound):
        delete_synonym("syn_none", SYSTEM)
