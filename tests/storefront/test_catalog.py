"""Listings, product pages and the search."""

from __future__ import annotations

import re

import pytest

from shop.db import db, operation
from shop.domain.actors import SYSTEM
from shop.domain.catalog.addresses import change_slug
from shop.domain.catalog.models import Product, Variant
from shop.domain.catalog.operations import save_category
from tests.conftest import add_picture, make_product, placed_order, variants_of
from tests.storefront.pages import HTMX, body


def names_on(response):
    return re.findall(r'class="card-name"><a [^>]*>([^<]*)<', response.text)


@operation
def set_price(variant_id, amount, compare_at=None):
    variant = db.session.get_one(Variant, variant_id)
    variant.price_amount, variant.compare_at_amount = amount, compare_at


# -- listings ---------------------------------------------------------------------------------------------------------


def test_a_category_lists_its_own_products_and_those_below_it(client, category):
    below = save_category("masks", "Masks", parent_slug="face")
    elsewhere = save_category("hair", "Hair")
    make_product("Cream", category_id=category.id)
    make_product("Clay mask", category_id=below.id)
    make_product("Shampoo", category_id=elsewhere.id)

    page = client.get("/categories/face")

    assert sorted(names_on(page)) == ["Clay mask", "Cream"]
    assert "2 products" in body(page)
    assert 'href="/categories/masks"' in page.text


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("price_asc", ["Balm", "Amber", "Cream"]),
        ("price_desc", ["Cream", "Amber", "Balm"]),
        ("name", ["Amber", "Balm", "Cream"]),
        ("newest", ["Balm", "Cream", "Amber"]),
    ],
)
def test_a_listing_is_sorted_as_asked(client, category, sort, names):
    for name, price in (("Amber", "20"), ("Cream", "30"), ("Balm", "10")):
        make_product(name, price=price, category_id=category.id)
    assert names_on(client.get(f"/categories/face?sort={sort}")) == names


def test_a_listing_has_pages_of_24(client, category):
    for number in range(26):
        make_product(f"Product {number:02}", category_id=category.id)

    first, second = client.get("/categories/face?sort=name"), client.get("/categories/face?sort=name&page=2")

    assert len(names_on(first)) == 24 and names_on(second) == ["Product 24", "Product 25"]
    assert 'rel="next" href="/categories/face?page=2&amp;sort=name"' in first.text
    assert 'rel="prev"' in second.text and 'rel="next"' not in second.text


def test_past_the_last_page_a_sentence_leads_back(client, category):
    make_product(category_id=category.id)
    page = client.get("/categories/face?page=7")
    assert page.status_code == 200
    assert "The list ends on page 1" in body(page)


@pytest.mark.parametrize(
    "query",
    ["page=-1", "page=0", "page=abc", "page=1.5", "page=99999999999999999999", "page=100001", "sort=bogus"],
)
@pytest.mark.parametrize("path", ["/categories/face", "/search"])
def test_a_query_that_cannot_be_is_told_so(client, category, path, query):
    answer = client.get(f"{path}?{query}&q=a")
    assert answer.status_code == 422
    assert f'href="{path}"' in answer.text  # the way on
    assert "no-store" in answer.headers["Cache-Control"]


def test_an_empty_parameter_is_none(client, category):
    assert client.get("/categories/face?sort=&page=").status_code == 200


def test_a_card_says_from_where_variants_cost_more_and_was_where_it_cost_more(client, category):
    plain = make_product("Plain", price="10.00", category_id=category.id)
    make_product("Reduced", price="15.00", compare_at="20.00", category_id=category.id)
    varied = make_product("Varied", price="30.00", variants=["S", "L"], category_id=category.id)
    set_price(variants_of(varied)[1].id, 4500)

    text = body(client.get("/categories/face"))

    assert "Plain $10.00" in text and plain
    assert "Reduced Now $15.00 Was $20.00" in text
    assert "Varied from $30.00" in text


def test_a_card_says_what_is_sold_out_and_what_is_nearly(client, category):
    make_product("Gone", stock=0, category_id=category.id)
    make_product("Scarce", stock=2, category_id=category.id)
    make_product("Plenty", stock=50, category_id=category.id)

    text = body(client.get("/categories/face?sort=name"))

    assert "Sold out Gone" in text and "Few left Scarce" in text
    assert "left Plenty" not in text


def test_drafts_and_archived_products_are_not_listed(client, category):
    make_product("Draft", status="draft", category_id=category.id)
    make_product("Archived", status="archived", category_id=category.id)
    assert names_on(client.get("/categories/face")) == []
    assert names_on(client.get("/")) == []


def test_an_empty_shop_has_a_home_page(client, app):
    page = client.get("/")
    assert page.status_code == 200 and "Nothing here yet" in page.text


# -- a product's page --------------------------------------------------------------------------------------------------


def test_the_first_variant_in_stock_is_chosen(client, app):
    product = make_product("Amber", slug="amber", stock=0, variants=["30 ml", "50 ml"])
    first, second = variants_of(product)
    _restock(second.id, 5)

    page = client.get("/products/amber")

    assert f'value="{second.public_id}" id="variantId-2" checked' in page.text
    assert "Only 5 left" in body(page)


def test_the_address_names_the_variant(client, app):
    product = make_product("Amber", slug="amber", variants=["30 ml", "50 ml"], stock=50)
    second = variants_of(product)[1]
    set_price(second.id, 7800, 9500)

    page = client.get(f"/products/amber?variant={second.public_id}")

    assert f'value="{second.public_id}" id="variantId-2" checked' in page.text
    assert "Now $78.00 Was $95.00" in body(page)
    assert second.sku in page.text
    assert '<link rel="canonical" href="http://localhost/products/amber">' in page.text


@pytest.mark.parametrize("variant", ["var_nothing", "", "x" * 200, "%00"])
def test_an_unknown_variant_shows_the_usual_one(client, app, variant):
    make_product("Amber", slug="amber", variants=["30 ml", "50 ml"])
    assert client.get(f"/products/amber?variant={variant}").status_code in {200, 400}


def test_two_options_name_a_variant_together(client, app):
    product = make_product(
        "Wash", slug="wash", option_names=["Size", "Scent"], variants=["S / Rose", "S / Cedar", "L / Rose"], stock=20
    )
    page = client.get("/products/wash?o1=S&o2=Cedar")

    assert 'name="o1" value="S" id="o1-1" checked' in page.text
    assert 'name="o2" value="Cedar" id="o2-2" checked' in page.text
    assert variants_of(product)[1].sku in page.text
    assert "(not offered)" in page.text  # L with Cedar


@pytest.mark.parametrize("query", ["o1=L&o2=Cedar", "o1=L", "o1=X&o2=Y", "o2=Rose&o1="])
def test_a_combination_that_is_not_offered_says_so(client, app, query):
    make_product("Wash", slug="wash", option_names=["Size", "Scent"], variants=["S / Rose", "S / Cedar", "L / Rose"])
    page = client.get(f"/products/wash?{query}")

    assert page.status_code == 200
    assert "not offered. Choose another combination." in body(page)
    assert re.search(r'<button class="button primary" id="add" disabled', page.text)


def test_what_is_sold_out_says_so_and_cannot_be_pressed(client, app):
    make_product("Amber", slug="amber", variants=["30 ml"], stock=0)
    page = client.get("/products/amber")
    assert "Sold out in 30 ml" in body(page)
    assert re.search(r'<button class="button primary" id="add" disabled', page.text)


def test_htmx_gets_the_buy_box_and_the_new_address(client, app):
    product = make_product("Amber", slug="amber", variants=["30 ml", "50 ml"])
    second = variants_of(product)[1]

    piece = client.get(f"/products/amber?variantId={second.public_id}", headers=HTMX)

    assert piece.text.lstrip().startswith('<div id="buybox"')
    assert piece.headers["HX-Replace-Url"] == f"/products/amber?variant={second.public_id}"


def test_what_somebody_wrote_about_a_product_is_harmless(client, app):
    make_product(
        "<b>Amber</b>", slug="amber", description="<p>Fine</p><script>alert(1)</script><img src=x onerror=a()>"
    )
    page = client.get("/products/amber")
    assert "<p>Fine</p>" in page.text
    assert "alert(1)" not in page.text and "onerror" not in page.text and "<b>Amber</b>" not in page.text


def test_an_unknown_product_leads_to_the_search(client, app):
    page = client.get("/products/rose-night-cream")
    assert page.status_code == 404
    assert 'value="rose night cream"' in page.text


def test_an_archived_product_is_gone_and_a_draft_is_not_found(client, app):
    make_product("Old", slug="old-cream", status="archived")
    make_product("New", slug="new-cream", status="draft")

    assert client.get("/products/old-cream").status_code == 410
    assert "not sold any more" in client.get("/products/old-cream").text
    assert client.get("/products/new-cream").status_code == 404


def test_a_product_without_a_picture_has_the_placeholder(client, app):
    make_product("Amber", slug="amber")
    assert "/static/img/placeholder.svg?v=" in client.get("/products/amber").text


def test_a_picture_comes_in_widths_to_choose_from_and_a_jpeg_for_all_others(client, app):
    product = make_product("Amber", slug="amber")
    add_picture(product, "demo/amber-1.w320.jpg", "Amber bottle", 320, 400)

    page = client.get("/products/amber").text

    widths = "/media/demo/amber-1.w80.avif 80w, /media/demo/amber-1.w160.avif 160w, /media/demo/amber-1.w320.avif 320w"
    assert re.search(rf'<source type="image/avif" srcset="{widths}" sizes="[^"]+"', page)
    picture = re.search(r'<img class="picture" src="/media/demo/amber-1.w320.jpg"[^>]*>', page).group()
    assert 'alt="Amber bottle" width="320" height="400"' in picture
    assert 'fetchpriority="high"' in picture and "loading=" not in picture


def test_a_picture_of_one_file_is_shown_as_it_is(client, app):
    product = make_product("Amber", slug="amber")
    add_picture(product, "amber.svg", "Amber", 8, 10)

    page = client.get("/products/amber").text

    assert 'src="/media/amber.svg"' in page and "<source" not in page


# -- search -----------------------------------------------------------------------------------------------------------


def test_search_finds_by_words_without_case_and_accents(client, app):
    make_product("Creme de rose")
    make_product("Amber")

    page = client.get("/search?q=CRÈME rose")

    assert names_on(page) == ["Creme de rose"]
    assert "1 product found" in body(page)
    assert 'value="CRÈME rose"' in page.text


@pytest.fixture
def many(category):
    """Sixty products of one category, the last made the newest."""
    for number in range(60):
        make_product(f"Number {number:02}", category_id=category.id)


def test_more_of_a_list_is_a_longer_page_with_an_address_of_its_own(client, many):
    first, longer = client.get("/categories/face?sort=name"), client.get("/categories/face?sort=name&shown=48")

    assert names_on(longer)[:24] == names_on(first) and len(names_on(longer)) == 48
    assert 'href="/categories/face?shown=48&amp;sort=name"' in first.text
    assert 'href="/categories/face?shown=72&amp;sort=name"' in longer.text
    assert 'rel="next" href="/categories/face?page=3&amp;sort=name"' in longer.text


def test_with_htmx_only_what_is_new_is_sent_and_the_address_is_kept(client, many):
    answer = client.get("/categories/face?sort=name&shown=48&view=more", headers=HTMX)

    assert names_on(answer) == [f"Number {number:02}" for number in range(24, 48)]
    assert answer.text.count("autofocus") == 1 and 'id="pager" hx-swap-oob="true"' in answer.text
    assert answer.headers["HX-Replace-Url"] == "/categories/face?shown=48&sort=name"


def test_the_end_of_a_list_offers_no_more(client, many):
    whole = client.get("/categories/face?shown=72")
    assert len(names_on(whole)) == 60 and "Show more" not in whole.text and 'rel="next"' not in whole.text


@pytest.mark.parametrize("shown", ["0", "25", "120", "-24", "abc", "9" * 400])
def test_a_length_that_no_link_offers_is_refused(client, many, shown):
    assert client.get(f"/categories/face?shown={shown}").status_code == 422


def test_a_card_without_a_choice_adds_at_once(client, category):
    make_product("One", category_id=category.id)
    make_product("Several", category_id=category.id, variants=["S", "L"])
    make_product("None left", category_id=category.id, stock=0)
    page = client.get("/categories/face")
    assert re.findall(r'aria-label="Add ([^"]*) to cart"', page.text) == ["One"]


def test_the_home_page_shows_what_sells_best(client, category, terms):
    make_product("Dust")
    placed_order(terms, (variants_of(make_product("Favourite"))[0], 2), confirm=True)
    page = body(client.get("/"))
    assert re.search(r"Best sellers (Few left )?Favourite", page)
    assert page.index("Best sellers") < page.index("New in the shop")


def test_a_shop_that_sold_nothing_yet_claims_no_best_sellers(client, category):
    make_product("Dust")
    assert "Best sellers" not in client.get("/").text


def test_a_product_says_what_delivery_costs_and_when_it_comes(client, app):
    make_product("Amber", slug="amber")
    page = body(client.get("/products/amber"))
    assert "Standard delivery $4.90 , free from $75.00" in page
    assert re.search(r"To the United States by \w{3} \d+ \w{3} \d{4}", page)


def test_a_product_leads_to_others_of_its_category(client, category):
    first = make_product("First", slug="first", category_id=category.id)
    make_product("Second", category_id=category.id)
    page = client.get(f"/products/{first.slug}")
    assert "More like it" in page.text and names_on(page) == ["Second"]


def test_search_that_finds_nothing_says_so_and_offers_the_categories(client, category):
    page = client.get("/search?q=serrum")
    assert page.status_code == 200
    assert "Nothing found for “serrum”" in body(page)
    assert page.text.count('href="/categories/face"') == 3  # in both menus and below


def test_search_for_nothing_asks_what_for(client, app):
    make_product("Amber")
    assert names_on(client.get("/search?q=%20%20")) == []
    assert "What are you looking for?" in client.get("/search").text


@pytest.mark.parametrize("text", ["x" * 201, "a\nb", "a\x01b"])
def test_search_refuses_what_cannot_be_searched_for(client, app, text):
    assert client.get("/search", query_string={"q": text}).status_code == 422


@pytest.mark.parametrize("text", ["%", "_", "'", '"><script>', "\\", "مرحبا", "🌹", "a" * 200])
def test_search_takes_any_other_text_as_it_is(client, app, text):
    make_product("Amber")
    page = client.get("/search", query_string={"q": text})
    assert page.status_code == 200
    assert names_on(page) == []
    assert "<script>" not in page.text.replace('<script src="', "")


def test_a_page_of_search_results_keeps_the_question(client, app):
    for _ in range(25):
        make_product("Rose & co")
    page = client.get("/search", query_string={"q": "rose &", "sort": "name"})
    assert 'rel="next" href="/search?page=2&amp;q=rose+%26&amp;sort=name"' in page.text


@operation
def _restock(variant_id, units):
    from shop.domain.inventory.models import StockItem, StockMovement

    db.session.get_one(StockItem, variant_id).on_hand = units
    db.session.add(
        StockMovement(
            variant_id=variant_id, kind="receipt", quantity=units, reference=f"more:{variant_id}", actor="system"
        )
    )


def test_a_product_can_be_opened_by_its_id_and_names_its_own_address(client, app):
    product = make_product("Amber", slug="amber")
    page = client.get(f"/products/{product.public_id}", follow_redirects=True)
    assert (page.status_code, page.request.path) == (200, "/products/amber")
    assert 'rel="canonical" href="http://localhost/products/amber"' in page.text
    assert db.session.scalar(db.select(Product.slug)) == "amber"


def test_too_many_searches_are_asked_to_wait(limited_client):
    client = limited_client(ratelimit_search="2 per minute")
    answers = [client.get("/search?q=a") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2].headers["Retry-After"]) <= 61
    assert "RateLimit" not in str(answers[0].headers) and "Set-Cookie" not in answers[2].headers


@pytest.mark.parametrize("name", ["A", "A" * 57, "A" * 80])
def test_a_shop_of_any_name_has_a_home_page(app, monkeypatch, name):
    monkeypatch.setattr(app.extensions["shop_settings"], "shop_name", name)
    monkeypatch.setitem(app.jinja_env.globals, "shop_name", name)
    monkeypatch.setitem(
        app.jinja_env.globals, "shop_tagline", "Fragrance and skincare, made slowly and worn every day."
    )
    title = re.search(r"<title>(.*?)</title>", app.test_client().get("/").text)[1]
    assert 1 <= len(title) <= 60 and title.startswith("Fragrance and skincare")


def test_a_sale_is_only_said_where_the_price_of_the_card_is_lower(client, app):
    product = make_product("Oil", variants=["S", "L"])
    set_price(variants_of(product)[1].id, 3000, 4000)
    assert ">Sale<" not in client.get("/").text
    assert "$40.00" in body(client.get(f"/products/{product.slug}"))  # at the choice, as what it was


@pytest.mark.parametrize(
    ("asked", "shown"), [("3", "3"), ("0", "1"), ("100", "1"), ("x", "1"), ("٣", "1"), ("9" * 999, "1")]
)
def test_the_quantity_stays_when_another_variant_is_shown(client, app, asked, shown):
    product = make_product("Oil", variants=["S", "L"])
    page = client.get(f"/products/{product.slug}?quantity={asked}")
    assert re.search(rf'name="quantity"[^>]*value="{shown}"', page.text)


# -- addresses that changed -------------------------------------------------------------------------------------------


def test_a_former_address_of_a_product_leads_to_the_present_one_with_what_was_asked_for(client, app):
    product = make_product("Amber", slug="amber")
    change_slug("product", product.public_id, "amber-oil", SYSTEM)

    moved = client.get("/products/amber?variant=var_1&quantity=2")

    assert (moved.status_code, moved.location) == (301, "/products/amber-oil?variant=var_1&quantity=2")
    assert client.get(moved.location).status_code == 200
    assert client.get(f"/products/{product.public_id}").location == "/products/amber-oil"
    assert client.get("/api/v1/products/amber").json["data"]["slug"] == "amber-oil"


def test_a_former_address_of_a_category_leads_to_the_present_one(client, category):
    former = category.slug
    change_slug("category", category.public_id, "elsewhere", SYSTEM)

    moved = client.get(f"/categories/{former}?sort=name")

    assert (moved.status_code, moved.location) == (301, "/categories/elsewhere?sort=name")
    assert client.get("/api/v1/categories").json["data"][0]["slug"] == "elsewhere"


def test_a_page_of_a_product_that_is_gone_shows_what_is_like_it(client, category):
    gone = make_product("Old", slug="old-cream", status="archived", category_id=category.id)
    make_product("New", slug="new-cream", category_id=category.id)

    page = client.get("/products/old-cream")

    assert page.status_code == 410
    assert 'href="/products/new-cream"' in page.text
    change_slug("product", gone.public_id, "older-cream", SYSTEM)
    assert client.get("/products/old-cream").status_code == 410
