"""The product editor as a browser without script uses it, and who may do what there."""

from __future__ import annotations

import io

import pytest
from PIL import Image as Pillow
from sqlalchemy import select

from shop.db import db
from shop.domain.actors import SYSTEM
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.attributes import SaveAttribute, save_attribute
from shop.domain.catalog.models import Image, Product
from shop.gateways.storage import DiskStorage
from tests.admin.pages import body, fields_of, keeping, send
from tests.conftest import make_product

NEW = {
    "name": "Linen Shirt",
    "price": "20.00",
    "stock": "5",
    "status": "active",
    "options.0.name": "Size",
    "options.0.values": "S, M, L",
    "options.1.name": "Colour",
    "options.1.values": "White, Sage",
}


@pytest.fixture(autouse=True)
def store(app, tmp_path, monkeypatch) -> DiskStorage:
    monkeypatch.setitem(app.extensions, "shop_storage", DiskStorage(tmp_path))
    return app.extensions["shop_storage"]


@pytest.fixture
def shirt(owner) -> str:
    """The address of the editor of a new product with six variants."""
    answer = send(owner, "/admin/products/new", "/admin/products", **NEW)
    assert answer.status_code == 303, body(answer)
    return answer.location


def photo(kind: str = "JPEG") -> bytes:
    buffer = io.BytesIO()
    Pillow.new("RGB", (40, 50), "tomato").save(buffer, kind)
    return buffer.getvalue()


def upload(client, address, *files, **more):
    token = fields_of(client.get(address))["csrf_token"]
    data = {"csrf_token": token, "pictures": [(io.BytesIO(content), name) for name, content in files]}
    return client.post(f"{address}/pictures", data=data, content_type="multipart/form-data", **more)


def act(client, address, path):
    token = fields_of(client.get(address))["csrf_token"]
    return client.post(f"{address}/{path}", data={"csrf_token": token})


def images():
    db.session.rollback()
    return db.session.scalars(select(Image).order_by(Image.position).execution_options(populate_existing=True)).all()


def test_a_product_with_six_variants_is_made_by_one_form(owner, shirt):
    page = owner.get(shirt)

    assert "The product was made with 6 variants." in body(page)
    assert [fields_of(page)[f"variants.{n}.sku"] for n in (0, 5)] == ["LINEN-SHIRT-S-WHITE", "LINEN-SHIRT-L-SAGE"]
    assert owner.get("/products/linen-shirt").status_code == 200
    assert "product.created" in db.session.scalars(select(AuditEntry.action)).all()


def test_saving_what_is_shown_changes_nothing(owner, shirt):
    before = fields_of(owner.get(shirt))

    assert send(owner, shirt).status_code == 303

    after = fields_of(owner.get(shirt))
    assert {name: text for name, text in after.items() if name != "csrf_token"} == {
        name: text for name, text in before.items() if name != "csrf_token"
    }


def test_rows_are_saved_and_mistakes_are_said_at_them(owner, shirt):
    faulty = {"name": "", "variants.3.price": "x", "variants.5.stockChange": "many"}
    answer = send(owner, shirt, **faulty)
    assert answer.status_code == 422
    assert "To save this product, make 2 changes:" in body(answer)
    assert "L / Sage, stock change: Enter a whole number." in body(answer)
    assert fields_of(answer)["variants.3.price"] == "x"

    answer = send(owner, shirt, **{"variants.3.price": "x"})
    assert "M / Sage, price: Write the price as 24.00." in body(answer)

    assert send(owner, shirt, **{"variants.3.price": "31.00", "variants.5.stockChange": "+2"}).status_code == 303
    page = owner.get(shirt)
    assert fields_of(page)["variants.3.price"] == "31.00"
    assert '7, ledger of' in page.get_data(as_text=True)


def test_a_former_price_is_above_the_price(owner, shirt):
    for typed in ("20.00", "15"):
        answer = send(owner, shirt, **{"variants.3.compareAt": typed})
        assert answer.status_code == 422
        assert "M / Sage, former price: Enter more than the price, which is 20.00, or leave it" in body(answer)
    assert send(owner, shirt, **{"variants.3.compareAt": "25,00"}).status_code == 303
    assert fields_of(owner.get(shirt))["variants.3.compareAt"] == "25.00"

    made = {**NEW, "name": "Other", "compareAt": "19.00"}
    answer = send(owner, "/admin/products/new", "/admin/products", **made)
    assert answer.status_code == 422 and "Former price: Enter more than the price" in body(answer)


def test_a_number_is_taken_with_a_comma_and_its_mistake_names_it(owner, shirt):
    save_attribute(SaveAttribute(name="weight", label="Fabric weight", kind="number"), SYSTEM)
    answer = send(owner, shirt, **{"attributes.0.values": "heavy"})
    assert answer.status_code == 422 and "Fabric weight: Enter a number, such as 12 or 62.5." in body(answer)
    assert send(owner, shirt, **{"attributes.0.values": "62,5"}).status_code == 303
    assert fields_of(owner.get(shirt))["attributes.0.values"] == "62.5"


def test_two_people_do_not_overwrite_each_other(owner, shirt):
    opened = fields_of(owner.get(shirt))
    send(owner, shirt, brand="Aster")

    answer = owner.post(shirt, data={**opened, "brand": "Other"})
    assert answer.status_code == 409
    assert "changed this" in body(answer)
    assert fields_of(answer)["brand"] == "Other"

    answer = owner.post(shirt, data=fields_of(answer))
    assert answer.status_code == 409
    answer = owner.post(shirt, data=keeping(answer))
    assert answer.status_code == 303
    assert fields_of(owner.get(shirt))["brand"] == "Other"


def test_a_conflict_lists_what_differs_and_keeps_rows_apart(owner, shirt):
    opened = fields_of(owner.get(shirt))
    send(
        owner, shirt, **{"name": "Theirs", "description": "<p>New</p>", "status": "draft", "variants.1.price": "41.00"}
    )
    gone = {name: text for name, text in fields_of(owner.get(shirt)).items() if name != "variants.0.isOffered"}
    assert owner.post(shirt, data={**gone, "variants.0.isOffered": "false"}).status_code == 303

    late = owner.post(shirt, data={**opened, "variants.2.price": "55.00"})

    said = " ".join(body(late).split())
    assert "Name Linen Shirt Theirs" in said and "Status active draft" in said
    assert "S / Sage, price 20.00 41.00" in said and "M / White, price 55.00 20.00" in said
    shown = fields_of(late)
    assert shown["variants.1.id"] == opened["variants.2.id"] and shown["variants.1.price"] == "55.00"
    assert shown["variants.4.id"] == opened["variants.5.id"] and shown["variants.4.price"] == "20.00"


def test_a_form_sent_twice_changes_the_stock_once(owner, shirt):
    opened = {**fields_of(owner.get(shirt)), "variants.0.stockChange": "10"}
    assert owner.post(shirt, data=opened).status_code == 303

    late = owner.post(shirt, data=opened)
    assert late.status_code == 409
    again = keeping(late)
    assert again["variants.0.stockChange"] == ""
    assert owner.post(shirt, data=again).status_code == 303

    mine = {**fields_of(late), "version": fields_of(owner.get(shirt))["version"], "variants.0.stockChange": "1"}
    assert [owner.post(shirt, data=mine).status_code for _ in range(2)] == [303, 409]
    assert "16, ledger of" in owner.get(shirt).get_data(as_text=True)


def test_the_description_is_shown_as_the_shop_would(owner, shirt):
    send(owner, shirt, description="<h2>Soft</h2><script>alert(1)</script><p onclick=x>Linen</p>")
    assert "<h2>Soft</h2><p>Linen</p>" in owner.get(shirt).get_data(as_text=True)

    token = fields_of(owner.get(shirt))["csrf_token"]
    data = {"csrf_token": token, "description": "<img src=x onerror=y><em>So</em>"}
    assert owner.post("/admin/products/description-preview", data=data).get_data(as_text=True) == "<em>So</em>"


def test_more_variants_than_a_page_holds_are_edited_page_by_page(owner):
    many = {
        "options.0.values": "\n".join(f"No {n:03}" for n in range(120)),
        "options.1.name": "",
        "options.1.values": "",
    }
    address = send(owner, "/admin/products/new", "/admin/products", **{**NEW, **many}).location
    second = owner.get(f"{address}?page=2")
    assert "Page 2 of 3" in body(second)
    assert fields_of(second)["variants.0.sku"] == "LINEN-SHIRT-NO-050"

    answer = owner.post(f"{address}?page=2", data={**fields_of(second), "variants.0.price": "99.00"})

    assert answer.location.endswith("page=2")
    assert fields_of(owner.get(answer.location))["variants.0.price"] == "99.00"
    assert fields_of(owner.get(f"{address}?page=3"))["variants.19.price"] == "20.00"


def test_a_copy_is_made(owner, shirt):
    answer = act(owner, shirt, "copies")

    assert answer.status_code == 303
    assert fields_of(owner.get(answer.location))["name"] == "Copy of Linen Shirt"


# -- pictures ---------------------------------------------------------------------------------------------------------


def test_pictures_are_kept_aside_and_wait(owner, shirt, store):
    answer = upload(owner, shirt, ("a.jpg", photo()), ("b.png", photo("PNG")))

    assert answer.status_code == 303
    page = body(owner.get(shirt))
    assert "2 pictures uploaded" in page and page.count("Being made") == 2
    assert [image.upload_status for image in images()] == ["waiting", "waiting"]
    assert store.quarantine.exists(images()[0].upload_key)
    actions = db.session.scalars(select(AuditEntry).filter_by(action="product.changed")).all()
    assert len(actions) == 2 and actions[0].user_id is not None


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("shell.php.jpg", b"<?php system('id'); ?>", "no picture"),
        ("x.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "no picture"),
        ("x.png", b"<!doctype html><script>alert(1)</script>", "no picture"),
        ("x.gif", b"GIF89a" + bytes(30), "no picture"),
        ("x.jpg", b"", "empty"),
    ],
)
def test_what_is_no_picture_is_refused_in_words_and_not_kept(owner, shirt, store, name, content, words):
    answer = upload(owner, shirt, (name, content), headers={"Accept": "application/json"})

    assert answer.status_code == 422
    assert words in answer.json["refused"][0] and name in answer.json["refused"][0]
    assert images() == []
    assert not list(store.folder.rglob("*.*"))


def test_a_picture_that_is_too_large_is_refused(owner, shirt, store, monkeypatch):
    monkeypatch.setattr("shop.admin.pictures.LARGEST_PICTURE", 1000)

    answer = upload(owner, shirt, ("a.jpg", photo() + bytes(1000)), headers={"Accept": "application/json"})

    assert answer.status_code == 422 and "larger than 20 MB" in answer.json["refused"][0]
    assert [file for file in store.folder.rglob("*") if file.is_file()] == []


def test_more_may_be_uploaded_here_than_is_sent_elsewhere(owner, shirt):
    two_megabytes = photo() + bytes(2_000_000)

    assert upload(owner, shirt, ("a.jpg", two_megabytes)).status_code == 303
    assert len(images()) == 1
    token = fields_of(owner.get(shirt))["csrf_token"]
    answer = owner.post(shirt, data={"csrf_token": token, "description": "x" * 2_000_000})
    assert answer.status_code == 413


def test_a_name_of_a_file_cannot_say_where_it_goes(owner, shirt, store):
    upload(owner, shirt, ("../../evil\x00.jpg", photo()))

    (kept,) = [file for file in store.folder.rglob("*") if file.is_file()]
    assert kept.parent == store.folder / ".quarantine" and len(kept.name) == 32


def test_a_picture_is_removed_and_put_back(owner, shirt):
    upload(owner, shirt, ("a.jpg", photo()))
    picture = images()[0].public_id

    answer = act(owner, shirt, f"pictures/{picture}/removal")
    assert images() == []
    assert "The picture was removed." in body(owner.get(answer.location))

    act(owner, shirt, f"pictures/{picture}/return")
    assert [image.public_id for image in images()] == [picture]
    assert act(owner, shirt, f"pictures/{picture}/return").status_code == 303
    assert "too long ago" in body(owner.get(shirt))


def test_what_failed_says_why_and_is_tried_again(owner, shirt):
    upload(owner, shirt, ("a.jpg", photo()))
    from shop.domain.catalog import pictures

    image = images()[0]
    for _ in range(pictures.MAX_ATTEMPTS):
        claim = pictures.claim_picture(image.id)
        pictures.note_picture_failed(claim, "It broke off.", for_good=False)
        _make_due(image.id)
    page = body(owner.get(shirt))
    assert "It broke off." in page and "Try again" in page

    answer = act(owner, shirt, f"pictures/{image.public_id}/retry")
    assert answer.status_code == 303, body(answer)
    assert "did not" not in body(owner.get(shirt))

    assert images()[0].upload_status == "waiting"


def _make_due(image_id):
    from shop.db import operation, transaction_time

    @operation
    def change():
        row = db.session.get(Image, image_id)
        if row.upload_status == "waiting":
            row.upload_due_at = transaction_time()

    change()


# -- who may ----------------------------------------------------------------------------------------------------------

ROUTES = [
    "",
    "/{id}",
    "/{id}/copies",
    "/{id}/pictures",
    "/{id}/pictures/x/removal",
    "/{id}/pictures/x/return",
    "/{id}/pictures/x/retry",
]


@pytest.mark.parametrize("route", ROUTES)
def test_nothing_is_changed_by_who_may_only_read_or_without_the_form_token(staff_who_may, app, route):
    product = make_product("Rose Toner")
    address = "/admin/products" + route.format(id=product.public_id)

    assert staff_who_may("catalog:read").post(address, data={"name": "x", "price": "1"}).status_code == 403
    assert app.test_client().post(address, headers={"Sec-Fetch-Site": "same-origin"}).status_code in {302, 303}
    db.session.rollback()
    assert db.session.scalar(select(Product.name).filter_by(id=product.id)) == "Rose Toner"


@pytest.mark.parametrize("route", ROUTES)
def test_every_form_carries_its_token(owner, route):
    product = make_product("Rose Toner")
    address = "/admin/products" + route.format(id=product.public_id)

    assert owner.post(address, data={"name": "x", "price": "1"}).status_code == 400


def test_who_may_read_sees_the_product_and_no_button(staff_who_may):
    product = make_product("Rose Toner")
    page = body(staff_who_may("catalog:read").get(f"/admin/products/{product.public_id}"))

    assert "Rose Toner" in page
    assert "Discard" not in page and "Remove" not in page and "Duplicate" not in page


def test_who_may_not_read_the_catalogue_sees_no_product(staff_who_may):
    product = make_product("Rose Toner")

    assert staff_who_may("orders:read").get(f"/admin/products/{product.public_id}").status_code == 403
