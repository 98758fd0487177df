"""Adding to the cart and changing it, with and without HTMX."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from shop.db import db, frozen_time, operation, transaction_time
from shop.domain.carts.models import Cart, CartLineItem
from shop.domain.catalog.listings import refresh_listings
from shop.domain.catalog.models import Product, Variant
from shop.domain.inventory.models import StockItem
from shop.words import day
from tests.conftest import SHOPPER, make_customer, make_product, order_wish, place_order, placed_order, variants_of
from tests.storefront.pages import HTMX, body, change_cart, id_of_item, put_in_cart, sign_in, value_of, wish_of


@pytest.fixture
def variant(app):
    return variants_of(make_product("Amber", slug="amber", price="20.00", stock=3, variants=["30 ml", "50 ml"]))[1]


def lines():
    """(variant id, quantity) of every line there is."""
    db.session.rollback()
    return [(line.variant_id, line.quantity) for line in db.session.scalars(db.select(CartLineItem))]


def count_of(client):
    return client.get_cookie("cart_count").value


# -- adding -----------------------------------------------------------------------------------------------------------


def test_the_first_addition_makes_the_cart_and_its_cookies(client, variant):
    answer = client.post("/cart/items", data=wish_of(variant, 2))

    assert answer.status_code == 303 and answer.location == "/cart"
    cart, count = client.get_cookie("cart"), client.get_cookie("cart_count")
    assert cart.http_only and cart.same_site == "Lax" and cart.path == "/" and cart.max_age == 30 * 24 * 3600
    assert cart.value == db.session.scalar(db.select(Cart.public_id))
    assert not count.http_only and count.value == "2"
    assert lines() == [(variant.id, 2)]
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_with_htmx_the_answer_says_what_was_added_and_the_new_number(client, variant):
    put_in_cart(client, variant)
    answer = client.post("/cart/items", data=wish_of(variant), headers=HTMX)

    assert answer.status_code == 200 and "<html" not in answer.text
    assert answer.headers["HX-Retarget"] == "#drawer"
    assert (
        "Your cart Open as a page Amber added. 2 items in your cart. Amber is in your cart Amber 50 ml $20.00 each"
        in body(answer)
    )
    assert "Subtotal $40.00 Delivery to the United States $4.90 Total $44.90" in body(answer)
    assert 'id="cart-count" class="count" hx-swap-oob="true"' in answer.text
    assert count_of(client) == "2"


def test_options_are_resolved_to_their_variant(client, app):
    product = make_product("Wash", option_names=["Size", "Scent"], variants=["S / Rose", "S / Cedar", "L / Rose"])
    fields = {"productId": product.public_id, "o1": "L", "o2": "Rose", "quantity": "1"}

    assert client.post("/cart/items", data=fields).status_code == 303
    assert lines() == [(variants_of(product)[2].id, 1)]


def test_options_that_name_no_variant_are_refused_on_the_page(client, app):
    product = make_product("Wash", option_names=["Size", "Scent"], variants=["S / Rose", "S / Cedar", "L / Rose"])
    answer = client.post(
        "/cart/items", data={"productId": product.public_id, "o1": "L", "o2": "Cedar", "quantity": "1"}
    )
    assert answer.status_code == 422
    assert "This combination is not offered" in body(answer)
    assert 'value="L" id="o1-2" checked' in answer.text
    assert lines() == []


@pytest.mark.parametrize(
    "quantity", ["-1", "0", "1.5", "1e9", "1000000000", "100", "", " ", "abc", "½", "٣x", "9" * 5000, "0x1", "\x00"]
)
@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_quantity_that_cannot_be_is_refused_with_a_sentence(client, variant, quantity, headers):
    answer = client.post("/cart/items", data=wish_of(variant, quantity), headers=headers)

    assert answer.status_code == 422
    assert "notice error" in answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert ("<html" in answer.text) == (not headers)
    assert lines() == []


def test_more_than_there_is_is_refused_and_says_what_is_left(client, variant):
    put_in_cart(client, variant, 2)

    page = client.post("/cart/items", data=wish_of(variant, 2))
    piece = client.post("/cart/items", data=wish_of(variant, 2), headers=HTMX)

    assert page.status_code == piece.status_code == 409
    assert "Only 3 left. Your cart has 2." in body(page)
    assert body(piece) == "Only 3 left. Your cart has 2. Set to 3"
    assert f'value="{variant.public_id}" id="variantId-2" checked' in page.text
    assert "js/forms.js" in page.text and "js/forms.js" not in client.get("/products/amber").text
    assert value_of(page, "quantity") == "2"
    assert lines() == [(variant.id, 2)]


SET_FORM = re.compile(r'<form method="post" action="([^"]+)"[^>]*>((?:(?!</form>).)*id="set-.*?)</form>', re.DOTALL)


def press_set(client, refused, **options):
    """Press the button that stands beside a refusal."""
    form = SET_FORM.search(refused.text)
    assert form, "no button that sets the rest"
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[2]))
    return client.post(html.unescape(form[1]), data=fields, **options)


def test_beside_a_refusal_one_press_sets_what_there_is(client, variant):
    put_in_cart(client, variant, 2)

    answer = press_set(client, client.post("/cart/items", data=wish_of(variant, 2)))

    assert answer.status_code == 303 and answer.location == "/cart"
    client.get("/cart")
    assert lines() == [(variant.id, 3)] and count_of(client) == "3"


def test_with_htmx_that_press_opens_the_cart_beside_the_page(client, variant):
    put_in_cart(client, variant, 2)

    answer = press_set(client, client.post("/cart/items", data=wish_of(variant, 2), headers=HTMX), headers=HTMX)

    assert answer.status_code == 200 and answer.headers["HX-Retarget"] == "#drawer"
    assert "Amber is in your cart" in body(answer) and count_of(client) == "3"


@pytest.mark.breaks_invariants
def test_where_less_is_left_by_then_the_cart_says_so_and_offers_that(client, variant):
    put_in_cart(client, variant, 1)
    refused = client.post("/cart/items", data=wish_of(variant, 3), headers=HTMX)
    change_variant(variant.id, on_hand=2)

    answer = press_set(client, refused, headers=HTMX)

    assert answer.status_code == 409 and answer.headers["HX-Retarget"] == "#drawer"
    assert "Only 2 left. Your cart has 1." in body(answer) and "Set to 2" in body(answer)
    assert lines() == [(variant.id, 1)]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_where_the_cart_has_none_of_it_one_press_adds_what_there_is(client, variant, headers):
    refused = client.post("/cart/items", data=wish_of(variant, 9), headers=headers)
    assert "Only 3 left. Add 3" in body(refused)

    client.post("/cart/items", data=wish_of(variant, 3), headers=headers)

    assert lines() == [(variant.id, 3)]


def test_nothing_is_offered_where_the_cart_has_all_there_is_or_stock_is_not_what_is_wanting(client, variant):
    put_in_cart(client, variant, 3)
    for quantity in (1, 98, 0):
        refused = client.post("/cart/items", data=wish_of(variant, quantity), headers=HTMX)
        assert refused.status_code in {409, 422} and "<button" not in refused.text
    for quantity in (4, 100, 0):
        refused = change_cart(client, quantity=quantity, headers=HTMX)
        assert refused.status_code in {409, 422} and not SET_FORM.search(refused.text)


def test_what_is_sold_out_cannot_be_added_whatever_the_form_says(client, app):
    variant = variants_of(make_product(stock=0))[0]
    answer = client.post("/cart/items", data=wish_of(variant))
    assert answer.status_code == 409 and "Sold out." in body(answer)
    assert lines() == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"variantId": "var_" + "x" * 22}, 400),
        ({"variantId": "1"}, 400),
        ({"variantId": "' OR 1=1 --"}, 422),
        ({"variantId": ""}, 422),
        ({"productId": "prod_" + "x" * 22}, 400),
        ({"productId": "x" * 5000}, 422),
        ({"productId": "\x00"}, 422),
    ],
)
def test_ids_that_name_nothing_are_refused(client, variant, changes, status):
    answer = client.post("/cart/items", data={**wish_of(variant), **changes})
    assert answer.status_code == status
    assert lines() == []


def test_a_variant_of_another_product_is_refused(client, variant):
    other = make_product()
    answer = client.post("/cart/items", data={**wish_of(variant), "productId": other.public_id})
    assert answer.status_code == 400
    assert lines() == []


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_what_is_not_on_sale_is_refused(client, app, status):
    variant = variants_of(make_product(status=status))[0]
    assert client.post("/cart/items", data=wish_of(variant)).status_code == 400
    assert lines() == []


def test_a_price_in_the_form_changes_nothing(client, variant):
    client.post("/cart/items", data={**wish_of(variant), "price": "1", "unitPrice": "1", "priceAmount": "1"})
    assert "$20.00 each" in body(client.get("/cart"))


@pytest.mark.parametrize("cookie", ["cart_" + "x" * 22, "", "1", "x" * 3000, '"\\000"', "' OR 1=1 --"])
def test_a_cookie_that_names_no_cart_is_replaced(client, variant, cookie):
    client.set_cookie("cart", cookie)
    assert client.get("/cart").status_code == 200
    assert client.post("/cart/items", data=wish_of(variant)).status_code == 303
    assert lines() == [(variant.id, 1)]


def test_after_an_order_the_next_addition_begins_a_new_cart(client, variant, terms):
    put_in_cart(client, variant)
    place_order(order_wish(client.get_cookie("cart").value), SHOPPER, terms)

    assert "Your cart is empty" in client.get("/cart").text
    put_in_cart(client, variant)

    assert db.session.scalars(db.select(Cart.status).order_by(Cart.id)).all() == ["ordered", "open"]


@pytest.mark.parametrize("is_known", [False, True])
def test_an_ended_cart_is_replaced(client, variant, is_known):
    if is_known:
        make_customer()
        sign_in(client)
    with frozen_time(transaction_time() - timedelta(days=40)):
        put_in_cart(client, variant)

    assert "Your cart is empty" in client.get("/cart").text
    put_in_cart(client, variant)

    assert "1 item" in body(client.post("/cart/items", data=wish_of(variant), headers=HTMX)).replace(
        "2 items", "1 item"
    )
    assert db.session.scalar(db.select(db.func.count()).select_from(Cart)) == 2


def test_a_customers_cart_is_theirs_in_every_browser(app, client, variant):
    make_customer()
    sign_in(client)
    put_in_cart(client, variant, 2)
    other = app.test_client()
    sign_in(other)

    assert count_of(other) == "2"
    assert client.get_cookie("cart") is None
    assert "Amber" in other.get("/cart").text


def test_the_cookies_are_bound_to_the_host_where_there_is_tls(app, client, variant):
    settings = app.extensions["shop_settings"]
    before, settings.public_base_url = settings.public_base_url, "https://localhost"
    try:
        answer = client.post("/cart/items", data=wish_of(variant), base_url="https://localhost")
    finally:
        settings.public_base_url = before
    assert any(
        cookie.startswith("__Host-cart=cart_") and "Secure" in cookie for cookie in answer.headers.getlist("Set-Cookie")
    )


# -- the cart's page --------------------------------------------------------------------------------------------------


def test_a_stranger_sees_an_empty_cart_and_gets_no_cookie(client, app):
    page = client.get("/cart")
    assert page.status_code == 200 and "Your cart is empty" in page.text
    assert "Set-Cookie" not in page.headers


def test_the_cart_is_private(client, variant):
    put_in_cart(client, variant)
    page = client.get("/cart")
    assert page.headers["Cache-Control"] == "private, no-store"
    assert 'content="noindex"' in page.text


def test_the_quantity_changes_and_the_page_shows_the_sum(client, variant):
    put_in_cart(client, variant)

    assert change_cart(client, quantity=3).location == "/cart"

    assert lines() == [(variant.id, 3)]
    assert "Subtotal $60.00" in body(client.get("/cart"))
    assert count_of(client) == "3"


def test_with_htmx_the_lines_the_total_and_the_number_change(client, variant):
    put_in_cart(client, variant)
    answer = change_cart(client, quantity=2, headers=HTMX)

    assert answer.status_code == 200 and "<html" not in answer.text
    assert answer.text.lstrip().startswith('<section id="cart-lines"')
    for part in ("cart-totals", "cart-count", "cart-status"):
        assert f'id="{part}"' in answer.text and "hx-swap-oob" in answer.text
    assert "2 items in your cart, $44.90" in body(answer)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("quantity", ["-1", "0", "1.5", "1e9", "100", "", "abc"])
def test_a_quantity_that_cannot_be_is_refused_at_its_line(client, variant, quantity, headers):
    put_in_cart(client, variant, 2)
    answer = change_cart(client, quantity=quantity, headers=headers)

    assert answer.status_code == 422
    assert f'id="problem-{id_of_item(client.get("/cart"))}"' in answer.text
    assert value_of(answer, "quantity") == "2"  # the last good one
    assert lines() == [(variant.id, 2)]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_more_than_there_is_is_refused_at_its_line(client, variant, headers):
    put_in_cart(client, variant, 2)
    answer = change_cart(client, quantity=4, headers=headers)

    assert answer.status_code == 409
    assert "Only 3 left. Your cart has 2." in body(answer)
    assert 'aria-invalid="true"' in answer.text and value_of(answer, "quantity") == "2"
    assert "$40.00" in body(answer)
    set_to_the_rest = press_set(client, answer, headers=headers)
    assert set_to_the_rest.status_code == (200 if headers else 303)
    assert lines() == [(variant.id, 3)]


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_a_removed_line_is_gone(client, variant, headers):
    put_in_cart(client, variant, 2)
    answer = change_cart(client, "/removal", headers=headers)

    assert answer.status_code == (200 if headers else 303)
    assert lines() == []
    assert "Your cart is empty" in client.get("/cart").text and count_of(client) == "0"


def undo(client, page, **fields):
    """Press "Undo" where the page says what was removed."""
    form = re.search(r'<form class="is-gone".*?</form>', page.text, re.DOTALL)
    assert form, "nothing to put back"
    hidden = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
    return client.post("/cart/restoration", data={**hidden, **fields})


def test_what_was_removed_can_be_put_back(client, variant):
    put_in_cart(client, variant, 2)
    gone = client.get(change_cart(client, "/removal").location)
    assert "Amber was removed." in body(gone) and lines() == []

    answer = undo(client, gone)

    assert answer.status_code == 303 and answer.location == "/cart"
    assert "was removed" not in client.get("/cart").text
    assert lines() == [(variant.id, 2)] and count_of(client) == "2"


def test_with_htmx_the_removed_line_offers_its_undo_and_says_so(client, variant):
    put_in_cart(client, variant, 2)
    answer = change_cart(client, "/removal", headers=HTMX)

    assert 'id="cart-lines" aria-label="In your cart" tabindex="-1" autofocus' in answer.text
    assert 'id="cart-status" hx-swap-oob="innerHTML">Amber was removed. Your cart is empty.' in answer.text
    assert undo(client, answer).status_code == 303 and lines() == [(variant.id, 2)]


def test_what_is_sold_out_meanwhile_is_not_put_back(client, variant, terms):
    put_in_cart(client, variant)
    gone = client.get(change_cart(client, "/removal").location)
    placed_order(terms, (variant, 3))

    answer = undo(client, gone)

    assert answer.status_code == 409 and "sold out" in body(answer).lower()
    assert "Your cart is empty" in client.get("/cart").text


def test_what_is_in_the_cart_is_not_said_to_be_removed(client, variant):
    put_in_cart(client, variant)
    assert "was removed" not in client.get(f"/cart?removed={variant.public_id}&quantity=99").text


@pytest.mark.parametrize("removed", ["var_nothing", "x" * 300, "", "<b>", "%00"])
def test_an_address_that_names_nothing_removed_offers_no_undo(client, removed):
    answer = client.get(f"/cart?removed={removed}")
    assert answer.status_code in {200, 400, 422} and "was removed" not in answer.text


def test_the_drawer_is_the_cart_as_a_piece_and_a_page_without_script(client, variant):
    put_in_cart(client, variant)
    piece = client.get("/cart?view=drawer", headers=HTMX)
    assert "<html" not in piece.text and 'id="drawer-title"' in piece.text and "Amber" in piece.text
    assert "<html" in client.get("/cart?view=drawer").text


def test_an_empty_drawer_says_so(client):
    assert "Your cart is empty" in client.get("/cart?view=drawer", headers=HTMX).text


@pytest.mark.parametrize(
    ("price", "words"), [("20.00", "$55.00 more for free delivery"), ("75.00", "Your delivery is free")]
)
def test_the_cart_says_how_far_free_delivery_is(client, app, price, words):
    put_in_cart(client, variants_of(make_product("Balm", price=price))[0])
    page = client.get("/cart")
    assert words in body(page) and "Worked out for the United States" in body(page)


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
@pytest.mark.parametrize("path", ["", "/removal"])
def test_a_line_that_another_tab_removed_leaves_the_true_cart_to_see(client, variant, headers, path):
    other = variants_of(make_product("Balm"))[0]
    put_in_cart(client, variant)
    put_in_cart(client, other)
    page = client.get("/cart")
    fields = {"csrf_token": value_of(page, "csrf_token"), "quantity": "2"}
    client.post(f"/cart/items/{id_of_item(page)}/removal", data=fields)

    answer = client.post(f"/cart/items/{id_of_item(page)}{path}", data=fields, headers=headers)

    assert answer.status_code == 404
    assert "not in the cart any more" in answer.text and "Balm" in answer.text and "Amber" not in answer.text


@pytest.mark.parametrize("path", ["", "/removal"])
def test_a_strangers_line_cannot_be_touched(app, client, variant, path):
    put_in_cart(client, variant, 2)
    foreign = id_of_item(client.get("/cart"))
    stranger = app.test_client()
    put_in_cart(stranger, variant)
    token = value_of(stranger.get("/cart"), "csrf_token")

    answer = stranger.post(f"/cart/items/{foreign}{path}", data={"csrf_token": token, "quantity": "3"})

    assert answer.status_code == 404
    assert (variant.id, 2) in lines()


def test_a_customers_cart_does_not_open_by_its_id(app, client, variant):
    make_customer()
    sign_in(client)
    put_in_cart(client, variant)
    stranger = app.test_client()
    stranger.set_cookie("cart", db.session.scalar(db.select(Cart.public_id)))
    assert "Your cart is empty" in stranger.get("/cart").text


def test_without_a_cart_there_is_nothing_to_change(client, variant):
    put_in_cart(client, variant)
    token = value_of(client.get("/cart"), "csrf_token")
    client.delete_cookie("cart")
    assert client.post("/cart/items/item_x", data={"csrf_token": token, "quantity": "1"}).status_code == 404


# -- notices ----------------------------------------------------------------------------------------------------------


@operation
def change_variant(variant_id, *, price=None, on_hand=None, status=None):
    variant = db.session.get_one(Variant, variant_id)
    if price is not None:
        variant.price_amount = price
    if on_hand is not None:
        db.session.get_one(StockItem, variant_id).on_hand = on_hand
    if status is not None:
        db.session.get_one(Product, variant.product_id).status = status
    db.session.flush()
    refresh_listings([variant.product_id])


def test_a_changed_price_is_told_until_the_shopper_says_that_it_is_fine(client, variant):
    put_in_cart(client, variant)
    change_variant(variant.id, price=2500)

    page = client.get("/cart")
    assert "The price of Amber changed from $20.00 to $25.00." in body(page)
    assert "changed from" in body(client.get("/cart"))  # looking is not agreeing

    client.post("/cart/acknowledgement", data={"csrf_token": value_of(page, "csrf_token")})
    assert "changed from" not in body(client.get("/cart"))


@pytest.mark.breaks_invariants
def test_stock_that_shrank_is_told_with_a_button_that_sets_the_rest(client, variant):
    put_in_cart(client, variant, 3)
    change_variant(variant.id, on_hand=1)

    page = client.get("/cart")
    assert "Amber has only 1 left; your cart has 3." in body(page)
    assert "Set to 1" in body(page)

    change_cart(client, quantity=1)
    assert "has only" not in body(client.get("/cart"))


def test_what_was_withdrawn_is_told(client, variant):
    put_in_cart(client, variant)
    change_variant(variant.id, status="archived")
    assert "Amber is sold out." in body(client.get("/cart"))


@pytest.mark.parametrize("is_customer", [False, True])
def test_a_cart_that_was_left_for_too_long_is_told(client, variant, is_customer):
    if is_customer:
        make_customer()
        sign_in(client)
    put_in_cart(client, variant, 2)
    ends_at = end_cart()

    page = client.get("/cart")

    assert f"Your cart ended on {day(ends_at)}, 30 days after you last changed it." in body(page)
    assert "Your cart is empty." in body(page)


def end_cart():
    """The one cart was left for too long; when it ended."""
    ends_at = transaction_time() - timedelta(days=1)
    db.session.execute(db.update(Cart).values(expires_at=ends_at))
    db.session.commit()
    return ends_at


def test_an_empty_cart_that_ended_is_not_told(client, variant):
    put_in_cart(client, variant)
    change_cart(client, "/removal")
    end_cart()
    assert "ended on" not in body(client.get("/cart"))
