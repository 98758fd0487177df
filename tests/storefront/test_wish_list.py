"""The wish list on the pages: as a browser without script uses it, and what HTMX gets."""

from __future__ import annotations

import re

import pytest

from shop.db import db
from shop.domain.wishlists.models import WishList, WishListItem
from tests.conftest import make_customer, make_product, variants_of
from tests.storefront.pages import HTMX, body, sign_in, value_of


@pytest.fixture
def amber(app):
    return make_product("Amber", slug="amber", price="24.00")


@pytest.fixture
def oud(app):
    return make_product("Oud", slug="oud", variants=["S", "L"])


def save(client, product, **fields):
    return client.post("/wish-list/items", data={"productId": product.public_id, **fields})


def post(client, path, headers=None, **fields):
    token = value_of(client.get("/wish-list"), "csrf_token")
    return client.post(path, data={"csrf_token": token, **fields}, headers=headers or {})


def item_of(page):
    return re.search(r'<li class="wish" id="(item_\w+)"', page.text)[1]


def cookie(client, name):
    found = client.get_cookie(name)
    return found.value if found else None


def test_a_heart_saves_and_a_full_heart_takes_off(client, amber):
    answer = save(client, amber, keep="1")
    assert (answer.status_code, answer.location) == (303, "/wish-list")
    assert "Amber $24.00" in body(client.get("/wish-list"))
    assert (cookie(client, "wish_count"), cookie(client, "wished")) == ("1", amber.public_id[5:11])
    assert client.get_cookie("wish-list").http_only

    save(client, amber, keep="0")
    save(client, amber, keep="0")

    assert cookie(client, "wish_count") == "0"
    assert "Nothing is saved yet" in body(client.get("/wish-list"))


def test_htmx_gets_a_sentence_and_the_number(client, amber):
    answer = client.post("/wish-list/items", data={"productId": amber.public_id}, headers=HTMX)
    assert "Amber is on your wish list." in body(answer)
    assert re.search(r'id="wish-count"[^>]*hx-swap-oob="true"><b>1</b>', answer.text)


def test_the_public_pages_hold_an_empty_heart_that_is_a_plain_form(client, amber):
    save(client, amber)
    for path in ("/", "/products/amber"):
        page = client.get(path).text
        assert f'data-heart="{amber.public_id[5:11]}"' in page and "aria-pressed" not in page
        assert '<form class="heart' in page and 'method="post" action="/wish-list/items"' in page


def test_the_list_says_what_it_cost_when_it_was_saved(client, amber):
    save(client, amber)
    assert "when you saved it" not in body(client.get("/wish-list"))
    db.session.execute(db.update(WishListItem).values(saved_price_amount=3000))
    db.session.commit()
    assert "was $30.00 when you saved it" in body(client.get("/wish-list"))


def test_what_is_removed_can_be_put_back_without_script(client, amber):
    save(client, amber)
    item = item_of(client.get("/wish-list"))

    answer = post(client, f"/wish-list/items/{item}/removal")

    assert answer.location == f"/wish-list?removed={item}"
    page = client.get(answer.location)
    assert "Amber was removed. Undo" in body(page)
    token = value_of(page, "csrf_token")
    client.post("/wish-list/restoration", data={"csrf_token": token, "itemId": item})
    assert item_of(client.get("/wish-list")) == item


def test_htmx_gets_the_list_with_its_number_and_a_sentence(client, amber):
    save(client, amber)
    item = item_of(client.get("/wish-list"))

    answer = post(client, f"/wish-list/items/{item}/removal", HTMX)

    assert "<html" not in answer.text and 'id="undo"' in answer.text
    assert re.search(r'id="wish-count"[^>]*hidden', answer.text)
    assert "Amber was removed." in re.search(r'<p id="wish-status".*?</p>', answer.text, re.S)[0]


def test_a_product_is_moved_to_the_cart_in_the_chosen_variant(client, oud):
    large = variants_of(oud)[1]
    save(client, oud)
    page = client.get("/wish-list")
    assert "S, $20.00" in page.text and "L, $20.00" in page.text

    answer = post(client, f"/wish-list/items/{item_of(page)}/move", variantId=large.public_id)

    assert answer.location == "/cart"
    assert "Oud L" in body(client.get("/cart"))
    assert (cookie(client, "wish_count"), cookie(client, "cart_count")) == ("0", "1")


def test_what_was_sold_out_meanwhile_stays_on_the_list_and_says_so(client, app):
    scarce = make_product("Scarce", stock=0)
    save(client, scarce)
    page = client.get("/wish-list")
    assert "Sold out" in body(page) and 'class="wish-move"' not in page.text
    variant = variants_of(scarce)[0]

    for headers in ({}, HTMX):
        answer = post(client, f"/wish-list/items/{item_of(page)}/move", headers, variantId=variant.public_id)
        assert answer.status_code == 409 and "Sold out" in body(answer)
    assert client.get_cookie("cart") is None


def test_the_link_is_unguessable_read_only_and_ends(app, client, amber):
    save(client, amber)
    assert post(client, "/wish-list/sharing").status_code == 303
    link = re.search(r'href="http://localhost(/wish-lists/list_[0-9a-f]{32})"', client.get("/wish-list").text)[1]
    friend = app.test_client()

    page = friend.get(link)

    assert page.status_code == 200 and "Amber" in page.text and "csrf_token" not in page.text
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert friend.get("/wish-lists/list_x").status_code == 404
    post(client, "/wish-list/sharing/end")
    assert friend.get(link).status_code == 404


def test_the_guests_list_joins_the_customers_at_sign_in(app, client, amber, oud):
    make_customer()
    sign_in(client, "lina@example.com")
    save(client, oud)
    assert client.get_cookie("wish-list") is None
    guest = app.test_client()
    save(guest, amber)

    sign_in(guest, "lina@example.com")

    page = body(guest.get("/wish-list"))
    assert "Amber" in page and "Oud" in page
    assert guest.get_cookie("wish-list") is None
    assert cookie(guest, "wish_count") == "2"
    token = value_of(guest.get("/account"), "csrf_token")
    guest.post("/sign-out", data={"csrf_token": token})
    assert cookie(guest, "wish_count") is None
    assert "Nothing is saved yet" in body(guest.get("/wish-list"))


def test_who_only_looks_gets_no_cookie_and_no_list(client, app):
    page = client.get("/wish-list")
    assert "Nothing is saved yet" in body(page)
    assert not [name for name in ("wish-list", "wish_count", "wished") if client.get_cookie(name)]


def test_what_is_no_product_cannot_be_saved(client, app):
    answer = client.post("/wish-list/items", data={"productId": "prod_none"})
    assert answer.status_code == 400
    assert client.get_cookie("wish-list") is None
    assert db.session.scalar(db.select(db.func.count()).select_from(WishList)) == 0
    assert client.post("/wish-list/items", data={"productId": "prod_none", "keep": "0"}).status_code == 303


def test_what_was_looked_at_is_shown_in_its_order_and_nothing_else(client, amber, oud):
    make_product("Draft", status="draft")
    ids = f"{oud.public_id},prod_x,{amber.public_id},{oud.public_id}"
    page = client.get(f"/recently-viewed?ids={ids}").text
    assert page.index("Oud") < page.index("Amber") and page.count('<li class="card') == 2
    assert client.get("/recently-viewed").text.strip() == ""
