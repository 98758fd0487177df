"""Who buys, with an account and without one: what they ordered, spent, used and wrote; read by those who may."""

from __future__ import annotations

import re

import pytest

from shop.db import db, operation, transaction_time
from shop.domain.carts.operations import ApplyCode, apply_code
from shop.domain.checkout import place_order
from shop.domain.customers.models import User
from shop.domain.orders.notes import WriteNote, write_note
from shop.domain.payments.operations import CashOnDelivery, confirm_cash_on_delivery
from shop.domain.payments.refunds import RefundPayment, refund_payment
from shop.domain.reviews.operations import submit_review
from shop.domain.wishlists.models import WishList, WishListItem
from tests.admin.pages import body
from tests.admin.test_lists import csv_of, names_in
from tests.conftest import SHOPPER, address, cart_with, make_customer, make_product, make_staff, order_wish, variants_of
from tests.domain.promotions.codes import make_code
from tests.domain.reviews.stories import deliver, words


@pytest.fixture
def staff(app):
    return make_staff(email="packer@example.com")


@pytest.fixture
def soap(app):
    return variants_of(make_product("Soap", price="20.00", stock=500))[0]


def ordered(terms, soap, actor=SHOPPER, email="lina@example.com", code=None, notes=None, **where):
    """A confirmed order of two."""
    cart = cart_with(terms, (soap, 2), actor=actor)
    if code:
        apply_code(cart, ApplyCode(discountCode=code), actor, terms)
    to = {"shippingAddress": address(email=email, **where), "notes": notes}
    order = place_order(order_wish(cart, **{name: value for name, value in to.items() if value}), actor, terms)
    return confirm_cash_on_delivery(order.id, CashOnDelivery(), actor, terms)


@operation
def wish_for(user_id, *products):
    wish_list = WishList(user_id=user_id)
    db.session.add(wish_list)
    db.session.flush()
    for product, removed_at in zip(products, (None, transaction_time()), strict=False):
        row = {"saved_price_amount": 1, "currency": "USD", "removed_at": removed_at, "product_id": product.id}
        db.session.add(WishListItem(wish_list_id=wish_list.id, **row))


@operation
def forget_verification(email):
    db.session.execute(db.update(User).filter_by(email=email).values(email_verified_at=None))


def page_of(owner, email="lina@example.com"):
    public_id = db.session.scalar(db.select(User.public_id).filter_by(email=email))
    return owner.get(f"/admin/users/{public_id}")


def said(page):
    return " ".join(body(page).split())


def test_the_list_says_how_often_and_for_how_much_people_ordered(owner, terms, staff, soap):
    lina, many = make_customer(), make_customer("many@example.com")
    make_customer("never@example.com")
    forget_verification("never@example.com")
    order = ordered(terms, soap, lina)
    deliver(order, staff)
    refund_payment(order.id, staff, RefundPayment(otherAmount=1000))
    for _ in range(2):
        ordered(terms, soap, many, email="many@example.com")  # not paid yet

    rows = {row["E-mail"]: row for row in csv_of(owner.get("/admin/users.csv"))}

    assert [rows["lina@example.com"][name] for name in ("Orders", "Spent", "Verified")] == ["1", "$34.90", "yes"]
    assert [rows["many@example.com"][name] for name in ("Orders", "Spent")] == ["2", ""]
    assert [rows["never@example.com"][name] for name in ("Orders", "Last order", "Verified")] == ["0", "", "no"]
    listed = [row["E-mail"] for row in csv_of(owner.get("/admin/users.csv?sort=-orders"))]
    assert listed == ["many@example.com", "lina@example.com", "never@example.com"]
    assert [row["E-mail"] for row in csv_of(owner.get("/admin/users.csv?sort=-last"))] == listed
    for query, email in (("ordered=none", "never"), ("ordered=once", "lina"), ("ordered=more", "many")):
        assert [row["E-mail"] for row in csv_of(owner.get(f"/admin/users.csv?{query}"))] == [f"{email}@example.com"]
    assert [row["E-mail"] for row in csv_of(owner.get("/admin/users.csv?verified=no"))] == ["never@example.com"]


def test_a_customer_has_all_of_theirs_and_nothing_of_others_on_one_page(owner, terms, staff, soap):
    make_code("SPRING", value="25")
    lina = make_customer()
    first = ordered(terms, soap, lina, code="SPRING", notes="Ring twice")
    deliver(first, staff)
    submit_review(first.id, soap.product.public_id, words(title="Lovely"))
    write_note(first.id, staff, WriteNote(text="Asked for samples"))
    second = ordered(terms, soap, lina, street="2 Other Street")
    stranger = ordered(terms, soap, email="else@example.com", street="3 Stranger Street", notes="Not hers")
    guest = ordered(terms, soap, notes="As a guest")
    wish_for(lina.user_id, soap.product, make_product("Removed"))

    page = page_of(owner)

    text = said(page)
    for order in (first, second):
        assert f'href="/admin/orders/{order.public_id}"' in page.text
    assert "1 Rainbow Street" in text and "2 Other Street" in text
    assert "SPRING" in text and "$10.00" in text
    assert "Lovely: It does what it says." in text
    assert "Ring twice The customer" in text and "Asked for samples packer@example.com" in text
    assert "Orders 2 Spent $34.90 Wish list 1 Without signing in 1 order" in text
    for foreign in (stranger.number, guest.number, "Stranger Street", "Not hers", "As a guest"):
        assert foreign not in text


def test_guests_are_known_by_their_first_order_and_no_address_is_in_a_link(owner, terms, staff, soap):
    lina = make_customer()
    first = ordered(terms, soap)
    deliver(first, staff)
    again = ordered(terms, soap, street="2 Other Street")
    mine = ordered(terms, soap, lina)
    ordered(terms, soap, email="other@example.com")

    page = owner.get("/admin/guests?sort=-orders")

    rows = csv_of(owner.get("/admin/guests.csv?sort=-orders"))
    assert [(row["E-mail"], row["Orders"], row["Spent"]) for row in rows] == [
        ("lina@example.com", "2", "$44.90"),
        ("other@example.com", "1", ""),
    ]
    assert names_in(owner.get("/admin/guests?q=OTHER")) == ["Lina Haddad"]
    assert not [link for link in re.findall(r'href="([^"]*)"', page.text) if "%40" in link or "@" in link]
    one = owner.get(f"/admin/guests/{first.public_id}")
    assert first.number in one.text and again.number in one.text and mine.number not in one.text
    public_id = db.session.scalar(db.select(User.public_id).filter_by(email="lina@example.com"))
    assert f'href="/admin/users/{public_id}"' in one.text
    assert f'href="/admin/guests/{first.public_id}"' in page_of(owner).text
    for known_as_other in (again.public_id, mine.public_id):
        assert owner.get(f"/admin/guests/{known_as_other}").status_code == 404


def test_pages_of_people_have_as_many_statements_for_many_orders_as_for_one(owner, terms, staff, soap, statements):
    make_code("SPRING", value="25")
    lina = make_customer()

    def sent():
        counts = []
        for path in ("/admin/users", "/admin/guests", f"/admin/guests/{guest.public_id}"):
            with statements() as found:
                owner.get(path)
            counts.append(len(found))
        with statements() as found:
            page_of(owner)
        return [*counts, len(found)]

    guest = ordered(terms, soap)
    for actor in (lina, SHOPPER):
        first = ordered(terms, soap, actor, code="SPRING", notes="A note")
        write_note(first.id, staff, WriteNote(text="Noted"))
    few = sent()
    for number in range(3):
        other = make_customer(f"more{number}@example.com")
        ordered(terms, soap, other, email=f"more{number}@example.com")
        ordered(terms, soap, email=f"guest{number}@example.com")
        order = ordered(terms, soap, lina, code="SPRING", notes="A note", street=f"{number} Street")
        write_note(order.id, staff, WriteNote(text="Noted"))
    assert sent() == few


def test_people_are_for_those_who_may_see_them_and_links_for_those_who_may_follow(terms, soap, staff_who_may):
    make_code("SPRING", value="25")
    order = ordered(terms, soap, make_customer(), code="SPRING", notes="Ring twice")
    limited = staff_who_may("customers:read")
    page = page_of(limited)
    assert order.number in page.text and "SPRING" in page.text
    assert "/admin/orders" not in page.text and "/admin/discount-codes" not in page.text
    assert "Ring twice" not in page.text and "Notes are shown to those who may read orders." in body(page)
