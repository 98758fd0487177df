"""Searching on the pages: corrections, nothing found, suggestions, and what is counted."""

from __future__ import annotations

import gzip
import html
import re
from datetime import timedelta

import pytest

from shop.db import transaction_time
from shop.domain.catalog.operations import save_category
from shop.domain.search.statistics import record_searches
from shop.extensions import make_redis
from shop.gateways.tally import SearchTally
from shop.jobs.housekeeping import keep_search_counts
from tests import servers
from tests.conftest import make_product, placed_order, variants_of
from tests.domain.search.test_search_products import HOSTILE
from tests.storefront.pages import HTMX, body, value_of

API = "/api/v1"


def names_on(page) -> list[str]:
    return [html.unescape(name) for name in re.findall(r'class="card-name"><a [^>]*>([^<]*)<', page.text)]


def test_what_was_found_comes_best_first_and_the_query_stays(client, app):
    make_product("Night cream with amber")
    make_product("Amber")

    page = client.get("/search?q=amber")

    assert names_on(page) == ["Amber", "Night cream with amber"]
    assert value_of(page, "q") == "amber"
    assert "2 products" in body(page) and '<option value="relevance" selected>Best match' in page.text
    assert names_on(client.get("/search?q=amber&sort=newest")) == ["Amber", "Night cream with amber"]
    assert names_on(client.get("/search?q=amber&sort=name")) == ["Amber", "Night cream with amber"]


def test_a_mistake_is_corrected_and_can_be_searched_for_as_it_is(client, app):
    make_product("Rose serum")

    page = client.get("/search?q=serrum")

    assert names_on(page) == ["Rose serum"] and value_of(page, "q") == "serrum"
    assert "Showing results for serum . Search for “serrum” instead" in body(page)
    assert 'href="/search?q=serrum&amp;exact=1"' in page.text

    literal = client.get("/search?q=serrum&exact=1")
    assert "Nothing found for “serrum”" in body(literal) and "Did you mean serum ?" in body(literal)


def test_words_that_no_product_has_together_are_said_to_be_so(client, app):
    make_product("Rose")
    make_product("Amber")
    page = client.get("/search?q=rose+amber")
    assert "No product has all of these words." in body(page) and set(names_on(page)) == {"Rose", "Amber"}


def test_nothing_found_offers_what_sells_and_where_to_look(client, category, terms):
    for number in range(3):
        save_category(f"more-{number}", f"More {number}")
    for number in range(6):
        make_product(f"Product {number}")
    placed_order(terms, (variants_of(make_product("Favourite"))[0], 2), confirm=True)

    page = client.get("/search?q=kettle")

    assert page.status_code == 200
    assert "<h1>Nothing found for “kettle”</h1>" in page.text and value_of(page, "q") == "kettle"
    assert names_on(page)[0] == "Favourite" and len(names_on(page)) >= 4
    assert len(re.findall(r'class="chip" href="/categories/', page.text)) >= 3


def test_no_query_offers_what_others_searched_for(client, category):
    record_searches([(transaction_time().date(), "rose & co", 3, 2)])
    page = client.get("/search?q=")
    assert "Often searched for rose &amp; co" in body(page).replace("&", "&amp;")
    assert 'href="/search?q=rose+%26+co"' in page.text


def test_results_are_kept_in_order_over_the_pages(client, app):
    for number in range(30):
        make_product(f"Amber {number:02}")
    first, second = client.get("/search?q=amber&sort=name"), client.get("/search?q=amber&sort=name&page=2")
    assert len(names_on(first)) == 24 and len(names_on(second)) == 6
    assert not set(names_on(first)) & set(names_on(second))
    more = client.get("/search?q=amber&shown=48&view=more", headers=HTMX)
    assert len(names_on(more)) == 6 and more.headers["HX-Replace-Url"] == "/search?shown=48&q=amber"


@pytest.mark.both_databases
@pytest.mark.parametrize("asked", HOSTILE, ids=range(len(HOSTILE)))
def test_no_query_string_breaks_a_page(client, app, asked):
    make_product("Rose serum")
    for path in ("/search", "/search/suggest", f"{API}/products/search", f"{API}/search"):
        for more in ({}, {"exact": "1"}, {"sort": "name"}):
            answer = client.get(path, query_string={"q": asked, **more})
            assert answer.status_code in {200, 400, 422}, (path, answer.status_code)
            assert "51317" not in answer.text and "<script>alert" not in answer.text
    assert client.get(f"{API}/products", query_string={"search": asked}).status_code in {200, 400, 422}
    assert client.get(b"/search?q=%ff%fe%c0%af".decode()).status_code in {200, 400, 422}


# -- suggestions ------------------------------------------------------------------------------------------------------


def test_suggestions_are_rows_of_a_list(client, category):
    make_product("Facial serum", category_id=category.id, price="24.00")
    answer = client.get("/search/suggest?q=fac", headers=HTMX)

    assert answer.status_code == 200
    assert 'href="/search?q=facial" data-text="facial"><span class="name">fac<b>ial</b>' in answer.text
    assert 'href="/categories/face"' in answer.text and "Fac<b>e care</b>" in answer.text
    assert 'data-text="Facial serum"' in answer.text and "$24.00" in body(answer)
    ids = re.findall(r'id="(suggest-\d)" role="option"', answer.text)
    assert ids == [f"suggest-{number}" for number in range(1, len(ids) + 1)]


def test_suggestions_are_light_and_may_be_kept_for_a_minute(client, app):
    for number in range(8):
        save_category(f"ser-{number}", f"Serene things {number}")
        make_product(f"Serum with a rather long name for a product {number}")
    record_searches([(transaction_time().date(), f"serum number {number}", 5, 5) for number in range(5)])

    answer = client.get("/search/suggest?q=ser")

    assert answer.headers["Cache-Control"].startswith("public, max-age=60")
    assert 0 < answer.text.count('role="option"') <= 8
    assert len(gzip.compress(answer.data, 6)) <= 3 * 1024
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("typed", ["", "s", " ", "!", "zzz"])
def test_there_may_be_no_suggestion(client, app, typed):
    answer = client.get("/search/suggest", query_string={"q": typed})
    assert answer.status_code == 200 and answer.text.strip() == ""


def test_suggestions_show_a_text_as_text(client, app):
    make_product("<b>Bold</b> & co")
    answer = client.get("/search/suggest?q=bol")
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; co" in answer.text and "<b>Bold" not in answer.text


def test_too_many_suggestions_are_refused_in_words(limited_client):
    client = limited_client(ratelimit_search="2 per minute")
    answers = [client.get("/search/suggest?q=am", headers=HTMX) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert "too often" in body(answers[2]) and answers[2].headers["HX-Retarget"] == "#toasts"


# -- counting ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def tally(app, monkeypatch) -> SearchTally:
    url = servers.redis_url()
    if url is None:
        pytest.skip("no Redis: set TEST_REDIS_URL or install its server")
    connection = make_redis(url)
    connection.flushdb()
    made = SearchTally(connection, "a secret of the test")
    monkeypatch.setitem(app.extensions, "shop_search_tally", made)
    return made


@pytest.mark.redis
def test_searches_are_counted_and_moved_into_the_table(client, app, tally, statements):
    make_product("Rose serum")
    with statements() as sent:
        for path in ("/search?q=ROSE", "/search?q=rose", "/search?q=kettle", "/search?q=lina@example.com"):
            client.get(path)
    assert [statement for statement in sent if not statement.lstrip("( ").startswith(("SELECT", "WITH"))] == []
    for path in ("/search?q=rose&page=2", "/search?q=rose&sort=name", "/search", "/search/suggest?q=rose"):
        client.get(path)
    client.get("/search?q=rose", headers={"Sec-Purpose": "prefetch"})

    counted = sorted((text, times, found) for _, text, times, found in tally.take())

    assert counted == [("kettle", 1, 0), ("rose", 1, 1)]  # the same client's same search counts once
    assert tally.take() == []


@pytest.mark.redis
def test_the_scheduler_moves_what_was_counted_and_the_report_shows_it(client, app, tally):
    for number in range(3):
        client.get("/search?q=kettle", environ_overrides={"REMOTE_ADDR": f"10.0.0.{number}"})
    assert keep_search_counts() == 1
    assert keep_search_counts() == 0

    report = app.test_cli_runner().invoke(args=["search", "report"])

    assert report.exit_code == 0 and re.search(r"3  \d{4}-\d\d-\d\d  kettle", report.output)


@pytest.mark.redis
def test_only_so_many_texts_are_counted_at_a_time(app, tally, monkeypatch):
    monkeypatch.setattr("shop.gateways.tally.MOST_TEXTS", 2)
    for text in ("one", "two", "three", "one", ""):
        tally.count(text, 0, "somebody")
    tally.count("one", 0, "somebody else")
    assert sorted((text, times) for _, text, times, _ in tally.take()) == [("one", 2), ("two", 1)]


@pytest.mark.redis
def test_a_corrected_search_counts_as_what_was_meant(client, app, tally):
    make_product("Rose serum")
    client.get("/search?q=roze")
    assert [text for _, text, _, _ in tally.take()] == ["rose"]


def test_without_redis_a_search_is_not_counted_and_not_slower(client, app):
    assert client.get("/search?q=kettle").status_code == 200
    assert keep_search_counts() == 0
    assert "found something" in app.test_cli_runner().invoke(args=["search", "report"]).output


def test_a_rebuild_says_what_it_did(app):
    make_product("Rose")
    make_product("Draft", status="draft")
    rebuilt = app.test_cli_runner().invoke(args=["search", "rebuild"])
    assert rebuilt.exit_code == 0, rebuilt.output
    assert "2 products looked at; 1 can be found. 0 words were put right." in rebuilt.output
    again = app.test_cli_runner().invoke(args=["search", "rebuild", "--resume"])
    assert "0 products looked at" in again.output


def test_what_is_searched_for_is_forgotten_by_the_popular_ones_after_a_month(client, app):
    record_searches([(transaction_time().date() - timedelta(days=31), "old hat", 9, 9)])
    assert "old hat" not in client.get("/search").text
