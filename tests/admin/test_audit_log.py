"""The audit log: found by all that it holds, exported, and changed by nobody."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest

from shop.db import db, operation, transaction_time
from shop.domain.actors import SYSTEM
from shop.domain.audit.models import AuditEntry
from shop.domain.audit.operations import record_change
from shop.domain.catalog.operations import save_category
from tests.admin.pages import body, send


@pytest.fixture
def changed(owner):
    """A category that the owner renamed, in a request that has a name; and something that the shop did itself."""
    category = save_category("face", "Face care")
    imported()
    owner.environ_base["HTTP_X_REQUEST_ID"] = "the-request-1"
    send(owner, f"/admin/categories/{category.public_id}", name="Face & neck")
    del owner.environ_base["HTTP_X_REQUEST_ID"]
    return category


@operation
def imported():
    record_change(SYSTEM, "product.created", "product", "prod_x", {}, {"name": "=1+1"})


def test_every_entry_bears_the_request_that_made_it(owner, changed):
    entry = db.session.scalars(db.select(AuditEntry).filter_by(action="category.changed")).one()
    assert entry.request_id == "the-request-1" and entry.address == "127.0.0.1"
    page = body(owner.get(f"/admin/audit/{entry.id}"))
    assert "Face care → Face & neck" in page and "the-request-1" in page


@pytest.mark.parametrize(
    "narrowed",
    [
        "q=the-request-1",
        "who=owner",
        "what=category.changed",
        "object=category",
        "q={subject}",
        "q=127.0.0.1&object=category",
    ],
)
def test_it_is_found_by_all_that_it_holds(owner, changed, narrowed):
    found = body(owner.get(f"/admin/audit?{narrowed.format(subject=changed.public_id)}"))
    assert "Category changed" in found and "Product created" not in found


def test_days_and_the_shop_itself_are_filters(owner, changed):
    today = transaction_time().date()
    assert "Product created" in body(owner.get(f"/admin/audit?since={today}&until={today}"))
    assert "No match." in body(owner.get(f"/admin/audit?since={today + timedelta(days=1)}"))
    assert "No match." in body(owner.get("/admin/audit?until=nonsense"))
    page = body(owner.get("/admin/audit?who=the shop"))
    assert "Product created" in page and "Category changed name" not in page


def test_the_export_holds_requests_and_no_formula(owner, changed):
    text = owner.get("/admin/audit.csv?object=category").get_data(as_text=True).removeprefix("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["Request"] == "the-request-1" and row["Object"] == f"category {changed.public_id}"
    assert row["Changes"] == "name: Face care → Face & neck"


def test_there_is_no_way_to_change_it(app, owner, changed):
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/admin/audit")]
    assert rules and all(rule.methods <= {"GET", "HEAD", "OPTIONS"} for rule in rules)
    assert owner.post("/admin/audit/1").status_code == 405


def test_addresses_that_name_nothing(owner, changed):
    for path in (
        "/admin/audit/0",
        "/admin/audit/x",
        "/admin/audit/99999999999999999999",
        "/admin/audit?page=" + "9" * 40,
    ):
        assert owner.get(path).status_code == (200 if "?" in path else 404)
