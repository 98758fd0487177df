"""The page of an order with everything: what it shows, what can be done now, and what is refused in a sentence."""

from __future__ import annotations

import re

import pytest

from shop.db import db
from shop.domain.audit.models import AuditEntry
from shop.domain.checkout import cancel_order
from shop.domain.orders.models import Order, OrderNote, Return, Shipment
from shop.domain.payments.models import Refund
from tests.admin.pages import body, fields_of, value_of
from tests.conftest import SHOPPER, make_product, make_staff, placed_order, stock_of, variants_of
from tests.domain.orders.stories import delivered_order, packed_order


@pytest.fixture
def variants(app):
    return variants_of(make_product("Amber", stock=10, price="20.00", variants=["30 ml", "50 ml"]))


@pytest.fixture
def packer(app):
    return make_staff(email="packer@example.com")


def address_of(order):
    return f"/admin/orders/{order.public_id}"


def press(browser, order, form_id, **changes):
    """Open the order's page and press the button of this form; what the page then says."""
    page = browser.get(address_of(order))
    return follow(browser, send(browser, order, page, form_id, **changes))


def send(browser, order, page, form_id, **changes):
    action = re.search(rf'<form[^>]*\bid="{form_id}"[^>]*>', page.text)
    assert action, f"no form {form_id}"
    path = re.search(r'action="([^"]+)"', action[0])[1]
    return browser.post(path, data={**fields_of(page, form_id), **changes})


def follow(browser, answer):
    assert answer.status_code == 303, answer.text[:500]
    return body(browser.get(answer.location))


def forms_of(browser, order):
    return set(re.findall(r'<form[^>]*\bid="([a-z]+)"', browser.get(address_of(order)).text))


def units(order, *counts):
    lines = zip(order.line_items, counts, strict=False)
    return {f"quantities.{line.public_id}": str(count) for line, count in lines}


def count(table):
    db.session.rollback()
    return db.session.scalar(db.select(db.func.count()).select_from(table))


def state():
    db.session.rollback()
    row = db.session.execute(db.select(Order.status, Order.payment_status, Order.shipping_status)).one()
    return tuple(row)


def test_an_order_from_packing_to_its_refund(owner, terms, variants):
    order = placed_order(terms, (variants[0], 2), (variants[1], 1), confirm=True)
    assert "The order is being packed" in press(owner, order, "pack")

    page = owner.get(address_of(order))
    first, second = re.findall(r'name="quantities\.(item_\w+)"', page.text)
    sent = press(owner, order, "ship", **{f"quantities.{second}": "0", "carrier": "DHL", "trackingNumber": "JD 01"})
    assert "The parcel is sent" in sent and "2 × Amber (30 ml) DHL · JD 01" in sent and "All sent" in sent
    assert state() == ("processing", "pending", "partially_shipped")
    press(owner, order, "ship")
    assert state() == ("shipped", "pending", "shipped")
    press(owner, order, "deliver")
    assert "is paid" in press(owner, order, "collect")
    assert state() == ("delivered", "paid", "delivered")

    back = press(owner, order, "return", restock="true", reason="Too dark", **{f"quantities.{first}": "1"})
    assert "On sale again · Too dark" in back and "1 came back" in back
    question = send(owner, order, owner.get(address_of(order)), "refund", **{f"quantities.{first}": "1"})
    assert question.status_code == 200 and "1 × Amber (30 ml) $20.00" in body(question)
    assert count(Refund) == 0
    said = follow(owner, owner.post(f"{address_of(order)}/refunds", data=fields_of(question)))
    assert "The money is given back" in said and "Given back −$20.00" in said
    assert state() == ("delivered", "partially_refunded", "delivered")
    entries = db.select(AuditEntry.action).filter_by(subject_kind="order").order_by(AuditEntry.id)
    actions = list(db.session.scalars(entries))
    assert [action.partition(".")[2] for action in actions] == [
        "packing_started",
        "sent",
        "sent",
        "delivered",
        "collected",
        "returned",
        "refunded",
    ]


def test_what_happened_is_told_in_words(owner, terms, variants):
    order = placed_order(terms, (variants[0], 1), confirm=True)
    page = press(owner, order, "pack")
    happened = page[page.index("What happened") :]
    told = [happened.index(words) for words in ("Packing began", "The order was confirmed", "The order was placed")]
    assert told == sorted(told) and "Status:" not in happened


def test_staff_read_how_the_total_came_about(owner, terms, variants):
    order = placed_order(terms, (variants[0], 2), confirm=True)
    page = owner.get(address_of(order)).text
    told = re.search(r"<details class=\"more\">\s*<summary>How the total came about.*?</details>", page, re.DOTALL)[0]
    assert re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", re.sub(r"</?bdi[^>]*>", "", told)) == [
        ("Amber, 30 ml: 2 × $20.00", "$40.00"),
        ("Standard", "$4.90"),
        ("Total: $40.00 + $4.90 delivery", "$44.90"),
    ]


def test_an_order_from_before_its_steps_were_kept_shows_none(owner, terms, variants):
    order = placed_order(terms, (variants[0], 2), confirm=True)
    db.session.execute(db.update(Order).values(receipt_steps=[]))
    db.session.commit()
    assert "How the total came about" not in owner.get(address_of(order)).text


def test_the_phone_number_is_shown_as_it_was_typed(owner, terms, variants):
    order = placed_order(terms, (variants[0], 1), confirm=True)
    assert order.shipping_address["phone"] in body(owner.get(address_of(order)))


def test_only_what_is_possible_now_has_a_form(owner, terms, variants, packer):
    confirmed = placed_order(terms, (variants[0], 1), confirm=True)
    packed = packed_order(terms, packer, (variants[0], 1))
    delivered = delivered_order(terms, packer, (variants[0], 1))
    cancelled = placed_order(terms, (variants[0], 1))
    cancel_order(cancelled.id, SHOPPER)
    assert forms_of(owner, confirmed) == {"pack", "collect", "cancel", "note"}
    assert forms_of(owner, packed) == {"ship", "collect", "cancel", "note"}
    assert forms_of(owner, delivered) == {"return", "refund", "note"}
    assert forms_of(owner, cancelled) == {"note"}


def test_staff_see_what_their_role_allows(terms, variants, staff_who_may):
    order = placed_order(terms, (variants[0], 1), confirm=True)
    reader = staff_who_may("orders:read")
    assert forms_of(reader, order) == set()
    token = value_of(reader.get(address_of(order)), "csrf_token")
    assert reader.post(f"{address_of(order)}/packing", data={"csrf_token": token}).status_code == 403


def test_refunds_are_a_permission_of_their_own(terms, variants, staff_who_may, packer):
    order = delivered_order(terms, packer, (variants[0], 1))
    clerk = staff_who_may("orders:read", "orders:write")
    assert forms_of(clerk, order) == {"return", "note"}
    token = value_of(clerk.get(address_of(order)), "csrf_token")
    assert clerk.post(f"{address_of(order)}/refunds", data={"csrf_token": token}).status_code == 403


def form_on(page, form_id):
    """The form, and whether what it is folded into is open."""
    before, form = re.search(rf'(.*)(<form[^>]*\bid="{form_id}".*?</form>)', page.text, re.DOTALL).groups()
    return form, re.findall(r"<details class=\"more\"( open)?>", before)[-1] == " open"


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("otherSum", "1,000", "A sum for no unit: Write the sum as 12.50."),
        ("quantities", "many", "Amber (30 ml): Enter a whole number."),
    ],
)
def test_a_refused_refund_stays_open_as_it_was_typed(owner, terms, variants, packer, field, typed, said):
    order = delivered_order(terms, packer, (variants[0], 2))
    field = f"quantities.{order.line_items[0].public_id}" if field == "quantities" else field
    answer = send(
        owner, order, owner.get(address_of(order)), "refund", **{"reason": "Broken", "shipping": "true", field: typed}
    )
    page = owner.get(answer.location)
    form, is_open = form_on(page, "refund")
    assert said in body(page) and is_open
    shown = re.search(rf'<input[^>]*name="{field}"[^>]*>', form)[0]
    assert f'value="{typed}"' in shown and 'aria-invalid="true"' in shown
    assert 'value="Broken"' in form and 'value="true" checked' in form
    assert not form_on(owner.get(address_of(order)), "refund")[1]


def test_a_refused_parcel_keeps_what_was_typed(owner, terms, variants, packer):
    order = packed_order(terms, packer, (variants[0], 2))
    typed = {"carrier": "DHL", "trackingNumber": "JD 01", "estimatedDelivery": "2020-01-01", **units(order, 1)}
    answer = send(owner, order, owner.get(address_of(order)), "ship", **typed)
    page = owner.get(answer.location)
    form, is_open = form_on(page, "ship")
    assert is_open and "Expected by: The parcel cannot arrive before it is sent." in body(page)
    for name, text in typed.items():
        assert f'value="{text}"' in re.search(rf'<input[^>]*name="{name}"[^>]*>', form)[0]
    assert count(Shipment) == 0


def test_a_double_click_sends_one_parcel(owner, terms, variants, packer):
    order = packed_order(terms, packer, (variants[0], 2))
    page = owner.get(address_of(order))
    answers = [send(owner, order, page, "ship", **units(order, 1)) for _ in range(2)]
    assert "The parcel is sent" in follow(owner, answers[1])
    assert count(Shipment) == 1


def test_a_stale_page_changes_nothing_and_says_why(owner, terms, variants, packer):
    order = packed_order(terms, packer, (variants[0], 2))
    stale = owner.get(address_of(order))
    press(owner, order, "ship", **units(order, 1))
    assert "Somebody else saved this after you opened it" in follow(owner, send(owner, order, stale, "ship"))
    assert "Somebody else saved this" in follow(owner, send(owner, order, stale, "cancel"))
    assert count(Shipment) == 1 and state()[0] == "processing"


def test_what_cannot_be_is_said_on_the_order_s_page(owner, terms, variants, packer):
    order = packed_order(terms, packer, (variants[0], 2))
    assert "Choose what is to be sent" in press(owner, order, "ship", **units(order, 0))
    assert "only 2 can still be sent" in press(owner, order, "ship", **units(order, 3))
    assert "whole number" in press(owner, order, "ship", **units(order, "x"))
    assert "cannot arrive before it is sent" in press(owner, order, "ship", estimatedDelivery="2020-01-01")
    assert "The amount to collect is $44.90" in press(owner, order, "collect", amount="1")
    assert count(Shipment) == 0


def test_cancelling_gives_the_stock_back_and_tells_the_reason(owner, terms, variants):
    order = placed_order(terms, (variants[0], 2), confirm=True)
    said = press(owner, order, "cancel", reason="We broke it")
    assert "The order is cancelled" in said and "We broke it" in said
    assert stock_of(variants[0]) == (10, 0)


def test_a_parcel_refused_at_the_door(owner, terms, variants, packer):
    order = packed_order(terms, packer, (variants[0], 2))
    press(owner, order, "ship")
    assert "on sale again" in press(owner, order, "refuse")
    assert state() == ("cancelled", "pending", "returned") and count(Return) == 1


def test_a_sum_for_no_unit_and_all_that_is_left(owner, terms, variants, packer):
    order = delivered_order(terms, packer, (variants[0], 1))
    assert "Write the sum as 12.50" in press(owner, order, "refund", otherSum="five")
    assert "Choose what to give back" in press(owner, order, "refund")
    assert "is more than there is" in press(owner, order, "refund", otherSum="99.00")
    question = send(owner, order, owner.get(address_of(order)), "refund", otherSum="5.00")
    follow(owner, owner.post(f"{address_of(order)}/refunds", data=fields_of(question)))
    question = send(owner, order, owner.get(address_of(order)), "refund", everything="true")
    assert "Give back $19.90" in body(question)
    follow(owner, owner.post(f"{address_of(order)}/refunds", data=fields_of(question)))
    assert state()[1] == "refunded" and "refund" not in forms_of(owner, order)


def test_a_return_is_refunded_by_its_own_button(owner, terms, variants, packer):
    order = delivered_order(terms, packer, (variants[0], 2))
    press(owner, order, "return", **units(order, 1))
    page = owner.get(address_of(order))
    form = re.search(r'<form method="post" action="[^"]*/refunds">.*?</form>', page.text, re.DOTALL)[0]
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
    question = owner.post(f"{address_of(order)}/refunds", data=fields)
    assert "Give back $20.00" in body(question)
    said = follow(owner, owner.post(f"{address_of(order)}/refunds", data=fields_of(question)))
    assert "Not on sale again · refunded" in said and "Refund this return" not in said


def test_notes_are_for_staff_and_are_shown_as_typed(owner, client, terms, variants):
    order = placed_order(terms, (variants[0], 1), confirm=True)
    said = press(owner, order, "note", text="Call <b>Lina</b>\nbefore noon")
    assert "Call &lt;b&gt;Lina" in owner.get(address_of(order)).text and "The note is kept" in said
    assert count(OrderNote) == 1
    assert "Enter a note" in press(owner, order, "note", text=" ")


def test_the_page_of_an_order_that_is_not_there(owner):
    assert owner.get("/admin/orders/order_x").status_code == 404
