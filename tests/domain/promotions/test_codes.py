"""Discount codes: written by staff, applied to carts, used up by orders, given back by cancelling."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from shop.db import db, operation
from shop.domain.actors import SYSTEM, Actor
from shop.domain.audit.models import AuditEntry
from shop.domain.carts.operations import (
    AddToCart,
    ApplyCode,
    add_to_cart,
    apply_code,
    clear_cart,
    join_carts,
    remove_code,
    remove_from_cart,
)
from shop.domain.carts.queries import get_cart, price_cart
from shop.domain.catalog.collections import SaveCollection, save_collection
from shop.domain.catalog.operations import save_category
from shop.domain.checkout import PlaceOrder, TotalChanged, cancel_order, cancel_unpaid_orders, place_order
from shop.domain.orders.models import Order
from shop.domain.promotions.codes import CodeWish, change_code, sentence_of, wish_values
from shop.domain.promotions.models import DiscountCode, DiscountCustomer, DiscountRedemption
from shop.domain.versions import version_of
from shop.errors import ChangedMeanwhile, Conflict, Gone, Invalid, NotFound, Unknown
from tests.conftest import SHOPPER, address, cart_with, make_customer, make_product, make_staff, variants_of
from tests.domain.promotions.codes import make_code


@pytest.fixture
def soap(app):
    return make_product("Soap", slug="soap", price="20.00", stock=50)


@pytest.fixture
def cart(terms, soap):
    return cart_with(terms, (variants_of(soap)[0], 3))


def enter(cart_id, code="SPRING", actor=SHOPPER, *, terms):
    return apply_code(cart_id, ApplyCode(discountCode=code), actor, terms)


def receipt_of(cart_id, terms, actor=SHOPPER):
    return price_cart(get_cart(cart_id, actor), terms).receipt


def order_from(cart_id, terms, actor=SHOPPER, email="lina@example.com", expected_total=None):
    wish = PlaceOrder.model_validate(
        {
            "cartId": cart_id,
            "shippingAddress": {**address(), "email": email},
            "shippingMethod": "standard",
            "paymentMethod": "cash_on_delivery",
            "expectedTotal": expected_total,
        }
    )
    return place_order(wish, actor, terms)


def reread(code) -> DiscountCode:
    return db.session.get_one(DiscountCode, code.id, populate_existing=True)


# -- applied to a cart ------------------------------------------------------------------------------------------------


def test_a_percentage_comes_off_and_is_split_over_the_lines(terms, cart, soap):
    make_code()
    oil = make_product("Oil", price="9.99", stock=5)
    add_to_cart(cart, AddToCart(productId=oil.public_id, variantId=variants_of(oil)[0].public_id, quantity=1), SHOPPER)

    enter(cart, "spring ", terms=terms)

    receipt = receipt_of(cart, terms)
    assert (receipt.subtotal.amount, receipt.discount.amount, receipt.total.amount) == (6999, 1750, 5249)
    assert [line.discount.amount for line in receipt.lines] == [1500, 250]


def test_an_amount_takes_no_more_than_the_goods_cost(terms, cart):
    make_code(kind="fixed_amount", value="100.00")
    enter(cart, terms=terms)
    assert receipt_of(cart, terms).total.amount == 0


def test_it_is_judged_anew_whenever_the_cart_is_read(terms, cart):
    code = make_code(minimum="50.00")
    enter(cart, terms=terms)
    line = price_cart(get_cart(cart, SHOPPER), terms).lines[0]

    remove_from_cart(cart, line.item.public_id, SHOPPER)
    priced = price_cart(get_cart(cart, SHOPPER), terms)

    assert priced.receipt.discount.amount == 0
    assert [(notice.code, notice.message) for notice in priced.notices] == [
        ("discount_not_applied", "The code SPRING is for orders of $50.00 or more. Yours is $0.00.")
    ]
    assert priced.code is not None and priced.code.id == code.id


def test_a_second_code_and_the_same_again_are_refused(terms, cart):
    make_code()
    make_code("SUMMER")
    enter(cart, terms=terms)

    with pytest.raises(Conflict, match="SPRING is applied already"):
        enter(cart, terms=terms)
    with pytest.raises(Conflict, match="Remove it first to use SUMMER"):
        enter(cart, "SUMMER", terms=terms)


def test_a_code_that_takes_nothing_off_any_more_gives_way_to_another(terms, cart):
    spring = make_code()
    make_code("SUMMER", value="10")
    enter(cart, terms=terms)
    change_code(spring.public_id, CodeWish.model_validate({**wish_of(spring), "isActive": False}), SYSTEM)

    enter(cart, "SUMMER", terms=terms)
    assert receipt_of(cart, terms).discount.amount == 600


def wish_of(code):
    return {name: value for name, value in wish_values(code).items() if value != ""}


DAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("wish", "family", "words"),
    [
        ({"minimum": "60.01"}, Invalid, "for orders of \\$60.01 or more. Yours is \\$60.00"),
        ({"startsOn": date(2999, 1, 1)}, Unknown, "starts on 1 January 2999"),
        ({"endsOn": date(2026, 1, 31)}, Gone, "ended on 31 January 2026"),
        ({"isActive": False}, Unknown, "There is no code SPRING"),
        ({"products": "other"}, Invalid, "for other articles"),
    ],
)
def test_a_code_that_cannot_be_used_says_why_and_is_not_kept(terms, cart, wish, family, words):
    make_product("Other", slug="other", price="1.00")
    make_code(**wish)

    with pytest.raises(family, match=words):
        enter(cart, terms=terms)
    assert get_cart(cart, SHOPPER).discount_code_id is None


def test_an_unknown_code_is_named(terms, cart):
    with pytest.raises(Unknown, match="There is no code NOSUCH"):
        enter(cart, "nosuch", terms=terms)


def test_it_is_for_products_categories_and_collections(terms):
    body = save_category("body", "Body")
    wash = save_category("wash", "Wash", parent_slug="body")
    in_branch = make_product("Gel", price="10.00", stock=9, category_id=wash.id)
    named = make_product("Oil", slug="oil", price="10.00", stock=9)
    cheap = make_product("Balm", price="5.00", stock=9)
    other = make_product("Robe", price="40.00", stock=9)
    rules = {"slug": "cheap", "name": "Cheap", "rules": {"maxPrice": 500}}
    save_collection(SaveCollection.model_validate(rules), SYSTEM)
    code = make_code(products="oil", categories=body.slug, collections="Cheap", value="50")
    cart = cart_with(terms, *((variants_of(each)[0], 1) for each in (in_branch, named, cheap, other)))

    enter(cart, terms=terms)

    assert [line.discount.amount for line in receipt_of(cart, terms).lines] == [500, 500, 250, 0]
    assert sentence_of(code) == "50% off 1 product, Body and Cheap."


def test_free_shipping_spares_the_shipping_and_is_no_discount(terms, app):
    balm = make_product("Balm", price="5.00", stock=9)
    cart = cart_with(terms, (variants_of(balm)[0], 1))
    make_code(kind="free_shipping")
    enter(cart, terms=terms)

    order = order_from(cart, terms)

    assert (order.discount_amount, order.shipping_amount, order.discount_code) == (0, 0, "SPRING")
    assert db.session.scalars(db.select(DiscountRedemption)).one().amount > 0


def test_taking_it_off_and_emptying_the_cart_leave_none(terms, cart):
    make_code()
    enter(cart, terms=terms)
    remove_code(cart, SHOPPER)
    assert receipt_of(cart, terms).discount.amount == 0

    enter(cart, terms=terms)
    clear_cart(cart, SHOPPER)
    assert get_cart(cart, SHOPPER).discount_code_id is None


def test_a_guests_code_joins_the_customers_cart(terms, cart):
    make_code()
    enter(cart, terms=terms)
    lina = make_customer()

    own = join_carts(cart, lina, terms)

    assert receipt_of(own.public_id, terms, lina).discount.amount == 1500


# -- used up by orders ------------------------------------------------------------------------------------------------


def test_an_order_takes_a_use_and_keeps_how_each_figure_came_about(terms, cart):
    code = make_code(maxUses=2)
    enter(cart, terms=terms)

    order = order_from(cart, terms)

    assert (order.discount_code, order.discount_amount, reread(code).used) == ("SPRING", 1500, 1)
    assert order.receipt_steps[-1]["amount"] == order.total_amount
    assert any("off by SPRING (25%)" in step["words"] for step in order.receipt_steps)


def test_cancelling_gives_the_use_back_once(terms, cart):
    code = make_code(maxUses=1, maxUsesPerCustomer=1)
    enter(cart, terms=terms)
    order = order_from(cart, terms)

    cancel_order(order.id, SHOPPER)

    assert reread(code).used == 0
    assert set(db.session.scalars(db.select(DiscountCustomer.used))) == {0}
    with pytest.raises(Conflict):
        cancel_order(order.id, SHOPPER)
    assert reread(code).used == 0


def test_an_order_that_was_never_paid_gives_it_back_too(terms, cart):
    code = make_code(maxUses=1)
    enter(cart, terms=terms)
    order = order_from(cart, terms)
    _end_hold(order.id)

    assert cancel_unpaid_orders() == 1
    assert reread(code).used == 0


@operation
def _end_hold(order_id):
    from shop.domain.inventory.models import Reservation

    past = datetime.now(UTC) - timedelta(minutes=1)
    db.session.execute(db.update(Reservation).where(Reservation.order_id == order_id).values(expires_at=past))


def test_the_last_use_is_told_as_gone_to_the_next(terms, soap):
    make_code(maxUses=1)
    first, second = (cart_with(terms, (variants_of(soap)[0], 1)) for _ in range(2))
    for cart in (first, second):
        enter(cart, terms=terms)
    order_from(first, terms)

    with pytest.raises(Gone, match="was used up"):
        order_from(second, terms)
    with pytest.raises(TotalChanged):
        order_from(second, terms, expected_total=1)
    shown = price_cart(get_cart(second, SHOPPER), terms)
    assert shown.notices[0].message == "The code SPRING was used up."


def test_one_use_a_customer_counts_by_account_and_by_address(terms, soap):
    make_code(maxUsesPerCustomer=1)
    lina = make_customer()

    def cart_of(actor):
        cart = cart_with(terms, (variants_of(soap)[0], 1), actor=actor)
        enter(cart, actor=actor, terms=terms)
        return cart

    other = cart_of(SHOPPER)
    order_from(cart_of(lina), terms, lina, email="Lina@Example.com")
    with pytest.raises(Gone, match="as often as one can"):
        cart_of(lina)
    with pytest.raises(Gone, match="as often as one can"):
        order_from(other, terms, email="lina@example.com")
    assert order_from(other, terms, email="nour@example.com").discount_code == "SPRING"


def test_a_total_that_was_seen_without_the_code_is_ordered_without_it(terms, cart):
    code = make_code()
    enter(cart, terms=terms)
    full = order_total_without(cart, terms, code)

    order = order_from(cart, terms, expected_total=full)

    assert (order.discount_code, order.discount_amount, reread(code).used) == (None, 0, 0)


def order_total_without(cart, terms, code):
    change_code(code.public_id, CodeWish.model_validate({**wish_of(code), "isActive": False}), SYSTEM)
    return price_cart(get_cart(cart, SHOPPER), terms, terms.shipping_methods[0]).receipt.total.amount


# -- written by staff -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"value": "0"}, "value"),
        ({"value": "101"}, "value"),
        ({"value": "1e999999"}, "value"),
        ({"value": "NaN"}, "value"),
        ({"value": "2.555"}, "value"),
        ({"kind": "fixed_amount", "value": "ten"}, "value"),
        ({"code": "BÖSE"}, "code"),
        ({"minimum": "-1"}, "minimum"),
        ({"minimum": "1,000"}, "minimum"),
        ({"startsOn": DAY, "endsOn": DAY - timedelta(days=1)}, "endsOn"),
        ({"products": "nothing"}, "products"),
        ({"categories": "nothing"}, "categories"),
        ({"collections": "nothing"}, "collections"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(app, wish, field):
    with pytest.raises(Invalid) as refused:
        make_code(**wish)
    assert [detail.field for detail in refused.value.details] == [field]
    assert db.session.scalar(db.select(db.func.count()).select_from(DiscountCode)) == 0


def test_a_code_that_is_there_is_refused(app):
    make_code()
    with pytest.raises(Conflict, match="SPRING is there already"):
        make_code("spring")


def test_a_change_is_written_down_and_the_form_reads_back_what_it_wrote(app):
    staff = make_staff()
    code = make_code(
        "WINTER", "fixed_amount", "10.00", minimum="50", maxUses=100, maxUsesPerCustomer=1, endsOn=date(2026, 12, 1)
    )
    assert sentence_of(code) == (
        "$10.00 off everything in orders of $50.00 or more until 1 Dec 2026, 100 times in all and once per customer."
    )

    wish = CodeWish.model_validate_strings(
        {k: str(v).lower() if v is True else str(v) for k, v in wish_of(code).items()}
    )
    change_code(code.public_id, wish, staff, seen=version_of(code.updated_at))
    assert db.session.scalars(db.select(AuditEntry).filter_by(action="discount_code.changed")).all() == []

    changed = CodeWish.model_validate({**wish.model_dump(by_alias=True), "startsOn": date(2026, 11, 1), "maxUses": 5})
    change_code(code.public_id, changed, staff)
    entry = db.session.scalars(db.select(AuditEntry).filter_by(action="discount_code.changed")).one()
    assert entry.after == {"max_uses": 5, "starts_at": "2026-11-01T00:00:00+00:00"}
    with pytest.raises(ChangedMeanwhile):
        change_code(code.public_id, wish, staff, seen="2020-01-01T00:00:00+00:00")
    with pytest.raises(NotFound, match="no such discount code any more"):
        change_code("disc_none", wish, staff)


@pytest.mark.breaks_invariants
def test_a_limit_is_never_below_what_was_used(terms, cart):
    code = make_code()
    enter(cart, terms=terms)
    order_from(cart, terms)
    assert db.session.scalars(db.select(Order)).one().discount_code == "SPRING"

    one = CodeWish.model_validate({**wish_of(reread(code)), "maxUses": 1})
    change_code(code.public_id, one, SYSTEM)
    take_another_use(code)
    with pytest.raises(Invalid, match="It was used 2 times already. Enter 2 or more.") as refused:
        change_code(code.public_id, one, SYSTEM)
    assert [detail.field for detail in refused.value.details] == ["maxUses"]


@operation
def take_another_use(code):
    db.session.execute(db.update(DiscountCode).where(DiscountCode.id == code.id).values(used=2, max_uses=2))


def test_staff_alone_are_written_down_as_those_who_made_it(app):
    assert isinstance(SYSTEM, Actor)
    make_code()
    assert (
        db.session.scalars(db.select(AuditEntry).filter_by(action="discount_code.created")).one().actor_kind == "system"
    )
