"""Stock as staff change it: every reason, counts that came too late, and whole sheets."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from shop.db import db
from shop.domain.audit.models import AuditEntry
from shop.domain.inventory.adjustments import (
    ChangeStock,
    LowStockWish,
    StockSheet,
    apply_stock_sheet,
    change_stock,
    read_stock_sheet,
    set_low_stock_threshold,
)
from shop.domain.inventory.models import StockItem, StockMovement
from shop.domain.inventory.operations import receive_stock
from shop.domain.inventory.queries import list_movements, movement_counts
from shop.errors import ChangedMeanwhile, Conflict, Invalid, NotFound
from tests.conftest import make_product, make_staff, placed_order, stock_of, variants_of


@pytest.fixture
def staff(app):
    return make_staff()


@pytest.fixture
def soap(app):
    return variants_of(make_product("Soap", stock=10))[0]


def change(variant, staff, reason, units, **more):
    return change_stock(variant.public_id, ChangeStock(reason=reason, units=units, **more), staff)


def moves(variant):
    """The ledger after the first stock: (kind, quantity, reason, balance)."""
    db.session.rollback()
    entries = list_movements(variant.id, 50)[-2::-1]
    return [(e.movement.kind, e.movement.quantity, e.movement.reason, e.balance) for e in entries]


def audited():
    db.session.rollback()
    rows = db.session.scalars(db.select(AuditEntry).where(AuditEntry.action.like("stock.%")).order_by(AuditEntry.id))
    return [(row.action, row.before, row.after) for row in rows]


def test_each_reason_is_in_the_ledger_and_in_the_audit_log(soap, staff):
    change(soap, staff, "received", 5)
    change(soap, staff, "damaged", 2, note="Fell off the shelf")
    change(soap, staff, "returned", 1)
    change(soap, staff, "other", -3)
    assert change(soap, staff, "counted", 20).before == 11

    assert moves(soap) == [
        ("receipt", 5, "received", 15),
        ("correction", -2, "damaged: Fell off the shelf", 13),
        ("correction", 1, "returned", 14),
        ("correction", -3, "other", 11),
        ("correction", 9, "counted", 20),
    ]
    assert stock_of(soap) == (20, 0)
    told = {"sku": soap.sku, "on_hand": 13, "reason": "damaged", "note": "Fell off the shelf"}
    assert audited()[1] == ("stock.changed", {"on_hand": 15}, told) and len(audited()) == 5


def test_a_count_that_finds_what_is_there_moves_nothing_and_is_told(soap, staff):
    change(soap, staff, "counted", 10)
    assert moves(soap) == [] and audited()[0][0] == "stock.confirmed"


@pytest.mark.parametrize(
    ("reason", "units", "sentence"),
    [
        ("counted", -1, "0 or more"),
        ("received", 0, "1 or more"),
        ("damaged", -2, "without a minus"),
        ("other", 0, "with a minus"),
    ],
)
def test_units_that_the_reason_does_not_take_are_refused(soap, staff, reason, units, sentence):
    with pytest.raises(Invalid, match=sentence):
        change(soap, staff, reason, units)
    assert moves(soap) == [] and audited() == []


@pytest.mark.parametrize(("reason", "units"), [("counted", 2), ("damaged", 8), ("other", -8)])
def test_what_orders_have_reserved_cannot_be_taken_away(soap, staff, terms, reason, units):
    placed_order(terms, (soap, 3))
    with pytest.raises(Conflict, match="reserved"):
        change(soap, staff, reason, units)
    assert stock_of(soap) == (10, 3)
    change(soap, staff, "counted", 3)
    assert stock_of(soap) == (3, 3)


def test_a_count_is_refused_once_stock_has_moved_though_it_is_the_same_again(soap, staff):
    seen = movement_counts([soap.id])[soap.id]
    change(soap, staff, "damaged", 1)
    change(soap, staff, "received", 1)
    with pytest.raises(ChangedMeanwhile, match="moved since"):
        change(soap, staff, "counted", 12, seen=seen)
    change(soap, staff, "received", 2, seen=seen)  # what came, came: whatever has moved
    assert stock_of(soap)[0] == 12


def test_the_second_press_of_a_button_does_nothing(soap, staff):
    key = {"formKey": "a" * 32}
    assert [change(soap, staff, "received", 4, **key).on_hand for _ in range(2)] == [14, 14]
    assert change(soap, staff, "received", 5, **key).on_hand == 19  # another wish


def test_of_many_counts_of_one_sight_one_is_taken(app, soap, staff):
    seen = movement_counts([soap.id])[soap.id]

    def count(units):
        with app.app_context():
            try:
                return change(soap, staff, "counted", units, seen=seen).on_hand
            except ChangedMeanwhile:
                return None

    with ThreadPoolExecutor(4) as pool:
        found = [each for each in pool.map(count, range(20, 24)) if each is not None]
    assert len(found) == 1 and stock_of(soap) == (found[0], 0) and len(moves(soap)) == 1


def test_a_variant_that_is_gone(app, staff):
    with pytest.raises(NotFound):
        change_stock("var_gone", ChangeStock(reason="received", units=1), staff)


# -- sheets -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def pair(app):
    return [variants_of(make_product(name, stock=10))[0] for name in ("Amber", "Balm")]


def sheet(pair, *units, **more):
    lines = "\n".join(f"{variant.sku}, {number}" for variant, number in zip(pair, units, strict=True))
    return StockSheet(lines=lines, **more)


def test_a_delivery_is_added_whole_and_once(pair, staff):
    wanted = sheet(pair, 5, 7, note="Of Monday", formKey="k")
    assert [(line.now, line.then) for line in read_stock_sheet(wanted).lines] == [(10, 15), (10, 17)]
    assert apply_stock_sheet(wanted, staff).change == 12
    assert apply_stock_sheet(wanted, staff).lines == ()
    assert [stock_of(each) for each in pair] == [(15, 0), (17, 0)]
    assert moves(pair[0]) == [("receipt", 5, "received: Of Monday", 15)]
    assert len(audited()) == 2


def test_a_sheet_as_a_spreadsheet_pastes_it_is_read(pair):
    lines = f'{pair[0].sku}\t3\r\n\r\n"{pair[1].sku}";4'
    assert [line.units for line in read_stock_sheet(StockSheet(lines=lines)).lines] == [3, 4]


def test_each_wrong_line_is_named_and_nothing_is_done(pair, staff, terms):
    placed_order(terms, (pair[1], 3))
    first, second = (each.sku for each in pair)
    lines = f"{first} 5\nNOPE, 3\n{first} 2\n{second}\n{second} 2\n{'9' * 9} 1"
    with pytest.raises(Invalid) as refused:
        apply_stock_sheet(StockSheet(lines=lines, kind="counted"), staff)
    assert [detail.message.partition(". ")[0].rstrip(".") for detail in refused.value.details] == [
        "Line 2: There is no SKU NOPE",
        f"Line 3: {first} is in line 1 already",
        f"Line 4: “{second}” is no SKU with a whole number after it",
        f"Line 5: 3 of {second} are reserved for orders: the stock cannot be 2",
        "Line 6: There is no SKU 999999999",
    ]
    with pytest.raises(Invalid, match="look"):
        apply_stock_sheet(StockSheet(lines=f"{first} 0"), staff)
    with pytest.raises(Invalid, match="at most 500"):
        read_stock_sheet(StockSheet(lines="X 1\n" * 501))
    assert [stock_of(each)[0] for each in pair] == [10, 10]


def test_a_count_of_many_is_refused_once_one_has_moved(pair, staff):
    wanted = sheet(pair, 8, 10, kind="counted")
    seen = read_stock_sheet(wanted).version
    change(pair[1], staff, "received", 1)
    with pytest.raises(ChangedMeanwhile):
        apply_stock_sheet(wanted.model_copy(update={"seen": seen}), staff)
    assert [stock_of(each)[0] for each in pair] == [10, 11]
    apply_stock_sheet(wanted.model_copy(update={"seen": read_stock_sheet(wanted).version}), staff)
    assert [stock_of(each)[0] for each in pair] == [8, 10]


def test_a_delivery_that_is_not_the_one_of_the_preview_is_refused(pair, staff):
    seen = read_stock_sheet(sheet(pair, 5, 7)).version
    receive_stock(pair[0].id, 1, reference="other", actor=staff)
    with pytest.raises(ChangedMeanwhile):
        apply_stock_sheet(sheet(pair, 5, 70, seen=seen), staff)
    apply_stock_sheet(sheet(pair, 5, 7, seen=seen), staff)
    assert [stock_of(each)[0] for each in pair] == [16, 17]


def test_the_level_of_low_stock_is_set_and_told(soap, staff):
    assert set_low_stock_threshold(soap.public_id, LowStockWish(threshold=3), staff)
    assert set_low_stock_threshold(soap.public_id, LowStockWish(threshold=3), staff) == ""
    db.session.rollback()
    assert db.session.scalar(db.select(StockItem.low_stock_threshold)) == 3
    assert audited() == [("stock.threshold", {"low_stock_threshold": 10}, {"low_stock_threshold": 3})]
    assert db.session.scalar(db.select(db.func.count()).select_from(StockMovement)) == 1
