"""The rules of a discount code by themselves: when it is refused, how it reads, what its form takes, who used it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from shop.db import db, frozen_time
from shop.domain.actors import SYSTEM
from shop.domain.audit.models import AuditEntry
from shop.domain.catalog.collections import SaveCollection, save_collection
from shop.domain.catalog.operations import save_category
from shop.domain.promotions.codes import CodeWish, change_code, sentence_of, wish_values
from shop.domain.promotions.models import DiscountCode, DiscountCustomer, DiscountRedemption
from shop.domain.promotions.operations import redeem_code, release_code
from shop.domain.promotions.queries import Goods, customer_names, find_code, judge
from shop.domain.promotions.trial import TryCode, try_code
from shop.errors import Conflict, Gone, Invalid, Unknown
from shop.money import Money
from tests.conftest import make_product, placed_order, variants_of
from tests.domain.promotions.codes import make_code

START = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)  # the midnight after its last day
MOMENT = timedelta(microseconds=1)


def code_of(**columns) -> DiscountCode:
    """A code that is not kept, with a quarter off everything."""
    usual = {"code": "SPRING", "kind": "percentage", "percent_hundredths": 2500, "amount": 0, "currency": "USD"}
    limits = {"minimum_amount": 0, "used": 0, "is_active": True}
    scope = {"product_ids": [], "category_ids": [], "collection_ids": []}
    return DiscountCode(**{**usual, **limits, **scope, **columns})


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "now", "words"),
    [
        ({"is_active": False}, START, "There is no code SPRING any more."),
        ({"starts_at": START}, START - MOMENT, "The code SPRING starts on 1 November 2026."),
        ({"starts_at": START}, START, ""),
        ({"ends_at": END}, END - MOMENT, ""),
        ({"ends_at": END}, END, "The code SPRING ended on 30 November 2026."),
        ({"max_uses": 2, "used": 1}, START, ""),
        ({"max_uses": 2, "used": 2}, START, "The code SPRING was used up."),
        ({"minimum_amount": 2500}, START, ""),
        (
            {"minimum_amount": 2501},
            START,
            "The code SPRING is for orders of $25.01 or more. Yours is $25.00.",
        ),
        ({"product_ids": [999]}, START, "The code SPRING is for other articles than those in your cart."),
    ],
)
def test_a_code_is_refused_in_words_exactly_when_its_rule_says_so(app, columns, now, words):
    goods = [Goods(7, Money(2000, "USD")), Goods(8, Money(500, "USD"))]

    refusal = judge(code_of(**columns), goods, ["user:1"], now).refusal

    assert (refusal.message if refusal else "") == words
    assert [(each.field, each.message) for each in (refusal.details if refusal else [])] == (
        [("discountCode", words)] if words else []
    )


def test_refusals_of_each_family_are_told_apart(app):
    def family(now=START, goods=(), **columns):
        return type(judge(code_of(**columns), list(goods), [], now).refusal)

    assert family(is_active=False) is family(START - MOMENT, starts_at=START) is Unknown
    assert family(END, ends_at=END) is family(max_uses=1, used=1) is Gone
    assert family(minimum_amount=1) is family(goods=[Goods(7, Money(1, "USD"))], product_ids=[9]) is Invalid


def test_an_empty_cart_is_no_reason_to_refuse(app):
    verdict = judge(code_of(product_ids=[9]), [], [], START)
    assert (verdict.refusal, verdict.in_scope) == (None, ())


def test_a_code_says_which_lines_it_is_for_in_their_order(app):
    one, two, three = (make_product().id for _ in range(3))
    goods = [Goods(number, Money(100, "USD")) for number in (two, one, two, three)]
    some = judge(code_of(product_ids=[two, three]), goods, [], START)
    assert (some.in_scope, some.refusal) == ((True, False, True, True), None)
    assert judge(code_of(), goods, [], START).in_scope == (True, True, True, True)


def test_a_code_is_found_however_it_is_written_while_it_is_active(app):
    code = make_code()
    assert find_code(" spring ").id == code.id
    make_code("PAUSED", isActive=False)
    for text in ("paused", "spri"):
        with pytest.raises(Unknown, match=f"There is no code {text.upper()}. Look at how it is written."):
            find_code(text)


# -- who used it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user_id", "email", "starts"),
    [
        (None, "", []),
        (7, "", ["user:7"]),
        (None, "lina@example.com", ["email:"]),
        (7, "lina@example.com", ["email:", "user:7"]),
    ],
)
def test_a_customer_is_known_by_account_and_by_address_which_is_not_told(user_id, email, starts):
    names = customer_names(user_id, email)
    assert len(names) == len(starts) and all(name.startswith(start) for name, start in zip(names, starts, strict=True))
    assert "lina" not in "".join(names)
    assert names == customer_names(user_id, f" {email.upper()} ".strip() and f" {email.upper()} ")


@pytest.fixture
def orders(terms):
    variant = variants_of(make_product("Soap", stock=9))[0]
    return [placed_order(terms, (variant, 1)).id for _ in range(3)]


def uses(code):
    """How often the code was used, and by whom."""
    db.session.rollback()
    rows = db.session.execute(db.select(DiscountCustomer.customer, DiscountCustomer.used).filter_by(code_id=code.id))
    used = db.session.scalar(db.select(DiscountCode.used).filter_by(id=code.id))
    customers = dict(rows.all())
    db.session.rollback()
    return used, customers


@pytest.mark.breaks_invariants  # the orders do not say that they hold the code
def test_an_order_takes_a_use_of_code_and_customers_and_gives_it_back_once(app, orders):
    code, other = make_code(), make_code("OTHER")
    redeem_code(code, orders[0], 500, ["user:7", "email:x"])
    redeem_code(code, orders[1], 300, ["user:7"])
    redeem_code(other, orders[2], 200, ["user:7"])
    assert uses(code) == (2, {"user:7": 2, "email:x": 1})

    now = datetime.now(UTC)
    with frozen_time(now):
        for _ in range(2):
            release_code(orders[0])

    assert uses(code) == (1, {"user:7": 1, "email:x": 0}) and uses(other) == (1, {"user:7": 1})
    rows = db.session.scalars(db.select(DiscountRedemption).order_by(DiscountRedemption.id)).all()
    assert [(row.order_id, row.amount, row.customers, row.released_at) for row in rows] == [
        (orders[0], 500, ["email:x", "user:7"], now),
        (orders[1], 300, ["user:7"], None),
        (orders[2], 200, ["user:7"], None),
    ]
    assert {row.code_id for row in rows} == {code.id, other.id}


@pytest.mark.breaks_invariants
def test_a_use_is_no_change_that_staff_would_have_to_look_at(app, orders):
    code = make_code()
    with frozen_time(datetime.now(UTC) + timedelta(days=1)):
        redeem_code(code, orders[0], 500, [])
        release_code(orders[0])
    assert db.session.scalar(db.select(DiscountCode.updated_at)) == code.updated_at


@pytest.mark.breaks_invariants
def test_the_last_use_is_one_order_s_in_total_and_of_a_customer(app, orders):
    two = make_code(maxUses=2, maxUsesPerCustomer=1)
    redeem_code(two, orders[0], 1, ["user:7", "user:8"])
    with pytest.raises(Gone, match="You have used the code SPRING as often as one can."):
        redeem_code(two, orders[1], 1, ["user:6", "user:8"])
    assert uses(two) == (1, {"user:7": 1, "user:8": 1})
    goods = [Goods(1, Money(1, "USD"))]
    assert judge(two, goods, ["user:8", "user:5"], START).refusal.message.startswith("You have used")
    assert judge(two, goods, ["user:5"], START).refusal is None
    assert judge(two, goods, [], START).refusal is None
    redeem_code(two, orders[1], 1, ["user:9"])
    with pytest.raises(Gone, match="The code SPRING was used up."):
        redeem_code(two, orders[2], 1, [])


@pytest.mark.breaks_invariants
def test_a_paused_code_is_not_redeemed(app, orders):
    paused = make_code(isActive=False)
    with pytest.raises(Gone):
        redeem_code(paused, orders[0], 1, [])
    release_code(orders[0])
    assert uses(paused) == (0, {})


# -- read back --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({}, "25% off everything."),
        ({"percent_hundredths": 1250, "is_active": False}, "12.5% off everything. It is paused."),
        ({"kind": "fixed_amount", "amount": 1000}, "$10.00 off everything."),
        ({"kind": "free_shipping"}, "Free delivery."),
        ({"kind": "free_shipping", "product_ids": [1]}, "Free delivery 1 product."),
        ({"product_ids": [1, 2]}, "25% off 2 products."),
        ({"category_ids": [1]}, "25% off nothing."),
        ({"minimum_amount": 5000}, "25% off everything in orders of $50.00 or more."),
        ({"starts_at": START}, "25% off everything from 1 Nov 2026 on."),
        ({"ends_at": END}, "25% off everything until 30 Nov 2026."),
        ({"starts_at": START, "ends_at": END}, "25% off everything from 1 Nov 2026 to 30 Nov 2026."),
        ({"max_uses": 3}, "25% off everything, 3 times in all."),
        ({"max_uses_per_customer": 1}, "25% off everything, once per customer."),
        (
            {"max_uses": 3, "max_uses_per_customer": 2},
            "25% off everything, 3 times in all and 2 times per customer.",
        ),
    ],
)
def test_the_rule_is_read_back_in_plain_words(app, columns, sentence):
    assert sentence_of(code_of(**columns)) == sentence


def test_the_sentence_names_categories_and_collections_by_the_alphabet(app):
    for slug, name in (("wash", "Wash"), ("body", "Body"), ("face", "Face")):
        save_category(slug, name)
    for slug, name in (("new", "New"), ("cheap", "Cheap"), ("sale", "Sale")):
        save_collection(SaveCollection.model_validate({"slug": slug, "name": name}), SYSTEM)
    code = make_code(categories="Wash\nbody", collections="cheap\nNEW")

    assert sentence_of(code) == "25% off Body, Wash, Cheap and New."
    assert sentence_of(make_code("FACE", categories="face", collections="Sale")) == "25% off Face and Sale."
    assert (wish_values(code)["categories"], wish_values(code)["collections"]) == ("body\nwash", "cheap\nnew")


FORM = {
    "code": "SPRING", "note": "For newcomers", "kind": "percentage", "value": "12.5", "minimum": "50.00",
    "maxUses": "100", "maxUsesPerCustomer": "2", "startsOn": "2026-11-01", "endsOn": "2026-11-30", "isActive": True,
    "products": "oil\nsoap", "categories": "", "collections": "",
}  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"kind": "fixed_amount", "value": "10.05"},
        {"kind": "free_shipping", "value": "", "minimum": "", "maxUses": "", "maxUsesPerCustomer": "", "note": ""},
        {"startsOn": "", "endsOn": "", "isActive": False, "products": ""},
    ],
)
def test_the_form_reads_back_what_it_wrote(app, changes):
    for slug in ("soap", "oil"):
        make_product(slug, slug=slug)
    form = {**FORM, **changes}
    typed = {name: str(value).lower() if value is True else str(value) for name, value in form.items() if value}
    code = make_code("OTHER")

    changed = change_code(code.public_id, CodeWish.model_validate_strings(typed), SYSTEM)

    assert wish_values(changed) == form


# -- written ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "column", "value"),
    [
        ({"value": "0.01"}, "percent_hundredths", 1),
        ({"value": "100"}, "percent_hundredths", 10_000),
        ({"value": "12,5 %"}, "percent_hundredths", 1250),
        ({"kind": "fixed_amount", "value": "10,5"}, "amount", 1050),
        ({"kind": "fixed_amount", "value": "0.01"}, "amount", 1),
        ({"kind": "fixed_amount", "value": "5"}, "percent_hundredths", 0),
        ({"minimum": "7,20"}, "minimum_amount", 720),
        ({"code": "a-_z09"}, "code", "A-_Z09"),
        ({"startsOn": date(2026, 11, 1)}, "starts_at", START),
        ({"startsOn": date(2026, 11, 30), "endsOn": date(2026, 11, 30)}, "ends_at", END),
        ({}, "starts_at", None),
        ({}, "ends_at", None),
        ({}, "max_uses", None),
        ({"maxUses": 1}, "max_uses", 1),
        ({"maxUses": 10**9}, "max_uses", 10**9),
        ({"maxUsesPerCustomer": 10**6}, "max_uses_per_customer", 10**6),
        ({}, "note", ""),
        ({}, "currency", "USD"),
    ],
)
def test_what_staff_write_is_kept_exactly(app, wish, column, value):
    assert getattr(make_code(**wish), column) == value


@pytest.mark.parametrize(
    ("wish", "field", "words"),
    [
        ({"value": "100.01"}, "value", "Enter a percentage above 0 and up to 100, with two decimals at most"),
        ({"value": "0.001"}, "value", "Enter a percentage above 0"),
        ({"value": ""}, "value", "Enter a percentage above 0"),
        ({"kind": "fixed_amount", "value": "0"}, "value", "Enter an amount such as 10.00."),
        ({"minimum": "much"}, "minimum", "Enter an amount such as 10.00."),
        ({"code": "A B"}, "code", "Use letters from A to Z, digits, - and _ in a code."),
        (
            {"startsOn": date(2026, 11, 2), "endsOn": date(2026, 11, 1)},
            "endsOn",
            "Enter a last day that is not before the first.",
        ),
        ({"collections": "nothing"}, "collections", "There is no collection nothing."),
    ],
)
def test_what_cannot_be_is_said_at_its_field(app, wish, field, words):
    with pytest.raises(Invalid, match=words) as refused:
        make_code(**wish)
    assert [detail.field for detail in refused.value.details] == [field]


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("code", "A" * 3, "A" * 2),
        ("code", "A" * 40, "A" * 41),
        ("note", "n" * 200, "n" * 201),
        ("value", "1" * 20, "1" * 21),
        ("minimum", "1" * 20, "1" * 21),
        ("maxUses", 1, 0),
        ("maxUses", 10**9, 10**9 + 1),
        ("maxUsesPerCustomer", 1, 0),
        ("maxUsesPerCustomer", 10**6, 10**6 + 1),
        ("products", "p" * 100_000, "p" * 100_001),
        ("kind", "free_shipping", "free"),
    ],
)
def test_the_form_takes_what_fits(field, good, bad):
    usual = {"code": "SPRING", "kind": "percentage"}
    wish = CodeWish.model_validate({**usual, field: good})
    assert wish.model_dump(by_alias=True)[field] == good
    with pytest.raises(ValidationError):
        CodeWish.model_validate({**usual, field: bad})


def test_an_empty_form_is_a_paused_code_without_limits():
    assert CodeWish(code="SPRING", kind="percentage").model_dump(exclude={"code", "kind"}) == {
        "note": "", "value": "", "minimum": "", "max_uses": None, "max_uses_per_customer": None, "starts_on": None,
        "ends_on": None, "is_active": False, "products": "", "categories": "", "collections": "",
    }  # fmt: skip


def test_making_and_changing_are_written_down_with_what_they_changed(app):
    code = make_code(endsOn=date(2026, 11, 30), note="Old")
    wish = CodeWish.model_validate({"code": "SPRING", "kind": "percentage", "value": "25", "note": "New"})
    change_code(code.public_id, wish, SYSTEM)

    made, changed = db.session.scalars(db.select(AuditEntry).order_by(AuditEntry.id)).all()
    assert (made.action, made.subject_kind, made.subject_id) == (
        "discount_code.created", "discount code", code.public_id,
    )  # fmt: skip
    assert made.before == {}
    told = {name: value for name, value in made.after.items() if value not in (0, [], None)}
    assert told == {"code": "SPRING", "note": "Old", "kind": "percentage", "percent_hundredths": 2500} | {
        "is_active": True, "ends_at": "2026-12-01T00:00:00+00:00",
    }  # fmt: skip
    assert (changed.action, changed.subject_kind, changed.subject_id) == (
        "discount_code.changed", "discount code", code.public_id,
    )  # fmt: skip
    assert changed.before == {"note": "Old", "ends_at": "2026-12-01T00:00:00+00:00", "is_active": True}
    assert changed.after == {"note": "New", "ends_at": None, "is_active": False}


def test_a_code_keeps_its_own_name_and_takes_nobody_else_s(app):
    spring, summer = make_code(), make_code("SUMMER")
    again = {"code": "spring", "kind": "percentage", "value": "30"}
    assert change_code(spring.public_id, CodeWish.model_validate(again), SYSTEM).percent == Decimal(30)
    with pytest.raises(Conflict, match="The code SPRING is there already. Choose another one.") as refused:
        change_code(summer.public_id, CodeWish.model_validate(again), SYSTEM)
    assert [detail.field for detail in refused.value.details] == ["code"]


# -- tried out --------------------------------------------------------------------------------------------------------


@pytest.fixture
def soap(app):
    return variants_of(make_product("Soap", slug="soap", price="20.00"))[0]


def trial_of(goods, code="spring", now=START):
    return try_code(TryCode(code=code, goods=goods), "USD", now)


def test_the_test_box_tells_each_figure_without_delivery(soap):
    oil = variants_of(make_product("Oil", price="5.00"))[0]
    make_code(products="soap", value="50")

    trial = trial_of(f"{soap.sku}  2\n{oil.sku}\n{soap.sku} 1")

    assert (trial.sentence, trial.refusal) == ("50% off 1 product.", "")
    assert [step.words for step in trial.steps] == [
        "Soap: 3 × $20.00 = $60.00",
        "Soap: −$30.00, all of it of $30.00 off by SPRING (50%)",
        "Oil: 1 × $5.00 = $5.00",
        "$65.00 − $30.00 discount = $35.00",
    ]
    assert trial.receipt.total == Money(3500, "USD")


def test_the_test_box_tells_why_nothing_comes_off(soap):
    make_code(minimum="50", maxUsesPerCustomer=1)
    trial = trial_of(f"{soap.sku} 2")
    assert trial.refusal == "The code SPRING is for orders of $50.00 or more. Yours is $40.00."
    assert trial.receipt.discount == Money(0, "USD")


@pytest.mark.parametrize(
    ("goods", "words"),
    [
        ("{sku} 0", "Enter from 1 to 99 of SKU"),
        ("{sku} 100", "Enter from 1 to 99 of SKU"),
        ("{sku} 60\n{sku} 40", "Enter from 1 to 99 of SKU"),
        ("{sku} " + "9" * 5000, "Enter from 1 to 99 of SKU"),
        ("7", "There is no SKU 7."),
        ("SOAP RED", "There is no SKU SOAP RED."),
        ("SOAP ²", "There is no SKU SOAP ²."),
        ("\n".join(f"A{n}" for n in range(101)), "Enter at most 100 lines: a cart has no more."),
        ("\n".join(f"A{n}" for n in range(100)), "There is no SKU A0, A1, A2, A3, A4 and 95 more."),
        ("A" * 70 + " 0", f"Enter from 1 to 99 of {'A' * 60}."),
    ],
)
def test_what_the_test_box_cannot_read_is_named(soap, goods, words):
    make_code()
    with pytest.raises(Invalid) as refused:
        trial_of(goods.format(sku=soap.sku))
    assert words in refused.value.message
    assert [detail.field for detail in refused.value.details] == ["goods"]


def test_the_test_box_takes_what_a_cart_takes(soap):
    make_code()
    assert trial_of(f"{soap.sku} 99").receipt.lines[0].quantity == 99
    with pytest.raises(Unknown, match="There is no code NONE") as refused:
        trial_of(soap.sku, code="none")
    assert [detail.field for detail in refused.value.details] == ["code"]


@pytest.mark.parametrize(("code", "goods"), [("", "A"), ("A" * 41, "A"), ("A", ""), ("A", "A" * 10_001)])
def test_the_test_box_takes_what_fits(code, goods):
    TryCode(code="A" * 40, goods="A" * 10_000)
    with pytest.raises(ValidationError):
        TryCode(code=code, goods=goods)
