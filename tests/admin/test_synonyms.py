"""Synonyms in the admin: from the form to what a search finds."""

from __future__ import annotations

from shop.db import db
from shop.domain.audit.models import AuditEntry
from shop.domain.search.synonyms import list_synonyms
from tests.admin.pages import body, fields_of, keeping, send, value_of
from tests.conftest import make_product


def actions():
    db.session.rollback()
    rows = db.session.scalars(db.select(AuditEntry).order_by(AuditEntry.id))
    return [row.action for row in rows if row.action != "staff.signed_in"]


def sets():
    db.session.rollback()
    return [synonym.words for synonym in list_synonyms()]


def make(owner, words):
    answer = send(owner, "/admin/synonyms/new", "/admin/synonyms", words=words)
    assert answer.status_code == 303
    return answer.location


def test_lines_and_commas_make_a_set_that_searches_follow_at_once(owner, client):
    make_product("Cedar body wash")
    address = make(owner, "Shower gel, body wash\n\nDouche")

    assert sets() == [["Shower gel", "body wash", "Douche"]]
    assert fields_of(owner.get(address))["words"] == "Shower gel\nbody wash\nDouche"
    assert "Cedar body wash" in body(client.get("/search?q=douche"))
    assert actions() == ["synonym.created"]


def test_one_word_alone_is_refused_beside_the_field(owner):
    answer = send(owner, "/admin/synonyms/new", "/admin/synonyms", words="Creams, cream")
    assert answer.status_code == 422 and sets() == []
    assert "Give two to 20 different words" in body(answer) and fields_of(answer)["words"] == "Creams, cream"


def test_a_set_is_changed_found_and_deleted(owner):
    address = make(owner, "EDP, Eau de parfum")
    assert send(owner, address, words="EDP\nPerfume").status_code == 303
    make(owner, "rouge, lipstick")

    assert "EDP, Perfume" in body(owner.get("/admin/synonyms?q=perfumes"))
    assert "EDP" not in body(owner.get("/admin/synonyms?q=lip"))
    assert "EDP, Perfume" in body(owner.get("/admin/synonyms.csv"))

    token = value_of(owner.get("/admin/synonyms/new"), "csrf_token")
    answer = owner.post(f"{address}/deletion", data={"csrf_token": token})
    assert answer.location == "/admin/synonyms" and sets() == [["rouge", "lipstick"]]
    assert actions() == ["synonym.created", "synonym.changed", "synonym.created", "synonym.deleted"]


def test_who_saves_second_sees_both_versions(owner):
    address = make(owner, "EDP, Perfume")
    early = fields_of(owner.get(address))
    send(owner, address, words="EDP, Scent")

    late = owner.post(address, data={**early, "words": "EDP, Fragrance"})

    assert late.status_code == 409 and sets() == [["EDP", "Scent"]]
    assert "see the difference" in body(late) and fields_of(late)["words"] == "EDP, Fragrance"
    assert owner.post(address, data=fields_of(late)).status_code == 409
    assert owner.post(address, data=keeping(late)).status_code == 303
    assert sets() == [["EDP", "Fragrance"]]


def test_a_word_can_be_brought_along(owner):
    assert fields_of(owner.get("/admin/synonyms/new?words=edp"))["words"] == "edp"


def test_whoever_may_only_read_changes_nothing(staff_who_may):
    reader = staff_who_may("catalog:read")
    assert reader.get("/admin/synonyms").status_code == 200
    assert reader.get("/admin/synonyms/new").status_code == 403
