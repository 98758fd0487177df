"""What was searched for: counted by day, without anything about a person."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shop.db import transaction_time
from shop.domain.search.queries import popular_searches, searches_without_result, suggest
from shop.domain.search.statistics import KEPT, countable, forget_old_searches, record_searches


@pytest.mark.parametrize(
    ("typed", "counted"),
    [
        ("  Crème  BRÛLÉE ", "creme brulee"),
        ("lina@example.com", ""),
        ("lina @ example", ""),
        ("+962 7 9012 3456", ""),
        ("SKN-2026-000061", ""),
        ("MU-000123", "mu 000123"),
        ("x" * 30 + " " + "y" * 60, "x" * 30 + " " + "y" * 40),
        ("word " * 30, ""),
        ("!!!", ""),
    ],
)
def test_what_may_be_counted(typed, counted):
    assert countable(typed) == counted


def test_what_found_something_is_shown_to_others_once_it_was_asked_often_enough(app):
    today = transaction_time().date()
    record_searches([(today, "rose serum", 2, 5), (today, "rare", 1, 5), (today, "nothing", 9, 0)])
    assert popular_searches(5) == []
    record_searches([(today, "rose serum", 1, 4)])
    record_searches([(today - timedelta(days=40), "long ago", 50, 4)])

    assert popular_searches(5) == ["rose serum"]
    assert popular_searches(5, beginning="rose") == ["rose serum"]
    assert popular_searches(5, beginning="%") == []
    assert suggest("rose").searches == ("rose serum",)


def test_the_report_names_what_finds_nothing_now(app):
    today = transaction_time().date()
    yesterday = today - timedelta(days=1)
    record_searches([(yesterday, "kettle", 4, 0), (yesterday, "lamp", 9, 0), (today, "kettle", 1, 0)])
    record_searches([(today, "lamp", 1, 3), (today - timedelta(days=60), "old", 9, 0)])

    rows = searches_without_result()

    assert [(row.query, row.times, row.last_day) for row in rows] == [("kettle", 5, today)]


def test_old_counts_are_forgotten(app):
    today = transaction_time().date()
    record_searches([(today - KEPT - timedelta(days=1), "old", 9, 0), (today, "new", 9, 0)])
    assert forget_old_searches() == 1
    assert [row.query for row in searches_without_result(days=1000)] == ["new"]
