"""Many rows at once: which, what exactly, a preview, and a report of what became of each."""

from __future__ import annotations

import pytest

from shop.db import db
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.models import Listing, Product, Variant
from shop.domain.catalog.operations import save_category
from shop.domain.staff_tasks.models import StaffTask
from tests.admin.pages import body, fields_of, value_of
from tests.conftest import counted_statements, make_product


@pytest.fixture
def soaps(owner):
    return [
        make_product(f"Soap {number}", price="10.00", description="<p>A jarr &amp; a lid.</p>") for number in range(3)
    ]


def start(owner, kind, products=(), **more):
    """The first step: the list's own form with these rows ticked."""
    token = value_of(owner.get("/admin"), "csrf_token")
    data = {"csrf_token": token, "action": kind, "which": "ticked", "id": [p.public_id for p in products], **more}
    return owner.post("/admin/products/bulk", data=data)


def go_on(owner, page, step, **typed):
    ids = [part.split('"')[0] for part in page.text.split('name="id" value="')[1:]]
    return owner.post("/admin/products/bulk", data={**fields_of(page), "id": ids, "step": step, **typed})


def all_of(column):
    db.session.expire_all()
    return list(db.session.scalars(db.select(column).order_by(column)))


def actions():
    db.session.expire_all()
    rows = db.session.scalars(db.select(AuditEntry).order_by(AuditEntry.id))
    return [row.action for row in rows if row.action != "staff.signed_in"]


def test_prices_are_shown_before_they_are_changed(owner, soaps):
    page = start(owner, "products.prices", soaps)
    assert "Change prices: 3 products" in body(page)
    preview = go_on(owner, page, "preview", percent="12.5")
    assert "3 changes in 3 products" in body(preview) and "Soap 0 $10.00 $11.25" in body(preview)
    assert set(all_of(Variant.price_amount)) == {1000}

    done = go_on(owner, preview, "do")

    assert done.status_code == 303 and "Done 3 of 3" in body(owner.get(done.location))
    assert set(all_of(Variant.price_amount)) == set(all_of(Listing.price_amount)) == {1125}
    assert actions() == ["product.changed"] * 3


def test_a_long_preview_is_cut_and_reads_no_further(owner, soaps, monkeypatch):
    monkeypatch.setattr("shop.admin.bulk.MOST_PREVIEWED", 1)
    monkeypatch.setattr("shop.domain.catalog.bulk.READ_AT_ONCE", 1)
    page = start(owner, "products.prices", soaps)
    with counted_statements() as statements:
        preview = go_on(owner, page, "preview", percent="10")
    assert "At least 1 changes" in body(preview) and "The first 1 are shown." in body(preview)
    assert sum("products.description" in statement for statement in statements) == 2


def test_more_rows_than_a_task_takes_are_refused_first(owner, soaps, monkeypatch):
    monkeypatch.setattr("shop.admin.bulk.MOST_SUBJECTS", 2)
    for which in ("ticked", "match"):
        answer = start(owner, "products.prices", soaps, which=which)
        assert answer.status_code == 422 and "Narrow the list to at most 2 rows." in body(answer)


def test_the_same_form_sent_twice_is_done_once(owner, soaps):
    preview = go_on(owner, start(owner, "products.prices", soaps), "preview", percent="10,0 %")
    assert go_on(owner, preview, "do").location == go_on(owner, preview, "do").location
    assert set(all_of(Variant.price_amount)) == {1100}


def test_a_form_that_comes_back_with_another_wish_is_not_taken_for_the_first(owner, soaps):
    preview = go_on(owner, start(owner, "products.prices", soaps), "preview", percent="10")
    go_on(owner, preview, "do")

    answer = go_on(owner, preview, "do", percent="20")
    assert answer.status_code == 409 and "This form was sent before" in body(answer)
    assert set(all_of(Variant.price_amount)) == {1100}

    go_on(owner, answer, "do")
    assert set(all_of(Variant.price_amount)) == {1320}


def test_a_former_price_can_be_kept_as_struck_through(owner, soaps):
    page = start(owner, "products.prices", soaps[:1])
    go_on(owner, page, "do", percent="-20", keepFormer="true")
    variant = db.session.scalars(db.select(Variant).filter_by(product_id=soaps[0].id)).one()
    db.session.refresh(variant)
    assert (variant.price_amount, variant.compare_at_amount) == (800, 1000)


def test_a_typo_is_put_right_everywhere_but_not_inside_of_markup(owner, soaps):
    other = make_product("jarr opener", description='<p><a href="https://jarr.example">x</a></p>')
    page = start(owner, "products.replacement", [*soaps, other])
    preview = go_on(owner, page, "preview", find="jarr", replace="jar <b>")
    assert "4 changes in 4 products" in body(preview)
    go_on(owner, preview, "do")
    texts = all_of(Product.description)
    assert "<p>A jar &lt;b&gt; &amp; a lid.</p>" in texts
    assert any('href="https://jarr.example"' in text for text in texts)
    assert "jar <b> opener" in all_of(Product.name)


def test_a_text_that_would_grow_too_long_is_refused_row_by_row(owner):
    make_product("Soap", description=f"<p>{'jarr ' * 19_000}</p>")
    make_product(f"{'jarr' * 60} soap")
    make_product("A jarr")
    page = start(owner, "products.replacement", which="match")
    preview = go_on(owner, page, "preview", find="jarr", replace="jar of glass")
    assert "The description would be longer than 100000 characters." in body(preview)
    text = body(owner.get(go_on(owner, preview, "do").location))
    assert "3 of 3, 2 could not be changed" in text and "The name would be empty or longer than 255" in text
    assert "A jar of glass" in all_of(Product.name)


@pytest.mark.parametrize("field", ["find", "replace"])
def test_a_text_with_control_characters_is_refused_and_spaces_at_its_ends_count(owner, soaps, field):
    page = start(owner, "products.replacement", soaps)
    answer = go_on(owner, page, "preview", **{"find": "Soap", "replace": "Oil", field: "a\x01b"})
    assert answer.status_code == 422 and "Remove line breaks and control characters." in body(answer)
    preview = go_on(owner, page, "preview", find="oap ", replace="oap N° ")
    assert "Soap 0 Soap 0 Soap N° 0" in body(preview)


def test_all_that_match_are_meant_when_that_is_chosen(owner, soaps):
    make_product("Oil")
    token = value_of(owner.get("/admin"), "csrf_token")
    page = owner.post(
        "/admin/products/bulk?q=soap", data={"csrf_token": token, "action": "products.status", "which": "match"}
    )
    assert "Set status: 3 products" in body(page)
    owner.post("/admin/products/bulk?q=soap", data={**fields_of(page), "step": "do", "status": "draft"})
    assert sorted(all_of(Product.status)) == ["active", "draft", "draft", "draft"]


def test_status_category_tags_and_archive(owner, soaps):
    face = save_category("face", "Face care")
    go_on(owner, start(owner, "products.category", soaps), "do", category=face.public_id)
    go_on(owner, start(owner, "products.tag_added", soaps), "do", tag="gift")
    assert set(all_of(Product.category_id)) == {face.id}
    db.session.expire_all()
    assert {tuple(tags) for tags in db.session.scalars(db.select(Product.tags))} == {("gift",)}
    go_on(owner, start(owner, "products.tag_removed", soaps[:1]), "do", tag="gift")
    page = start(owner, "products.archived", soaps[:2])
    assert "kept in the archive" in body(page)
    go_on(owner, page, "do")
    assert sorted(all_of(Product.status)) == ["active", "archived", "archived"]
    again = go_on(owner, start(owner, "products.archived", soaps[:2]), "do")
    assert "Nothing to change." in body(owner.get(again.location))
    assert len(actions()) == 3 + 3 + 1 + 2


def test_what_cannot_be_changed_is_said_row_by_row_and_stops_nobody_else(owner, soaps):
    dear = make_product("Dear", price="99999999.00")
    page = start(owner, "products.prices", [soaps[0], dear, soaps[1]])
    done = go_on(owner, page, "do", percent="100")
    text = body(owner.get(done.location))
    assert "3 of 3, 1 could not be changed" in text and "would cost more than can be sold" in text
    assert all_of(Variant.price_amount) == [1000, 2000, 2000, 9999999900]


def test_a_mistake_in_the_wish_changes_nothing(owner, soaps):
    answer = go_on(owner, start(owner, "products.prices", soaps), "do", percent="ten")
    assert answer.status_code == 422 and "To save this change, make 1 change" in body(answer)
    assert "Percent: Enter a number, such as 12.5." in body(answer)
    for typed, said in (("12.345", "at most 2 digits after the point"), ("nan", "Enter a number"), ("-95", "-90 or")):
        assert said in body(go_on(owner, start(owner, "products.prices", soaps), "do", percent=typed))
    assert db.session.scalar(db.select(db.func.count()).select_from(StaffTask)) == 0


def test_nothing_ticked_is_said(owner, soaps):
    answer = start(owner, "products.status")
    assert answer.status_code == 422 and "Tick at least one row first." in body(answer)


def test_more_than_a_hundred_are_left_to_a_worker(owner, app):
    from shop.domain.staff_tasks.operations import run_task

    for number in range(101):
        make_product(f"Soap {number}")
    page = start(owner, "products.tag_added", which="match")
    done = go_on(owner, page, "do", tag="bulk")
    waiting = owner.get(done.location)
    assert "Queued 0 of 101" in body(waiting) and 'http-equiv="refresh"' in waiting.text
    assert 'hx-trigger="every 2s"' in waiting.text
    task = db.session.scalars(db.select(StaffTask)).one()
    assert run_task(task.id, 60)
    finished = owner.get(done.location)
    assert "Done 101 of 101" in body(finished)
    assert "hx-trigger" not in finished.text and 'http-equiv="refresh"' not in finished.text
    assert "Add a tag" in body(owner.get("/admin/tasks"))
