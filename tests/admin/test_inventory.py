"""The inventory in the admin: what is there, what it is kept for, how it came about, and how staff change it."""

from __future__ import annotations

import pytest

from shop.db import db
from shop.domain.audit.models import AuditEntry
from shop.domain.inventory.adjustments import ChangeStock, change_stock
from tests.admin.pages import body, fields_of, keeping, send, value_of
from tests.admin.test_lists import csv_of, names_in
from tests.conftest import make_product, make_staff, placed_order, stock_of, variants_of
from tests.domain.orders.stories import delivered_order


@pytest.fixture
def soap(app):
    return variants_of(make_product("Soap", stock=20))[0]


@pytest.fixture
def address(soap):
    return f"/admin/inventory/{soap.public_id}"


def changed(owner, address, **fields):
    page = owner.get(address)
    return owner.post(f"{address}/changes", data={**fields_of(page), **fields})


def test_the_list_tells_low_from_out_and_from_all_reserved(owner, terms, soap):
    make_product("Empty", stock=0)
    make_product("Few", stock=4)
    make_product("Gone", stock=3, status="archived")
    placed_order(terms, (variants_of(make_product("Held", stock=2))[0], 2))

    def names(query):
        return names_in(owner.get(f"/admin/inventory?{query}"))

    assert names("") == ["Empty", "Few", "Held", "Soap"]
    assert names("tab=low") == ["Few"] and names("tab=out") == ["Empty", "Held"]
    assert names("tab=reserved") == names("tab=spoken-for") == ["Held"]
    assert names("tab=all&sort=-available") == ["Soap", "Few", "Gone", "Held", "Empty"]
    assert names(f"q={soap.sku}") == ["Soap"] and names("q=fe") == ["Few"]
    row = csv_of(owner.get("/admin/inventory.csv?tab=reserved"))[0]
    assert [row[name] for name in ("On hand", "Reserved", "Available", "Low from")] == ["2", "2", "0", "10"]


def test_a_page_has_as_many_statements_for_many_rows_as_for_one(owner, terms, soap, address, statements):
    staff = make_staff(email="packer@example.com")

    def sent(path):
        with statements() as found:
            owner.get(path)
        return len(found)

    placed_order(terms, (soap, 1))
    change_stock(soap.public_id, ChangeStock(reason="received", units=9), staff)
    delivered_order(terms, staff, (soap, 1))
    few = sent("/admin/inventory"), sent(address)
    for number in range(5):
        make_product(f"More {number}")
        placed_order(terms, (soap, 1))
        change_stock(soap.public_id, ChangeStock(reason="received", units=1), staff)
    delivered_order(terms, staff, (soap, 1))
    assert (sent("/admin/inventory"), sent(address)) == few


def test_the_page_shows_the_ledger_and_what_is_reserved_with_their_orders(owner, terms, soap, address):
    staff = make_staff(email="packer@example.com")
    sold = delivered_order(terms, staff, (soap, 1))
    held, promised = placed_order(terms, (soap, 2)), placed_order(terms, (soap, 3), confirm=True)

    page = owner.get(address)

    said = " ".join(body(page).split())
    assert f"Sent, order {sold.number} packer@example.com −1 19" in said and "Received The shop +20 20" in said
    for order in (sold, held, promised):
        assert f'href="/admin/orders/{order.public_id}"' in page.text
    assert "unless it is paid" in said and "it is sent" in said
    assert "On hand 19 Reserved 5 Available 14" in said


def test_the_ledger_has_pages(owner, soap, address):
    staff = make_staff(email="packer@example.com")
    for _ in range(50):
        change_stock(soap.public_id, ChangeStock(reason="received", units=1), staff)
    assert "1–50 of 51" in body(owner.get(address)) and "First stock" not in body(owner.get(address))
    older = body(owner.get(f"{address}?page=2"))
    assert "51–51 of 51" in older and "The shop +20 20" in " ".join(older.split())
    assert "51–51 of 51" in body(owner.get(f"{address}?page=99"))


def test_stock_is_changed_with_a_reason_and_only_once(owner, soap, address):
    page = owner.get(address)
    fields = {**fields_of(page), "reason": "damaged", "units": "3", "note": "Wet"}

    done = [owner.post(f"{address}/changes", data=fields) for _ in range(2)]

    assert [each.status_code for each in done] == [303, 303]
    said = " ".join(body(owner.get(address)).split())
    assert "17 on hand, 20 before." in said and "Lost or damaged owner@example.com: Wet −3 17" in said
    assert "Stock changed" in said  # the history


@pytest.mark.parametrize(
    ("fields", "status", "sentence"),
    [
        ({"reason": "counted", "units": "2"}, 409, "4 of {sku} are reserved for orders: the stock cannot be 2."),
        ({"reason": "damaged", "units": "17"}, 409, "Only 16 of {sku} can be taken away: 20 are there, 4 reserved."),
        ({"reason": "received", "units": "many"}, 422, "Enter a whole number."),
        ({"reason": "stolen", "units": "1"}, 422, "Choose one of"),
        ({"reason": "received", "units": ""}, 422, "Enter how many units."),
    ],
)
def test_what_cannot_be_is_refused_in_words_and_nothing_typed_is_lost(
    owner, terms, soap, address, fields, status, sentence
):
    placed_order(terms, (soap, 4))
    page = changed(owner, address, note="As I saw it", **fields)
    assert page.status_code == status and sentence.format(sku=soap.sku) in body(page)
    assert fields_of(page)["note"] == "As I saw it" and fields_of(page)["units"] == fields["units"]
    assert stock_of(soap) == (20, 4)


def test_a_count_that_comes_too_late_shows_what_has_moved_and_can_be_kept(owner, soap, address):
    opened = {**fields_of(owner.get(address)), "reason": "counted", "units": "18"}
    change_stock(soap.public_id, ChangeStock(reason="damaged", units=1), make_staff(email="other@example.com"))

    late = owner.post(f"{address}/changes", data=opened)

    assert late.status_code == 409
    assert "Stock has moved since you opened this page" in body(late) and "There are 19 now." in body(late)
    assert " ".join(body(late).split()).count("other@example.com −1 19") == 2  # above the form, and in the ledger
    again = fields_of(late)
    assert owner.post(f"{address}/changes", data=again).status_code == 409
    assert stock_of(soap) == (19, 0)
    assert owner.post(f"{address}/changes", data=keeping(late)).status_code == 303
    assert stock_of(soap) == (18, 0)


def test_a_delivery_is_looked_at_first_and_then_done_once(owner, soap):
    other = variants_of(make_product("Balm", stock=1))[0]
    fields = {**fields_of(owner.get("/admin/inventory/sheet")), "lines": f"{soap.sku}\t5\n{other.sku}\t2"}

    preview = owner.post("/admin/inventory/sheet", data={**fields, "step": "preview"})

    assert "2 variants, +7 units in all" in body(preview) and f"Balm {other.sku} 1 3" in " ".join(body(preview).split())
    assert stock_of(soap) == (20, 0)
    unseen = owner.post("/admin/inventory/sheet", data={**fields, "step": "do"})
    assert unseen.status_code == 200 and "Then" in body(unseen)
    sent = {**fields_of(preview), "step": "do"}
    edited = owner.post("/admin/inventory/sheet", data={**sent, "lines": f"{soap.sku} 500"})
    assert edited.status_code == 409 and "Look at the new one." in body(edited)
    for _ in range(2):
        assert owner.post("/admin/inventory/sheet", data=sent).location == "/admin/inventory"
    assert (stock_of(soap), stock_of(other)) == ((25, 0), (3, 0))
    assert "nothing was changed a second time" in body(owner.get("/admin/inventory"))


def test_a_sheet_with_wrong_lines_names_them_and_keeps_what_was_pasted(owner, soap):
    lines = f"{soap.sku} 5\nNOPE 1"
    page = send(owner, "/admin/inventory/sheet", lines=lines, step="preview")
    assert page.status_code == 422 and "Line 2: There is no SKU NOPE." in body(page)
    assert fields_of(page)["lines"] == lines


def test_from_when_on_stock_is_low_is_set_for_one_and_for_many(owner, soap, address):
    few = variants_of(make_product("Few", stock=4))[0]
    token = value_of(owner.get("/admin"), "csrf_token")
    wrong = owner.post(f"{address}/threshold", data={"csrf_token": token, "threshold": "-1"})
    assert wrong.status_code == 422 and "0 or more" in body(wrong)
    assert owner.post(f"{address}/threshold", data={"csrf_token": token, "threshold": "20"}).status_code == 303
    assert names_in(owner.get("/admin/inventory?tab=low")) == ["Few", "Soap"]
    ticked = {"csrf_token": token, "action": "stock.threshold", "which": "match", "step": "do", "threshold": "3"}
    task = owner.get(owner.post("/admin/inventory/bulk", data=ticked).location)
    assert "Low from 3 on" in body(task) and few.sku in body(task)
    assert names_in(owner.get("/admin/inventory?tab=low")) == []


def test_who_may_only_read_sees_no_form_and_no_way_to_orders(terms, staff_who_may, soap, address):
    order = placed_order(terms, (soap, 1))
    limited = staff_who_may("catalog:read")
    page = limited.get(address)
    assert order.number in body(page) and "/admin/orders" not in page.text and "<form id" not in page.text
    assert "Change the stock" not in body(page)
    assert limited.get("/admin/inventory/sheet").status_code == 403
    token = value_of(limited.get("/admin"), "csrf_token")
    sent = {"csrf_token": token, "reason": "received", "units": "1"}
    assert limited.post(f"{address}/changes", data=sent).status_code == 403
    assert limited.get("/admin/inventory/var_gone").status_code == 404
    db.session.rollback()
    assert db.session.scalar(db.select(AuditEntry.id).where(AuditEntry.action == "stock.changed")) is None


def test_product_order_and_ledger_lead_to_each_other(owner, terms, soap, address):
    order = placed_order(terms, (soap, 1))
    assert f'href="{address}"' in owner.get(f"/admin/orders/{order.public_id}").text
    product = f"/admin/products/{soap.product.public_id}"
    assert f'href="{product}"' in owner.get(address).text and f'href="{address}"' in owner.get(product).text
