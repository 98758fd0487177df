"""The checkout page: one form from address to order."""

from __future__ import annotations

import re

import pytest

from shop.db import db, operation
from shop.domain.carts.models import Cart
from shop.domain.catalog.listings import refresh_listings
from shop.domain.catalog.models import Variant
from shop.domain.orders.models import Order
from shop.storefront.own_cart import cookie_name
from tests.conftest import SHOPPER, make_customer, make_product, order_wish, stock_of, variants_of
from tests.conftest import place_order as place
from tests.storefront.pages import HTMX, body, order_form, place_order, put_in_cart, sign_in, value_of


@pytest.fixture
def variant(app):
    return variants_of(make_product("Amber", price="20.00", stock=5, variants=["30 ml", "50 ml"]))[1]


@pytest.fixture
def page(client, variant):
    """The checkout page of a visitor with two of the variant in the cart."""
    put_in_cart(client, variant, 2)
    return client.get("/checkout")


def orders():
    db.session.rollback()
    return db.session.scalars(db.select(Order).options(db.selectinload(Order.line_items))).all()


# -- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_asks_for_little_and_shows_the_whole_sum(page):
    assert page.status_code == 200
    assert "Subtotal $40.00 Delivery to the United States $4.90 Total $44.90" in body(page)
    assert "Place order · $44.90" in body(page)
    required = re.findall(r'<(?:input|select)[^>]*name="shippingAddress[^>]*\brequired', page.text)
    assert len(required) == 7  # the parts that not every country has are asked for by the server
    assert page.text.count("<h1") == 1 and "Cards come soon" in page.text
    assert re.search(r"By [A-Z][a-z]{2} \d+ [A-Z][a-z]{2} \d{4}, 3–5 working days", body(page))


def test_every_field_of_the_address_can_be_filled_by_the_browser(page):
    fields = re.findall(r'<(?:input|select)[^>]*name="(?:shipping|billing)Address\.[^>]*>', page.text)
    assert len(fields) == 19
    assert all(re.search(r'autocomplete="(email|tel|(shipping|billing) [a-z0-9-]+)"', field) for field in fields)


def test_the_page_is_private_and_in_no_index(page):
    assert page.headers["Cache-Control"] == "private, no-store"
    assert 'content="noindex"' in page.text


def test_without_a_cart_there_is_nothing_to_check_out(client, app, variant):
    assert client.get("/checkout").location == "/cart"
    put_in_cart(client, variant)
    cart_page = client.get("/cart")
    item = re.search(r'id="(item_\w+)"', cart_page.text)[1]
    client.post(f"/cart/items/{item}/removal", data={"csrf_token": value_of(cart_page, "csrf_token")})
    assert client.get("/checkout").location == "/cart"


def test_a_customer_finds_their_name_filled_in(client, variant):
    make_customer()
    sign_in(client)
    put_in_cart(client, variant)
    page = client.get("/checkout")
    assert value_of(page, "shippingAddress.email") == "lina@example.com"
    assert value_of(page, "shippingAddress.firstName") == "Lina"


# -- quoting ----------------------------------------------------------------------------------------------------------


def test_another_country_asks_for_what_its_addresses_need_and_keeps_what_was_typed(client, page):
    form = order_form(page, action="quote", country="JO", firstName="Rania")
    answer = client.post("/checkout", data=form)

    assert answer.status_code == 200
    assert "Governorate" in answer.text and 'name="shippingAddress.postalCode"' not in answer.text
    assert value_of(answer, "shippingAddress.firstName") == "Rania"
    assert "Delivery to Jordan" in body(answer)
    assert "Delivery to Jordan" in body(client.get("/cart"))  # from now on the cart knows


def test_with_htmx_only_what_depends_on_the_country_is_sent(client, page):
    answer = client.post("/checkout", data=order_form(page, action="quote", country="DE"), headers=HTMX)

    assert answer.text.lstrip().startswith('<section id="methods"')
    for part in ("place", "summary", "summary-short"):
        assert re.search(rf'id="{part}"[^>]*hx-swap-oob="true"', answer.text)
    assert 'name="shippingAddress.email"' not in answer.text


def test_another_method_changes_the_sum(client, page):
    answer = client.post("/checkout", data=order_form(page, action="quote", shippingMethod="express"), headers=HTMX)
    assert "Total $52.90" in body(answer) and value_of(answer, "expectedTotal") == "5290"


@pytest.mark.parametrize("country", ["IR", "XX", "", "Jordan", "J" * 100])
def test_a_country_that_is_not_served_says_so(client, page, country):
    answer = client.post("/checkout", data=order_form(page, action="quote", country=country))
    assert answer.status_code == 422
    assert re.search(r'id="shippingAddress-country"[^>]*aria-invalid="true"', answer.text)


def test_a_half_typed_email_does_not_stop_a_quote(client, page):
    assert client.post("/checkout", data=order_form(page, action="quote", email="lina@")).status_code == 200


# -- placing ----------------------------------------------------------------------------------------------------------


def test_a_guest_orders_and_sees_the_order(client, page, variant):
    answer = client.post("/checkout", data=order_form(page, notes="Ring twice"))

    (order,) = orders()
    assert answer.status_code == 303
    assert answer.location.startswith(f"/orders/{order.public_id}?") and "placed=1" in answer.location
    assert (order.status, order.payment_method, order.total_amount) == ("confirmed", "cash_on_delivery", 4490)
    assert order.shipping_address["street"] == "1 Rainbow Street" and order.notes == "Ring twice"
    assert order.billing_address == order.shipping_address
    assert stock_of(variant) == (5, 2)
    assert client.get_cookie("cart") is None and client.get_cookie("cart_count").value == "0"
    confirmation = client.get(answer.location)
    assert f"Order {order.number}" in confirmation.text and "Thank you, Lina" in body(confirmation)


def test_with_htmx_the_browser_is_sent_to_the_order(client, page):
    answer = client.post("/checkout", data=order_form(page), headers=HTMX)
    assert answer.status_code == 204 and answer.data == b""
    assert client.get(answer.headers["HX-Redirect"]).status_code == 200


def test_another_billing_address_is_kept(client, page):
    billing = {"country": "DE", "firstName": "Jo", "lastName": "Maier", "street": "Hauptstr. 1", "city": "Berlin"}
    form = order_form(page, **{f"billingAddress.{name}": text for name, text in billing.items()})
    del form["billingAddress"]

    assert client.post("/checkout", data=form).status_code == 303

    (order,) = orders()
    assert order.billing_address["firstName"] == "Jo" and order.billing_address["email"] == "lina@example.com"
    assert order.shipping_address["firstName"] == "Lina"


def test_a_ticked_same_wins_over_what_is_left_in_the_hidden_fields(client, page):
    form = order_form(page, **{"billingAddress.country": "DE", "billingAddress.firstName": "Jo"})
    assert client.post("/checkout", data=form).status_code == 303
    assert orders()[0].billing_address["firstName"] == "Lina"


def test_an_unticked_same_asks_for_the_other_address(client, page):
    form = order_form(page, **{"billingAddress.country": "DE"})
    del form["billingAddress"]
    answer = client.post("/checkout", data=form)
    assert answer.status_code == 422
    assert 'href="#billingAddress-street"' in answer.text
    assert 'id="billing-same">' in answer.text  # still not ticked


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_mistakes_are_told_at_the_field_and_above_and_what_was_typed_stays(client, page, headers):
    form = order_form(
        page, email="lina@nowhere", phone="call me", city="", street="<b>1 Street</b>", notes="Ring twice"
    )
    answer = client.post("/checkout", data=form, headers=headers)

    assert answer.status_code == 422 and ("<html" in answer.text) == (not headers)
    for name in ("email", "phone", "city"):
        assert f'href="#shippingAddress-{name}"' in answer.text
        assert re.search(rf'id="shippingAddress-{name}"[^>]*-mistake"[^>]*aria-invalid="true"', answer.text)
        assert f'id="shippingAddress-{name}-mistake"' in answer.text
    assert 'id="mistakes" role="alert" tabindex="-1" autofocus' in answer.text
    assert value_of(answer, "shippingAddress.email") == "lina@nowhere"
    assert value_of(answer, "shippingAddress.street") == "<b>1 Street</b>" and "<b>1 Street" not in answer.text
    assert "Ring twice</textarea>" in answer.text
    assert orders() == []


def test_the_list_of_mistakes_is_in_the_order_of_the_page(client, page):
    answer = client.post("/checkout", data=order_form(page, email="", lastName="", city="", phone=""))
    links = re.findall(r'href="#shippingAddress-(\w+)"', answer.text)
    assert links == ["email", "phone", "lastName", "city"]


def test_all_that_an_address_needs_is_told_at_once(client, page):
    answer = client.post("/checkout", data=order_form(page, city="", region=" ", postalCode=""))
    assert re.findall(r'href="#shippingAddress-(\w+)"', answer.text) == ["city", "region", "postalCode"]
    assert "State: Choose the state" in body(answer) and "ZIP code: Enter" in body(answer)  # as the fields are called


def choices_of(page):
    """The choices of a region, and the chosen one."""
    field = re.search(r'<select[^>]*name="shippingAddress.region".*?</select>', page.text, re.DOTALL)[0]
    assert 'autocomplete="shipping address-level1"' in field
    chosen = re.findall(r'<option value="([^"]*)" selected>', field)
    return re.findall(r'<option value="([^"]*)"[^>]*>([^<]*)<', field), chosen


def test_a_listed_region_is_a_choice_and_is_kept_as_its_addresses_have_it(client, page):
    choices, chosen = choices_of(page)
    assert choices[0] == ("", "Choose a state") and ("CA", "California") in choices and chosen == []
    answer = client.post("/checkout", data=order_form(page, region="new york", lastName=""))
    assert choices_of(answer)[1] == ["NY"]
    client.post("/checkout", data=order_form(page, region="new york"))
    assert orders()[0].shipping_address["region"] == "NY"


def test_a_region_that_is_not_listed_is_refused_in_a_sentence(client, page):
    answer = client.post("/checkout", data=order_form(page, region="calif."))
    assert answer.status_code == 422 and "There is no state “calif.” in the United States." in body(answer)
    assert choices_of(answer)[1] == [] and orders() == []


def test_another_country_asks_for_a_region_of_its_own(client, page):
    quoted = client.post("/checkout", data=order_form(page, country="JO", region="NY", action="quote"))
    choices, chosen = choices_of(quoted)
    assert quoted.status_code == 200 and "notice error" not in quoted.text
    assert choices[:2] == [("", "Choose a governorate"), ("Ajloun", "Ajloun")] and chosen == []


@pytest.mark.parametrize(
    ("country", "missing"), [("US", "region"), ("US", "postalCode"), ("JO", "region"), ("DE", "postalCode")]
)
def test_a_country_gets_the_address_it_needs(client, page, country, missing):
    answer = client.post("/checkout", data=order_form(page, country=country, **{missing: ""}))
    assert answer.status_code == 422 and f'href="#shippingAddress-{missing}"' in answer.text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("shippingMethod", "teleport"),
        ("shippingMethod", ""),
        ("paymentMethod", "stripe"),
        ("paymentMethod", "gold"),
        ("expectedTotal", "-1"),
        ("expectedTotal", "1e3"),
        ("notes", "x" * 1001),
        ("firstName", "x" * 81),
        ("firstName", "a\x00b"),
        ("country", "IR"),
    ],
)
def test_choices_that_cannot_be_are_refused(client, page, name, text):
    answer = client.post("/checkout", data=order_form(page, **{name: text}))
    assert answer.status_code == 422 and "notice error" in answer.text
    assert orders() == []


def test_hidden_fields_set_no_price(client, page):
    form = order_form(page, total="1", shippingPrice="0", **{"shippingMethod.price": "0", "items.0.price": "1"})
    assert client.post("/checkout", data=form).status_code == 303
    assert orders()[0].total_amount == 4490


def test_another_country_without_an_update_shows_its_methods_before_it_orders(client, page):
    jordan = {"country": "JO", "region": "Amman", "postalCode": ""}
    unseen = order_form(page, **jordan, quotedCountry="US", expectedTotal="")
    answer = client.post("/checkout", data=unseen)

    assert answer.status_code == 422 and "These are the ways to send to Jordan" in body(answer)
    assert "Delivery to Jordan" in body(answer) and orders() == []
    seen = order_form(answer, **jordan, quotedCountry=value_of(answer, "quotedCountry"))
    assert client.post("/checkout", data=seen).status_code == 303
    assert orders()[0].shipping_address["country"] == "JO"


@operation
def set_price(variant_id, amount):
    variant = db.session.get_one(Variant, variant_id)
    variant.price_amount = amount
    db.session.flush()
    refresh_listings([variant.product_id])


def test_a_changed_total_stops_the_order_and_a_second_press_orders_at_it(client, page, variant):
    set_price(variant.id, 2500)

    answer = client.post("/checkout", data=order_form(page))

    assert answer.status_code == 409
    assert "The total changed from $44.90 to $54.90" in body(answer)
    assert "The price of Amber changed from $20.00 to $25.00." in body(answer)
    assert orders() == []
    assert client.post("/checkout", data=order_form(answer)).status_code == 303
    assert orders()[0].total_amount == 5490


def test_a_changed_total_is_also_said_to_those_who_do_not_see_it(client, page, variant):
    set_price(variant.id, 2500)
    answer = client.post("/checkout", data=order_form(page), headers=HTMX)
    said = re.search(r'<p id="quote-said" hx-swap-oob="innerHTML">.*?</p>', answer.text)[0]
    assert "total $54.90" in re.sub("<[^>]+>", "", said)


def test_stock_that_is_gone_marks_its_line(client, page, variant, terms):
    from tests.conftest import cart_with

    place(order_wish(cart_with(terms, (variant, 4))), SHOPPER, terms)

    answer = client.post("/checkout", data=order_form(page))

    assert answer.status_code == 409
    assert re.search(r'<li class="is-wrong">.*?Change the cart', answer.text, re.DOTALL)
    assert value_of(answer, "shippingAddress.firstName") == "Lina"
    assert len(orders()) == 1 and stock_of(variant) == (5, 4)


def test_an_empty_cart_orders_nothing(client, page, terms, variant):
    cart_page = client.get("/cart")
    item = re.search(r'id="(item_\w+)"', cart_page.text)[1]
    client.post(f"/cart/items/{item}/removal", data={"csrf_token": value_of(cart_page, "csrf_token")})

    answer = client.post("/checkout", data=order_form(page))

    assert answer.location == "/cart" and orders() == []


@pytest.mark.parametrize("cart_id", ["", "cart_" + "x" * 22, "1", "\x00", "x" * 500])
@pytest.mark.parametrize("action", ["place", "quote"])
def test_a_form_of_no_cart_is_refused(client, page, cart_id, action):
    answer = client.post("/checkout", data=order_form(page, cartId=cart_id, action=action))
    assert answer.status_code in {400, 409, 410, 422} and orders() == []


def test_somebody_elses_cart_cannot_be_ordered(app, client, page, variant):
    make_customer()
    other = app.test_client()
    sign_in(other)
    put_in_cart(other, variant)
    theirs = db.session.scalar(db.select(Cart.public_id).where(Cart.user_id.is_not(None)))

    for action in ("place", "quote"):
        answer = client.post("/checkout", data=order_form(page, cartId=theirs, action=action))
        assert answer.status_code in {400, 409, 410}
    assert orders() == []


# -- once -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "htmx"])
def test_the_same_form_twice_is_one_order(client, page, variant, headers):
    form = order_form(page)
    first = client.post("/checkout", data=form, headers=headers)
    second = client.post("/checkout", data=form, headers=headers)

    assert first.status_code == second.status_code
    name = "HX-Redirect" if headers else "Location"
    assert first.headers[name] == second.headers[name]
    assert len(orders()) == 1 and stock_of(variant) == (5, 2)


def test_two_tabs_of_one_browser_carry_the_same_key(client, page):
    assert value_of(page, "placementKey") == value_of(client.get("/checkout"), "placementKey")


@pytest.mark.parametrize("key", ["", "another", "é", "\x00"])
def test_a_form_that_this_session_did_not_print_orders_nothing(client, page, key):
    answer = client.post("/checkout", data=order_form(page, placementKey=key))
    assert answer.status_code == 409 and "Look at your cart" in body(answer)
    assert orders() == []


@pytest.mark.parametrize("key", ["", "another"])
def test_another_form_of_an_ordered_cart_is_not_shown_the_order(client, page, key):
    form = order_form(page)
    client.post("/checkout", data=form)

    answer = client.post("/checkout", data={**form, "placementKey": key})

    assert answer.status_code == 409
    assert "token" not in answer.headers.get("Location", "") and len(orders()) == 1


def test_a_cart_that_was_ordered_elsewhere_is_told_and_not_shown_the_order(client, page, terms):
    place(order_wish(value_of(page, "cartId")), SHOPPER, terms)

    answer = client.post("/checkout", data=order_form(page))

    assert answer.status_code == 409 and "ordered already" in body(answer)
    assert "Location" not in answer.headers and len(orders()) == 1


def test_too_many_open_cash_orders_are_told_on_the_form(client, variant, terms, app):
    limited = terms.__class__(**{**terms.__dict__, "max_open_cash_orders": 1})
    app.extensions["shop_terms"] = limited
    try:
        put_in_cart(client, variant)
        assert place_order(client).status_code == 303
        put_in_cart(client, variant)
        answer = place_order(client)
    finally:
        app.extensions["shop_terms"] = terms
    assert answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0
    assert "still on their way" in body(answer) and value_of(answer, "shippingAddress.city") == "New York"
    assert len(orders()) == 1


def test_a_dear_cart_says_that_cash_has_a_limit(client, app):
    put_in_cart(client, variants_of(make_product(price="2500.00"))[0])
    answer = place_order(client)
    assert answer.status_code == 422 and "Cash on delivery is possible up to $2,000.00" in body(answer)
    assert orders() == []


def test_the_cookie_of_the_cart_has_its_plain_name_without_tls(app):
    with app.test_request_context():
        assert cookie_name() == "cart"
