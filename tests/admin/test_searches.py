"""What shoppers search for, as staff see it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop.db import transaction_time
from shop.domain.search.statistics import record_searches
from tests.admin.pages import body, fields_of


@pytest.fixture
def searched(app):
    today = transaction_time().date()
    record_searches(
        [
            (today - timedelta(days=2), "soap", 5, 0),
            (today, "soap", 4, 3),
            (today, "eau de parfum", 7, 0),
            (today - timedelta(days=90), "long ago", 50, 0),
        ]
    )


def test_searches_are_listed_with_their_last_result_most_first(owner, searched):
    text = body(owner.get("/admin/searches"))
    assert text.index("soap 9 3") < text.index("eau de parfum 7 nothing")
    assert "long ago" not in text and "All 2" in text and "Found nothing 1" in text


def test_what_found_nothing_leads_to_a_synonym(owner, searched):
    page = owner.get("/admin/searches?tab=nothing")
    assert "eau de parfum" in body(page) and "soap" not in body(page)
    address = "/admin/synonyms/new?words=eau+de+parfum"
    assert address in page.text
    assert fields_of(owner.get(address))["words"] == "eau de parfum"


def test_many_searches_come_in_pages(owner):
    today = transaction_time().date()
    record_searches([(today, f"word {number:02}", 1, 1) for number in range(60)])
    assert "1–50 of 60" in body(owner.get("/admin/searches"))
    assert "51–60 of 60" in body(owner.get("/admin/searches?page=9"))
    assert "1–50 of 60" in body(owner.get("/admin/searches?page=x&tab=y"))


def test_it_is_for_whoever_may_read_the_catalogue(staff_who_may, searched):
    reader = staff_who_may("catalog:read")
    page = reader.get("/admin/searches")
    assert "/admin/searches" in reader.get("/admin").text
    assert page.status_code == 200 and "Add a synonym" not in body(page)


def test_it_is_for_nobody_else(staff_who_may, searched):
    stranger = staff_who_may("orders:read")
    assert stranger.get("/admin/searches").status_code == 403
    assert "/admin/searches" not in stranger.get("/admin").text
