"""Importing a catalogue in the admin: tried first, then imported by a worker, and reported."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from shop.db import db, frozen_time, refuse_inside_operation, transaction_time
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.models import Category, Product
from shop.domain.catalog.operations import save_category
from shop.domain.events import OutboxEvent
from shop.domain.imports import uploads
from shop.domain.imports.models import CatalogueFile
from shop.domain.imports.shopify import read_shopify
from shop.domain.imports.uploads import forget_old_catalogues
from shop.domain.staff_tasks.models import StaffTask
from shop.domain.staff_tasks.operations import run_task
from tests.admin.pages import body, value_of
from tests.conftest import counted_statements

NO_ROWS = b"Handle,Title,Variant Price\n"
DATA = Path(__file__).parents[1] / "data"


def upload(client, content: bytes, name: str = "products.csv", **more):
    token = value_of(client.get("/admin/imports"), "csrf_token")
    data = {"csrf_token": token, "file": (io.BytesIO(content), name), **more}
    return client.post("/admin/imports", data=data, content_type="multipart/form-data")


def sample() -> bytes:
    return (Path(__file__).parents[2] / "shop/admin/sample.csv").read_bytes()


def work() -> None:
    """As a worker does, until nothing is left."""
    db.session.rollback()
    for task_id in db.session.scalars(select(StaffTask.id).order_by(StaffTask.id)).all():
        db.session.rollback()
        run_task(task_id, 60)
    db.session.rollback()


def start(client, address):
    token = value_of(client.get(address), "csrf_token")
    return client.post(f"{address}/runs", data={"csrf_token": token})


def products() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Product))


def test_a_file_is_tried_without_a_trace_and_then_imported(owner):
    address = upload(owner, sample()).location
    assert "Dry run: 0 of 2 products" in body(owner.get(address))
    assert start(owner, address).status_code == 409  # not tried yet

    work()
    page = body(owner.get(address))
    assert "2 new 0 changed 0 unchanged 0 refused 0 mistakes" in " ".join(page.split())
    assert "Import 2 products" in page
    assert "2 products will be shown without a picture" in page
    assert products() == 0
    assert "product.created" not in db.session.scalars(select(AuditEntry.action)).all()
    assert "product.saved" not in db.session.scalars(select(OutboxEvent.type)).all()

    assert start(owner, address).location == address
    assert "Importing: 0 of 2 products" in body(owner.get(address))
    work()
    assert "2 products are shown without a picture" in body(owner.get(address))
    assert products() == 2
    entry = db.session.scalars(select(AuditEntry).filter_by(action="product.created")).first()
    assert entry.user_id is not None

    start(owner, address)  # a second press
    assert db.session.scalar(select(func.count()).select_from(StaffTask)) == 2


def test_categories_of_a_file_come_after_the_shops_own(owner):
    save_category("own", "Own", position=4)
    address = upload(owner, sample()).location
    work()
    start(owner, address)
    work()
    rows = db.session.execute(select(Category.slug, Category.position).order_by(Category.position)).all()
    assert rows[0] == ("own", 4) and [position for _, position in rows[1:]] == list(range(5, 4 + len(rows)))
    assert len(rows) > 1


def test_the_same_file_again_has_nothing_to_import(owner):
    for _ in range(2):
        address = upload(owner, sample()).location
        work()
        start(owner, address)
        work()

    again = upload(owner, sample()).location
    work()

    page = body(owner.get(again))
    assert "There is nothing to import" in page
    assert "0 new 0 changed 2 unchanged" in " ".join(page.split())


def test_mistakes_are_told_by_row_column_and_value_and_can_be_taken_away(owner):
    address = upload(owner, (DATA / "shopify-faults.csv").read_bytes(), "faults.csv").location
    work()

    page = body(owner.get(address))
    report = owner.get(f"{address}/report.csv")
    rows = list(csv.DictReader(io.StringIO(report.get_data(as_text=True).lstrip("\ufeff"))))

    assert "Mistakes" in page
    assert rows and set(rows[0]) == {"Row", "Handle", "Column", "Problem", "Value"}
    assert any(row["Column"] == "Variant Price" and row["Value"] for row in rows)
    assert "attachment" in report.headers["Content-Disposition"]


def test_a_rehearsal_sees_a_sku_of_another_product(owner):
    address = upload(owner, sample()).location
    work()
    start(owner, address)
    work()
    stolen = sample().replace(b"olive-soap", b"other-soap")

    again = upload(owner, stolen).location
    work()

    assert "SOAP-OLIVE" in body(owner.get(again)) or "belongs to" in body(owner.get(again))
    assert products() == 2


def test_no_transaction_is_held_while_a_file_is_read(owner, monkeypatch):
    def read_outside(stream):
        refuse_inside_operation("reading a catalogue")
        return read_shopify(stream)

    monkeypatch.setattr("shop.domain.imports.uploads.read_shopify", read_outside)
    address = upload(owner, sample()).location
    work()
    assert start(owner, address).status_code == 303
    uploads._content_read.cache_clear()  # a worker is another process
    work()

    assert products() == 2


def test_a_file_is_kept_with_its_dry_run_or_not_at_all(owner, monkeypatch):
    def dies(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr("shop.domain.staff_tasks.catalogues.queue_task", dies)
    with pytest.raises(KeyboardInterrupt):
        upload(owner, sample())

    assert db.session.scalar(select(func.count()).select_from(CatalogueFile)) == 0


def test_mistakes_are_counted_but_not_read_where_they_are_not_shown(owner):
    content = b"Handle,Title,Variant Price\nnew,New,1.00\nwrong,Wrong,much\n"
    address = upload(owner, content).location

    with counted_statements() as statements:
        assert "products.csv" in body(owner.get("/admin/imports"))
        assert "Dry run: 0 of 2" in body(owner.get(address))
        work()
    assert not [each for each in statements if "catalogue_files.problems" in each]
    assert "Mistakes" in body(owner.get(address))
    assert "<td>1</td></tr>" in owner.get("/admin/imports").text


def test_a_forgotten_file_ends_its_task_in_words(owner):
    address = upload(owner, sample()).location
    with frozen_time(transaction_time() + timedelta(days=31)):
        forget_old_catalogues()
    work()

    task = db.session.scalars(select(StaffTask)).one()
    assert task.status == "failed" and "not kept any more" in task.reason
    assert "not kept any more" in body(owner.get(address))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Choose a CSV file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "CSV"),
        (b"a,b\n1,2\n", "column"),
        (NO_ROWS, "no products"),
    ],
)
def test_what_is_no_catalogue_is_refused_in_words(owner, content, words):
    answer = upload(owner, content)

    assert answer.status_code == 422
    assert words in body(answer)
    assert db.session.scalar(select(func.count()).select_from(StaffTask)) == 0


def test_a_file_that_is_too_large_is_refused(owner, monkeypatch):
    monkeypatch.setattr("shop.admin.imports.MOST_BYTES", 100)
    monkeypatch.setattr("shop.domain.imports.uploads.MOST_BYTES", 100)

    assert "larger than 10 MB" in body(upload(owner, sample()))


def test_past_imports_and_a_sample_are_there(owner):
    upload(owner, sample(), "../../summer.csv")

    page = body(owner.get("/admin/imports"))
    assert "summer.csv" in page and ".." not in page
    assert owner.get("/admin/imports/sample.csv").get_data() == sample()


def test_who_may_only_read_imports_nothing(staff_who_may):
    reader = staff_who_may("catalog:read")

    assert reader.get("/admin/imports").status_code == 200
    assert reader.post("/admin/imports").status_code == 403
    assert reader.post("/admin/imports/imp_x/runs").status_code == 403


def test_the_forms_carry_their_token(owner):
    for path in ("/admin/imports", "/admin/imports/imp_x/runs"):
        assert owner.post(path, data={}).status_code == 400
