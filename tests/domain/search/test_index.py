"""The index follows the catalogue: by events, in a durable queue, whoever works it off."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from shop.db import db, operation
from shop.domain.actors import SYSTEM
from shop.domain.catalog.listings import refresh_listings
from shop.domain.catalog.models import Category
from shop.domain.catalog.operations import save_category, save_product
from shop.domain.outbox import dispatch_events, undispatched_events
from shop.domain.search.index import (
    count_queued,
    index_all_queued,
    index_products,
    index_queued,
    queue_what_changed,
    queue_whole_catalogue,
    recount_words,
)
from shop.domain.search.models import SearchDocument, SearchWord
from shop.domain.search.queries import search_products
from tests.conftest import make_product
from tests.domain.catalog.drafts import shirt, size, soap


def relay() -> None:
    """What the relay does after a change."""
    dispatch_events(undispatched_events(), lambda _ids: {}, queue_what_changed)
    index_all_queued()
    db.session.rollback()


def finds(asked: str) -> int:
    db.session.rollback()
    return len(search_products(asked).product_ids)


def index_as_it_is() -> dict[str, list]:
    db.session.rollback()
    words = "SELECT word, term, documents FROM search_words ORDER BY word"
    return {
        "documents": list(db.session.execute(select(SearchDocument.__table__).order_by(SearchDocument.product_id))),
        "words": list(db.session.execute(text(words))),
        "typos": sorted(db.session.execute(text("SELECT typed, word FROM search_typos"))),
        "skus": sorted(db.session.execute(text("SELECT product_id, sku FROM search_skus"))),
    }


def test_a_saved_product_is_found_once_its_event_is_dispatched(app):
    save_product(shirt(), SYSTEM)
    assert finds("chemise") == 0

    relay()

    assert finds("chemise") == finds("linen") == finds("cotton") == finds("SHIRT-M") == finds("aster") == 1


def test_a_change_is_found_and_what_was_before_is_not(app):
    save_product(shirt(), SYSTEM)
    relay()
    save_product(shirt(size("XL", sku="OTHER"), name="Blouse", brand="Zinnia"), SYSTEM)
    relay()

    assert finds("blouse") == finds("zinnia") == finds("other") == 1
    assert finds("chemise") == finds("aster") == finds("SHIRT-M") == 0


@pytest.mark.parametrize("status", ["draft", "archived"])
def test_a_product_that_is_not_on_sale_any_more_leaves_no_trace(app, status):
    save_product(soap(), SYSTEM)
    relay()
    before = index_as_it_is()
    save_product(shirt(), SYSTEM)
    relay()
    save_product(shirt(status=status), SYSTEM)
    relay()

    assert index_as_it_is() == before
    assert finds("chemise") == 0


def test_a_category_that_gets_another_name_brings_its_products_and_those_below_along(app):
    save_category("care", "Care")
    save_category("bath", "Bath", parent_slug="care")
    save_product(soap(category_slug="bath"), SYSTEM)
    relay()
    assert finds("care") == finds("bath") == 1

    save_category("care", "Wellness")
    relay()
    assert finds("wellness") == finds("bath") == 1 and finds("care") == 0

    save_category("bath", "Bath")
    relay()
    assert finds("wellness") == 0


def test_a_loop_in_the_tree_is_indexed_all_the_same(app):
    bath = save_category("bath", "Bath")
    care = save_category("care", "Care", parent_slug="bath")

    @operation
    def make_loop():
        db.session.execute(db.update(Category).where(Category.id == bath.id).values(parent_id=care.id))

    make_loop()
    save_product(soap(category_slug="bath"), SYSTEM)
    relay()
    assert finds("care") == finds("bath") == 1


def test_the_same_again_changes_nothing(app):
    save_product(shirt(), SYSTEM)
    relay()
    before = index_as_it_is()
    queue_whole_catalogue()
    queue_whole_catalogue()

    assert count_queued() == 2
    assert index_all_queued() == 2
    assert index_as_it_is() == before


def test_a_crash_before_the_commit_leaves_the_event_and_the_queue_as_they_were(app):
    save_product(soap(), SYSTEM)

    @operation
    def crash_after(step):
        step()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash_after(lambda: dispatch_events(undispatched_events(), lambda _ids: {}, queue_what_changed))
    assert len(undispatched_events()) == 1 and count_queued() == 0
    dispatch_events(undispatched_events(), lambda _ids: {}, queue_what_changed)
    with pytest.raises(ZeroDivisionError):
        crash_after(index_queued)
    assert count_queued() == 1 and finds("soap") == 0

    index_all_queued()
    assert finds("soap") == 1


def test_several_relays_at_once_make_one_index(app):
    for number in range(30):
        save_product(
            replace(soap(name=f"Soap {number} of many words"), slug=f"soap-{number}"), SYSTEM
        ) if number == 0 else make_product(f"Soap {number}")
    queue_whole_catalogue()
    queue_whole_catalogue()

    def work(_: int) -> int:
        with app.app_context():
            try:
                total = 0
                while done := index_queued(7):
                    total += done
                return total
            finally:
                db.session.remove()

    db.session.rollback()
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 60

    assert count_queued() == 0
    made = index_as_it_is()
    assert recount_words() == 0
    assert index_as_it_is() == made


def test_a_vocabulary_that_went_wrong_is_put_right(app):
    make_product("Amber oil")
    make_product("Amber")
    before = index_as_it_is()
    spoil()
    assert recount_words() > 0
    after = index_as_it_is()
    assert (after["words"], after["typos"]) == (before["words"], before["typos"])


@operation
def spoil() -> None:
    db.session.execute(text("UPDATE search_words SET documents = 7 WHERE word = 'amber'"))
    db.session.execute(text("DELETE FROM search_words WHERE word = 'oil'"))
    db.session.execute(text("DELETE FROM search_typos WHERE word = 'oil'"))
    db.session.execute(text("INSERT INTO search_words (word, term, documents) VALUES ('ghost', 'ghost', 1)"))


def test_words_are_counted_by_product(app):
    first = make_product("Amber amber", description="<p>amber</p>")
    make_product("Amber")
    assert db.session.scalars(select(SearchWord.documents).where(SearchWord.word == "amber")).one() == 2
    archive(first.id)
    assert db.session.scalars(select(SearchWord.documents).where(SearchWord.word == "amber")).one() == 1


@operation
def archive(product_id: int) -> None:
    db.session.execute(text("UPDATE products SET status = 'archived' WHERE id = :id"), {"id": product_id})
    refresh_listings([product_id])
    index_products([product_id])


def test_a_very_long_text_is_indexed_too(app):
    make_product("Amber", description="<p>" + "word" * 3000 + " " + " ".join(f"w{n}x" for n in range(5000)) + "</p>")
    assert finds("w100x") == 1
